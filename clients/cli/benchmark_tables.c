#include "benchmark.h"

#include "download.h"
#include "format.h"
#include "output.h"
#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NATS_PER_BIT 0.69314718055994531
#define CSV_MAX      ((size_t)1 << 26)
#define TEXT_MAX     ((size_t)1 << 14)
#define MAX_COLUMNS  64
#define CELL_WIDTH   15 /* of bias and spread */
#define LABEL_WIDTH  24
#define DECIMALS     3

/* The cells of a result as a grid. */
typedef struct grid {
    const proto_node **cells; /* (n_laws, n_objectives), borrowed from the document */
    size_t n_laws, n_objectives, n_levels, repetitions;
    double unit; /* nats */
    const char *unit_name;
    const cli *c;
} grid;

/* What a table shows of a level. */
typedef enum figure { BIAS_AND_SPREAD, RMSE } figure;

bool is_benchmark(const proto_node *result)
{
    return proto_node_kind(proto_json_at(result, "/benchmark")) == PROTO_OBJECT;
}

static size_t count(const proto_node *array)
{
    size_t n = 0;

    for (const proto_node *item = proto_node_first(array); item; item = proto_node_next(item))
        n++;
    return n;
}

static bool grid_init(grid *g, const cli *c, const proto_node *result)
{
    const proto_node *list = proto_json_at(result, "/benchmark/cells");
    size_t n = count(list), i = 0;

    *g = (grid){.c = c, .n_objectives = count(proto_json_at(result, "/benchmark/summary"))};
    g->n_laws = g->n_objectives ? n / g->n_objectives : 0;
    g->n_levels = count(proto_node_member(proto_node_first(list), "levels"));
    g->repetitions = count(proto_json_at(
        proto_node_first(proto_node_member(proto_node_first(list), "levels")), "/estimates_nats"));
    g->unit = c->options->bits || g->n_levels > 1 ? NATS_PER_BIT : 1;
    g->unit_name = g->unit < 1 ? "bits" : "nats";
    g->cells = calloc(n + 1, sizeof *g->cells); /* never of size 0 */
    for (const proto_node *cell = proto_node_first(list); cell && g->cells; cell = proto_node_next(cell))
        g->cells[i++] = cell;
    return g->cells != NULL;
}

static const proto_node *cell_at(const grid *g, size_t law, size_t objective)
{
    return g->cells[law * g->n_objectives + objective];
}

static const proto_node *level_at(const proto_node *cell, size_t level)
{
    const proto_node *node = proto_node_first(proto_node_member(cell, "levels"));

    while (node && level-- > 0)
        node = proto_node_next(node);
    return node;
}

static void add_figure(const grid *g, table *t, const proto_node *level, figure what)
{
    double bias = json_number(level, "/bias_nats") / g->unit,
           spread = json_number(level, "/std_nats") / g->unit;
    char a[FORMAT_SIZE], b[FORMAT_SIZE], text[2 * FORMAT_SIZE + 8];

    if (what == RMSE) {
        table_fixed(t, json_number(level, "/rmse_nats") / g->unit, DECIMALS);
        return;
    }
    if (!isfinite(bias)) {
        table_text(t, NULL);
        return;
    }
    format_fixed(a, bias, DECIMALS);
    format_fixed(b, spread, DECIMALS);
    if (isfinite(spread))
        snprintf(text, sizeof text, "%s %s%s", a, t->utf8 ? "±" : "+-", b);
    else
        snprintf(text, sizeof text, "%s", a);
    table_text(t, text);
}

/* Titles of columns first .. first + n of a table, behind those of the row. */
typedef struct header {
    char text[MAX_COLUMNS][64];
    const char *titles[MAX_COLUMNS];
    char align[MAX_COLUMNS + 1];
    unsigned n;
} header;

static void add_title(header *h, char align, const char *title)
{
    if (h->n == MAX_COLUMNS)
        return;
    snprintf(h->text[h->n], sizeof h->text[h->n], "%s", title);
    h->titles[h->n] = h->text[h->n];
    h->align[h->n] = align;
    h->align[++h->n] = '\0';
}

/* So many columns stand side by side. */
static size_t columns_at_once(const grid *g, size_t of_row)
{
    const size_t width = g->c->out.width > 0 ? (size_t)g->c->out.width : 80;
    const size_t least = of_row + CELL_WIDTH, most = MAX_COLUMNS - 2;
    const size_t n = width > least ? (width - of_row) / CELL_WIDTH : 1;

    return n < most ? n : most;
}

/* Of one repetition the error is the bias. */
static figure last_figure(const grid *g)
{
    return g->repetitions > 1 ? RMSE : BIAS_AND_SPREAD;
}

/* "bias and spread of 3 repetitions, bits". */
static void print_caption(const grid *g, figure what, proto_text *out)
{
    const char *name = what == RMSE         ? "root mean square error"
                       : g->repetitions > 1 ? "bias and spread"
                                            : "bias";

    proto_text_printf(out, "%s of %zu repetition%s, %s\n", name, g->repetitions,
                      g->repetitions == 1 ? "" : "s", g->unit_name);
}

static const char *escaped(const grid *g, char buffer[SAFE_SIZE], const char *text)
{
    return safe(g->c, buffer, text ? text : "-");
}

/* ---- a staircase: a table per law ---- */

static bool print_levels(const grid *g, size_t law, figure what, size_t first, size_t n, proto_text *out)
{
    header h = {.n = 0};
    table t;
    bool ok;

    add_title(&h, 'l', "ESTIMATOR");
    for (size_t level = first; level < first + n; level++) {
        char number[FORMAT_SIZE], title[64];
        const double truth = json_number(level_at(cell_at(g, law, 0), level), "/truth_nats");

        snprintf(title, sizeof title, "%s %s", format_number(number, truth / g->unit), g->unit_name);
        add_title(&h, 'r', title);
    }
    table_init(&t, h.align, h.titles, false, g->c->out.utf8);
    for (size_t objective = 0; objective < g->n_objectives; objective++) {
        const proto_node *cell = cell_at(g, law, objective);

        table_text(&t, json_string(cell, "/label"));
        for (size_t level = first; level < first + n; level++)
            add_figure(g, &t, level_at(cell, level), what);
    }
    ok = table_print(&t, 2, out);
    table_fini(&t);
    return ok;
}

static bool print_staircase(const grid *g, size_t law, proto_text *out)
{
    const size_t at_once = columns_at_once(g, LABEL_WIDTH);
    char shown[SAFE_SIZE];
    bool ok = true;

    for (int what = BIAS_AND_SPREAD; what <= (int)last_figure(g); what++) {
        proto_text_printf(out, "\n%s: ", escaped(g, shown, json_string(cell_at(g, law, 0), "/law/label")));
        print_caption(g, (figure)what, out);
        for (size_t first = 0; first < g->n_levels && ok; first += at_once)
            ok = print_levels(g, law, (figure)what, first,
                              g->n_levels - first < at_once ? g->n_levels - first : at_once, out);
    }
    return ok;
}

/* ---- laws as they are: one table ---- */

static void add_law(const grid *g, table *t, size_t law)
{
    const proto_node *cell = cell_at(g, law, 0);

    table_text(t, json_string(cell, "/law/label"));
    table_fixed(t, json_number(level_at(cell, 0), "/truth_nats") / g->unit, DECIMALS);
}

static bool print_laws(const grid *g, figure what, size_t first, size_t n, proto_text *out)
{
    header h = {.n = 0};
    table t;
    bool ok;

    add_title(&h, 'l', "LAW");
    add_title(&h, 'r', "TRUTH");
    for (size_t i = first; i < first + n; i++) {
        char shown[SAFE_SIZE];

        add_title(&h, 'r', escaped(g, shown, json_string(cell_at(g, 0, i), "/label")));
    }
    table_init(&t, h.align, h.titles, false, g->c->out.utf8);
    for (size_t law = 0; law < g->n_laws; law++) {
        add_law(g, &t, law);
        for (size_t i = first; i < first + n; i++)
            add_figure(g, &t, level_at(cell_at(g, law, i), 0), what);
    }
    ok = table_print(&t, 2, out);
    table_fini(&t);
    return ok;
}

/* Of one estimator there is room for all. */
static bool print_one_estimator(const grid *g, proto_text *out)
{
    static const char *const titles[] = {"LAW", "TRUTH", "MEAN", "BIAS", "SD", "RMSE", "95% HELD"};
    char shown[SAFE_SIZE];
    table t;
    bool ok;

    proto_text_printf(out, "\n%s, %s\n", escaped(g, shown, json_string(cell_at(g, 0, 0), "/label")),
                      g->unit_name);
    table_init(&t, "lrrrrrr", titles, false, g->c->out.utf8);
    for (size_t law = 0; law < g->n_laws; law++) {
        const proto_node *level = level_at(cell_at(g, law, 0), 0);

        add_law(g, &t, law);
        table_fixed(&t, json_number(level, "/mean_nats") / g->unit, DECIMALS);
        table_fixed(&t, json_number(level, "/bias_nats") / g->unit, DECIMALS);
        table_fixed(&t, json_number(level, "/std_nats") / g->unit, DECIMALS);
        table_fixed(&t, json_number(level, "/rmse_nats") / g->unit, DECIMALS);
        table_fixed(&t, json_number(level, "/sampling95_coverage"), 2);
    }
    ok = table_print(&t, 2, out);
    table_fini(&t);
    return ok;
}

static bool print_flat(const grid *g, proto_text *out)
{
    const size_t at_once = columns_at_once(g, 2 * LABEL_WIDTH);
    bool ok = true;

    if (g->n_objectives == 1)
        return print_one_estimator(g, out);
    for (int what = BIAS_AND_SPREAD; what <= (int)last_figure(g); what++) {
        proto_text_puts(out, "\n");
        print_caption(g, (figure)what, out);
        for (size_t first = 0; first < g->n_objectives && ok; first += at_once)
            ok = print_laws(g, (figure)what, first,
                            g->n_objectives - first < at_once ? g->n_objectives - first : at_once, out);
    }
    return ok;
}

/* ---- in all ---- */

/* At which level it was. */
static void add_truth(const grid *g, const proto_node *summary, char worst[SAFE_SIZE])
{
    const size_t n = strlen(worst);
    char truth[FORMAT_SIZE];

    snprintf(worst + n, SAFE_SIZE - n, ", %s %s",
             format_number(truth, json_number(summary, "/worst/truth_nats") / g->unit), g->unit_name);
}

static bool print_summary(const grid *g, const proto_node *result, proto_text *out)
{
    static const char *const titles[] = {"ESTIMATOR", "|ERROR|",       "BIAS",     "RMSE",
                                         "95% HELD",  "INTERVAL HELD", "TRAINING", "WORST"};
    table t;
    bool ok;

    proto_text_printf(out, "\nover all laws%s, %s\n", g->n_levels > 1 ? " and levels" : "", g->unit_name);
    table_init(&t, "lrrrrrrl", titles, false, g->c->out.utf8);
    for (const proto_node *s = proto_node_first(proto_json_at(result, "/benchmark/summary")); s;
         s = proto_node_next(s)) {
        const char *law = json_string(s, "/worst/law");
        char error[FORMAT_SIZE], duration[FORMAT_SIZE], worst[SAFE_SIZE];

        table_text(&t, json_string(s, "/label"));
        table_fixed(&t, json_number(s, "/mean_abs_error_nats") / g->unit, DECIMALS);
        table_fixed(&t, json_number(s, "/bias_nats") / g->unit, DECIMALS);
        table_fixed(&t, json_number(s, "/rmse_nats") / g->unit, DECIMALS);
        table_fixed(&t, json_number(s, "/sampling95_coverage"), 2);
        table_fixed(&t, json_number(s, "/interval_coverage"), 2);
        table_text(&t, format_duration(duration, json_number(s, "/train_s")));
        snprintf(worst, sizeof worst, "%s at %.160s",
                 format_fixed(error, json_number(s, "/worst/error_nats") / g->unit, DECIMALS),
                 law ? law : "");
        if (g->n_levels > 1)
            add_truth(g, s, worst);
        table_text(&t, law ? worst : NULL);
    }
    ok = table_print(&t, 2, out);
    table_fini(&t);
    return ok;
}

static void print_failures(const grid *g, proto_text *out)
{
    for (size_t i = 0; i < g->n_laws * g->n_objectives; i++) {
        const char *detail = json_string(g->cells[i], "/error/detail");
        char law[SAFE_SIZE], label[SAFE_SIZE], why[SAFE_SIZE], line[3 * SAFE_SIZE];

        if (!detail)
            continue;
        snprintf(line, sizeof line, "failed: %s at %s, %.0f times: %s",
                 escaped(g, label, json_string(g->cells[i], "/label")),
                 escaped(g, law, json_string(g->cells[i], "/law/label")),
                 json_number(g->cells[i], "/error/repetitions"), escaped(g, why, detail));
        term_wrap(out, line, 2, g->c->out.width);
    }
}

bool benchmark_print(const cli *c, const proto_node *result, proto_text *out)
{
    char duration[2][FORMAT_SIZE];
    bool ok = true;
    grid g;

    if (!grid_init(&g, c, result))
        return false;
    if (g.n_laws > 0 && g.n_levels > 1)
        for (size_t law = 0; law < g.n_laws && ok; law++)
            ok = print_staircase(&g, law, out);
    else if (g.n_laws > 0)
        ok = print_flat(&g, out);
    ok = ok && print_summary(&g, result, out);
    print_failures(&g, out);
    proto_text_printf(out, "  time: %s, of it training %s\n",
                      format_duration(duration[0], json_number(result, "/timing/wall_s")),
                      format_duration(duration[1], json_number(result, "/timing/train_s")));
    free(g.cells);
    return ok;
}

/* ---- csv ---- */

static const struct {
    const char *title, *pointer;
} figures[] = {
    {"truth_nats", "/truth_nats"},
    {"truth_bits", "/truth_bits"},
    {"repetitions", "/repetitions"},
    {"mean_nats", "/mean_nats"},
    {"bias_nats", "/bias_nats"},
    {"std_nats", "/std_nats"},
    {"rmse_nats", "/rmse_nats"},
    {"mean_abs_error_nats", "/mean_abs_error_nats"},
    {"sampling95_coverage", "/sampling95_coverage"},
    {"interval_coverage", "/interval_coverage"},
    {"null_mean_ratio", "/null_mean_ratio"},
    {"batch_sd_nats", "/batch_sd_nats"},
    {"pmi_rmse_nats", "/pmi_rmse_nats"},
};
enum { N_FIGURES = sizeof figures / sizeof *figures, N_NAMES = 9 };

static void add_line(table *t, const proto_node *cell, const proto_node *level, double place)
{
    table_text(t, json_string(cell, "/law/label"));
    table_text(t, json_string(cell, "/law/name"));
    table_number(t, json_number(cell, "/law/dim"));
    table_number(t, json_number(cell, "/law/parameter"));
    table_text(t, json_string(cell, "/law/set"));
    table_text(t, json_string(cell, "/law/half"));
    table_text(t, json_string(cell, "/label"));
    table_text(t, json_string(cell, "/objective/name"));
    table_number(t, place);
    for (size_t i = 0; i < N_FIGURES; i++)
        table_number(t, json_number(level, figures[i].pointer));
    table_text(t, json_string(cell, "/error/code"));
}

cli_exit benchmark_csv(cli *c, const proto_node *job, const char *file)
{
    static const char *const names[N_NAMES] = {"law",  "name",  "dim",       "parameter", "set",
                                               "half", "label", "objective", "level"};
    const char *titles[N_NAMES + N_FIGURES + 1];
    char align[N_NAMES + N_FIGURES + 2];
    proto_text text;
    cli_exit code;
    table t;

    memcpy(titles, names, sizeof names);
    for (size_t i = 0; i < N_FIGURES; i++)
        titles[N_NAMES + i] = figures[i].title;
    titles[N_NAMES + N_FIGURES] = "error";
    memset(align, 'l', sizeof align - 1);
    align[sizeof align - 1] = '\0';
    table_init(&t, align, titles, true, true);
    for (const proto_node *cell = proto_node_first(proto_json_at(job, "/result/benchmark/cells")); cell;
         cell = proto_node_next(cell)) {
        double place = 0;

        for (const proto_node *level = proto_node_first(proto_node_member(cell, "levels")); level;
             level = proto_node_next(level))
            add_line(&t, cell, level, place++);
    }
    if (!file)
        return output_table(c, &t, 0);
    proto_text_init(&text, CSV_MAX);
    if (table_print(&t, 0, &text)) {
        code = download_write(c, text.data, text.length, file);
    } else {
        say_error(c, "out of memory");
        code = CLI_FAILED;
    }
    proto_text_fini(&text);
    table_fini(&t);
    return code;
}
