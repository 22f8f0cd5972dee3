/*
 * The lists of a screen as people and programs read them.
 */
#include "proto/result.h"
#include "proto/screen.h"
#include "spool.h"

#include <inttypes.h>
#include <stdio.h>

/* One entry, in rows of the data. */
typedef struct entry {
    uint64_t rank, row[2];
    double pmi, p_value;
} entry;

/* A list on its way out: slots from 0, of which some are empty. */
typedef struct walk {
    const proto_screen_view *view;
    const proto_screen_query *query;
    const proto_matrix_view *data[2];
    uint64_t first, end; /* slots */
    bool corrupt;
} walk;

const char *proto_screen_list_name(proto_screen_list list)
{
    static const char *const names[PROTO_SCREEN_LISTS] = {"top", "x", "y", "above"};
    return names[list];
}

static const proto_screen_pairs *pairs_of(const proto_screen_view *view, proto_screen_list list)
{
    return list == PROTO_SCREEN_TOP ? &view->top : list == PROTO_SCREEN_ABOVE ? &view->above : NULL;
}

static int side_of(proto_screen_list list)
{
    return list == PROTO_SCREEN_Y;
}

bool proto_screen_has(const proto_screen_view *view, proto_screen_list list)
{
    const proto_screen_pairs *pairs = pairs_of(view, list);
    return pairs ? pairs->kept : view->per[side_of(list)] > 0;
}

uint32_t proto_screen_row(const proto_screen_view *view, int side, uint64_t row)
{
    if (!view->rows[side])
        return row < view->n[side] ? (uint32_t)row : PROTO_SCREEN_NOBODY;
    for (uint32_t i = 0; i < view->n[side]; i++)
        if (view->rows[side][i] == row)
            return i;
    return PROTO_SCREEN_NOBODY;
}

static walk begin(const proto_screen_view *view, const proto_screen_query *query, const proto_matrix_view *x,
                  const proto_matrix_view *y)
{
    const proto_screen_pairs *pairs = pairs_of(view, query->list);
    walk w = {.view = view, .query = query, .data = {x, y}};
    if (pairs) {
        w.end = pairs->n;
        return w;
    }
    const int side = side_of(query->list);
    const uint64_t per = view->per[side];
    if (query->of_row && query->row < view->n[side])
        w.first = query->row * per, w.end = w.first + per;
    else if (!query->of_row)
        w.end = view->n[side] * per;
    return w;
}

static bool is_empty(const walk *w, uint64_t slot)
{
    return !pairs_of(w->view, w->query->list) &&
           w->view->best[side_of(w->query->list)][slot] == PROTO_SCREEN_NOBODY;
}

static uint64_t count(const walk *w)
{
    uint64_t n = 0;
    if (pairs_of(w->view, w->query->list))
        return w->end;
    for (uint64_t slot = w->first; slot < w->end; slot++)
        n += !is_empty(w, slot);
    return n;
}

/* From rows of the screen to rows of the data; false: there are no such rows. */
static bool place(walk *w, entry *e)
{
    for (int side = 0; side < 2; side++) {
        const uint32_t *rows = w->view->rows[side];
        w->corrupt |= e->row[side] >= w->view->n[side];
        if (w->corrupt)
            return false;
        if (rows)
            e->row[side] = rows[e->row[side]];
        w->corrupt |= e->row[side] >= w->data[side]->matrix.rows;
    }
    return !w->corrupt;
}

static bool read_entry(walk *w, uint64_t slot, entry *e)
{
    const proto_screen_pairs *pairs = pairs_of(w->view, w->query->list);
    const int side = side_of(w->query->list);
    if (pairs) {
        *e = (entry){slot + 1, {pairs->x[slot], pairs->y[slot]}, pairs->pmi[slot], 0};
    } else {
        const uint32_t per = w->view->per[side];
        e->rank = slot % per + 1;
        e->row[side] = slot / per;
        e->row[!side] = w->view->best[side][slot];
        e->pmi = w->view->pmi[side][slot];
    }
    e->p_value = mi_null_p_value(&w->view->null, e->pmi);
    return place(w, e);
}

static const char *id_of(const walk *w, const entry *e, int side, size_t *n)
{
    return w->data[side]->has_ids ? proto_matrix_id(w->data[side], e->row[side], n) : NULL;
}

static void encode_entry(const walk *w, const entry *e, proto_json_writer *to)
{
    size_t n;
    const char *id;
    proto_write_object(to, NULL);
    proto_write_u64(to, "rank", e->rank);
    proto_write_u64(to, "x_row", e->row[0]);
    proto_write_u64(to, "y_row", e->row[1]);
    if ((id = id_of(w, e, 0, &n)))
        proto_write_string_n(to, "x_id", id, n);
    if ((id = id_of(w, e, 1, &n)))
        proto_write_string_n(to, "y_id", id, n);
    proto_write_double(to, "pmi", e->pmi);
    proto_write_double(to, "p_value", e->p_value);
    proto_write_end_object(to);
}

static mi_status outcome(const walk *w, mi_error *err)
{
    return w->corrupt ? mi_fail(err, MI_CORRUPT, "the lists of a screen name rows that there are not")
                      : MI_OK;
}

mi_status proto_screen_encode_json(const proto_screen_view *view, const proto_screen_query *query,
                                   const proto_matrix_view *x, const proto_matrix_view *y, proto_text *out,
                                   mi_error *err)
{
    walk w = begin(view, query, x, y);
    proto_json_writer to;
    uint64_t n = 0, slot = w.first + (query->after < w.end - w.first ? query->after : w.end - w.first);
    char next[24];
    entry e;
    proto_write_init(&to, out);
    proto_write_object(&to, NULL);
    proto_write_string(&to, "object", "list");
    proto_write_string(&to, "unit", "nats");
    proto_write_string(&to, "list", proto_screen_list_name(query->list));
    proto_write_array(&to, "data");
    for (; slot < w.end && n < query->limit; slot++) {
        if (is_empty(&w, slot))
            continue;
        if (!read_entry(&w, slot, &e))
            break;
        encode_entry(&w, &e, &to);
        n++;
    }
    while (slot < w.end && is_empty(&w, slot))
        slot++;
    proto_write_end_array(&to);
    snprintf(next, sizeof next, "%" PRIu64, slot - w.first);
    proto_write_string(&to, "next", slot < w.end ? next : NULL);
    proto_write_u64(&to, "total", count(&w));
    proto_write_end_object(&to);
    if (!proto_text_ok(out))
        return mi_fail(err, MI_MEMORY, "a page of a list");
    return outcome(&w, err);
}

static void csv_id(const walk *w, const entry *e, int side, proto_text *out)
{
    size_t n = 0;
    const char *id = id_of(w, e, side, &n);
    if (!id)
        return;
    proto_text_append(out, ",", 1);
    proto_csv_field(id, n, out);
}

static void csv_entry(const walk *w, const entry *e, proto_text *out)
{
    proto_text_printf(out, "%" PRIu64 ",%" PRIu64 ",%" PRIu64, e->rank, e->row[0], e->row[1]);
    csv_id(w, e, 0, out);
    csv_id(w, e, 1, out);
    proto_text_append(out, ",", 1);
    proto_csv_double(e->pmi, out);
    proto_text_append(out, ",", 1);
    proto_csv_double(e->p_value, out);
    proto_text_append(out, "\n", 1);
}

static void json_line(const walk *w, const entry *e, proto_text *out)
{
    proto_json_writer to;
    proto_write_init(&to, out);
    encode_entry(w, e, &to);
    proto_text_append(out, "\n", 1);
}

static mi_status write_all(walk *w, void (*encode)(const walk *, const entry *, proto_text *),
                           const char *header, const proto_output *out, mi_error *err)
{
    proto_spool s;
    entry e;
    proto_spool_init(&s, out, err);
    proto_text_puts(&s.text, header);
    for (uint64_t slot = w->first; slot < w->end && proto_spool_pass(&s); slot++) {
        if (is_empty(w, slot))
            continue;
        if (!read_entry(w, slot, &e))
            break;
        encode(w, &e, &s.text);
    }
    const mi_status status = proto_spool_end(&s);
    return status == MI_OK ? outcome(w, err) : status;
}

mi_status proto_screen_write_csv(const proto_screen_view *view, const proto_screen_query *query,
                                 const proto_matrix_view *x, const proto_matrix_view *y,
                                 const proto_output *out, mi_error *err)
{
    walk w = begin(view, query, x, y);
    char header[80];
    snprintf(header, sizeof header, "rank,x_row,y_row%s%s,pmi,p_value\n", x->has_ids ? ",x_id" : "",
             y->has_ids ? ",y_id" : "");
    return write_all(&w, csv_entry, header, out, err);
}

mi_status proto_screen_write_ndjson(const proto_screen_view *view, const proto_screen_query *query,
                                    const proto_matrix_view *x, const proto_matrix_view *y,
                                    const proto_output *out, mi_error *err)
{
    walk w = begin(view, query, x, y);
    return write_all(&w, json_line, "", out, err);
}
