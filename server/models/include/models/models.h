/*
 * Models at work: opened once, kept in memory, and asked for features and PMIs.
 *
 * DESIGN
 * What costs to make is kept under one cap on bytes, and what was not used for longest goes first: models
 * (their critics, and where their own pairs stand), matrices (mapped, with an index of their ids), and the
 * features of the rows of a matrix by a model, which are computed as they are asked for. What is in use stays
 * until it is closed, whatever was forgotten meanwhile. Everything is named by the SHA-256 of its blob, so
 * that nothing here can be out of date.
 *
 * Threads: every function may be called from any thread, and blocks; never from the loop thread. A model
 * computes for one thread at a time, in pieces of some milliseconds, so that a short question does not wait
 * for a long one. BLAS has to be set up (mi_blas_setup).
 */
#ifndef MODELS_H
#define MODELS_H

#include "mi/thresholds.h"
#include "proto/model_file.h"
#include "proto/pairs.h"
#include "store/store.h"

typedef struct models models;

/* cap: bytes of what is kept while nobody uses it. MI_MEMORY. */
mi_status models_new(models **out, store *s, uint64_t cap, mi_error *err);
void models_free(models *m); /* nobody may have anything open; NULL is legal */
/* What came of that blob, a model or a matrix, goes as soon as nobody uses it. */
void models_forget(models *m, const char *sha256);
/* All that nobody uses goes: blobs were deleted, whose bytes stay on the disk while they are mapped. */
void models_tidy(models *m);

typedef struct models_usage {
    uint64_t bytes, items;
} models_usage;
models_usage models_used(models *m);

/* ---- a model ---- */

typedef struct models_model models_model;

/* MI_NOT_FOUND: there is no such blob; MI_CORRUPT, MI_LIMIT, MI_MEMORY, and the store's. Close it soon. */
mi_status models_open(models *m, const char *sha256, models_model **out, mi_error *err);
void models_close(models_model *model); /* NULL is legal */

const proto_model_view *models_view(const models_model *model);
/* Floats of a row's features, of either side. */
size_t models_width(const models_model *model);
/* As mi_model_is_dot and mi_model_constant say. */
bool models_is_dot(const models_model *model);
double models_constant(const models_model *model);

#define MODELS_NO_PAIR UINT64_MAX
/* The place of a pair among those that the model was trained on, or MODELS_NO_PAIR. The pair the other way
 * round is the same where the model's job says so. Always MODELS_NO_PAIR where its pairs have no ids. */
uint64_t models_find_pair(const models_model *model, const char *x, size_t n_x, const char *y, size_t n_y);
bool models_pairs_have_ids(const models_model *model);
/* Whether (a, b) and (b, a) are the same pair to it. */
bool models_symmetric(const models_model *model);

/* ---- a matrix ---- */

typedef struct models_matrix models_matrix;

/* MI_NOT_FOUND: there is no such blob; MI_CORRUPT: it is no matrix; MI_MEMORY, and the store's. */
mi_status models_matrix_open(models *m, const char *sha256, models_matrix **out, mi_error *err);
void models_matrix_close(models_matrix *matrix); /* NULL is legal */
const proto_matrix_view *models_matrix_view(const models_matrix *matrix);
/* Of its ids; NULL when it has none. */
const proto_id_index *models_matrix_index(const models_matrix *matrix);
/*
 * Whether a matrix can stand on a side of the model: MI_INVALID, with why. It has the columns of the data
 * that the model was trained on, and where those are categories it means the same by its codes.
 */
mi_status models_check_matrix(models_model *model, int side, const models_matrix *matrix, mi_error *err);
/* Whether numbers sent along can: the codes of categories are whole numbers. The pointer is "/<row>/<column>"
 * or "". */
mi_status models_check_vectors(const models_model *model, int side, mi_matrix data, mi_error *err);

/* ---- numbers ---- */

/* pmi (n) nats of pairs of rows. A row that is PROTO_NO_ROW makes its pair a NaN. */
mi_status models_pmi(models_model *model, models_matrix *x, const uint32_t *rows_x, models_matrix *y,
                     const uint32_t *rows_y, uint32_t n, double *pmi, mi_error *err);
/* pmi (rows) nats of row i of x with row i of y, of as many rows. Nothing of it is kept. */
mi_status models_pmi_of_vectors(models_model *model, mi_matrix x, mi_matrix y, double *pmi, mi_error *err);

/* ---- what a request asks ---- */

/* Pairs with all that is told of them. The model's PMI of a pair is the mean of its members': not out of fold
 * for a pair that it was trained on. Percentile and p-value are among the model's null.pmi, the q-value is
 * Benjamini and Hochberg's over these pairs. */
typedef struct models_scores {
    uint64_t n;
    double *pmi, *percentile, *p_value, *q_value; /* (n) owned by pmi; NaN: an id has no embedding */
    uint8_t *trained;             /* (n) owned; 1: the model was trained on the pair; NULL: not known */
    proto_string_list missing[2]; /* distinct ids without an embedding, in order of appearance */
} models_scores;

/* Every row of `pairs`, in order, labels aside. MI_INVALID: a matrix without ids (pointer "/x", "/y"), or an
 * id that is none, as a join has it. */
mi_status models_score(models_model *model, models_matrix *x, models_matrix *y,
                       const proto_pair_source *pairs, models_scores *out, mi_error *err);
/* Row i of x with row i of y. */
mi_status models_score_vectors(models_model *model, mi_matrix x, mi_matrix y, models_scores *out,
                               mi_error *err);
void models_scores_fini(models_scores *scores);

/* ---- thresholds ---- */

/* Labelled pairs as they were joined to matrices with ids: pairs->n of label 1, then pairs->n_negative of
 * label 0. */
typedef struct models_labelled {
    models_matrix *x, *y;
    const proto_pairs *pairs;
    bool symmetric; /* (a, b) and (b, a) are the same pair */
} models_labelled;

/* The ids of labelled pair i. */
void models_labelled_ids(const models_labelled *labelled, uint64_t i, const char *id[2], size_t n[2]);

/* Which of them the model was trained on. */
#define MODELS_OVERLAP_FIRST 5u
typedef struct models_overlap {
    uint64_t n;
    uint64_t first[MODELS_OVERLAP_FIRST]; /* the first of them */
    uint64_t *place;                      /* of each labelled pair, or MODELS_NO_PAIR; owned */
} models_overlap;
/* MI_MEMORY; fini is harmless then. */
mi_status models_overlap_find(const models_model *model, const models_labelled *labelled, models_overlap *out,
                              mi_error *err);
void models_overlap_fini(models_overlap *overlap);

typedef struct models_thresholds {
    mi_thresholds *numbers;
    mi_thresholds *by_model; /* where held_out: the same with the null of the whole model, for the FPRs of
                                scores that it will give; NULL: numbers tell them */
    bool held_out;           /* the null and the candidates are by members that have not seen them */
    bool mismatched;         /* no pair has label 0: mismatched pairs of the listed ids are the negatives, the
                                null's where held_out */
    bool sampled;            /* not all of those */
} models_thresholds;

/*
 * Thresholds from the null and among candidates: the labelled pairs, or the model's own. Labelled pairs that
 * the model was trained on have their PMI out of fold.
 *
 * labelled, overlap   NULL: there are no labelled pairs
 * As mi_thresholds_compute. Takes seconds for a million pairs.
 */
mi_status models_thresholds_find(models_model *model, const mi_thresholds_request *request,
                                 const models_labelled *labelled, const models_overlap *overlap,
                                 models_thresholds *out, mi_error *err);
void models_thresholds_fini(models_thresholds *thresholds);

#endif
