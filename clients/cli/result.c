#include "result.h"

#include "benchmark.h"
#include "comparison.h"
#include "format.h"
#include "output.h"
#include "screen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NATS_PER_BIT 0.69314718055994531
#define RESULT_MAX   ((size_t)1 << 24)
#define PER_RUN_MAX  20 /* values on the line; json has them all */

static void print_head(const cli *c, const proto_node *job, proto_text *out)
{
    const char *id = json_string(job, "/id"), *state = json_string(job, "/state"),
               *kind = json_string(job, "/kind");
    char a[SAFE_SIZE], b[SAFE_SIZE], d[SAFE_SIZE];
    const char *color = "", *end = "";

    if (c->out.color && state) {
        color = strcmp(state, "succeeded") == 0 ? "\x1b[32m"
                : strcmp(state, "failed") == 0  ? "\x1b[31m"
                                                : "\x1b[33m";
        end = "\x1b[0m";
    }
    proto_text_printf(out, "%s  %s  %s%s%s\n", safe(c, a, id ? id : "-"), safe(c, b, kind ? kind : "-"),
                      color, safe(c, d, state ? state : "-"), end);
}

static void add_mi(table *t, const proto_node *result)
{
    double nats = json_number(result, "/mi/nats"), bits = json_number(result, "/mi/bits");
    double low = json_number(result, "/mi/sampling95_nats/0"),
           high = json_number(result, "/mi/sampling95_nats/1");
    char a[FORMAT_SIZE], b[FORMAT_SIZE];

    table_row(t, "mutual information", "%s nats = %s bits", format_fixed(a, nats, 4),
              format_fixed(b, bits, 4));
    if (isfinite(low) && isfinite(high)) {
        table_row(t, "95% sampling interval", "%s to %s nats", format_fixed(a, low, 4),
                  format_fixed(b, high, 4));
        table_row(t, "", "%s to %s bits", format_fixed(a, low / NATS_PER_BIT, 4),
                  format_fixed(b, high / NATS_PER_BIT, 4));
    }
    low = json_number(result, "/mi/interval_nats/0");
    high = json_number(result, "/mi/interval_nats/1");
    if (isfinite(low) && isfinite(high))
        table_row(t, "interval with bias", "%s to %s nats", format_fixed(a, low, 4),
                  format_fixed(b, high, 4));
    table_row(t, "standard error", "%s nats", format_fixed(a, json_number(result, "/mi/std_err"), 4));
}

static void add_per_run(table *t, const proto_node *result)
{
    const proto_node *values = proto_json_at(result, "/mi/per_run");
    proto_text line;
    unsigned n = 0;

    proto_text_init(&line, 1 << 12);
    for (const proto_node *v = proto_node_first(values); v; v = proto_node_next(v), n++) {
        char a[FORMAT_SIZE];

        if (n < PER_RUN_MAX)
            proto_text_printf(&line, "%s%s", n ? "  " : "",
                              format_fixed(a, proto_node_number(v, (double)NAN), 4));
    }
    if (n > PER_RUN_MAX)
        proto_text_printf(&line, "  and %u more", n - PER_RUN_MAX);
    if (n > 0)
        table_row(t, "per fold", "%s nats", line.data ? line.data : "");
    proto_text_fini(&line);
}

static void add_diagnostics(table *t, const proto_node *result)
{
    double ratio = json_number(result, "/calibration/null_mean_ratio"),
           auroc = json_number(result, "/null/auroc");
    const proto_node *permutation = proto_json_at(result, "/permutation");
    char a[FORMAT_SIZE], b[FORMAT_SIZE], d[FORMAT_SIZE], e[FORMAT_SIZE];

    if (proto_node_kind(proto_json_at(result, "/bracket_nats")) == PROTO_OBJECT)
        table_row(t, "bounds, same critic", "InfoNCE %s (at most %s)  NWJ %s  DV %s nats",
                  format_fixed(a, json_number(result, "/bracket_nats/infonce"), 3),
                  format_fixed(b, json_number(result, "/bracket_nats/infonce_ceiling"), 3),
                  format_fixed(d, json_number(result, "/bracket_nats/nwj"), 3),
                  format_fixed(e, json_number(result, "/bracket_nats/dv"), 3));
    if (isfinite(ratio))
        table_row(
            t, "calibration", "mean ratio of mismatched pairs %s (1 is calibrated), log-scale %s, slope %s",
            format_fixed(a, ratio, 3), format_fixed(b, json_number(result, "/calibration/log_scale"), 3),
            format_fixed(d, json_number(result, "/calibration/slope"), 3));
    if (isfinite(auroc))
        table_row(t, "true pairs above mismatched", "AUROC %s, %s mismatched pairs",
                  format_fixed(a, auroc, 3), format_number(b, json_number(result, "/null/pairs")));
    if (proto_node_kind(permutation) == PROTO_OBJECT)
        table_row(t, "permutation test", "p = %s, null mean %s nats",
                  format_number(a, json_number(permutation, "/p_value")),
                  format_fixed(b, json_number(permutation, "/mean_nats"), 4));
}

/* Of pairs by id: how many there are, who is missing, and how they were held out. */
static void add_pairs(table *t, const proto_node *result)
{
    const proto_node *pairs = proto_json_at(result, "/pairs");
    const char *by = json_string(result, "/split/by");
    double missing = json_number(pairs, "/without_embedding"),
           unscored = json_number(result, "/split/unscored");
    char a[FORMAT_SIZE], b[FORMAT_SIZE], d[FORMAT_SIZE];

    if (proto_node_kind(pairs) != PROTO_OBJECT)
        return;
    table_row(t, "pairs", "%s of %s rows, of %s ids of x and %s of y",
              format_number(a, json_number(pairs, "/used")), format_number(b, json_number(pairs, "/rows")),
              format_number(d, json_number(pairs, "/entities/x")),
              format_number((char[FORMAT_SIZE]){0}, json_number(pairs, "/entities/y")));
    if (missing > 0)
        table_row(t, "", "%s without an embedding: %s ids of x, %s of y", format_number(a, missing),
                  format_number(b, json_number(pairs, "/missing/x/count")),
                  format_number(d, json_number(pairs, "/missing/y/count")));
    table_row(t, "split", "by %s, %s pairs held out%s%s%s", by ? by : "-",
              format_number(a, json_number(result, "/split/scored")), unscored > 0 ? ", " : "",
              unscored > 0 ? format_number(b, unscored) : "", unscored > 0 ? " never" : "");
}

static void add_timing(const cli *c, table *t, const proto_node *result)
{
    const char *kernel = json_string(result, "/timing/kernel"),
               *precision = json_string(result, "/timing/precision");
    char a[FORMAT_SIZE], b[FORMAT_SIZE], d[FORMAT_SIZE], e[FORMAT_SIZE], s[SAFE_SIZE], p[SAFE_SIZE];

    if (proto_node_kind(proto_json_at(result, "/timing")) != PROTO_OBJECT)
        return;
    table_row(t, "time", "%s, of it training %s", format_duration(a, json_number(result, "/timing/wall_s")),
              format_duration(b, json_number(result, "/timing/train_s")));
    table_row(t, "work", "%s steps, %s per second, %s kernel, %s",
              format_number(d, json_number(result, "/timing/steps")),
              format_number(e, round(json_number(result, "/timing/steps_per_s"))),
              safe(c, s, kernel ? kernel : "unknown"), safe(c, p, precision ? precision : "-"));
}

/* The server's detail gives the figures, and what to do. */
static void print_warnings(const cli *c, const proto_node *result, proto_text *out)
{
    const char *color = c->out.color ? "\x1b[33m" : "", *end = c->out.color ? "\x1b[0m" : "";

    for (const proto_node *w = proto_node_first(proto_json_at(result, "/warnings")); w;
         w = proto_node_next(w)) {
        const char *code = json_string(w, "/code"), *detail = json_string(w, "/detail");
        char a[SAFE_SIZE], b[SAFE_SIZE];

        proto_text_printf(out, "\n%swarning %s%s\n", color, safe(c, a, code ? code : "?"), end);
        term_wrap(out, safe(c, b, detail ? detail : ""), 2, c->out.width);
    }
}

static bool is_comparison(const proto_node *result)
{
    return proto_node_kind(proto_json_at(result, "/comparison")) == PROTO_ARRAY;
}

static void print_next(const cli *c, const proto_node *job, proto_text *out)
{
    const char *id = json_string(job, "/id");
    char a[SAFE_SIZE], b[SAFE_SIZE];

    if (!id)
        return;
    safe(c, a, id);
    proto_text_puts(out, "\n");
    if (screen_is(proto_json_at(job, "/result")))
        proto_text_printf(out, "pairs:   mutual screen %s\n", a);
    else if (is_comparison(proto_json_at(job, "/result")))
        proto_text_printf(out, "pairs:   mutual pmi %s --objective NAME\n", a);
    else if (json_string(job, "/result/pmi"))
        proto_text_printf(out, "pairs:   mutual pmi %s\n", a);
    if (json_string(job, "/result/model") && !screen_is(proto_json_at(job, "/result")))
        proto_text_printf(out, "model:   %s\n", safe(c, b, json_string(job, "/result/model")));
    if (json_string(job, "/result/curve"))
        proto_text_printf(out, "curves:  mutual curve %s\n", a);
    proto_text_printf(out, "all:     mutual jobs get %s -o json\n", a);
}

static void add_progress(table *t, const proto_node *job)
{
    const char *phase = json_string(job, "/progress/phase");
    double fraction = json_number(job, "/progress/fraction");
    char a[FORMAT_SIZE], b[FORMAT_SIZE], d[FORMAT_SIZE];

    if (!phase)
        return;
    table_text(t, "phase");
    table_text(t, phase);
    table_row(t, "progress", "%s%%, runs %s of %s", format_fixed(a, 100 * fraction, 0),
              format_number(b, json_number(job, "/progress/runs_done")),
              format_number(d, json_number(job, "/progress/runs")));
}

static bool print_figures(const cli *c, const proto_node *job, proto_text *out)
{
    const proto_node *result = proto_json_at(job, "/result");
    table t;
    bool ok;

    if (is_benchmark(result))
        return benchmark_print(c, result, out);
    if (screen_is(result))
        return screen_print(c, result, out);
    if (is_comparison(result))
        return comparison_print(c, result, out);
    table_init(&t, "ll", NULL, false, c->out.utf8);
    if (proto_node_kind(result) == PROTO_OBJECT) {
        add_mi(&t, result);
        add_per_run(&t, result);
        add_diagnostics(&t, result);
        add_pairs(&t, result);
        add_timing(c, &t, result);
    } else {
        add_progress(&t, job);
    }
    ok = table_print(&t, 2, out);
    table_fini(&t);
    return ok;
}

static cli_exit print_people(cli *c, const proto_node *job)
{
    const proto_node *result = proto_json_at(job, "/result");
    proto_text text;
    cli_exit code;
    bool ok;

    proto_text_init(&text, RESULT_MAX);
    print_head(c, job, &text);
    ok = print_figures(c, job, &text);
    if (proto_node_kind(result) == PROTO_OBJECT) {
        if (!is_comparison(result) && !is_benchmark(result))
            print_warnings(c, result, &text);
        print_next(c, job, &text);
    }
    code = ok && proto_text_ok(&text) ? CLI_OK : CLI_FAILED;
    output_text(&text);
    proto_text_fini(&text);
    return code;
}

static cli_exit print_csv(cli *c, const proto_node *job)
{
    static const struct {
        const char *title, *pointer;
    } figures[] = {
        {"mi_nats", "/result/mi/nats"},
        {"mi_bits", "/result/mi/bits"},
        {"std_err_nats", "/result/mi/std_err"},
        {"sampling95_low_nats", "/result/mi/sampling95_nats/0"},
        {"sampling95_high_nats", "/result/mi/sampling95_nats/1"},
        {"infonce_nats", "/result/bracket_nats/infonce"},
        {"nwj_nats", "/result/bracket_nats/nwj"},
        {"dv_nats", "/result/bracket_nats/dv"},
        {"infonce_ceiling_nats", "/result/bracket_nats/infonce_ceiling"},
        {"log_scale", "/result/calibration/log_scale"},
        {"slope", "/result/calibration/slope"},
        {"null_mean_ratio", "/result/calibration/null_mean_ratio"},
        {"auroc", "/result/null/auroc"},
        {"wall_s", "/result/timing/wall_s"},
        {"train_s", "/result/timing/train_s"},
        {"steps", "/result/timing/steps"},
    };
    const char *titles[2 + sizeof figures / sizeof *figures] = {"id", "state"};
    table t;

    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        titles[2 + i] = figures[i].title;
    table_init(&t, "llrrrrrrrrrrrrrrrr", titles, true, true);
    table_text(&t, json_string(job, "/id"));
    table_text(&t, json_string(job, "/state"));
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        table_number(&t, json_number(job, figures[i].pointer));
    return output_table(c, &t, 0);
}

cli_exit result_print(cli *c, const api_document *job)
{
    switch (c->options->format) {
    case CLI_JSON:
        output_json(c, job->bytes, job->n);
        return CLI_OK;
    case CLI_CSV:
        if (is_benchmark(proto_json_at(job->root, "/result")))
            return benchmark_csv(c, job->root, NULL);
        if (screen_is(proto_json_at(job->root, "/result")))
            return screen_lists(c, json_string(job->root, "/id"));
        return is_comparison(proto_json_at(job->root, "/result")) ? comparison_csv(c, job->root)
                                                                  : print_csv(c, job->root);
    default:
        return print_people(c, job->root);
    }
}

cli_exit result_exit(cli *c, const api_document *job)
{
    const char *state = json_string(job->root, "/state"), *id = json_string(job->root, "/id");
    const proto_node *error = proto_json_at(job->root, "/error");
    char a[SAFE_SIZE];

    if (state && strcmp(state, "succeeded") == 0)
        return CLI_OK;
    if (proto_node_kind(error) == PROTO_OBJECT)
        api_print_problem(c, error, 0);
    else
        say_error(c, "%s was %s", safe(c, a, id ? id : "the job"),
                  state && strcmp(state, "canceled") == 0 ? "canceled" : "not finished");
    return CLI_FAILED;
}
