#include "tensors.h"

#include "checksum.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define MAGIC UINT64_C(0x31534e45544d494d) /* "MIMTENS1" */

size_t mi_dtype_size(mi_dtype dtype)
{
    return dtype == MI_DTYPE_F64 ? sizeof(double) : sizeof(float);
}

static uint64_t elements(const mi_tensor *t)
{
    return t->shape[0] * t->shape[1];
}

static int add_name(char out[MI_TENSOR_NAME], const char *prefix, const char *name)
{
    const int n = snprintf(out, MI_TENSOR_NAME, "%s%s", prefix, name);
    return n > 0 && (size_t)n < MI_TENSOR_NAME;
}

void mi_tensor_add(mi_tensor_list *list, const char *prefix, const char *name, mi_dtype dtype, uint64_t rows,
                   uint64_t cols, const void *data)
{
    assert(list->n < MI_MEMBER_TENSORS);
    mi_tensor *t = &list->out[list->n];
    *t = (mi_tensor){.dtype = dtype, .n_dims = cols ? 2 : 1, .shape = {rows, cols ? cols : 1}, .data = data};
    const int fits = add_name(t->name, prefix, name);
    assert(fits);
    (void)fits;
    if (rows > 0)
        list->n++;
}

const mi_tensor *mi_tensor_find(const mi_member_tensors *member, const char *prefix, const char *name)
{
    char whole[MI_TENSOR_NAME];
    if (!add_name(whole, prefix, name))
        return NULL;
    for (uint32_t i = 0; i < member->n; i++)
        if (strcmp(member->tensors[i].name, whole) == 0)
            return &member->tensors[i];
    return NULL;
}

const mi_tensor *mi_tensor_get(const mi_member_tensors *member, const char *prefix, const char *name,
                               mi_dtype dtype, uint32_t n_dims, mi_error *err)
{
    const mi_tensor *t = mi_tensor_find(member, prefix, name);
    if (t && t->dtype == dtype && t->n_dims == n_dims && t->shape[0] > 0 && t->shape[1] > 0 &&
        (n_dims == 2 || t->shape[1] == 1))
        return t;
    mi_fail(err, MI_CORRUPT, "the model's tensor %s%s is %s", prefix, name,
            t ? "of another type or shape" : "missing");
    return NULL;
}

const void *mi_tensor_values(const mi_member_tensors *member, const char *prefix, const char *name,
                             mi_dtype dtype, uint64_t count, mi_error *err)
{
    const mi_tensor *t = mi_tensor_get(member, prefix, name, dtype, 1, err);
    if (!t || t->shape[0] == count)
        return t ? t->data : NULL;
    mi_fail(err, MI_CORRUPT, "the model's tensor %s%s has %llu elements; expected %llu", prefix, name,
            (unsigned long long)t->shape[0], (unsigned long long)count);
    return NULL;
}

mi_status mi_tensor_copy(const mi_member_tensors *member, const char *prefix, const char *name,
                         mi_dtype dtype, uint64_t rows, uint64_t cols, mi_arena *arena, void **out,
                         mi_error *err)
{
    const mi_tensor *t = mi_tensor_get(member, prefix, name, dtype, cols ? 2 : 1, err);
    *out = NULL;
    if (!t)
        return MI_CORRUPT;
    if (t->shape[0] != rows || t->shape[1] != (cols ? cols : 1))
        return mi_fail(err, MI_CORRUPT, "the model's tensor %s%s is %llu x %llu; expected %llu x %llu",
                       prefix, name, (unsigned long long)t->shape[0], (unsigned long long)t->shape[1],
                       (unsigned long long)rows, (unsigned long long)(cols ? cols : 1));
    *out = mi_arena_take(arena, elements(t), mi_dtype_size(dtype));
    if (*out)
        memcpy(*out, t->data, elements(t) * mi_dtype_size(dtype));
    return MI_OK;
}

/*
 * magic | n | headers (n) | data, each at a multiple of 8 | checksum
 */
typedef struct header {
    char name[MI_TENSOR_NAME];
    uint32_t dtype, n_dims;
    uint64_t shape[2];
    uint64_t offset; /* of its data, from the start */
} header;

_Static_assert(sizeof(header) % 8 == 0, "data follow at a multiple of 8");

static size_t aligned(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

size_t mi_tensors_pack(const mi_tensor *tensors, uint32_t n, void *buffer, size_t capacity)
{
    const size_t first = 2 * sizeof(uint64_t) + n * sizeof(header);
    size_t size = first;
    for (uint32_t i = 0; i < n; i++)
        size += aligned(elements(&tensors[i]) * mi_dtype_size(tensors[i].dtype));
    size += sizeof(uint64_t);
    if (!buffer || capacity < size)
        return size;
    unsigned char *to = buffer;
    const uint64_t start[2] = {MAGIC, n};
    memset(to, 0, size);
    memcpy(to, start, sizeof start);
    size_t at = first;
    for (uint32_t i = 0; i < n; i++) {
        const mi_tensor *t = &tensors[i];
        const size_t bytes = elements(t) * mi_dtype_size(t->dtype);
        header h = {.dtype = (uint32_t)t->dtype,
                    .n_dims = t->n_dims,
                    .shape = {t->shape[0], t->shape[1]},
                    .offset = at};
        memcpy(h.name, t->name, sizeof h.name);
        memcpy(to + sizeof start + i * sizeof h, &h, sizeof h);
        memcpy(to + at, t->data, bytes);
        at += aligned(bytes);
    }
    const uint64_t sum = mi_checksum(buffer, at);
    memcpy(to + at, &sum, sizeof sum);
    return size;
}

/* One header as a tensor; 0 when it does not lie within the data. */
static int read_header(mi_tensor *t, const header *h, const unsigned char *bytes, size_t data, size_t end)
{
    uint64_t count = 0, size = 0;
    if (h->dtype > MI_DTYPE_U32 || h->n_dims < 1 || h->n_dims > 2 || h->offset % 8 != 0 || h->offset < data ||
        memchr(h->name, 0, sizeof h->name) == NULL ||
        __builtin_mul_overflow(h->shape[0], h->shape[1], &count) ||
        __builtin_mul_overflow(count, mi_dtype_size((mi_dtype)h->dtype), &size) || h->offset > end ||
        size > end - h->offset)
        return 0;
    *t = (mi_tensor){.dtype = (mi_dtype)h->dtype,
                     .n_dims = h->n_dims,
                     .shape = {h->shape[0], h->shape[1]},
                     .data = bytes + h->offset};
    memcpy(t->name, h->name, sizeof t->name);
    return 1;
}

mi_status mi_tensors_unpack(mi_tensor out[MI_MEMBER_TENSORS], uint32_t *n, const void *bytes, size_t n_bytes,
                            mi_error *err)
{
    const unsigned char *from = bytes;
    uint64_t start[2] = {0, 0}, sum = 0;
    const size_t least = sizeof start + sizeof sum;
    int good = n_bytes >= least && n_bytes % 8 == 0;
    if (good) {
        memcpy(start, from, sizeof start);
        memcpy(&sum, from + n_bytes - sizeof sum, sizeof sum);
        good = start[0] == MAGIC && start[1] <= MI_MEMBER_TENSORS &&
               n_bytes - least >= start[1] * sizeof(header) &&
               sum == mi_checksum(bytes, n_bytes - sizeof sum);
    }
    *n = 0;
    const size_t data = sizeof start + (size_t)start[1] * sizeof(header);
    for (uint64_t i = 0; good && i < start[1]; i++) {
        header h;
        memcpy(&h, from + sizeof start + i * sizeof h, sizeof h);
        good = read_header(&out[i], &h, from, data, n_bytes - sizeof sum);
    }
    if (!good)
        return mi_fail(err, MI_CORRUPT, "the critic of a run is damaged or of another version");
    *n = (uint32_t)start[1];
    return MI_OK;
}
