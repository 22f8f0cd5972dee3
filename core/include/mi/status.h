/*
 * Status codes and the error a failing call explains itself with.
 *
 * Every fallible function returns an mi_status (0 is success) and takes the caller's mi_error last. The error
 * may be NULL. Whoever handles an error logs it, once; whoever passes it on adds nothing.
 */
#ifndef MI_STATUS_H
#define MI_STATUS_H

#include <stddef.h>

/* X(name, value, text) */
#define MI_STATUS_MAP(X)                            \
    X(OK, 0, "ok")                                  \
    X(INVALID, -1, "invalid input")                 \
    X(MEMORY, -2, "out of memory")                  \
    X(NUMERIC, -3, "numeric divergence")            \
    X(CANCELED, -4, "canceled")                     \
    X(IO, -5, "input/output error")                 \
    X(NOT_FOUND, -6, "not found")                   \
    X(CONFLICT, -7, "conflicts with what is there") \
    X(LIMIT, -8, "over a limit")                    \
    X(CORRUPT, -9, "damaged data")                  \
    X(UNSUPPORTED, -10, "not supported")            \
    X(TIMEOUT, -11, "timed out")                    \
    X(STALE, -12, "lease lost")                     \
    X(NO_SPACE, -13, "no space left")               \
    X(INTERNAL, -14, "internal error")

typedef enum mi_status {
#define X(name, value, text) MI_##name = value,
    MI_STATUS_MAP(X)
#undef X
} mi_status;

/* Owned by the caller, filled by the function that fails. `pointer` is a JSON pointer, "" when none applies.
 */
typedef struct mi_error {
    mi_status code;
    char message[384];
    char pointer[128];
} mi_error;

/* "INVALID" and "invalid input" for MI_INVALID. Never NULL. Thread: any. */
const char *mi_status_name(mi_status status);
const char *mi_status_text(mi_status status);

/* Fill `err` (when not NULL) and return `status`, so that a failure is one line. Thread: any. */
mi_status mi_fail(mi_error *err, mi_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
mi_status mi_fail_at(mi_error *err, mi_status status, const char *pointer, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
