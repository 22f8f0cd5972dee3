#include "pmi.h"

#include "command.h"
#include "download.h"
#include "list.h"
#include "output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *pmi_file_format(const char *file)
{
    const char *dot = strrchr(file, '.');

    return !dot                       ? NULL
           : strcmp(dot, ".csv") == 0 ? DOWNLOAD_CSV
           : strcmp(dot, ".npy") == 0 ? DOWNLOAD_NPY
                                      : NULL;
}

cli_exit pmi_save(cli *c, const char *id, const char *file)
{
    char *path = api_path("jobs", id, "/pmi"), shown[SAFE_SIZE];
    cli_exit code = path ? download(c, path, pmi_file_format(file), file) : CLI_FAILED;

    if (code == CLI_OK)
        say_note(c, "wrote %s", safe(c, shown, file));
    free(path);
    return code;
}

static void add_pair(table *t, const proto_node *pair)
{
    const char *x_id = json_string(pair, "/x_id"), *y_id = json_string(pair, "/y_id");

    table_count(t, json_number(pair, "/row"));
    table_text(t, x_id);
    table_text(t, y_id);
    table_fixed(t, json_number(pair, "/pmi"), 4);
    table_fixed(t, json_number(pair, "/percentile"), 4);
    table_number(t, json_number(pair, "/p_value"));
    table_number(t, json_number(pair, "/q_value"));
}

/* The path with what is asked for; NULL when memory ran out. */
static char *make_path(const cli_options *o, uint64_t top)
{
    char number[32];
    proto_text path;

    api_path_begin(&path, "jobs", o->arguments[0], "/pmi");
    list_query(&path, "objective", o->objective);
    list_query(&path, "x_id", o->x_id);
    list_query(&path, "y_id", o->y_id);
    list_query_count(&path, "top", top);
    proto_format_double(o->min, number);
    list_query(&path, "min", isfinite(o->min) ? number : NULL);
    return proto_text_take(&path, NULL);
}

static cli_exit print_table(cli *c)
{
    static const char *const titles[] = {"ROW", "X", "Y", "PMI (nats)", "PERCENTILE", "P", "Q"};
    const cli_options *o = c->options;
    /* Without any wish: the pairs that carry most. */
    bool plain = !o->top && !o->limit && !o->after && !isfinite(o->min);
    char *path = make_path(o, plain ? LIST_DEFAULT_LIMIT : o->top);
    cli_options paged = *o;
    cli view = *c;
    double total;
    table t;
    cli_exit code;

    if (!path)
        return CLI_FAILED;
    if (!o->limit && o->top)
        paged.limit = o->top;
    view.options = &paged;
    table_init(&t, "rllrrrr", titles, false, c->out.utf8);
    code = list_print(&view, path, &t, add_pair, &total);
    if (code == CLI_OK && plain)
        say_note(c, "the %u highest; all pairs: mutual pmi %s -o csv --out pmi.csv", LIST_DEFAULT_LIMIT,
                 o->arguments[0]);
    free(path);
    return code;
}

static cli_exit print_json(cli *c)
{
    const cli_options *o = c->options;
    proto_text url;
    api_document page;
    char *path = make_path(o, o->top);
    cli_exit code;

    if (!path)
        return CLI_FAILED;
    proto_text_init(&url, 1 << 14);
    proto_text_puts(&url, path);
    free(path);
    list_query_count(&url, "limit", o->limit);
    list_query(&url, "after", o->after);
    code = api_get(c, proto_text_ok(&url) ? url.data : NULL, &page);
    if (code == CLI_OK && o->out_file)
        code = download_write(c, page.bytes, page.n, o->out_file);
    else if (code == CLI_OK)
        output_json(c, page.bytes, page.n);
    api_document_fini(&page);
    proto_text_fini(&url);
    return code;
}

cli_exit pmi_run(cli *c)
{
    const cli_options *o = c->options;
    const char *accept = o->format == CLI_NPY ? DOWNLOAD_NPY : DOWNLOAD_CSV;
    char *path;
    cli_exit code;

    /* `--out pairs.npy` alone says enough. */
    if (!o->format_given && o->out_file && pmi_file_format(o->out_file))
        accept = pmi_file_format(o->out_file);
    else if (o->format == CLI_JSON)
        return print_json(c);
    else if (o->format == CLI_TABLE && !o->out_file)
        return print_table(c);
    else if (o->format == CLI_TABLE) {
        say_error(c, "--out writes csv, npy or json: say which with -o, or by the file's name");
        return CLI_USAGE;
    }
    if (o->limit || o->after) {
        say_error(c, "csv and npy are not paged: use --top or --min");
        return CLI_USAGE;
    }
    path = make_path(o, o->top);
    code = path ? download(c, path, accept, o->out_file) : CLI_FAILED;
    free(path);
    return code;
}
