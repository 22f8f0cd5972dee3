#include "model_file.h"
#include "proto/model_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A tensor on its way into the file. */
typedef struct entry {
    char name[MI_TENSOR_NAME + 24];
    const char *dtype;
    unsigned size; /* of an element: entries are written from the largest to the smallest */
    unsigned dims;
    uint64_t shape[2];
    const void *data;
} entry;

typedef struct entries {
    entry *at;
    size_t n, capacity;
    bool failed;
} entries;

static void add(entries *e, const char *name, const char *dtype, unsigned size, uint64_t rows, uint64_t cols,
                const void *data)
{
    if (e->n == e->capacity) {
        const size_t more = e->capacity ? 2 * e->capacity : 64;
        entry *grown = realloc(e->at, more * sizeof *grown);
        if (!grown) {
            e->failed = true;
            return;
        }
        e->at = grown;
        e->capacity = more;
    }
    entry *to = &e->at[e->n++];
    *to = (entry){
        .dtype = dtype, .size = size, .dims = cols ? 2 : 1, .shape = {rows, cols ? cols : 1}, .data = data};
    snprintf(to->name, sizeof to->name, "%s", name);
}

static void add_member(entries *e, uint32_t k, const mi_member_tensors *member)
{
    static const char *const types[] = {
        [MI_DTYPE_F32] = "F32", [MI_DTYPE_F64] = "F64", [MI_DTYPE_U32] = "U32"};
    char name[MI_TENSOR_NAME + 24];
    for (uint32_t i = 0; i < member->n; i++) {
        const mi_tensor *t = &member->tensors[i];
        snprintf(name, sizeof name, "member.%" PRIu32 ".%s", k, t->name);
        add(e, name, types[t->dtype], (unsigned)mi_dtype_size(t->dtype), t->shape[0],
            t->n_dims == 2 ? t->shape[1] : 0, t->data);
    }
}

static void add_ids(entries *e, char side, const proto_string_list *ids)
{
    static const uint64_t none[1] = {0};
    char name[32];
    snprintf(name, sizeof name, MODEL_ID_OFFSETS, side);
    add(e, name, "U64", 8, ids->n + 1, 0, ids->offsets ? ids->offsets : none);
    snprintf(name, sizeof name, MODEL_ID_BYTES, side);
    add(e, name, "U8", 1, ids->offsets ? ids->offsets[ids->n] : 0, 0, ids->bytes);
}

static void collect(entries *e, const proto_model_parts *p)
{
    for (uint32_t k = 0; k < p->n_members; k++)
        add_member(e, k, &p->members[k]);
    add(e, MODEL_NULL_PMI, "F64", 8, p->n_null, 0, p->null_pmi);
    add(e, MODEL_NULL_OOF, "F64", 8, p->n_held_out, 0, p->null_held_out);
    add(e, MODEL_PAIR_PMI, "F64", 8, p->n_pairs, 0, p->pair_pmi);
    if (!p->pair_rows)
        return;
    add(e, MODEL_PAIR_ROWS, "U32", 4, p->n_pairs, 2, p->pair_rows);
    add_ids(e, 'x', p->ids[0]);
    add_ids(e, 'y', p->ids[1]);
}

static uint64_t bytes_of(const entry *e)
{
    return e->shape[0] * e->shape[1] * e->size;
}

static void encode_entry(proto_json_writer *w, const entry *e, uint64_t at)
{
    proto_write_object(w, e->name);
    proto_write_string(w, "dtype", e->dtype);
    proto_write_array(w, "shape");
    for (unsigned d = 0; d < e->dims; d++)
        proto_write_u64(w, NULL, e->shape[d]);
    proto_write_end_array(w);
    proto_write_array(w, "data_offsets");
    proto_write_u64(w, NULL, at);
    proto_write_u64(w, NULL, at + bytes_of(e));
    proto_write_end_array(w);
    proto_write_end_object(w);
}

/* The order in which the data stand. */
static int by_alignment(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->size != y->size)
        return x->size > y->size ? -1 : 1;
    return strcmp(x->name, y->name);
}

static mi_status write_header(const proto_model_parts *parts, const entries *e, const proto_output *out,
                              mi_error *err)
{
    proto_text text;
    proto_json_writer w;
    char members[16];
    uint64_t at = 0;
    proto_text_init(&text, MODEL_HEADER_MAX);
    proto_write_init(&w, &text);
    proto_write_object(&w, NULL);
    proto_write_object(&w, MODEL_METADATA);
    snprintf(members, sizeof members, "%" PRIu32, parts->n_members);
    proto_write_string(&w, "format", MODEL_FORMAT);
    proto_write_string(&w, "members", members);
    proto_write_string(&w, "spec", parts->spec);
    proto_write_end_object(&w);
    for (size_t i = 0; i < e->n; i++) {
        encode_entry(&w, &e->at[i], at);
        at += bytes_of(&e->at[i]);
    }
    proto_write_end_object(&w);
    while (proto_text_ok(&text) && text.length % 8 != 0)
        proto_text_puts(&text, " ");
    const uint64_t length = text.length;
    mi_status status =
        proto_text_ok(&text)
            ? out->write(out->ctx, &length, sizeof length, err)
            : mi_fail(err, MI_LIMIT, "the header of a model has more than %u bytes", MODEL_HEADER_MAX);
    if (status == MI_OK)
        status = out->write(out->ctx, text.data, text.length, err);
    proto_text_fini(&text);
    return status;
}

mi_status proto_model_write(const proto_model_parts *parts, const proto_output *out, mi_error *err)
{
    entries e = {0};
    collect(&e, parts);
    mi_status status = e.failed ? mi_fail(err, MI_MEMORY, "the tensors of a model") : MI_OK;
    if (status == MI_OK) {
        qsort(e.at, e.n, sizeof *e.at, by_alignment);
        status = write_header(parts, &e, out, err);
    }
    for (size_t i = 0; i < e.n && status == MI_OK; i++)
        if (bytes_of(&e.at[i]) > 0)
            status = out->write(out->ctx, e.at[i].data, bytes_of(&e.at[i]), err);
    free(e.at);
    return status;
}
