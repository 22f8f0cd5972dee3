#include "screen.h"

#include "command.h"
#include "download.h"
#include "format.h"
#include "list.h"
#include "output.h"
#include "score.h"
#include "spec_edit.h"
#include "submission.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TOP_DEFAULT 100u
#define LINE_MAX_ID 1024

/* ---- lists ---- */

static void add_pair(table *t, const proto_node *pair)
{
    const char *x = json_string(pair, "/x_id"), *y = json_string(pair, "/y_id");

    table_count(t, json_number(pair, "/rank"));
    if (x)
        table_text(t, x);
    else
        table_count(t, json_number(pair, "/x_row"));
    if (y)
        table_text(t, y);
    else
        table_count(t, json_number(pair, "/y_row"));
    table_fixed(t, json_number(pair, "/pmi"), 4);
    table_number(t, json_number(pair, "/p_value"));
}

static char *list_path(const cli_options *o, const char *job_id)
{
    proto_text path;

    api_path_begin(&path, "jobs", job_id, "/screen");
    list_query(&path, "list", o->list);
    list_query(&path, "id", o->id);
    return proto_text_take(&path, NULL);
}

cli_exit screen_lists(cli *c, const char *job_id)
{
    static const char *const titles[] = {"RANK", "X", "Y", "PMI (nats)", "P"};
    const cli_options *o = c->options;
    char *path = job_id ? list_path(o, job_id) : NULL;
    cli_exit code;
    table t;

    if (!path)
        return CLI_FAILED;
    if (o->format == CLI_CSV || o->out_file) {
        code = download(c, path, DOWNLOAD_CSV, o->out_file);
    } else {
        table_init(&t, "rllrr", titles, false, c->out.utf8);
        code = list_print(c, path, &t, add_pair, NULL);
    }
    free(path);
    return code;
}

/* ---- figures ---- */

bool screen_is(const proto_node *result)
{
    const char *object = json_string(result, "/object");

    return object && strcmp(object, "screen") == 0;
}

static void add_above(table *t, const proto_node *result)
{
    const proto_node *above = proto_json_at(result, "/above");
    char a[FORMAT_SIZE], b[FORMAT_SIZE], d[FORMAT_SIZE], e[FORMAT_SIZE];

    if (proto_node_kind(above) != PROTO_OBJECT)
        return;
    if (isnan(json_number(above, "/threshold_nats"))) {
        table_row(t, "above the threshold", "no PMI reaches the target");
        return;
    }
    table_row(t, "above the threshold", "%s pairs of at least %s nats",
              format_number(a, json_number(above, "/pairs")),
              format_fixed(b, json_number(above, "/threshold_nats"), 4));
    table_row(t, "expected to be false", "%s of them, an FDR of %s (95%% by the null's size: %s to %s)",
              format_number(a, round(json_number(above, "/expected_false"))),
              format_fixed(b, json_number(above, "/expected_fdr"), 4),
              format_fixed(d, json_number(above, "/expected_fdr95/0"), 4),
              format_fixed(e, json_number(above, "/expected_fdr95/1"), 4));
}

bool screen_print(const cli *c, const proto_node *result, proto_text *out)
{
    const char *model = json_string(result, "/model");
    double missing_x = json_number(result, "/missing/x/count"),
           missing_y = json_number(result, "/missing/y/count");
    char a[FORMAT_SIZE], b[FORMAT_SIZE], d[FORMAT_SIZE];
    table t;
    bool ok;

    table_init(&t, "ll", NULL, false, c->out.utf8);
    table_text(&t, "model");
    table_text(&t, model);
    table_row(
        &t, "pairs scored", "%s: %s rows of x, %s of y", format_number(a, json_number(result, "/scored")),
        format_number(b, json_number(result, "/x/used")), format_number(d, json_number(result, "/y/used")));
    table_row(&t, "left out", "%s known pairs, %s of a row with itself",
              format_number(a, json_number(result, "/left_out/known")),
              format_number(b, json_number(result, "/left_out/same")));
    if (missing_x > 0 || missing_y > 0)
        table_row(&t, "without an embedding", "%s ids of x, %s of y", format_number(a, missing_x),
                  format_number(b, missing_y));
    table_row(&t, "PMI", "mean %s, highest %s nats", format_fixed(a, json_number(result, "/mean"), 4),
              format_fixed(b, json_number(result, "/max"), 4));
    add_above(&t, result);
    table_row(&t, "time", "%s, %s pairs per second",
              format_duration(a, json_number(result, "/timing/wall_s")),
              format_number(b, round(json_number(result, "/timing/pairs_per_s"))));
    ok = table_print(&t, 2, out);
    table_fini(&t);
    return ok;
}

/* ---- asking ---- */

/* The lines of a file as a JSON array of strings. */
static mi_status read_ids(const char *file, proto_text *out, mi_error *err)
{
    bool is_stdin = strcmp(file, "-") == 0;
    FILE *stream = is_stdin ? stdin : fopen(file, "r");
    char line[LINE_MAX_ID];
    proto_json_writer w;
    uint64_t n_ids = 0, n_lines = 0;
    mi_status status = MI_OK;

    if (!stream)
        return mi_fail(err, MI_INVALID, "%s: %s", file, strerror(errno));
    proto_write_init(&w, out);
    proto_write_array(&w, NULL);
    while (status == MI_OK && fgets(line, sizeof line, stream)) {
        const char *id = line + strspn(line, " \t");
        size_t n = strcspn(id, "\r\n");

        n_lines++;
        if (strlen(line) == sizeof line - 1 && !strchr(line, '\n'))
            status =
                mi_fail(err, MI_INVALID, "%s: line %" PRIu64 " is too long for an id, of at most %d bytes",
                        file, n_lines, LINE_MAX_ID - 2);
        while (n > 0 && (id[n - 1] == ' ' || id[n - 1] == '\t'))
            n--;
        if (n == 0)
            continue;
        proto_write_string_n(&w, NULL, id, n);
        n_ids++;
    }
    if (ferror(stream))
        status = mi_fail(err, MI_INVALID, "%s: cannot be read", file);
    else if (status == MI_OK && n_ids == 0)
        status = mi_fail(err, MI_INVALID, "%s: has no ids; expected one on each line", file);
    proto_write_end_array(&w);
    if (!is_stdin)
        fclose(stream);
    return status;
}

/* Whether anything says what to keep. */
static bool keeps_something(const proto_node *root)
{
    return proto_node_member(root, "top") || proto_node_member(root, "top_per_x") ||
           proto_node_member(root, "top_per_y") || proto_node_member(root, "above");
}

static mi_status set_top(const cli_options *o, proto_text *spec, mi_error *err)
{
    proto_json *json = NULL;
    char number[24];
    mi_status status = proto_json_parse(&json, spec->data, spec->length, SPEC_MAX, NULL, 0, err);
    bool wanted = status == MI_OK && (o->top || !keeps_something(proto_json_root(json)));

    proto_json_free(json);
    snprintf(number, sizeof number, "%" PRIu64, o->top ? o->top : TOP_DEFAULT);
    return wanted ? spec_set(spec, "/top", number, err) : status;
}

static mi_status make_spec(const cli_options *o, proto_text *spec, mi_error *err)
{
    mi_status status = submission_spec(o, "screen", spec, err);

    if (status == MI_OK)
        status = spec_set_string(spec, "/model", o->arguments[0], err);
    if (status == MI_OK)
        status = set_top(o, spec, err);
    if (status == MI_OK && o->with_known)
        status = spec_set(spec, "/exclude_known", "false", err);
    return status;
}

/* The figures are printed; then the pairs, or, csv has written them already, nothing. */
static cli_exit show_pairs(cli *c, const char *id, const api_document *job)
{
    (void)job;
    if (c->options->format != CLI_TABLE)
        return CLI_OK;
    if (!c->options->out_file)
        output_blank();
    return screen_lists(c, id);
}

/* One side's ids, read before any upload. Nothing without a file. */
static mi_status read_side(const char *file, proto_text *ids, mi_error *err)
{
    mi_status status = file ? read_ids(file, ids, err) : MI_OK;

    return status != MI_OK || proto_text_ok(ids) ? status : mi_fail(err, MI_LIMIT, "%s: too many ids", file);
}

/* Into the document, once its data sets are named. */
static mi_status set_ids(proto_text *spec, const char *pointer, const proto_text *ids, mi_error *err)
{
    return ids->length > 0 ? spec_set(spec, pointer, ids->data, err) : MI_OK;
}

static cli_exit ask(cli *c)
{
    const cli_options *o = c->options;
    proto_text spec, x, y;
    mi_error err = {0};
    cli_exit code = CLI_USAGE;

    proto_text_init(&spec, SPEC_MAX);
    proto_text_init(&x, SPEC_MAX);
    proto_text_init(&y, SPEC_MAX);
    if (make_spec(o, &spec, &err) != MI_OK || read_side(o->x_ids, &x, &err) != MI_OK ||
        read_side(o->y_ids, &y, &err) != MI_OK)
        say_mi_error(c, &err);
    else
        code = score_sides(c, &spec);
    if (code == CLI_OK &&
        (set_ids(&spec, "/x/ids", &x, &err) != MI_OK || set_ids(&spec, "/y/ids", &y, &err) != MI_OK)) {
        say_mi_error(c, &err);
        code = CLI_USAGE;
    }
    if (code == CLI_OK)
        code = submission_run(c, &spec, show_pairs);
    proto_text_fini(&y);
    proto_text_fini(&x);
    proto_text_fini(&spec);
    return code;
}

/* ---- what flags cannot mean ---- */

static bool asks(const cli_options *o)
{
    return o->n_assignments > 0 || o->n_tags > 0 || o->spec_file || o->data_x || o->data_y || o->x_ids ||
           o->y_ids || o->top || o->with_known || o->detach;
}

static bool shows(const cli_options *o)
{
    return o->list || o->id || o->limit || o->after || o->out_file;
}

static const char *wrong(const cli_options *o, bool is_job)
{
    if (o->format == CLI_NPY)
        return "lists of a screen are a table, json or csv";
    if (is_job && asks(o))
        return "of a JOB there is only a list to show: --list, --id, --limit, --after, --out, -o";
    if (o->detach && shows(o))
        return "--detach shows no list: 'mutual screen JOB' does, later on";
    if (o->out_file && o->format == CLI_JSON)
        return "--out writes a list as csv";
    if (!is_job && o->format == CLI_JSON && shows(o))
        return "-o json of a MODEL is the job, without a list: 'mutual screen JOB' shows them";
    if ((o->out_file || o->format == CLI_CSV) && (o->limit || o->after))
        return "a list as csv is not paged: leave --limit and --after out";
    return NULL;
}

cli_exit screen_run(cli *c)
{
    bool is_job = strncmp(c->options->arguments[0], "job_", 4) == 0;
    const char *why = wrong(c->options, is_job);

    if (why) {
        say_error(c, "%s", why);
        return CLI_USAGE;
    }
    return is_job ? screen_lists(c, c->options->arguments[0]) : ask(c);
}
