/*
 * Where the pairs stand that a model was trained on.
 */
#ifndef MODELS_PAIR_INDEX_H
#define MODELS_PAIR_INDEX_H

#include "proto/model_file.h"
#include "proto/pairs.h"

#define PAIR_INDEX_NONE UINT64_MAX

typedef struct pair_place {
    uint64_t ids; /* of x above that of y */
    uint64_t at;  /* the pair's place */
} pair_place;

typedef struct pair_index {
    proto_matrix_view ids[2]; /* of the model, as the index of ids wants them */
    proto_id_index *find[2];  /* NULL: its pairs have no ids */
    pair_place *places;       /* (n) sorted */
    uint64_t n;
    bool symmetric;
} pair_index;

/* view: borrowed for the index's life. MI_LIMIT, MI_MEMORY; fini is harmless after a failure. */
mi_status pair_index_init(pair_index *index, const proto_model_view *view, bool symmetric, mi_error *err);
void pair_index_fini(pair_index *index);
/* About what it holds. */
uint64_t pair_index_bytes(const pair_index *index);
/* The first place of the pair, or PAIR_INDEX_NONE. Thread: any. */
uint64_t pair_index_find(const pair_index *index, const char *x, size_t n_x, const char *y, size_t n_y);

#endif
