#include "thresholds.h"

#include "command.h"
#include "output.h"
#include "score.h"
#include "spec_edit.h"
#include "submission.h"
#include "upload.h"

#include <stdlib.h>

#define ANSWER_QUIET_S 600 /* a million mismatched pairs take a while */

/* What flags ask for; the table of pairs, once it is there, takes its columns along. */
static cli_exit make_body(cli *c, proto_text *body)
{
    mi_error err = {0};

    proto_text_puts(body, "{}");
    if (submission_assign(c->options, body, "", &err) == MI_OK)
        return upload_set_pairs(c, body);
    say_mi_error(c, &err);
    return CLI_USAGE;
}

static cli_exit ask(cli *c, const proto_text *body)
{
    char *path = api_path("models", c->options->arguments[0], "/thresholds");
    http_request request = {.method = "POST",
                            .path = path,
                            .body = body->data,
                            .body_size = body->length,
                            .quiet_s = ANSWER_QUIET_S};
    api_document answer = {0};
    cli_exit code = path ? api_json(c, &request, &answer) : CLI_FAILED;

    if (code == CLI_OK)
        code = api_print(c, &answer, c->options->format == CLI_CSV ? thresholds_rows : thresholds_show);
    api_document_fini(&answer);
    free(path);
    return code;
}

cli_exit thresholds_run(cli *c)
{
    const cli_options *o = c->options;
    proto_text body;
    cli_exit code;

    if (!o->pairs_table && (o->x_id || o->y_id || o->label || o->data_x || o->data_y)) {
        say_error(c,
                  "--x-id, --y-id, --label, --x and --y are about labelled pairs: give them with --labels");
        return CLI_USAGE;
    }
    if (o->format == CLI_NPY) {
        say_error(c, "thresholds are a table, json or csv");
        return CLI_USAGE;
    }
    proto_text_init(&body, SPEC_MAX);
    code = make_body(c, &body);
    if (code == CLI_OK)
        code = score_sides(c, &body);
    if (code == CLI_OK)
        code = ask(c, &body);
    proto_text_fini(&body);
    return code;
}
