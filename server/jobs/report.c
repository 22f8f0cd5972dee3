#include "report.h"

#include "proto/text.h"

#define THROTTLE_MS      100
#define SIGN_OF_LIFE_MS  500
#define EVENT_MAX        1024
#define POINTS_AT_A_TIME 64u

static const char *const phase_names[] = {
    [MI_PHASE_PREPARE] = "prepare",
    [MI_PHASE_TRAIN] = "train",
    [MI_PHASE_SCORE] = "score",
    [MI_PHASE_DONE] = "score", /* the job itself is not done */
};

static const char *name_of(const task_progress *progress)
{
    return progress->phase_name ? progress->phase_name : phase_names[progress->phase];
}

void reporter_init(reporter *r, store *s, const store_run *run, uint32_t n_workers, bool keep_curve,
                   int64_t now_ms)
{
    *r = (reporter){.store = s,
                    .run = run,
                    .keep_curve = keep_curve,
                    .n_workers = n_workers ? n_workers : 1,
                    .started_ms = now_ms,
                    .first_fraction = -1.0,
                    .phase_sent = MI_PHASE_DONE};
}

bool reporter_complete(const reporter *r, const task_progress *progress)
{
    return !r->keep_curve || r->points_sent >= progress->n_curve;
}

bool reporter_due(const reporter *r, const task_progress *progress, int64_t now_ms)
{
    int64_t silent = now_ms - r->sent_ms;
    bool news = !reporter_complete(r, progress) || progress->phase != r->phase_sent;
    return silent >= (news ? THROTTLE_MS : SIGN_OF_LIFE_MS);
}

static uint64_t place_of(const store_run *run)
{
    return ((uint64_t)run->variant * run->replicates + run->replicate) * run->folds + run->fold;
}

/* Of the job: this run's rest at this session's pace, then the runs behind it in rounds over all workers. */
static double estimate_eta(const reporter *r, double fraction, int64_t now_ms)
{
    double done = fraction - r->first_fraction;
    double elapsed_s = (double)(now_ms - r->started_ms) / 1000.0;
    if (done < 0.02 || elapsed_s <= 0.0)
        return -1.0;
    const uint64_t runs = (uint64_t)r->run->variants * r->run->replicates * r->run->folds;
    const uint64_t behind = runs - place_of(r->run) - 1;
    const uint64_t rounds = (behind + r->n_workers - 1) / r->n_workers;
    return elapsed_s / done * (1.0 - fraction + (double)rounds);
}

static void encode_event(const reporter *r, const task_progress *progress, double steps_per_s,
                         proto_text *out)
{
    proto_json_writer w;
    proto_write_init(&w, out);
    proto_write_object(&w, NULL);
    proto_write_string(&w, "phase", name_of(progress));
    proto_write_u64(&w, "run", place_of(r->run));
    if (r->run->variants > 1)
        proto_write_u64(&w, "variant", r->run->variant);
    proto_write_u64(&w, "replicate", r->run->replicate);
    proto_write_u64(&w, "fold", r->run->fold);
    if (progress->n_levels > 0) {
        proto_write_u64(&w, "level", progress->level);
        proto_write_u64(&w, "levels", progress->n_levels);
    }
    proto_write_u64(&w, "step", progress->step);
    proto_write_u64(&w, "max_steps", progress->max_steps);
    proto_write_double(&w, "fraction", progress->fraction);
    proto_write_double(&w, "steps_per_s", steps_per_s);
    proto_write_end_object(&w);
}

/* In the curve of a cell, levels stand where folds do. */
static proto_curve_row row_at(const reporter *r, const task_progress *progress, uint32_t i)
{
    const mi_benchmark_point *of_level = progress->level_curve ? &progress->level_curve[i] : NULL;
    return (proto_curve_row){.variant = r->run->variant,
                             .replicate = r->run->replicate,
                             .fold = of_level ? of_level->level : r->run->fold,
                             .point = of_level ? of_level->at : progress->curve[i]};
}

static uint32_t copy_points(const reporter *r, const task_progress *progress, proto_curve_row *rows)
{
    uint32_t n = reporter_complete(r, progress) ? 0 : progress->n_curve - r->points_sent;
    if (n > POINTS_AT_A_TIME)
        n = POINTS_AT_A_TIME;
    for (uint32_t i = 0; i < n; i++)
        rows[i] = row_at(r, progress, r->points_sent + i);
    return n;
}

mi_status reporter_send(reporter *r, const task_progress *progress, double steps_per_s, int64_t now_ms,
                        bool *canceled, mi_error *err)
{
    proto_curve_row rows[POINTS_AT_A_TIME];
    proto_text event;
    mi_status status;
    if (r->first_fraction < 0.0)
        r->first_fraction = progress->fraction;
    proto_text_init(&event, EVENT_MAX);
    encode_event(r, progress, steps_per_s, &event);
    store_report report = {.phase = name_of(progress),
                           .fraction = progress->fraction,
                           .eta_s = estimate_eta(r, progress->fraction, now_ms),
                           .progress = proto_text_ok(&event) ? event.data : NULL,
                           .points = rows};
    do {
        uint32_t n = copy_points(r, progress, rows);
        report.n_points = n;
        status = store_run_report(r->store, r->run, &report, canceled, err);
        if (status != MI_OK)
            break;
        r->points_sent += n;
        report.progress = NULL; /* one event, however many batches of points */
    } while (!reporter_complete(r, progress) && !*canceled);
    r->phase_sent = progress->phase;
    r->sent_ms = now_ms;
    proto_text_fini(&event);
    return status;
}
