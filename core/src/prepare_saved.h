/*
 * A fitted preparation as tensors, and made again from them.
 */
#ifndef MI_PREPARE_SAVED_H
#define MI_PREPARE_SAVED_H

#include "prepare.h"
#include "tensors.h"

/* prefix: "x." or "y.". */
void mi_prepare_add_tensors(const mi_prepare *p, const char *prefix, mi_tensor_list *list);
/* *p on the arena. MI_CORRUPT, MI_LIMIT. */
mi_status mi_prepare_restore(mi_prepare *p, const mi_prepare_spec *spec, const char *prefix,
                             const mi_member_tensors *member, mi_arena *arena, mi_error *err);

#endif
