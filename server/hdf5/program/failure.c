#include "failure.h"

#include "utf8.h"

#include <hdf5.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WHAT_MAX   200
#define REASON_MAX 80

const char *failure_name(const char *name, size_t n, char buffer[FAILURE_NAME])
{
    size_t used = 0, i = 0;
    while (i < n) {
        const size_t length = proto_utf8_next(name + i, n - i), taken = length ? length : 1;
        if (used + taken + sizeof "..." > FAILURE_NAME)
            break;
        if (length > 1 || (length == 1 && name[i] >= ' ' && name[i] != 0x7f))
            memcpy(buffer + used, name + i, length);
        else
            memset(buffer + used, '?', taken);
        used += taken;
        i += taken;
    }
    memcpy(buffer + used, i < n ? "..." : "", i < n ? sizeof "..." : 1);
    return buffer;
}

typedef struct reason {
    char text[REASON_MAX];
    bool memory;
} reason;

/* Called from the innermost failure outwards: the first stays. */
static herr_t look(unsigned depth, const H5E_error2_t *error, void *ctx)
{
    reason *r = ctx;
    const char *text = error->desc;
    if (depth == 0 && text)
        failure_name(text, strnlen(text, FAILURE_NAME), r->text);
    r->memory = r->memory || error->min_num == H5E_NOSPACE || error->min_num == H5E_CANTALLOC;
    return 0;
}
_Static_assert(REASON_MAX >= FAILURE_NAME, "a reason is cut like a name");

mi_status failure_of_library(mi_error *err, const char *format, ...)
{
    reason why = {0};
    char what[WHAT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, look, &why);
    H5Eclear2(H5E_DEFAULT);
    if (why.memory)
        return mi_fail(err, MI_INVALID, "%s: reading it takes more memory than an upload may", what);
    return mi_fail(err, MI_INVALID, "%s%s%s%s", what, why.text[0] ? " (" : "", why.text,
                   why.text[0] ? ")" : "");
}
