#include "follow.h"

#include "curve.h"
#include "output.h"
#include "result.h"
#include "watch.h"

cli_exit follow_detach(cli *c, const char *id, const api_document *job)
{
    char shown[SAFE_SIZE];
    proto_text line;

    if (job && c->options->format == CLI_JSON) {
        output_json(c, job->bytes, job->n);
    } else {
        proto_text_init(&line, SAFE_SIZE + 1);
        proto_text_printf(&line, "%s\n", safe(c, shown, id));
        output_text(&line);
        proto_text_fini(&line);
    }
    say_note(c, "the job goes on; to follow it: mutual jobs watch %s", safe(c, shown, id));
    return CLI_OK;
}

cli_exit follow_job(cli *c, const char *id, api_document *job)
{
    cli_exit code = watch_job(c, id, job), exit_code;

    if (code == CLI_INTERRUPTED)
        return follow_detach(c, id, NULL);
    if (code != CLI_OK)
        return code;
    code = result_print(c, job);
    exit_code = result_exit(c, job);
    if (code == CLI_OK && exit_code == CLI_OK && c->options->curve)
        code = curve_draw(c, id);
    return exit_code != CLI_OK ? exit_code : code;
}
