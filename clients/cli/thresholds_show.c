#include "thresholds.h"

#include "chart.h"
#include "format.h"
#include "output.h"
#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX     ((size_t)1 << 24)
#define CHART_WIDEST 72
#define CHART_HEIGHT 16
#define POINTS_MAX   10000
#define COLOR_ROC    36
#define COLOR_CHANCE 33

/* ---- rows ---- */

typedef void row_writer(table *t, const char *criterion, const proto_node *threshold);

/* Every threshold of the answer, section by section. */
static void each(table *t, const proto_node *list, const char *criterion, row_writer *add)
{
    for (const proto_node *item = proto_node_first(list); item; item = proto_node_next(item))
        add(t, criterion, item);
}

static void each_of_labels(table *t, const proto_node *labels, row_writer *add)
{
    static const char *const lists[] = {"fpr", "precision", "recall"};

    if (proto_node_kind(labels) != PROTO_OBJECT)
        return;
    add(t, "f1", proto_node_member(labels, "f1"));
    add(t, "youden", proto_node_member(labels, "youden"));
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        each(t, proto_node_member(labels, lists[i]), lists[i], add);
}

static void add_csv(table *t, const char *criterion, const proto_node *item)
{
    static const char *const columns[] = {
        "/target",          "/threshold", "/pairs_above", "/expected_fpr", "/expected_fdr",
        "/recall_of_known", "/precision", "/recall",      "/fpr",          "/f1"};

    table_text(t, criterion);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        table_number(t, json_number(item, columns[i]));
}

static void add_labelled_csv(table *t, const char *criterion, const proto_node *item)
{
    char name[32];

    snprintf(name, sizeof name, "labels.%s", criterion);
    add_csv(t, name, item);
}

cli_exit thresholds_rows(cli *c, const proto_node *answer)
{
    static const char *const titles[] = {
        "criterion", "target", "threshold", "pairs_above", "expected_fpr", "expected_fdr", "recall_of_known",
        "precision", "recall", "fpr",       "f1"};
    table t;

    table_init(&t, "lrrrrrrrrrr", titles, true, c->out.utf8);
    each(&t, proto_node_member(answer, "fpr"), "fpr", add_csv);
    each(&t, proto_node_member(answer, "fdr"), "fdr", add_csv);
    each_of_labels(&t, proto_node_member(answer, "labels"), add_labelled_csv);
    return output_table(c, &t, 0);
}

/* ---- for people ---- */

static void add_expected(table *t, const char *criterion, const proto_node *item)
{
    const bool fdr = strcmp(criterion, "FDR") == 0;

    table_text(t, criterion);
    table_number(t, json_number(item, "/target"));
    table_fixed(t, json_number(item, "/threshold"), 4);
    table_number(t, json_number(item, fdr ? "/expected_fdr" : "/expected_fpr"));
    table_count(t, json_number(item, "/pairs_above"));
    table_fixed(t, json_number(item, "/recall_of_known"), 3);
}

static void add_labelled(table *t, const char *criterion, const proto_node *item)
{
    char low[FORMAT_SIZE], high[FORMAT_SIZE], interval[2 * FORMAT_SIZE + 8];
    const bool has = isfinite(json_number(item, "/threshold95/0"));

    format_fixed(low, json_number(item, "/threshold95/0"), 3);
    format_fixed(high, json_number(item, "/threshold95/1"), 3);
    snprintf(interval, sizeof interval, "%s to %s", low, high);
    table_text(t, criterion);
    table_number(t, json_number(item, "/target"));
    table_fixed(t, json_number(item, "/threshold"), 4);
    table_text(t, has ? interval : NULL);
    table_count(t, json_number(item, "/pairs_above"));
    table_fixed(t, json_number(item, "/precision"), 3);
    table_fixed(t, json_number(item, "/recall"), 3);
    table_fixed(t, json_number(item, "/fpr"), 4);
    table_text(t, proto_node_bool(proto_node_member(item, "stable"), true) ? NULL : "unstable");
}

static bool print_expected(const cli *c, const proto_node *answer, proto_text *out)
{
    static const char *const titles[] = {"",         "TARGET",      "THRESHOLD (nats)",
                                         "EXPECTED", "PAIRS ABOVE", "RECALL OF KNOWN"};
    char mean[FORMAT_SIZE], q95[FORMAT_SIZE], q99[FORMAT_SIZE];
    table t;
    bool ok;

    proto_text_printf(out, "%.0f mismatched pairs: mean PMI %s, 95%% below %s, 99%% below %s nats\n",
                      json_number(answer, "/null/pairs"),
                      format_fixed(mean, json_number(answer, "/null/mean"), 3),
                      format_fixed(q95, json_number(answer, "/null/q95"), 3),
                      format_fixed(q99, json_number(answer, "/null/q99"), 3));
    table_init(&t, "lrrrrr", titles, false, c->out.utf8);
    each(&t, proto_node_member(answer, "fpr"), "FPR", add_expected);
    each(&t, proto_node_member(answer, "fdr"), "FDR", add_expected);
    ok = table_print(&t, 2, out);
    table_fini(&t);
    return ok;
}

static double *read_column(const proto_node *list, size_t *n)
{
    double *values = malloc(POINTS_MAX * sizeof *values);

    *n = 0;
    for (const proto_node *item = proto_node_first(list); values && item && *n < POINTS_MAX;
         item = proto_node_next(item))
        values[(*n)++] = proto_node_number(item, (double)NAN);
    return values;
}

static bool draw_roc(const cli *c, const proto_node *labels, proto_text *out)
{
    static const double diagonal[] = {0, 1};
    size_t n, n_tpr;
    double *fpr = read_column(proto_json_at(labels, "/roc/fpr"), &n),
           *tpr = read_column(proto_json_at(labels, "/roc/tpr"), &n_tpr);
    const chart_series series[] = {{diagonal, diagonal, 2, CHART_DOTTED, COLOR_CHANCE},
                                   {fpr, tpr, n < n_tpr ? n : n_tpr, CHART_SOLID, COLOR_ROC}};
    const chart picture = {.title = "ROC: recall",
                           .x_label = "false positive rate",
                           .series = series,
                           .n_series = 2,
                           .width = c->out.width < CHART_WIDEST ? c->out.width - 1 : CHART_WIDEST,
                           .height = CHART_HEIGHT,
                           .unicode = c->out.utf8,
                           .color = c->out.color};
    const bool ok = fpr && tpr && (n < 2 || chart_draw(&picture, out));

    free(fpr);
    free(tpr);
    return ok;
}

static void print_area(const char *name, const proto_node *figure, proto_text *out)
{
    char value[FORMAT_SIZE], low[FORMAT_SIZE], high[FORMAT_SIZE];

    proto_text_printf(out, "%s %s", name, format_fixed(value, json_number(figure, "/value"), 3));
    if (isfinite(json_number(figure, "/interval95/0")))
        proto_text_printf(out, " (95%% %s to %s)", format_fixed(low, json_number(figure, "/interval95/0"), 3),
                          format_fixed(high, json_number(figure, "/interval95/1"), 3));
}

static bool print_labels(const cli *c, const proto_node *labels, proto_text *out)
{
    static const char *const titles[] = {
        "ON LABELS", "TARGET", "THRESHOLD (nats)", "95%", "PAIRS ABOVE", "PRECISION", "RECALL", "FPR", ""};
    const char *negatives = json_string(labels, "/negatives_are");
    char chance[FORMAT_SIZE];
    table t;
    bool ok;

    if (proto_node_kind(labels) != PROTO_OBJECT)
        return true;
    proto_text_printf(out, "\n%.0f positives, %.0f negatives%s\n", json_number(labels, "/positives"),
                      json_number(labels, "/negatives"),
                      negatives && strcmp(negatives, "labelled") != 0 ? " (mismatched pairs of their ids)"
                                                                      : "");
    print_area("AUROC", proto_node_member(labels, "auroc"), out);
    print_area(", average precision", proto_node_member(labels, "auprc"), out);
    proto_text_printf(out, ", of chance %s\n", format_number(chance, json_number(labels, "/auprc/chance")));
    table_init(&t, "lrrlrrrrl", titles, false, c->out.utf8);
    each_of_labels(&t, labels, add_labelled);
    ok = table_print(&t, 2, out);
    table_fini(&t);
    proto_text_puts(out, "\n");
    return ok && draw_roc(c, labels, out);
}

static void print_notes(cli *c, const proto_node *answer)
{
    char code[SAFE_SIZE], detail[SAFE_SIZE];

    for (const proto_node *n = proto_node_first(proto_node_member(answer, "notes")); n;
         n = proto_node_next(n)) {
        const char *name = json_string(n, "/code"), *what = json_string(n, "/detail");

        say_note(c, "%s: %s", safe(c, code, name ? name : ""), safe(c, detail, what ? what : ""));
    }
}

cli_exit thresholds_show(cli *c, const proto_node *answer)
{
    proto_text text;
    bool ok;

    proto_text_init(&text, TEXT_MAX);
    ok = print_expected(c, answer, &text) && print_labels(c, proto_node_member(answer, "labels"), &text) &&
         proto_text_ok(&text);
    if (ok)
        output_text(&text);
    else
        say_error(c, "out of memory");
    proto_text_fini(&text);
    print_notes(c, answer);
    return ok ? CLI_OK : CLI_FAILED;
}
