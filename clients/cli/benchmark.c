#include "benchmark.h"

#include "command.h"
#include "compare.h"
#include "output.h"
#include "spec_edit.h"
#include "submission.h"

#include <string.h>

static bool is_given(const cli_options *o, const char *pointer)
{
    for (unsigned i = 0; i < o->n_assignments; i++)
        if (strncmp(o->assignments[i].pointer, pointer, strlen(pointer)) == 0)
            return true;
    return false;
}

static cli_exit check(cli *c)
{
    const cli_options *o = c->options;

    if (!o->spec_file && !is_given(o, "/laws"))
        say_error(c, "a benchmark needs laws: --law gaussian:dim=20, --suite beyond-normal, or --spec FILE");
    else if (o->format == CLI_NPY)
        say_error(c, "-o npy is for 'mutual pmi' and 'mutual curve'; here --csv FILE saves the figures");
    else if (o->detach && (o->csv_file || o->curve))
        say_error(c, "--detach ends before there is anything to save or draw: leave --csv and --curve out");
    else
        return CLI_OK;
    return CLI_USAGE;
}

static cli_exit save_csv(cli *c, const char *id, const api_document *job)
{
    (void)id;
    return c->options->csv_file ? benchmark_csv(c, job->root, c->options->csv_file) : CLI_OK;
}

cli_exit benchmark_run(cli *c)
{
    proto_text spec;
    mi_error err = {0};
    cli_exit code = check(c);

    proto_text_init(&spec, SPEC_MAX);
    if (code == CLI_OK && submission_spec(c->options, "benchmark", &spec, &err) != MI_OK) {
        say_mi_error(c, &err);
        code = CLI_USAGE;
    }
    if (code == CLI_OK)
        code = compare_set(c, &spec);
    if (code == CLI_OK)
        code = submission_run(c, &spec, save_csv);
    proto_text_fini(&spec);
    return code;
}
