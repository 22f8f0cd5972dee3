#include "member_choice.h"

#include "proto/text.h"
#include "table_readers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LIST_MAX   1024 /* bytes */
#define LIST_SHOWN 6

/* "a" (10 x 3, <f4), "b" (10, <U6), ... */
static void describe(const proto_member *members, size_t n, proto_text *out)
{
    char excerpt[PROTO_EXCERPT];
    proto_text_init(out, LIST_MAX);
    for (size_t i = 0; i < n && i < LIST_SHOWN; i++) {
        const proto_member *m = &members[i];
        proto_text_printf(out, "%s\"%s\"", i > 0 ? ", " : "",
                          proto_excerpt(m->name, strlen(m->name), excerpt));
        if (m->descr[0] == '\0')
            continue;
        proto_text_printf(out, " (%" PRIu64, m->rows);
        if (m->dims == 2)
            proto_text_printf(out, " x %" PRIu64, m->cols);
        proto_text_printf(out, ", %s)", m->descr);
    }
    if (n > LIST_SHOWN)
        proto_text_printf(out, " and %zu more", n - LIST_SHOWN);
}

static mi_status refuse(const proto_member *members, size_t n, const char *what, mi_error *err)
{
    proto_text list;
    describe(members, n, &list);
    mi_status status =
        mi_fail(err, MI_INVALID, "%s; it holds %s", what, n > 0 ? list.data : "no arrays at all");
    proto_text_fini(&list);
    return status;
}

static mi_status find(const proto_member *members, size_t n, const char *option, const char *key,
                      const char *format, size_t *chosen, mi_error *err)
{
    char what[160], excerpt[PROTO_EXCERPT];
    for (size_t i = 0; i < n; i++)
        if (strcmp(members[i].name, key) == 0) {
            *chosen = i;
            return MI_OK;
        }
    snprintf(what, sizeof what, "the %s has no array \"%s\" (%s)", format,
             proto_excerpt(key, strlen(key), excerpt), option);
    return refuse(members, n, what, err);
}

mi_status proto_member_choose(const proto_member *members, size_t n, const char *key, const char *format,
                              size_t *chosen, mi_error *err)
{
    size_t matrices = 0, numbers = 0;
    char what[160];
    if (key[0] != '\0')
        return find(members, n, "key", key, format, chosen, err);
    for (size_t i = n; i-- > 0;)
        if (members[i].numbers && members[i].dims == 2) {
            matrices++;
            *chosen = i;
        }
    for (size_t i = 0; i < n && matrices == 0; i++)
        if (members[i].numbers) {
            numbers++;
            *chosen = i;
        }
    if (matrices == 1 || (matrices == 0 && numbers == 1))
        return MI_OK;
    snprintf(what, sizeof what, "the %s has %s%s", format,
             matrices + numbers == 0 ? "no array of numbers of one or two dimensions"
             : matrices > 0          ? "more than one matrix"
                                     : "more than one array of numbers",
             matrices + numbers == 0 ? "" : ": say which with key");
    return refuse(members, n, what, err);
}

mi_status proto_member_choose_ids(const proto_member *members, size_t n, const char *ids_key, uint64_t rows,
                                  const char *format, size_t *chosen, mi_error *err)
{
    size_t count = 0, last = n;
    char what[200], excerpt[PROTO_EXCERPT];
    *chosen = n;
    if (ids_key[0] == '\0') {
        for (size_t i = 0; i < n; i++)
            if (members[i].text && members[i].rows == rows) {
                count++;
                last = i;
            }
        *chosen = count == 1 ? last : n;
        return MI_OK;
    }
    mi_status status = find(members, n, "ids_key", ids_key, format, &last, err);
    if (status != MI_OK)
        return status;
    *chosen = last;
    if (members[last].text && members[last].rows == rows)
        return MI_OK;
    snprintf(what, sizeof what,
             "\"%s\" (ids_key) %s; expected %" PRIu64 " strings of fixed width, one per row",
             proto_excerpt(ids_key, strlen(ids_key), excerpt),
             members[last].text ? "has another length" : "is no 1-D array of text", rows);
    return refuse(members, n, what, err);
}
