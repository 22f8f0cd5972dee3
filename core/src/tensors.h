/*
 * Named arrays of a member: made of what a run holds, and looked up when it is made again.
 */
#ifndef MI_TENSORS_H
#define MI_TENSORS_H

#include "arena.h"
#include "mi/model.h"

typedef struct mi_tensor_list {
    mi_tensor *out; /* room for MI_MEMBER_TENSORS */
    uint32_t n;
} mi_tensor_list;

/* The name is prefix and name. cols 0: a vector of `rows`. Nothing is added that has no elements. */
void mi_tensor_add(mi_tensor_list *list, const char *prefix, const char *name, mi_dtype dtype, uint64_t rows,
                   uint64_t cols, const void *data);

/* The tensor of that name and type, of n_dims dimensions; NULL with MI_CORRUPT in err, or, where it may be
 * absent, without. */
const mi_tensor *mi_tensor_get(const mi_member_tensors *member, const char *prefix, const char *name,
                               mi_dtype dtype, uint32_t n_dims, mi_error *err);
const mi_tensor *mi_tensor_find(const mi_member_tensors *member, const char *prefix, const char *name);

/* The data of a vector of `count` elements; NULL with MI_CORRUPT. */
const void *mi_tensor_values(const mi_member_tensors *member, const char *prefix, const char *name,
                             mi_dtype dtype, uint64_t count, mi_error *err);

/* A copy on the arena of a tensor that has to have this shape (cols 0: a vector). *out NULL while measuring.
 * MI_CORRUPT. */
mi_status mi_tensor_copy(const mi_member_tensors *member, const char *prefix, const char *name,
                         mi_dtype dtype, uint64_t rows, uint64_t cols, mi_arena *arena, void **out,
                         mi_error *err);

#endif
