/*
 * The lists of a screen as a blob, in and out.
 */
#include "proto/screen.h"
#include "spool.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the blob is the arrays as they lie in memory");

typedef struct proto_screen_header {
    char magic[8];
    uint64_t n[2], per[2], n_top, n_above, n_null;
    uint64_t flags;
} proto_screen_header;

static const char magic[8] = {'M', 'I', 'S', 'C', 'R', 'E', 'N', '1'};

enum { HAS_ROWS_X = 1, HAS_ROWS_Y = 2, HAS_TOP = 4, HAS_ABOVE = 8, ALL_FLAGS = 15 };

/* ---- out ---- */

static void put(proto_spool *s, const void *bytes, size_t n)
{
    proto_text_append(&s->text, bytes, n);
    proto_spool_pass(s);
}

static void put_pmi(proto_spool *s, const mi_screen_spec *spec, float output)
{
    const double pmi = mi_screen_score(spec, output);
    put(s, &pmi, sizeof pmi);
}

static void put_outputs(proto_spool *s, const mi_screen_spec *spec, const float *outputs, uint64_t n)
{
    for (uint64_t i = 0; i < n && s->status == MI_OK; i++)
        put_pmi(s, spec, outputs[i]);
}

static void put_pair_outputs(proto_spool *s, const mi_screen_spec *spec, const mi_screen_pair *pairs,
                             uint64_t n)
{
    for (uint64_t i = 0; i < n && s->status == MI_OK; i++)
        put_pmi(s, spec, pairs[i].output);
}

/* In pieces that the spool takes. */
static void put_array(proto_spool *s, const void *bytes, uint64_t n)
{
    const char *at = bytes;
    for (uint64_t piece; n > 0 && s->status == MI_OK; at += piece, n -= piece) {
        piece = n < (64u << 10) ? n : (64u << 10);
        put(s, at, piece);
    }
}

static void put_side(proto_spool *s, const mi_screen_pair *pairs, uint64_t n, int side)
{
    for (uint64_t i = 0; i < n && s->status == MI_OK; i++)
        put(s, side ? &pairs[i].y : &pairs[i].x, sizeof pairs[i].x);
}

static proto_screen_header header_of(const proto_screen_parts *p)
{
    const mi_screen_result *r = p->result;
    proto_screen_header h = {.n = {r->spec.n_x, r->spec.n_y},
                             .per = {r->per_x, r->per_y},
                             .n_top = r->n_top,
                             .n_above = p->n_above,
                             .n_null = p->null.n,
                             .flags = (p->rows[0] ? HAS_ROWS_X : 0) | (p->rows[1] ? HAS_ROWS_Y : 0) |
                                      (r->spec.top > 0 ? HAS_TOP : 0) | (r->spec.above ? HAS_ABOVE : 0)};
    memcpy(h.magic, magic, sizeof magic);
    return h;
}

mi_status proto_screen_write(const proto_screen_parts *p, const proto_output *out, mi_error *err)
{
    const mi_screen_result *r = p->result;
    const proto_screen_header h = header_of(p);
    const uint64_t n_x = h.n[0] * h.per[0], n_y = h.n[1] * h.per[1];
    proto_spool s;
    proto_spool_init(&s, out, err);
    put(&s, &h, sizeof h);
    put_array(&s, p->null.sorted, h.n_null * sizeof(double));
    put_outputs(&s, &r->spec, r->x_output, n_x);
    put_outputs(&s, &r->spec, r->y_output, n_y);
    put_pair_outputs(&s, &r->spec, r->top, h.n_top);
    put_pair_outputs(&s, &r->spec, p->above, h.n_above);
    for (int side = 0; side < 2; side++)
        if (p->rows[side])
            put_array(&s, p->rows[side], h.n[side] * sizeof(uint32_t));
    put_array(&s, r->x_best, n_x * sizeof(uint32_t));
    put_array(&s, r->y_best, n_y * sizeof(uint32_t));
    for (int side = 0; side < 2; side++)
        put_side(&s, r->top, h.n_top, side);
    for (int side = 0; side < 2; side++)
        put_side(&s, p->above, h.n_above, side);
    return proto_spool_end(&s);
}

/* ---- in ---- */

/* Walks through the blob's arrays. */
typedef struct reader {
    const char *at;
    uint64_t left;
    bool short_of;
} reader;

static const void *take(reader *r, uint64_t a, uint64_t b, size_t size)
{
    uint64_t n;
    const void *at = r->at;
    if (__builtin_mul_overflow(a, b, &n) || __builtin_mul_overflow(n, (uint64_t)size, &n) || n > r->left) {
        r->short_of = true;
        return NULL;
    }
    r->at += n;
    r->left -= n;
    return at;
}

static bool header_fits(const proto_screen_header *h)
{
    return memcmp(h->magic, magic, sizeof magic) == 0 && (h->flags & ~(uint64_t)ALL_FLAGS) == 0 &&
           h->n[0] < UINT32_MAX && h->n[1] < UINT32_MAX && h->per[0] <= h->n[1] && h->per[1] <= h->n[0];
}

mi_status proto_screen_open(proto_screen_view *out, const void *bytes, size_t n, mi_error *err)
{
    reader r = {bytes, n, false};
    proto_screen_header h;
    if (n < sizeof h || (uintptr_t)bytes % sizeof(double) != 0)
        return mi_fail(err, MI_CORRUPT, "the lists of a screen are cut short");
    memcpy(&h, take(&r, 1, 1, sizeof h), sizeof h);
    if (!header_fits(&h))
        return mi_fail(err, MI_CORRUPT, "the lists of a screen have a damaged header");
    proto_screen_view v = {.n = {h.n[0], h.n[1]}, .per = {(uint32_t)h.per[0], (uint32_t)h.per[1]}};
    v.null = (mi_null){take(&r, h.n_null, 1, sizeof(double)), (size_t)h.n_null};
    for (int side = 0; side < 2; side++)
        v.pmi[side] = take(&r, h.n[side], h.per[side], sizeof(double));
    v.top = (proto_screen_pairs){.kept = (h.flags & HAS_TOP) != 0, .n = h.n_top};
    v.above = (proto_screen_pairs){.kept = (h.flags & HAS_ABOVE) != 0, .n = h.n_above};
    v.top.pmi = take(&r, h.n_top, 1, sizeof(double));
    v.above.pmi = take(&r, h.n_above, 1, sizeof(double));
    for (int side = 0; side < 2; side++)
        if (h.flags & (side ? HAS_ROWS_Y : HAS_ROWS_X))
            v.rows[side] = take(&r, h.n[side], 1, sizeof(uint32_t));
    for (int side = 0; side < 2; side++)
        v.best[side] = take(&r, h.n[side], h.per[side], sizeof(uint32_t));
    v.top.x = take(&r, h.n_top, 1, sizeof(uint32_t));
    v.top.y = take(&r, h.n_top, 1, sizeof(uint32_t));
    v.above.x = take(&r, h.n_above, 1, sizeof(uint32_t));
    v.above.y = take(&r, h.n_above, 1, sizeof(uint32_t));
    if (r.short_of || r.left != 0)
        return mi_fail(err, MI_CORRUPT, "the lists of a screen do not fit their %zu bytes", n);
    *out = v;
    return MI_OK;
}
