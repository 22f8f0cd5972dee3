/*
 * How the parts of server/models fit. Private to it.
 *
 *     cache.c      what is kept, and for how long
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

struct models_model {
    cache_item item; /* first */
    models *owner;
    store_mapping mapping;
    proto_model_view view;
    pair_index pairs;
    pthread_mutex_t lock; /* of the model, and of its tables */
    mi_model *model;
};

struct models_matrix {
    cache_item item; /* first */
    models *owner;
    store_mapping mapping;
    proto_matrix_view view;
    proto_id_index *index; /* NULL: no ids */
};

/* The job's input of a side. */
static inline const proto_input *models_input(const models_model *model, int side)
{
    return side ? &model->view.job->y : &model->view.job->x;
}

#endif
