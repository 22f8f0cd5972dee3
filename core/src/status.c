#include "mi/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *mi_status_name(mi_status status)
{
    switch (status) {
#define X(name, value, text) \
    case MI_##name:          \
        return #name;
        MI_STATUS_MAP(X)
#undef X
    }
    return "UNKNOWN";
}

const char *mi_status_text(mi_status status)
{
    switch (status) {
#define X(name, value, text) \
    case MI_##name:          \
        return text;
        MI_STATUS_MAP(X)
#undef X
    }
    return "unknown status";
}

__attribute__((format(printf, 4, 0))) static void fill(mi_error *err, mi_status status, const char *pointer,
                                                       const char *format, va_list args)
{
    if (!err)
        return;
    err->code = status;
    vsnprintf(err->message, sizeof err->message, format, args);
    snprintf(err->pointer, sizeof err->pointer, "%s", pointer);
}

mi_status mi_fail(mi_error *err, mi_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(err, status, "", format, args);
    va_end(args);
    return status;
}

mi_status mi_fail_at(mi_error *err, mi_status status, const char *pointer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(err, status, pointer, format, args);
    va_end(args);
    return status;
}
