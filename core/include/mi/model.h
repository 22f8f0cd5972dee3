/*
 * A model: the critics that the runs of a job have trained, kept to score other pairs.
 *
 * DESIGN
 * A run leaves a member: preparation of both sides, baseline, weights, calibration, as a list of named arrays
 * ("tensors"), from which the same critic is made again. A model is all members of a job; the PMI of a pair
 * is the mean of theirs, each of which knows other pairs.
 *
 * What a row contributes is computed once, its features, and a pair costs a product. Where the score is a dot
 * product of features plus a constant (mi_model_is_dot) so is the mean over members: its features are those
 * of the members side by side, and all pairs of two sets are one matrix product (mi/screen.h).
 *
 * Of pairs without an order the PMI is the mean of both, of which every row then holds the features of both
 * sides: [own | other]. Half the sum of the products f_x(a) f_y(b) and f_y(a) f_x(b) is one product again.
 */
#ifndef MI_MODEL_H
#define MI_MODEL_H

#include "mi/run.h"

#define MI_TENSOR_NAME    40u /* with its NUL */
#define MI_MEMBER_TENSORS 96u /* of a member, at most */

typedef enum mi_dtype { MI_DTYPE_F32, MI_DTYPE_F64, MI_DTYPE_U32 } mi_dtype;

/* An array of one or two dimensions, row-major, little-endian, borrowed. */
typedef struct mi_tensor {
    char name[MI_TENSOR_NAME];
    mi_dtype dtype;
    uint32_t n_dims;   /* 1 or 2 */
    uint64_t shape[2]; /* the second is 1 of a vector */
    const void *data;  /* aligned for its type */
} mi_tensor;

size_t mi_dtype_size(mi_dtype dtype); /* bytes of an element */

/* Whether runs of a spec leave members: they do if a pair has a PMI by something that was trained. */
int mi_spec_has_model(const mi_spec *spec);

/* The member of a run that is done, views into the run; how many there are, 0: it leaves none. */
uint32_t mi_run_tensors(const mi_run *run, mi_tensor out[MI_MEMBER_TENSORS]);

/* Tensors to bytes and back: little-endian, checksummed. pack returns the size; buffer NULL measures.
 * unpack: views into bytes, which are 8-aligned; *n at most MI_MEMBER_TENSORS. MI_CORRUPT. */
size_t mi_tensors_pack(const mi_tensor *tensors, uint32_t n, void *buffer, size_t capacity);
mi_status mi_tensors_unpack(mi_tensor out[MI_MEMBER_TENSORS], uint32_t *n, const void *bytes, size_t n_bytes,
                            mi_error *err);

typedef struct mi_model mi_model;

typedef struct mi_member_tensors {
    const mi_tensor *tensors;
    uint32_t n;
} mi_member_tensors;

/*
 * spec     that the members were trained by, resolved
 * members  (n_members > 0), copied: the arrays may go afterwards
 * symmetric 1: pairs have no order (mirrored in mi/run.h), and neither has the PMI
 * returns  MI_CORRUPT when a tensor is missing or has another shape than spec and the others say: nothing in
 *          them is trusted but that numbers are numbers; MI_NUMERIC for codes that are none; MI_LIMIT,
 *          MI_MEMORY
 * Thread: a model belongs to one thread at a time. BLAS has to be set up (mi_blas_setup).
 */
mi_status mi_model_new(mi_model **out, const mi_spec *spec, const mi_member_tensors *members,
                       uint32_t n_members, int symmetric, mi_error *err);
void mi_model_free(mi_model *model);

/* Columns of the raw rows of a side (0: x, 1: y). */
uint64_t mi_model_columns(const mi_model *model, int side);
/* Floats of a row's features, of either side. */
size_t mi_model_width(const mi_model *model);
/* Bytes that it holds. */
size_t mi_model_bytes(const mi_model *model);
/* Whether the PMI is a dot product of features plus mi_model_constant. */
int mi_model_is_dot(const mi_model *model);
double mi_model_constant(const mi_model *model);

/*
 * features (n, width) of raw rows of a side.
 * data     as many columns as mi_model_columns, or MI_INVALID; its index is looked through, categorical codes
 *          may be new ones
 * rows     (n) of data; NULL: 0 .. n-1
 */
mi_status mi_model_features(mi_model *model, int side, mi_matrix data, const uint32_t *rows, uint32_t n,
                            float *features, mi_error *err);
/* pmi (n) nats of the pairs (index_x[p], index_y[p]) of feature rows; index NULL: p itself. */
void mi_model_pmi(mi_model *model, const float *features_x, const uint32_t *index_x, const float *features_y,
                  const uint32_t *index_y, uint32_t n, double *pmi);

#endif
