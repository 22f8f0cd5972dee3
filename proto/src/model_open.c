#include "model_file.h"
#include "proto/model_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
    const char *data;
    uint64_t size;
    const proto_node *root;
    mi_error *err;
} reader;

static mi_status damaged(const reader *r, const char *name, const char *what)
{
    return mi_fail(r->err, MI_CORRUPT, "the model's file: %.60s %s", name, what);
}

/* A tensor of the header: its type, its shape, and its data within the file. */
static mi_status take_tensor(const reader *r, const proto_node *node, const char **dtype, unsigned *dims,
                             uint64_t shape[2], const void **data)
{
    const char *name = proto_node_key(node);
    const proto_node *lengths = proto_node_first(proto_node_member(node, "shape"));
    const proto_node *begin = proto_node_first(proto_node_member(node, "data_offsets"));
    uint64_t from = 0, to = 0, count = 0, bytes = 0;
    *dtype = proto_node_string(proto_node_member(node, "dtype"), "");
    const uint64_t size = strcmp(*dtype, "F64") == 0 || strcmp(*dtype, "U64") == 0   ? 8
                          : strcmp(*dtype, "F32") == 0 || strcmp(*dtype, "U32") == 0 ? 4
                          : strcmp(*dtype, "U8") == 0                                ? 1
                                                                                     : 0;
    shape[0] = shape[1] = 1;
    for (*dims = 0; lengths && *dims < 2; lengths = proto_node_next(lengths))
        if (!proto_node_whole(lengths, &shape[(*dims)++]))
            return damaged(r, name, "has no shape");
    if (size == 0 || *dims == 0 || lengths || !proto_node_whole(begin, &from) ||
        !proto_node_whole(proto_node_next(begin), &to) || from > to || to > r->size || from % size != 0 ||
        __builtin_mul_overflow(shape[0], shape[1], &count) || __builtin_mul_overflow(count, size, &bytes) ||
        bytes != to - from)
        return damaged(r, name, "is not where its header says");
    *data = r->data + from;
    return MI_OK;
}

/* ---- the tensors of members ---- */

static bool to_dtype(const char *name, mi_dtype *out)
{
    static const struct {
        const char *name;
        mi_dtype dtype;
    } types[] = {{"F32", MI_DTYPE_F32}, {"F64", MI_DTYPE_F64}, {"U32", MI_DTYPE_U32}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0) {
            *out = types[i].dtype;
            return true;
        }
    return false;
}

/* "member.3.x.mean": which member, and the name within it. */
static bool split_name(const char *name, uint32_t n_members, uint32_t *member, const char **rest)
{
    unsigned long k;
    char *end;
    if (strncmp(name, "member.", 7) != 0 || name[7] < '0' || name[7] > '9')
        return false;
    k = strtoul(name + 7, &end, 10);
    if (*end != '.' || k >= n_members || strlen(end + 1) >= MI_TENSOR_NAME)
        return false;
    *member = (uint32_t)k;
    *rest = end + 1;
    return true;
}

static mi_status take_member_tensor(const reader *r, const proto_node *node, proto_model_view *v)
{
    uint32_t k;
    const char *rest, *dtype;
    const void *data;
    mi_tensor t = {.n_dims = 0};
    if (!split_name(proto_node_key(node), v->n_members, &k, &rest))
        return damaged(r, proto_node_key(node), "belongs to no member");
    unsigned dims = 0;
    mi_status status = take_tensor(r, node, &dtype, &dims, t.shape, &data);
    if (status != MI_OK)
        return status;
    t.n_dims = dims;
    t.data = data;
    if (!to_dtype(dtype, &t.dtype))
        return damaged(r, proto_node_key(node), "is of another type");
    if (v->members[k].n == MI_MEMBER_TENSORS)
        return damaged(r, proto_node_key(node), "is one too many");
    snprintf(t.name, sizeof t.name, "%s", rest);
    v->tensors[(size_t)k * MI_MEMBER_TENSORS + v->members[k].n++] = t;
    return MI_OK;
}

/* ---- the others ---- */

static mi_status take_vector(const reader *r, const char *name, const char *dtype, uint64_t cols,
                             const void **data, uint64_t *rows)
{
    const proto_node *node = proto_node_member(r->root, name);
    const char *found;
    unsigned dims = 0;
    uint64_t shape[2];
    if (!node)
        return damaged(r, name, "is missing");
    mi_status status = take_tensor(r, node, &found, &dims, shape, data);
    if (status != MI_OK)
        return status;
    if (strcmp(found, dtype) != 0 || shape[1] != cols || dims != (cols > 1 ? 2u : 1u))
        return damaged(r, name, "is of another type or shape");
    *rows = shape[0];
    return MI_OK;
}

static mi_status take_ids(const reader *r, char side, proto_model_ids *ids)
{
    char name[32];
    uint64_t n, n_bytes;
    const void *offsets, *bytes;
    snprintf(name, sizeof name, MODEL_ID_BYTES, side);
    mi_status status = take_vector(r, name, "U8", 1, &bytes, &n_bytes);
    snprintf(name, sizeof name, MODEL_ID_OFFSETS, side);
    if (status == MI_OK)
        status = take_vector(r, name, "U64", 1, &offsets, &n);
    if (status != MI_OK)
        return status;
    *ids = (proto_model_ids){.n = n ? n - 1 : 0, .offsets = offsets, .bytes = bytes};
    if (n == 0 || ids->offsets[0] != 0 || ids->offsets[ids->n] != n_bytes)
        return damaged(r, name, "does not fit the ids' bytes");
    for (uint64_t i = 0; i < ids->n; i++)
        if (ids->offsets[i] > ids->offsets[i + 1])
            return damaged(r, name, "is not in order");
    return MI_OK;
}

static mi_status take_pairs(const reader *r, proto_model_view *v)
{
    const void *data;
    uint64_t rows = 0;
    mi_status status = take_vector(r, MODEL_PAIR_PMI, "F64", 1, &data, &v->n_pairs);
    v->pair_pmi = data;
    if (status != MI_OK || !proto_node_member(r->root, MODEL_PAIR_ROWS))
        return status;
    status = take_vector(r, MODEL_PAIR_ROWS, "U32", 2, &data, &rows);
    v->pair_rows = data;
    for (int side = 0; side < 2 && status == MI_OK; side++)
        status = take_ids(r, side ? 'y' : 'x', &v->ids[side]);
    if (status == MI_OK && rows != v->n_pairs)
        status = damaged(r, MODEL_PAIR_ROWS, "has another number of pairs");
    for (uint64_t i = 0; i < 2 * rows && status == MI_OK; i++)
        if (v->pair_rows[i] >= v->ids[i % 2].n)
            status = damaged(r, MODEL_PAIR_ROWS, "names an id that is not there");
    return status;
}

static mi_status take_null(const reader *r, proto_model_view *v)
{
    const void *data;
    mi_status status = take_vector(r, MODEL_NULL_PMI, "F64", 1, &data, &v->n_null);
    v->null_pmi = data;
    if (status == MI_OK)
        status = take_vector(r, MODEL_NULL_OOF, "F64", 1, &data, &v->n_held_out);
    v->null_held_out = data;
    return status;
}

static mi_status take_spec(const reader *r, const proto_node *metadata, proto_model_view *v)
{
    const char *spec = proto_node_string(proto_node_member(metadata, "spec"), NULL),
               *format = proto_node_string(proto_node_member(metadata, "format"), ""),
               *members = proto_node_string(proto_node_member(metadata, "members"), "");
    if (!spec || strcmp(format, MODEL_FORMAT) != 0)
        return damaged(r, MODEL_METADATA, "is not that of a model of this version");
    const unsigned long n = strtoul(members, NULL, 10);
    if (n < 1 || n > PROTO_MODEL_MEMBERS_MAX)
        return damaged(r, MODEL_METADATA, "tells no number of members");
    v->n_members = (uint32_t)n;
    mi_status status = proto_job_reopen(&v->job, spec, r->err);
    if (status == MI_OK)
        proto_job_variant(v->job, 0, &v->spec);
    return status;
}

static mi_status take_all(const reader *r, proto_model_view *v)
{
    const proto_node *metadata = proto_node_member(r->root, MODEL_METADATA);
    mi_status status = take_spec(r, metadata, v);
    if (status != MI_OK)
        return status;
    v->members = calloc(v->n_members, sizeof *v->members);
    v->tensors = calloc((size_t)v->n_members * MI_MEMBER_TENSORS, sizeof *v->tensors);
    if (!v->members || !v->tensors)
        return mi_fail(r->err, MI_MEMORY, "the tensors of a model");
    for (uint32_t k = 0; k < v->n_members; k++)
        v->members[k].tensors = v->tensors + (size_t)k * MI_MEMBER_TENSORS;
    for (const proto_node *node = proto_node_first(r->root); node && status == MI_OK;
         node = proto_node_next(node))
        if (strncmp(proto_node_key(node), "member.", 7) == 0)
            status = take_member_tensor(r, node, v);
    if (status == MI_OK)
        status = take_null(r, v);
    return status == MI_OK ? take_pairs(r, v) : status;
}

mi_status proto_model_open(proto_model_view *out, const void *bytes, size_t n, mi_error *err)
{
    reader r = {.err = err};
    uint64_t length = 0;
    proto_json *json = NULL;
    mi_error why = {.code = MI_OK};
    *out = (proto_model_view){.n_members = 0};
    if (n >= sizeof length)
        memcpy(&length, bytes, sizeof length);
    if (n < sizeof length || length > n - sizeof length || length > MODEL_HEADER_MAX || length % 8 != 0)
        return damaged(&r, "the header", "is cut");
    const char *header = (const char *)bytes + sizeof length;
    r.data = header + length;
    r.size = n - sizeof length - length;
    mi_status status = proto_json_parse(&json, header, length, MODEL_HEADER_MAX, NULL, 0, &why);
    if (status == MI_MEMORY)
        return mi_fail(err, MI_MEMORY, "%s", why.message);
    if (status != MI_OK)
        return damaged(&r, "the header", "is not valid JSON");
    r.root = proto_json_root(json);
    status = take_all(&r, out);
    proto_json_free(json);
    if (status != MI_OK)
        proto_model_close(out);
    return status;
}

void proto_model_close(proto_model_view *view)
{
    proto_job_free(view->job);
    free(view->members);
    free(view->tensors);
    *view = (proto_model_view){.n_members = 0};
}

const char *proto_model_id(const proto_model_view *view, int side, uint64_t i, size_t *n)
{
    const proto_model_ids *ids = &view->ids[side];
    *n = ids->offsets[i + 1] - ids->offsets[i];
    return ids->bytes + ids->offsets[i];
}
