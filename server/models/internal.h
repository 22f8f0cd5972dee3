/*
 * How the parts of server/models fit. Private to it.
 *
 *     cache.c      what is kept, and for how long
 *     kept.c       a blob, mapped, with what came of it
 *     model.c      a model, opened
 *     pair_index.c where its own pairs stand
 *     matrix.c     a matrix, opened, and whether it can stand on a side of a model
 *     features.c   features of rows, kept in tables; PMIs of pairs of them
 *     score.c      a request's pairs with all that is told of them
 *     mismatched.c, thresholds.c  what thresholds are made from
 */
#ifndef MODELS_INTERNAL_H
#define MODELS_INTERNAL_H

#include "cache.h"
#include "models/models.h"
#include "pair_index.h"

struct models {
    cache cache;
    store *store;
};

/* What came of a blob, which is mapped as long as that is kept. */
typedef struct kept_blob {
    cache_item item; /* first */
    const struct kept_kind *kind;
    models *owner;
    store_mapping mapping;
} kept_blob;

struct models_model {
    kept_blob kept; /* first */
    proto_model_view view;
    pair_index pairs;
    pthread_mutex_t lock; /* of the model, and of its tables */
    mi_model *model;
};

struct models_matrix {
    kept_blob kept; /* first */
    proto_matrix_view view;
    proto_id_index *index; /* NULL: no ids */
};

/*
 * What is kept of a blob, held; else a new one of `size` bytes, zeroed, that `load` fills from the mapping
 * and gives its bytes. `free` lets go of what load made, of as much as there is. The store's states, load's.
 */
typedef struct kept_kind {
    cache_kind of;
    size_t size;
    mi_status (*load)(kept_blob *kept, mi_error *err);
    void (*free)(kept_blob *kept);
} kept_kind;
mi_status kept_blob_open(models *m, const kept_kind *kind, const char *sha256, kept_blob **out,
                         mi_error *err);

/* The job's input of a side. */
static inline const proto_input *models_input(const models_model *model, int side)
{
    return side ? &model->view.job->y : &model->view.job->x;
}

#endif
