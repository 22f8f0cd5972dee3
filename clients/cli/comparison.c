#include "comparison.h"

#include "chart.h"
#include "format.h"
#include "output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BAR_SMALLEST 16
#define BAR_LARGEST  48
#define BESIDE_BAR   58 /* columns that the other figures take, with a label of usual length */
#define TEXT_MAX     ((size_t)1 << 14)

/* ---- intervals ---- */

static void include(double value, double *low, double *high)
{
    if (!isfinite(value))
        return;
    *low = fmin(*low, value);
    *high = fmax(*high, value);
}

bool comparison_axis_of(const proto_node *rows, int columns, comparison_axis *out)
{
    double low = (double)INFINITY, high = -(double)INFINITY;

    for (const proto_node *r = proto_node_first(rows); r; r = proto_node_next(r)) {
        include(json_number(r, "/mi/nats"), &low, &high);
        include(json_number(r, "/mi/sampling95_nats/0"), &low, &high);
        include(json_number(r, "/mi/sampling95_nats/1"), &low, &high);
    }
    if (low > high || columns < 3)
        return false;
    if (high - low < 1e-9 * fmax(1, fabs(high))) {
        low -= 0.5;
        high += 0.5;
    }
    *out = (comparison_axis){.step = chart_step(high - low, 5), .columns = columns};
    out->low = floor(low / out->step) * out->step;
    out->high = ceil(high / out->step) * out->step;
    return isfinite(out->high - out->low);
}

static int place(const comparison_axis *axis, double value)
{
    double at = (value - axis->low) / (axis->high - axis->low) * (axis->columns - 1);

    return (int)lround(fmax(0, fmin(at, axis->columns - 1)));
}

void comparison_bar(const comparison_axis *axis, double low, double middle, double high, bool utf8,
                    proto_text *out)
{
    bool whole = isfinite(low) && isfinite(high);
    int from = whole ? place(axis, low) : 0, to = whole ? place(axis, high) : -1,
        dot = isfinite(middle) ? place(axis, middle) : -1, last = to > dot ? to : dot;

    for (int i = 0; i <= last; i++) {
        if (i == dot)
            proto_text_puts(out, utf8 ? "●" : "o");
        else if (i < from || i > to)
            proto_text_puts(out, " ");
        else if (i == from)
            proto_text_puts(out, utf8 ? "├" : "|");
        else if (i == to)
            proto_text_puts(out, utf8 ? "┤" : "|");
        else
            proto_text_puts(out, utf8 ? "─" : "-");
    }
}

/* The axis' ends above the bars. */
static void axis_title(const comparison_axis *axis, proto_text *out)
{
    int decimals = axis->step >= 1 ? 0 : (int)ceil(-log10(axis->step) - 1e-9);
    char low[FORMAT_SIZE], high[FORMAT_SIZE];

    format_fixed(low, axis->low, decimals);
    format_fixed(high, axis->high, decimals);
    proto_text_printf(out, "%s%*s", low, axis->columns - (int)strlen(low), high);
}

/* ---- the table ---- */

/* Codes of the warnings, or why there is no estimate. */
static void add_remarks(table *t, const proto_node *row)
{
    const char *error = json_string(row, "/error/code");
    proto_text text;

    proto_text_init(&text, TEXT_MAX);
    if (error)
        proto_text_printf(&text, "failed: %s", error);
    for (const proto_node *w = proto_node_first(proto_json_at(row, "/warnings")); w; w = proto_node_next(w)) {
        const char *code = json_string(w, "/code");

        proto_text_printf(&text, "%s%s", text.length ? ", " : "", code ? code : "?");
    }
    table_text(t, proto_text_ok(&text) && text.length ? text.data : NULL);
    proto_text_fini(&text);
}

static void add_row(table *t, const proto_node *row, const comparison_axis *axis)
{
    char duration[FORMAT_SIZE];
    proto_text bar;

    table_text(t, json_string(row, "/label"));
    table_fixed(t, json_number(row, "/mi/nats"), 4);
    table_fixed(t, json_number(row, "/mi/std_err"), 4);
    table_fixed(t, json_number(row, "/mi/bits"), 3);
    proto_text_init(&bar, TEXT_MAX);
    if (axis)
        comparison_bar(axis, json_number(row, "/mi/sampling95_nats/0"), json_number(row, "/mi/nats"),
                       json_number(row, "/mi/sampling95_nats/1"), t->utf8, &bar);
    table_text(t, proto_text_ok(&bar) && bar.length ? bar.data : NULL);
    proto_text_fini(&bar);
    table_fixed(t, json_number(row, "/null_mean_ratio"), 3);
    table_text(t, format_duration(duration, json_number(row, "/run_s")));
    add_remarks(t, row);
}

static int bar_columns(int width)
{
    int left = width - BESIDE_BAR;

    return left < BAR_SMALLEST ? BAR_SMALLEST : left > BAR_LARGEST ? BAR_LARGEST : left;
}

bool comparison_print(const cli *c, const proto_node *result, proto_text *out)
{
    const proto_node *rows = proto_json_at(result, "/comparison");
    const char *detail = json_string(result, "/agreement/detail");
    char duration[2][FORMAT_SIZE], shown[SAFE_SIZE];
    comparison_axis axis;
    bool drawn = comparison_axis_of(rows, bar_columns(c->out.width), &axis), ok;
    proto_text title;
    table t;

    proto_text_init(&title, TEXT_MAX);
    if (drawn)
        axis_title(&axis, &title);
    const char *const titles[] = {
        "OBJECTIVE",  "MI (nats)", "+-",      "bits", title.length ? title.data : "",
        "NULL RATIO", "TIME",      "WARNINGS"};

    table_init(&t, "lrrrlrrl", titles, false, c->out.utf8);
    for (const proto_node *r = proto_node_first(rows); r; r = proto_node_next(r))
        add_row(&t, r, drawn ? &axis : NULL);
    ok = table_print(&t, 2, out);
    table_fini(&t);
    proto_text_fini(&title);
    proto_text_puts(out, "\n");
    if (detail)
        term_wrap(out, safe(c, shown, detail), 2, c->out.width);
    proto_text_printf(out,
                      "  bars: 95%% sampling intervals, nats; null ratio: 1 is calibrated\n"
                      "  time: %s, of it training %s\n",
                      format_duration(duration[0], json_number(result, "/timing/wall_s")),
                      format_duration(duration[1], json_number(result, "/timing/train_s")));
    return ok;
}

/* ---- csv ---- */

cli_exit comparison_csv(cli *c, const proto_node *job)
{
    static const struct {
        const char *title, *pointer;
    } figures[] = {
        {"mi_nats", "/mi/nats"},
        {"mi_bits", "/mi/bits"},
        {"std_err_nats", "/mi/std_err"},
        {"sampling95_low_nats", "/mi/sampling95_nats/0"},
        {"sampling95_high_nats", "/mi/sampling95_nats/1"},
        {"interval_low_nats", "/mi/interval_nats/0"},
        {"interval_high_nats", "/mi/interval_nats/1"},
        {"null_mean_ratio", "/null_mean_ratio"},
        {"auroc", "/auroc"},
        {"steps", "/steps"},
        {"train_s", "/train_s"},
        {"run_s", "/run_s"},
    };
    enum { N_FIGURES = sizeof figures / sizeof *figures };
    const char *titles[3 + N_FIGURES + 1] = {"id", "objective", "label"};
    table t;

    for (size_t i = 0; i < N_FIGURES; i++)
        titles[3 + i] = figures[i].title;
    titles[3 + N_FIGURES] = "warnings";
    table_init(&t, "lllrrrrrrrrrrrrl", titles, true, true);
    for (const proto_node *r = proto_node_first(proto_json_at(job, "/result/comparison")); r;
         r = proto_node_next(r)) {
        table_text(&t, json_string(job, "/id"));
        table_text(&t, json_string(r, "/objective/name"));
        table_text(&t, json_string(r, "/label"));
        for (size_t i = 0; i < N_FIGURES; i++)
            table_number(&t, json_number(r, figures[i].pointer));
        add_remarks(&t, r);
    }
    return output_table(c, &t, 0);
}
