#include "score.h"
#include "command.h"
#include "download.h"
#include "list.h"
#include "output.h"
#include "pmi.h"
#include "spec_edit.h"
#include "upload.h"

#include <stdlib.h>
#include <string.h>

/* "P01135,P00533" and so on, as a list of pairs. */
static cli_exit set_listed(cli *c, proto_text *body)
{
    const cli_options *o = c->options;
    proto_json_writer w;
    proto_text list;
    mi_error err = {0};
    char shown[SAFE_SIZE];
    cli_exit code = CLI_OK;

    proto_text_init(&list, SPEC_MAX);
    proto_write_init(&w, &list);
    proto_write_array(&w, NULL);
    for (unsigned i = 1; i < o->n_arguments && code == CLI_OK; i++) {
        const char *pair = o->arguments[i], *comma = strchr(pair, ',');

        if (!comma || comma == pair || !comma[1]) {
            say_error(c, "'%s' is no pair of ids such as P01135,P00533", safe(c, shown, pair));
            code = CLI_USAGE;
            continue;
        }
        proto_write_array(&w, NULL);
        proto_write_string_n(&w, NULL, pair, (size_t)(comma - pair));
        proto_write_string(&w, NULL, comma + 1);
        proto_write_end_array(&w);
    }
    proto_write_end_array(&w);
    if (code == CLI_OK && (!proto_text_ok(&list) || spec_set(body, "/pairs", list.data, &err) != MI_OK)) {
        say_mi_error(c, &err);
        code = CLI_USAGE;
    }
    proto_text_fini(&list);
    return code;
}

static cli_exit set_side(cli *c, proto_text *body, const char *pointer, const char *data)
{
    char name[DATAFILE_NAME_MAX + 1];
    cli_exit code = data ? upload_or_name(c, data, NULL, name) : CLI_OK;

    return data && code == CLI_OK ? upload_set(c, body, pointer, name) : code;
}

cli_exit score_sides(cli *c, proto_text *body)
{
    cli_exit code = set_side(c, body, "/x", c->options->data_x);

    return code == CLI_OK ? set_side(c, body, "/y", c->options->data_y) : code;
}

static void add_pair(table *t, const proto_node *pair)
{
    const proto_node *trained = proto_node_member(pair, "trained");

    table_text(t, json_string(pair, "/x_id"));
    table_text(t, json_string(pair, "/y_id"));
    table_fixed(t, json_number(pair, "/pmi"), 4);
    table_fixed(t, json_number(pair, "/percentile"), 4);
    table_number(t, json_number(pair, "/p_value"));
    table_number(t, json_number(pair, "/q_value"));
    table_text(t, proto_node_bool(trained, false) ? "yes" : NULL);
}

/* What a reader of the numbers has to know. */
static void tell(cli *c, const proto_node *root, double shown)
{
    double total = json_number(root, "/total"), trained = json_number(root, "/trained");
    double x = json_number(root, "/missing/x/count"), y = json_number(root, "/missing/y/count");

    if (trained > 0)
        say_note(c, "the model was trained on %.0f of the pairs: their PMI here is not out of fold", trained);
    if (x > 0 || y > 0)
        say_note(c, "without an embedding: %.0f ids of x, %.0f of y", x, y);
    if (total > shown)
        say_note(c, "%.0f of %.0f pairs; all: -o csv, or a higher --limit", shown, total);
}

static cli_exit print_table(cli *c, const proto_node *root)
{
    static const char *const titles[] = {"X", "Y", "PMI (nats)", "PERCENTILE", "P", "Q", "TRAINED"};
    uint64_t most = c->options->limit ? c->options->limit : LIST_DEFAULT_LIMIT, n = 0;
    table t;
    cli_exit code;

    table_init(&t, "llrrrrl", titles, false, c->out.utf8);
    for (const proto_node *pair = proto_node_first(proto_node_member(root, "data")); pair && n < most;
         pair = proto_node_next(pair), n++)
        add_pair(&t, pair);
    code = output_table(c, &t, 0);
    tell(c, root, (double)n);
    return code;
}

static cli_exit ask(cli *c, const proto_text *body)
{
    const cli_options *o = c->options;
    char *path = api_path("models", o->arguments[0], "/pmi");
    http_request request = {.method = "POST", .path = path, .body = body->data, .body_size = body->length};
    const char *by_name = !o->format_given && o->out_file ? pmi_file_format(o->out_file) : NULL;
    api_document answer = {0};
    cli_exit code;

    if (!path)
        return CLI_FAILED;
    if (by_name || o->format == CLI_CSV || o->format == CLI_NPY || o->out_file) {
        request.accept = by_name                ? by_name
                         : o->format == CLI_CSV ? DOWNLOAD_CSV
                         : o->format == CLI_NPY ? DOWNLOAD_NPY
                                                : DOWNLOAD_JSON;
        code = download_by(c, &request, o->out_file);
    } else {
        code = api_json(c, &request, &answer);
        if (code == CLI_OK && o->format == CLI_JSON)
            output_json(c, answer.bytes, answer.n);
        else if (code == CLI_OK)
            code = print_table(c, answer.root);
        api_document_fini(&answer);
    }
    free(path);
    return code;
}

static cli_exit check(cli *c)
{
    const cli_options *o = c->options;

    if ((o->n_arguments > 1) == (o->pairs_table != NULL))
        say_error(c, "score needs pairs: P01135,P00533 ... behind the model, or --pairs TABLE");
    else if ((o->x_id || o->y_id) && !o->pairs_table)
        say_error(c, "--x-id and --y-id name columns of a table of pairs: give it with --pairs");
    else if (o->out_file && !o->format_given && !pmi_file_format(o->out_file))
        say_error(c, "--out writes csv, npy or json: say which with -o, or by the file's name");
    else if (o->out_file && o->format_given && o->format == CLI_TABLE)
        say_error(c, "--out writes csv, npy or json");
    else if (o->limit && (o->out_file || o->format != CLI_TABLE))
        say_error(c, "--limit is of the table: csv, npy and json have all pairs");
    else
        return CLI_OK;
    return CLI_USAGE;
}

cli_exit score_run(cli *c)
{
    proto_text body;
    cli_exit code = check(c);

    proto_text_init(&body, SPEC_MAX);
    proto_text_puts(&body, "{}");
    if (code == CLI_OK)
        code = c->options->pairs_table ? upload_set_pairs(c, &body) : set_listed(c, &body);
    if (code == CLI_OK)
        code = score_sides(c, &body);
    if (code == CLI_OK)
        code = ask(c, &body);
    proto_text_fini(&body);
    return code;
}
