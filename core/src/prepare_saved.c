#include "prepare_saved.h"

#include <limits.h>

void mi_prepare_add_tensors(const mi_prepare *p, const char *prefix, mi_tensor_list *list)
{
    const uint32_t n_ranked = mi_prepare_ranked(p);
    mi_tensor_add(list, prefix, "input_columns", MI_DTYPE_U32, 1, 0, &p->raw_columns);
    mi_tensor_add(list, prefix, "columns", MI_DTYPE_U32, p->dim_used, 0, p->used);
    if (p->has_levels)
        mi_tensor_add(list, prefix, "levels", MI_DTYPE_F32, p->dim_used, 0, p->level);
    mi_tensor_add(list, prefix, "mean", MI_DTYPE_F64, p->dim_used, 0, p->mean);
    mi_tensor_add(list, prefix, "scale", MI_DTYPE_F64, p->dim_used, 0, p->scale);
    if (p->pca)
        mi_tensor_add(list, prefix, "components", MI_DTYPE_F32, p->dim_used, p->pca, p->components);
    mi_tensor_add(list, prefix, "out_mean", MI_DTYPE_F64, p->dim_out, 0, p->out_mean);
    mi_tensor_add(list, prefix, "out_scale", MI_DTYPE_F64, p->dim_out, 0, p->out_scale);
    mi_tensor_add(list, prefix, "quantiles", MI_DTYPE_F32, n_ranked, p->n_fit, p->sorted);
}

/* used, level, mean, scale, components, and the sizes that follow from them. */
static mi_status restore_columns(mi_prepare *p, const char *prefix, const mi_member_tensors *member,
                                 mi_arena *arena, mi_error *err)
{
    const uint32_t *raw = mi_tensor_values(member, prefix, "input_columns", MI_DTYPE_U32, 1, err);
    const mi_tensor *used = raw ? mi_tensor_get(member, prefix, "columns", MI_DTYPE_U32, 1, err) : NULL;
    if (!used)
        return MI_CORRUPT;
    p->raw_columns = *raw;
    if (used->shape[0] > INT_MAX)
        return mi_fail(err, MI_CORRUPT, "the model's tensor %scolumns is too long", prefix);
    p->dim_in = p->dim_used = (uint32_t)used->shape[0];
    for (uint32_t j = 0; j < p->dim_used; j++)
        if (((const uint32_t *)used->data)[j] >= p->raw_columns)
            return mi_fail(err, MI_CORRUPT, "the model's tensor %scolumns names column %u of %u", prefix,
                           ((const uint32_t *)used->data)[j], p->raw_columns);
    p->has_levels = mi_tensor_find(member, prefix, "levels") != NULL;
    mi_status status = mi_tensor_copy(member, prefix, "columns", MI_DTYPE_U32, p->dim_used, 0, arena,
                                      (void **)&p->used, err);
    if (status == MI_OK && p->has_levels)
        status = mi_tensor_copy(member, prefix, "levels", MI_DTYPE_F32, p->dim_used, 0, arena,
                                (void **)&p->level, err);
    if (status == MI_OK)
        status = mi_tensor_copy(member, prefix, "mean", MI_DTYPE_F64, p->dim_used, 0, arena,
                                (void **)&p->mean, err);
    if (status == MI_OK)
        status = mi_tensor_copy(member, prefix, "scale", MI_DTYPE_F64, p->dim_used, 0, arena,
                                (void **)&p->scale, err);
    const mi_tensor *components = mi_tensor_find(member, prefix, "components");
    if (status != MI_OK || !components) {
        p->dim_out = p->dim_used;
        return status;
    }
    if (components->shape[1] > INT_MAX)
        return mi_fail(err, MI_CORRUPT, "the model's tensor %scomponents is too wide", prefix);
    p->dim_out = p->pca = (uint32_t)components->shape[1];
    return mi_tensor_copy(member, prefix, "components", MI_DTYPE_F32, p->dim_used, p->pca, arena,
                          (void **)&p->components, err);
}

static mi_status restore_quantiles(mi_prepare *p, const char *prefix, const mi_member_tensors *member,
                                   mi_arena *arena, mi_error *err)
{
    const mi_tensor *levels = mi_tensor_find(member, prefix, "levels");
    mi_prepare counted = *p; /* with the levels that there are no copies of while measuring */
    counted.all_levels = p->has_levels;
    for (uint32_t j = 0; p->has_levels && j < p->dim_used; j++)
        counted.all_levels &= ((const float *)levels->data)[j] >= 0.0f;
    counted.level = levels ? (float *)(uintptr_t)levels->data : NULL;
    const uint32_t n_ranked = mi_prepare_ranked(&counted);
    p->all_levels = counted.all_levels;
    if (n_ranked == 0)
        return MI_OK;
    const mi_tensor *quantiles = mi_tensor_get(member, prefix, "quantiles", MI_DTYPE_F32, 2, err);
    if (!quantiles)
        return MI_CORRUPT;
    if (quantiles->shape[1] > INT_MAX / 2 || quantiles->shape[1] < 2)
        return mi_fail(err, MI_CORRUPT, "the model's tensor %squantiles is of %llu rows", prefix,
                       (unsigned long long)quantiles->shape[1]);
    p->n_fit = (uint32_t)quantiles->shape[1];
    p->normal = MI_TAKE(arena, float, 2 * (size_t)p->n_fit + 1);
    if (p->normal)
        mi_prepare_fill_normal(p);
    return mi_tensor_copy(member, prefix, "quantiles", MI_DTYPE_F32, n_ranked, p->n_fit, arena,
                          (void **)&p->sorted, err);
}

mi_status mi_prepare_restore(mi_prepare *p, const mi_prepare_spec *spec, const char *prefix,
                             const mi_member_tensors *member, mi_arena *arena, mi_error *err)
{
    *p = (mi_prepare){.transform = spec->transform, .clip = spec->clip, .n_fit = 2};
    mi_status status = restore_columns(p, prefix, member, arena, err);
    if (status == MI_OK)
        status = mi_tensor_copy(member, prefix, "out_mean", MI_DTYPE_F64, p->dim_out, 0, arena,
                                (void **)&p->out_mean, err);
    if (status == MI_OK)
        status = mi_tensor_copy(member, prefix, "out_scale", MI_DTYPE_F64, p->dim_out, 0, arena,
                                (void **)&p->out_scale, err);
    if (status == MI_OK)
        status = restore_quantiles(p, prefix, member, arena, err);
    return status;
}
