/*
 * safetensors: eight bytes with the length of a JSON header, the header, then the tensors' bytes. One tensor
 * is the matrix; its rows' ids may stand in the header's metadata.
 */
#include "array.h"
#include "member_choice.h"
#include "proto/json.h"
#include "table_readers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_MAX  (4u << 20)
#define IDS_MAX     HEADER_MAX
#define METADATA    "__metadata__"
#define TENSORS_MAX 1024

typedef struct tensor {
    proto_array_header h;
    uint64_t begin, end; /* in the data */
} tensor;

typedef struct safetensors {
    const proto_source *source;
    uint64_t data_at, data_size;
    proto_json *json;
    const proto_node *metadata;
    size_t n;
    tensor *tensors;       /* (n) */
    proto_member *members; /* (n), names borrowed from the tree */
} safetensors;

static const struct {
    const char *name;
    char kind;
    unsigned item;
} types[] = {{"F32", 'f', 4}, {"F16", 'f', 2}, {"BF16", 'B', 2}, {"F64", 'f', 8}, {"I8", 'i', 1},
             {"I16", 'i', 2}, {"I32", 'i', 4}, {"I64", 'i', 8},  {"U8", 'u', 1},  {"U16", 'u', 2},
             {"U32", 'u', 4}, {"U64", 'u', 8}, {"BOOL", 'b', 1}};

static mi_status bad(const char *name, const char *what, mi_error *err)
{
    char excerpt[PROTO_EXCERPT];
    return mi_fail(err, MI_INVALID, "safetensors: the tensor \"%s\": %s",
                   proto_excerpt(name, strlen(name), excerpt), what);
}

static mi_status take_type(const proto_node *node, const char *name, tensor *t, mi_error *err)
{
    const char *type = proto_node_string(node, NULL);
    if (!type || type[0] == '\0')
        return bad(name, "no dtype; expected one such as \"F32\"", err);
    snprintf(t->h.descr, sizeof t->h.descr, "%s", type);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, type) == 0) {
            t->h.kind = types[i].kind;
            t->h.item = types[i].item;
        }
    return MI_OK; /* a type that is not read matters only when its tensor is asked for */
}

/* dims, rows and columns; *values is their product. */
static mi_status take_shape(const proto_node *node, const char *name, tensor *t, uint64_t *values,
                            mi_error *err)
{
    uint64_t length[2] = {1, 1};
    *values = 1;
    if (proto_node_kind(node) != PROTO_ARRAY)
        return bad(name, "no shape; expected an array of lengths", err);
    for (const proto_node *child = proto_node_first(node); child; child = proto_node_next(child)) {
        uint64_t n;
        if (!proto_node_whole(child, &n) || __builtin_mul_overflow(*values, n, values))
            return bad(name, "a shape that is none; expected an array of lengths", err);
        if (t->h.dims < 2)
            length[t->h.dims] = n;
        t->h.dims++;
    }
    t->h.rows = length[0];
    t->h.cols = length[1];
    return MI_OK;
}

static mi_status take_offsets(const proto_node *node, const char *name, tensor *t, mi_error *err)
{
    const proto_node *begin = proto_node_kind(node) == PROTO_ARRAY ? proto_node_first(node) : NULL;
    const proto_node *end = begin ? proto_node_next(begin) : NULL;
    if (!end || proto_node_next(end) || !proto_node_whole(begin, &t->begin) ||
        !proto_node_whole(end, &t->end) || t->begin > t->end)
        return bad(name, "bad data_offsets; expected where its bytes begin and end", err);
    return MI_OK;
}

static mi_status take_tensor(const safetensors *s, const proto_node *node, tensor *t, mi_error *err)
{
    static const char *const keys[] = {"dtype", "shape", "data_offsets"};
    const char *name = proto_node_key(node);
    uint64_t values = 0, bytes = 0;
    if (proto_node_kind(node) != PROTO_OBJECT)
        return bad(name, "expected an object", err);
    for (const proto_node *child = proto_node_first(node); child; child = proto_node_next(child)) {
        size_t k = 0;
        while (k < 3 && strcmp(keys[k], proto_node_key(child)) != 0)
            k++;
        if (k == 3)
            return bad(name, "a key other than dtype, shape and data_offsets", err);
    }
    mi_status status = take_type(proto_node_member(node, "dtype"), name, t, err);
    if (status == MI_OK)
        status = take_shape(proto_node_member(node, "shape"), name, t, &values, err);
    if (status == MI_OK)
        status = take_offsets(proto_node_member(node, "data_offsets"), name, t, err);
    if (status != MI_OK)
        return status;
    t->h.data_at = s->data_at + t->begin;
    if (t->h.item > 0 && (__builtin_mul_overflow(values, t->h.item, &bytes) || bytes != t->end - t->begin))
        return bad(name, "its data_offsets do not hold its shape's bytes", err);
    return MI_OK;
}

static int by_place(const void *a, const void *b)
{
    const tensor *const *x = a, *const *y = b;
    if ((*x)->begin != (*y)->begin)
        return (*x)->begin < (*y)->begin ? -1 : 1;
    return ((*x)->end > (*y)->end) - ((*x)->end < (*y)->end);
}

/* The tensors fill the data, one behind the other. */
static mi_status check_filled(const safetensors *s, mi_error *err)
{
    const tensor **order = calloc(s->n + 1, sizeof *order);
    uint64_t at = 0;
    if (!order)
        return mi_fail(err, MI_MEMORY, "no memory to read safetensors");
    for (size_t i = 0; i < s->n; i++)
        order[i] = &s->tensors[i];
    qsort(order, s->n, sizeof(const tensor *), by_place);
    size_t i = 0;
    for (; i < s->n && order[i]->begin == at; i++)
        at = order[i]->end;
    free(order);
    if (i < s->n)
        return mi_fail(err, MI_INVALID,
                       "safetensors: tensors overlap, or leave a gap, at byte %" PRIu64 " of the data", at);
    if (at != s->data_size)
        return mi_fail(err, MI_INVALID, "safetensors: the tensors take %" PRIu64 " bytes; found %" PRIu64, at,
                       s->data_size);
    return MI_OK;
}

static mi_status check_metadata(const proto_node *metadata, mi_error *err)
{
    if (metadata && proto_node_kind(metadata) != PROTO_OBJECT)
        return mi_fail(err, MI_INVALID, "safetensors: " METADATA " is no object");
    for (const proto_node *child = proto_node_first(metadata); child; child = proto_node_next(child))
        if (proto_node_kind(child) != PROTO_STRING)
            return mi_fail(err, MI_INVALID, "safetensors: a value of " METADATA " is no string");
    return MI_OK;
}

static mi_status take_tensors(safetensors *s, mi_error *err)
{
    const proto_node *root = proto_json_root(s->json);
    s->tensors = calloc(TENSORS_MAX, sizeof *s->tensors);
    s->members = calloc(TENSORS_MAX, sizeof *s->members);
    if (!s->tensors || !s->members)
        return mi_fail(err, MI_MEMORY, "no memory to read safetensors");
    if (proto_node_kind(root) != PROTO_OBJECT)
        return mi_fail(err, MI_INVALID, "safetensors: the header is no JSON object");
    s->metadata = proto_node_member(root, METADATA);
    mi_status status = check_metadata(s->metadata, err);
    for (const proto_node *node = proto_node_first(root); node && status == MI_OK;
         node = proto_node_next(node)) {
        tensor *t = &s->tensors[s->n];
        if (node == s->metadata)
            continue;
        if (s->n == TENSORS_MAX)
            return mi_fail(err, MI_LIMIT, "safetensors: more than %d tensors", TENSORS_MAX);
        status = take_tensor(s, node, t, err);
        s->members[s->n++] = (proto_member){.name = proto_node_key(node),
                                            .numbers = t->h.item > 0 && (t->h.dims == 1 || t->h.dims == 2),
                                            .dims = t->h.dims,
                                            .rows = t->h.rows,
                                            .cols = t->h.cols};
        if (t->h.dims == 1 || t->h.dims == 2)
            snprintf(s->members[s->n - 1].descr, sizeof s->members->descr, "%s", t->h.descr);
    }
    return status == MI_OK ? check_filled(s, err) : status;
}

static mi_status read_header(safetensors *s, mi_error *err)
{
    unsigned char prefix[8];
    uint64_t n = 0;
    if (s->source->size < sizeof prefix)
        return mi_fail(err, MI_INVALID, "safetensors: the file ends inside the length of its header");
    mi_status status = s->source->read_at(s->source->ctx, 0, prefix, sizeof prefix, err);
    if (status != MI_OK)
        return status;
    for (int i = 7; i >= 0; i--)
        n = n << 8 | prefix[i];
    if (n > s->source->size - sizeof prefix)
        return mi_fail(err, MI_INVALID,
                       "safetensors: the file ends at byte %" PRIu64 ", inside its header of %" PRIu64
                       " bytes",
                       s->source->size, n);
    if (n > HEADER_MAX)
        return mi_fail(err, MI_LIMIT, "safetensors: a header of %" PRIu64 " bytes; expected up to %u", n,
                       HEADER_MAX);
    s->data_at = sizeof prefix + n;
    s->data_size = s->source->size - s->data_at;
    char *text = malloc(n + 1);
    if (!text)
        return mi_fail(err, MI_MEMORY, "no memory to read safetensors");
    status = s->source->read_at(s->source->ctx, sizeof prefix, text, n, err);
    mi_error bad_json = {0};
    if (status == MI_OK &&
        (status = proto_json_parse(&s->json, text, n, HEADER_MAX, NULL, 0, &bad_json)) != MI_OK)
        status = mi_fail(err, status, "safetensors: the header is not valid JSON: %.240s", bad_json.message);
    free(text);
    return status;
}

/* ---- ids ---- */

static mi_status append_id(proto_string_list *ids, const char *id, size_t n, mi_error *err)
{
    const char *fault = proto_id_fault(id, n);
    if (fault)
        return mi_fail(err, MI_INVALID, "safetensors: the id of row %" PRIu64 " (from 0): %s", ids->n, fault);
    return proto_string_list_append(ids, id, n, err);
}

static mi_status ids_of_json(const char *text, proto_string_list *ids, mi_error *err)
{
    proto_json *json;
    mi_error ignored;
    mi_status status = proto_json_parse(&json, text, strlen(text), HEADER_MAX, NULL, 0, &ignored);
    if (status != MI_OK)
        return mi_fail(err, status, "safetensors: the ids are no JSON array of strings: %.200s",
                       ignored.message);
    for (const proto_node *node = proto_node_first(proto_json_root(json)); node && status == MI_OK;
         node = proto_node_next(node)) {
        const char *id = proto_node_string(node, NULL);
        status = id ? append_id(ids, id, strlen(id), err)
                    : mi_fail(err, MI_INVALID, "safetensors: the id of row %" PRIu64 " (from 0) is no string",
                              ids->n);
    }
    proto_json_free(json);
    return status;
}

static mi_status ids_of_lines(const char *text, proto_string_list *ids, mi_error *err)
{
    mi_status status = MI_OK;
    while (*text && status == MI_OK) {
        const size_t n = strcspn(text, "\n");
        status = append_id(ids, text, n > 0 && text[n - 1] == '\r' ? n - 1 : n, err);
        text += n + (text[n] == '\n');
    }
    return status;
}

/* From the metadata's "ids", when there are as many as rows; those that ids_key names have to be. */
static mi_status read_ids(const safetensors *s, const char *ids_key, uint64_t rows, proto_string_list *ids,
                          mi_error *err)
{
    const bool named = ids_key[0] != '\0';
    const char *text = proto_node_string(proto_node_member(s->metadata, named ? ids_key : "ids"), NULL);
    if (!text && named)
        return mi_fail(err, MI_INVALID, "the safetensors' " METADATA " has no \"%.60s\" (ids_key)", ids_key);
    if (!text)
        return MI_OK;
    mi_status status = text[0] == '[' ? ids_of_json(text, ids, err) : ids_of_lines(text, ids, err);
    if (status == MI_OK && ids->n != rows && named)
        return mi_fail(err, MI_INVALID, "safetensors: %" PRIu64 " ids for %" PRIu64 " rows", ids->n, rows);
    if (status == MI_OK && ids->n != rows)
        proto_string_list_fini(ids);
    return status == MI_OK ? proto_ids_unique(ids, err) : status;
}

/* ---- the matrix ---- */

static mi_status check_chosen(const tensor *t, const char *name, const proto_limits *limits, mi_error *err)
{
    char what[96];
    if (t->h.item == 0) {
        snprintf(what, sizeof what, "dtype %s; expected F16 BF16 F32 F64, I8 to I64, U8 to U64 or BOOL",
                 t->h.descr);
        return bad(name, what, err);
    }
    if (t->h.dims != 1 && t->h.dims != 2) {
        snprintf(what, sizeof what, "%u dimensions; expected one or two", t->h.dims);
        return bad(name, what, err);
    }
    if (t->h.rows == 0 || t->h.cols == 0)
        return bad(name, "it is empty", err);
    return proto_table_check_shape(t->h.rows, t->h.cols, limits, err);
}

mi_status proto_table_read_safetensors(const proto_source *source, const proto_table_options *options,
                                       const proto_limits *limits, const proto_output *out,
                                       proto_dataset_record *record, mi_error *err)
{
    safetensors s = {.source = source};
    proto_array array = {.source = source};
    proto_string_list ids;
    size_t chosen = 0;
    proto_string_list_init(&ids, IDS_MAX);
    mi_status status = read_header(&s, err);
    if (status == MI_OK)
        status = take_tensors(&s, err);
    if (status == MI_OK)
        status = proto_member_choose(s.members, s.n, options->key, "safetensors", &chosen, err);
    if (status == MI_OK)
        status = check_chosen(&s.tensors[chosen], s.members[chosen].name, limits, err);
    if (status == MI_OK) {
        array.header = s.tensors[chosen].h;
        status = read_ids(&s, options->ids_key, array.header.rows, &ids, err);
    }
    if (status == MI_OK)
        status = proto_array_read(&array, &ids, options, out, record, err);
    proto_json_free(s.json);
    free(s.tensors);
    free(s.members);
    proto_string_list_fini(&ids);
    return status;
}
