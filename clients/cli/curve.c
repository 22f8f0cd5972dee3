#include "curve.h"

#include "chart.h"
#include "command.h"
#include "download.h"
#include "output.h"
#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_RUNS         4096
#define MAX_POINTS       100000 /* of a run */
#define DRAWING_MAX      ((size_t)1 << 24)
#define CHART_HEIGHT     14
#define CHART_WIDEST     120
#define COLOR_VALIDATION 36
#define COLOR_TRAIN      33

enum { STEP, TRAIN_LOSS, VAL_LOSS, TRAIN_MI, VAL_MI, N_FIGURES };
static const char *const figures[N_FIGURES] = {"step", "train_loss", "val_loss", "train_mi", "val_mi"};

typedef struct run {
    const char *objective;  /* of a comparison, borrowed from the document; else NULL */
    const char *law;        /* of a benchmark, likewise */
    double replicate, fold; /* repetition and level of a benchmark */
    size_t n;
    double *points; /* (N_FIGURES, n) */
} run;

typedef struct curves {
    run *runs;
    size_t n;
} curves;

static void curves_fini(curves *all)
{
    for (size_t i = 0; i < all->n; i++)
        free(all->runs[i].points);
    free(all->runs);
    *all = (curves){0};
}

static size_t count(const proto_node *array, size_t most)
{
    size_t n = 0;

    for (const proto_node *item = proto_node_first(array); item && n < most; item = proto_node_next(item))
        n++;
    return n;
}

static void read_place(const proto_node *node, double *replicate, double *fold)
{
    const bool of_benchmark = json_string(node, "/law") != NULL;

    *replicate = json_number(node, of_benchmark ? "/repetition" : "/replicate");
    *fold = json_number(node, of_benchmark ? "/level" : "/fold");
}

static bool read_run(const proto_node *node, run *out)
{
    *out = (run){.objective = json_string(node, "/objective"), .law = json_string(node, "/law")};
    read_place(node, &out->replicate, &out->fold);
    out->n = count(proto_node_member(node, figures[STEP]), MAX_POINTS);
    out->points = malloc((out->n ? out->n : 1) * N_FIGURES * sizeof *out->points);
    if (!out->points)
        return false;
    for (int f = 0; f < N_FIGURES; f++) {
        const proto_node *value = proto_node_first(proto_node_member(node, figures[f]));

        for (size_t i = 0; i < out->n; i++, value = proto_node_next(value))
            out->points[(size_t)f * out->n + i] = proto_node_number(value, (double)NAN);
    }
    return true;
}

/* "R.F" as --run has it. */
static bool parse_run(const char *text, double *replicate, double *fold)
{
    char *end;

    *replicate = (double)strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '.' || end[1] < '0' || end[1] > '9')
        return false;
    *fold = (double)strtoul(end + 1, &end, 10);
    return *end == '\0';
}

/* Whether --objective asks for the run: by label, name or place; without the flag they all are. */
static bool is_asked_for(const char *wanted, const proto_node *node)
{
    const char *label = json_string(node, "/objective");
    char place[32];
    size_t n;

    if (!wanted)
        return true;
    if (!label)
        return false;
    n = strlen(wanted);
    snprintf(place, sizeof place, "%.0f", json_number(node, "/variant"));
    return strcmp(wanted, place) == 0 || (strncmp(label, wanted, n) == 0 && (!label[n] || label[n] == ' '));
}

static cli_exit read_curves(cli *c, const proto_node *root, curves *out)
{
    const proto_node *list = proto_node_member(root, "runs");
    double replicate = -1, fold = -1;
    char shown[SAFE_SIZE];

    *out = (curves){0};
    if (c->options->run && !parse_run(c->options->run, &replicate, &fold)) {
        say_error(c, "--run: '%s' is not replicate.fold, as in 0.0", c->options->run);
        return CLI_USAGE;
    }
    out->runs = calloc(count(list, MAX_RUNS) + 1, sizeof *out->runs);
    if (!out->runs)
        return CLI_FAILED;
    for (const proto_node *node = proto_node_first(list); node && out->n < MAX_RUNS;
         node = proto_node_next(node)) {
        run *next = &out->runs[out->n];
        double at_replicate, at_fold;

        if (!is_asked_for(c->options->objective, node))
            continue;
        read_place(node, &at_replicate, &at_fold);
        if (c->options->run && (at_replicate != replicate || at_fold != fold))
            continue;
        if (!read_run(node, next))
            return CLI_FAILED;
        out->n++;
    }
    if (c->options->run && out->n == 0) {
        say_error(c, "the job has no run %s", c->options->run);
        return CLI_USAGE;
    }
    if (c->options->objective && out->n == 0) {
        say_error(c, "the job has no curve of an objective %s", safe(c, shown, c->options->objective));
        return CLI_USAGE;
    }
    return CLI_OK;
}

static bool draw_one(cli *c, const curves *all, const char *title, int validation, int train, proto_text *out)
{
    chart_series *series = calloc(2 * all->n + 1, sizeof *series);
    chart picture = {.title = title,
                     .x_label = "step",
                     .series = series,
                     .n_series = 2 * all->n,
                     .width = c->out.width < CHART_WIDEST ? c->out.width - 1 : CHART_WIDEST,
                     .height = CHART_HEIGHT,
                     .unicode = c->out.utf8,
                     .color = c->out.color};
    bool ok;

    if (!series)
        return false;
    /* Validation comes last, on top. */
    for (size_t i = 0; i < all->n; i++) {
        const run *r = &all->runs[i];

        series[i] =
            (chart_series){r->points, r->points + (size_t)train * r->n, r->n, CHART_DOTTED, COLOR_TRAIN};
        series[all->n + i] = (chart_series){r->points, r->points + (size_t)validation * r->n, r->n,
                                            CHART_SOLID, COLOR_VALIDATION};
    }
    ok = chart_draw(&picture, out);
    free(series);
    return ok;
}

static void print_legend(const cli *c, size_t n_runs, proto_text *out)
{
    const char *solid = c->out.utf8 ? "⠤⠤⠤" : "ooo", *dotted = c->out.utf8 ? "⠄⠠ " : ". .";

    if (c->out.color)
        proto_text_printf(out, "%10s\x1b[%dm%s\x1b[0m validation   \x1b[%dm%s\x1b[0m train", "",
                          COLOR_VALIDATION, solid, COLOR_TRAIN, dotted);
    else
        proto_text_printf(out, "%10s%s validation   %s train", "", solid, dotted);
    proto_text_printf(out, "   %zu run%s\n\n", n_runs, n_runs == 1 ? "" : "s");
}

/* The step of lowest validation loss; n when there is none. */
static size_t best_step(const run *r)
{
    const double *loss = r->points + VAL_LOSS * r->n;
    size_t best = r->n;

    for (size_t i = 0; i < r->n; i++)
        if (isfinite(loss[i]) && (best == r->n || loss[i] < loss[best]))
            best = i;
    return best;
}

static bool print_summary(const cli *c, const curves *all, proto_text *out)
{
    static const char *const titles[] = {"LAW",       "OBJECTIVE", "RUN",    "STEPS",
                                         "BEST STEP", "VAL LOSS",  "VAL MI", "TRAIN MI"};
    table t;
    bool ok;

    table_init(&t, "lllrrrrr", titles, false, c->out.utf8);
    for (size_t i = 0; i < all->n; i++) {
        const run *r = &all->runs[i];
        size_t best = best_step(r);
        char name[64];

        snprintf(name, sizeof name, "%.0f.%.0f", r->replicate, r->fold);
        table_text(&t, r->law);
        table_text(&t, r->objective);
        table_text(&t, name);
        table_count(&t, r->n ? r->points[r->n - 1] : (double)NAN);
        for (int column = 0; column < 4; column++) {
            static const int order[] = {STEP, VAL_LOSS, VAL_MI, TRAIN_MI};
            double value = best < r->n ? r->points[(size_t)order[column] * r->n + best] : (double)NAN;

            table_fixed(&t, value, order[column] == STEP ? 0 : 4);
        }
    }
    ok = table_print(&t, 2, out);
    table_fini(&t);
    proto_text_puts(out, "  values at the step of lowest validation loss; MI in nats\n");
    return ok;
}

cli_exit curve_draw(cli *c, const char *id)
{
    char *path = api_path("jobs", id, "/curve");
    api_document document;
    curves all = {0};
    proto_text text;
    cli_exit code = api_get(c, path, &document);

    proto_text_init(&text, DRAWING_MAX);
    if (code == CLI_OK)
        code = read_curves(c, document.root, &all);
    if (code == CLI_OK && all.n == 0) {
        say_note(c, "there are no points yet");
    } else if (code == CLI_OK) {
        bool ok = draw_one(c, &all, "MI, nats", VAL_MI, TRAIN_MI, &text);

        print_legend(c, all.n, &text);
        ok = ok && draw_one(c, &all, "loss, nats", VAL_LOSS, TRAIN_LOSS, &text);
        print_legend(c, all.n, &text);
        ok = ok && print_summary(c, &all, &text) && proto_text_ok(&text);
        if (!ok)
            say_error(c, "out of memory");
        output_text(&text);
        code = ok ? CLI_OK : CLI_FAILED;
    }
    proto_text_fini(&text);
    curves_fini(&all);
    api_document_fini(&document);
    free(path);
    return code;
}

cli_exit curve_run(cli *c)
{
    static const char *const types[] = {
        [CLI_JSON] = DOWNLOAD_JSON, [CLI_CSV] = DOWNLOAD_CSV, [CLI_NPY] = DOWNLOAD_NPY};
    const cli_options *o = c->options;
    api_document document;
    char *path;
    cli_exit code;

    if (o->format == CLI_TABLE && !o->out_file)
        return curve_draw(c, o->arguments[0]);
    if (o->format == CLI_TABLE || o->run || o->objective) {
        say_error(c, o->run || o->objective
                         ? "--run and --objective are for the drawing; json, csv and npy hold every run"
                         : "--out needs -o json, csv or npy");
        return CLI_USAGE;
    }
    path = api_path("jobs", o->arguments[0], "/curve");
    if (!path)
        return CLI_FAILED;
    if (o->format == CLI_JSON && !o->out_file) {
        code = api_get(c, path, &document);
        if (code == CLI_OK)
            output_json(c, document.bytes, document.n);
        api_document_fini(&document);
    } else {
        code = download(c, path, types[o->format], o->out_file);
    }
    free(path);
    return code;
}
