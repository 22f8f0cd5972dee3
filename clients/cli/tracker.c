#include "tracker.h"

#include "api.h"
#include "output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_RUNS    65536
#define ENOUGH_DONE 0.02 /* of a job, before its pace says anything */

void tracker_init(tracker *t, const cli *c, progress_view *view)
{
    *t = (tracker){.c = c, .view = view, .first_fraction = -1};
}

void tracker_fini(tracker *t)
{
    free(t->fractions);
    t->fractions = NULL;
    t->n_runs = 0;
}

static void copy_text(const cli *c, char *out, size_t size, const char *text)
{
    char buffer[SAFE_SIZE];

    if (text)
        snprintf(out, size, "%.*s", (int)size - 1, safe(c, buffer, text));
}

static void copy_number(double *out, double value)
{
    if (isfinite(value))
        *out = value;
}

void tracker_job(tracker *t, const proto_node *job)
{
    progress_view *view = t->view;

    copy_text(t->c, t->state, sizeof t->state, json_string(job, "/state"));
    copy_number(&t->version, json_number(job, "/version"));
    copy_number(&view->fraction, json_number(job, "/progress/fraction"));
    copy_number(&view->runs, json_number(job, "/progress/runs"));
    copy_number(&view->runs_done, json_number(job, "/progress/runs_done"));
    view->eta_s = proto_node_number(proto_json_at(job, "/progress/eta_s"), -1);
    copy_text(t->c, view->phase, sizeof view->phase,
              strcmp(t->state, "running") == 0 ? json_string(job, "/progress/phase") : t->state);
    if (t->first_fraction < 0)
        t->first_fraction = view->fraction;
}

static bool make_room(tracker *t)
{
    size_t n = (size_t)t->view->runs;

    if (t->n_runs == n)
        return true;
    tracker_fini(t);
    t->fractions = calloc(n, sizeof *t->fractions);
    t->n_runs = t->fractions ? n : 0;
    return t->fractions != NULL;
}

/* The whole from its runs. It never goes back here: runs that ended before watching began are known to the
 * job object only. */
static void sum_up(tracker *t, double elapsed_s)
{
    progress_view *view = t->view;
    double sum = 0, done = 0, gained;

    for (size_t i = 0; i < t->n_runs; i++) {
        sum += t->fractions[i];
        done += t->fractions[i] >= 1;
    }
    view->fraction = fmax(view->fraction, sum / (double)t->n_runs);
    view->runs_done = fmax(view->runs_done, done);
    gained = view->fraction - t->first_fraction;
    view->eta_s = gained >= ENOUGH_DONE ? elapsed_s * (1 - view->fraction) / gained : -1;
}

static void take_run(tracker *t, const proto_node *data, double elapsed_s)
{
    double run = json_number(data, "/run"), fraction = json_number(data, "/fraction");

    copy_text(t->c, t->view->phase, sizeof t->view->phase, json_string(data, "/phase"));
    copy_number(&t->view->step, json_number(data, "/step"));
    if (!(run >= 0 && run < t->view->runs && t->view->runs <= MAX_RUNS && fraction >= 0) || !make_room(t))
        return;
    t->fractions[(size_t)run] = fmin(fraction, 1);
    sum_up(t, elapsed_s);
}

void tracker_event(tracker *t, const char *name, const proto_node *data, double elapsed_s)
{
    if (strcmp(name, "progress") == 0) {
        take_run(t, data, elapsed_s);
    } else if (strcmp(name, "state") == 0) {
        copy_text(t->c, t->state, sizeof t->state, json_string(data, "/state"));
        copy_number(&t->version, json_number(data, "/version"));
        copy_text(t->c, t->view->phase, sizeof t->view->phase, t->state);
    }
}
