#include "proto/result.h"
#include "spool.h"

#include <inttypes.h>
#include <stdio.h>

/* Id i of both sides together. */
static const char *missing_at(const proto_pairs *pairs, uint64_t i, const char **side, size_t *n)
{
    const bool of_x = i < pairs->missing_x.n;
    *side = of_x ? "x" : "y";
    return of_x ? proto_string_list_at(&pairs->missing_x, i, n)
                : proto_string_list_at(&pairs->missing_y, i - pairs->missing_x.n, n);
}

static uint64_t count(const proto_pairs *pairs)
{
    return pairs->missing_x.n + pairs->missing_y.n;
}

void proto_missing_encode_json(const proto_pairs *pairs, uint64_t after, uint64_t limit, proto_text *out)
{
    const uint64_t total = count(pairs), from = after < total ? after : total,
                   to = limit < total - from ? from + limit : total;
    proto_json_writer w;
    char next[24];
    proto_write_init(&w, out);
    proto_write_object(&w, NULL);
    proto_write_string(&w, "object", "list");
    proto_write_array(&w, "data");
    for (uint64_t i = from; i < to; i++) {
        const char *side;
        size_t n;
        const char *id = missing_at(pairs, i, &side, &n);
        proto_write_object(&w, NULL);
        proto_write_string(&w, "side", side);
        proto_write_string_n(&w, "id", id, n);
        proto_write_end_object(&w);
    }
    proto_write_end_array(&w);
    snprintf(next, sizeof next, "%" PRIu64, to);
    proto_write_string(&w, "next", to < total ? next : NULL);
    proto_write_u64(&w, "total", total);
    proto_write_end_object(&w);
}

mi_status proto_missing_write_csv(const proto_pairs *pairs, const proto_output *out, mi_error *err)
{
    proto_spool s;
    proto_spool_init(&s, out, err);
    proto_text_puts(&s.text, "side,id\n");
    for (uint64_t i = 0; i < count(pairs) && proto_spool_pass(&s); i++) {
        const char *side;
        size_t n;
        const char *id = missing_at(pairs, i, &side, &n);
        proto_text_printf(&s.text, "%s,", side);
        proto_csv_field(id, n, &s.text);
        proto_text_append(&s.text, "\n", 1);
    }
    return proto_spool_end(&s);
}
