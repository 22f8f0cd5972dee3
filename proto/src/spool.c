#include "spool.h"

#define SPOOL_BYTES ((size_t)64 << 10)
#define SPOOL_MAX   ((size_t)4 << 20) /* that, and the longest piece */

void proto_spool_init(proto_spool *s, const proto_output *out, mi_error *err)
{
    *s = (proto_spool){.out = out, .status = MI_OK, .err = err};
    proto_text_init(&s->text, SPOOL_MAX);
}

static bool pass(proto_spool *s, size_t keep)
{
    if (s->status == MI_OK && !proto_text_ok(&s->text))
        s->status = mi_fail(s->err, MI_MEMORY, "a piece of an answer");
    if (s->status == MI_OK && s->text.length > keep) {
        s->status = s->out->write(s->out->ctx, s->text.data, s->text.length, s->err);
        s->text.length = 0;
    }
    return s->status == MI_OK;
}

bool proto_spool_pass(proto_spool *s)
{
    return pass(s, SPOOL_BYTES);
}

mi_status proto_spool_end(proto_spool *s)
{
    pass(s, 0);
    proto_text_fini(&s->text);
    return s->status;
}
