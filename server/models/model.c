#include "internal.h"

#include <stdlib.h>

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

void models_tidy(models *m)
{
    cache_tidy(&m->cache);
}

models_usage models_used(models *m)
{
    models_usage used;
    cache_usage(&m->cache, &used.bytes, &used.items);
    return used;
}

static void free_model(kept_blob *kept)
{
    models_model *model = (models_model *)kept;
    mi_model_free(model->model);
    pair_index_fini(&model->pairs);
    proto_model_close(&model->view);
    pthread_mutex_destroy(&model->lock);
}

static mi_status load(kept_blob *kept, mi_error *err)
{
    models_model *model = (models_model *)kept;
    model->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    mi_status status = proto_model_open(&model->view, kept->mapping.bytes, kept->mapping.n, err);
    if (status == MI_OK)
        status = mi_model_new(&model->model, &model->view.spec, model->view.members, model->view.n_members,
                              model->view.job->pairs.symmetric, err);
    if (status == MI_OK)
        status = pair_index_init(&model->pairs, &model->view, model->view.job->pairs.symmetric, err);
    if (status == MI_OK)
        kept->item.bytes = sizeof *model + mi_model_bytes(model->model) + pair_index_bytes(&model->pairs) +
                           (uint64_t)model->view.n_members * MI_MEMBER_TENSORS * sizeof(mi_tensor);
    return status;
}

mi_status models_open(models *m, const char *sha256, models_model **out, mi_error *err)
{
    static const kept_kind kind = {CACHE_MODEL, sizeof(models_model), load, free_model};
    kept_blob *kept;
    const mi_status status = kept_blob_open(m, &kind, sha256, &kept, err);
    *out = (models_model *)kept;
    return status;
}

void models_close(models_model *model)
{
    if (model)
        cache_release(&model->kept.owner->cache, &model->kept.item);
}

const proto_model_view *models_view(const models_model *model)
{
    return &model->view;
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
