#include "internal.h"

#include <stdlib.h>
#include <string.h>

mi_status models_new(models **out, store *s, uint64_t cap, mi_error *err)
{
    *out = NULL;
    models *m = calloc(1, sizeof *m);
    if (!m)
        return mi_fail(err, MI_MEMORY, "the models' cache");
    m->store = s;
    const mi_status status = cache_init(&m->cache, cap, err);
    if (status != MI_OK) {
        free(m);
        return status;
    }
    *out = m;
    return MI_OK;
}

void models_free(models *m)
{
    if (!m)
        return;
    cache_fini(&m->cache);
    free(m);
}

void models_forget(models *m, const char *sha256)
{
    cache_forget(&m->cache, sha256);
}

models_usage models_used(models *m)
{
    models_usage used;
    cache_usage(&m->cache, &used.bytes, &used.items);
    return used;
}

static void free_model(cache_item *item)
{
    models_model *model = (models_model *)item;
    mi_model_free(model->model);
    pair_index_fini(&model->pairs);
    proto_model_close(&model->view);
    if (model->mapping.bytes)
        store_blob_unmap(model->owner->store, &model->mapping);
    pthread_mutex_destroy(&model->lock);
    free(model);
}

static mi_status load(models_model *model, const char *sha256, mi_error *err)
{
    mi_status status = store_blob_map(model->owner->store, sha256, &model->mapping, err);
    if (status == MI_OK)
        status = proto_model_open(&model->view, model->mapping.bytes, model->mapping.n, err);
    if (status == MI_OK)
        status = mi_model_new(&model->model, &model->view.spec, model->view.members, model->view.n_members,
                              model->view.job->pairs.symmetric, err);
    if (status == MI_OK)
        status = pair_index_init(&model->pairs, &model->view, model->view.job->pairs.symmetric, err);
    if (status == MI_OK)
        model->item.bytes = sizeof *model + mi_model_bytes(model->model) + pair_index_bytes(&model->pairs) +
                            (uint64_t)model->view.n_members * MI_MEMBER_TENSORS * sizeof(mi_tensor);
    return status;
}

mi_status models_open(models *m, const char *sha256, models_model **out, mi_error *err)
{
    cache_key key = {.kind = CACHE_MODEL};
    memcpy(key.sha256, sha256, strnlen(sha256, sizeof key.sha256 - 1));
    *out = (models_model *)cache_find(&m->cache, &key);
    if (*out)
        return MI_OK;
    models_model *model = calloc(1, sizeof *model);
    if (!model || pthread_mutex_init(&model->lock, NULL) != 0) {
        free(model);
        return mi_fail(err, MI_MEMORY, "no memory for a model");
    }
    model->owner = m;
    model->item.key = key;
    model->item.free = free_model;
    const mi_status status = load(model, sha256, err);
    if (status != MI_OK) {
        free_model(&model->item);
        return status;
    }
    *out = (models_model *)cache_add(&m->cache, &model->item);
    return MI_OK;
}

void models_close(models_model *model)
{
    if (model)
        cache_release(&model->owner->cache, &model->item);
}

const proto_model_view *models_view(const models_model *model)
{
    return &model->view;
}

uint64_t models_columns(const models_model *model, int side)
{
    return mi_model_columns(model->model, side);
}

size_t models_width(const models_model *model)
{
    return mi_model_width(model->model);
}

bool models_is_dot(const models_model *model)
{
    return mi_model_is_dot(model->model);
}

double models_constant(const models_model *model)
{
    return mi_model_constant(model->model);
}

uint64_t models_find_pair(const models_model *model, const char *x, size_t n_x, const char *y, size_t n_y)
{
    return pair_index_find(&model->pairs, x, n_x, y, n_y);
}

bool models_pairs_have_ids(const models_model *model)
{
    return model->view.pair_rows != NULL;
}

bool models_symmetric(const models_model *model)
{
    return model->pairs.symmetric;
}
