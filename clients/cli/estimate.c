#include "command.h"
#include "compare.h"
#include "output.h"
#include "pmi.h"
#include "spec_edit.h"
#include "submission.h"
#include "upload.h"

#include <stdlib.h>
#include <string.h>

/* The job document but for x and y: what can be checked before anything is uploaded. */
static mi_status make_spec(const cli_options *o, proto_text *spec, mi_error *err)
{
    proto_json *json = NULL;
    mi_status status = submission_spec(o, "estimate", spec, err);

    if (status != MI_OK || o->n_arguments == 2)
        return status;
    status = proto_json_parse(&json, spec->data, spec->length, SPEC_MAX, NULL, 0, err);
    if (status == MI_OK &&
        (!proto_json_at(proto_json_root(json), "/x") || !proto_json_at(proto_json_root(json), "/y")))
        status = mi_fail(err, MI_INVALID, "%s has no x and y, and X and Y are not given",
                         strcmp(o->spec_file, "-") == 0 ? "stdin" : o->spec_file);
    proto_json_free(json);
    return status;
}

static cli_exit set_inputs(cli *c, proto_text *spec)
{
    const cli_options *o = c->options;
    char x[DATAFILE_NAME_MAX + 1], y[DATAFILE_NAME_MAX + 1];
    cli_exit code;

    if (o->n_arguments == 0)
        return upload_set_pairs(c, spec);
    code = upload_or_name(c, o->arguments[0], o->name_x, x);
    if (code == CLI_OK)
        code = upload_or_name(c, o->arguments[1], o->name_y, y);
    if (code == CLI_OK)
        code = upload_set(c, spec, "/x", x);
    if (code == CLI_OK)
        code = upload_set(c, spec, "/y", y);
    return code == CLI_OK ? upload_set_pairs(c, spec) : code;
}

/* Files and names that would only be refused after the work is done. */
static cli_exit check(cli *c)
{
    const cli_options *o = c->options;

    if (o->n_arguments == 1 || (o->n_arguments == 0 && !o->spec_file))
        say_error(c, "estimate needs X and Y: two files, or dataset:NAME; or --spec FILE that names them");
    else if ((o->x_id || o->y_id || o->label) && !o->pairs_table && !o->spec_file)
        say_error(c, "--x-id, --y-id and --label name columns of a table of pairs: give it with --pairs");
    else if (o->format == CLI_NPY)
        say_error(c, "-o npy is for 'mutual pmi' and 'mutual curve'; here --pmi FILE.npy saves the pairs");
    else if (o->pmi_file && !pmi_file_format(o->pmi_file))
        say_error(c, "--pmi: the file's name ends in .csv or .npy");
    else if (o->detach && (o->pmi_file || o->curve))
        say_error(c, "--detach ends before there is a PMI or a curve: leave --pmi and --curve out");
    else
        return CLI_OK;
    return CLI_USAGE;
}

static cli_exit save_pairs(cli *c, const char *id, const api_document *job)
{
    (void)job;
    return c->options->pmi_file ? pmi_save(c, id, c->options->pmi_file) : CLI_OK;
}

cli_exit estimate_run(cli *c)
{
    proto_text spec;
    mi_error err = {0};
    cli_exit code = check(c);

    proto_text_init(&spec, SPEC_MAX);
    if (code == CLI_OK && make_spec(c->options, &spec, &err) != MI_OK) {
        say_mi_error(c, &err);
        code = CLI_USAGE;
    }
    if (code == CLI_OK)
        code = compare_set(c, &spec);
    if (code == CLI_OK)
        code = set_inputs(c, &spec);
    if (code == CLI_OK)
        code = submission_run(c, &spec, save_pairs);
    proto_text_fini(&spec);
    return code;
}
