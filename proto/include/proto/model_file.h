/*
 * The model as a file: safetensors, so that what the server keeps and what a user downloads are the same
 * bytes.
 *
 *     member.0.x.mean, member.0.critic.x.layer0.weight, ...   tensors of the members (mi/model.h), as many
 *                                                             members as the metadata say
 *     null.pmi       (n) F64 ascending: PMI of mismatched pairs by the whole model
 *     null.held_out  (n) F64 ascending: the same, each by a member that has not seen its pairs
 *     pairs.pmi      (n) F64 PMI of the pairs that the job was given, out of fold; NaN where never held out
 *     pairs.rows     (n, 2) U32 places of their ids in the two lists that follow, where pairs have ids
 *     x.id_offsets, x.id_bytes, y.id_offsets, y.id_bytes      U64 (n+1), U8: ids of the pairs
 *
 * The metadata hold "format", "members", and the resolved "spec" of the job. Tensors stand in order of their
 * alignment, without gaps.
 */
#ifndef PROTO_MODEL_FILE_H
#define PROTO_MODEL_FILE_H

#include "mi/estimate.h"
#include "mi/model.h"
#include "proto/job.h"
#include "proto/matrix.h"
#include "proto/pairs.h"
#include "proto/string_list.h"

#define PROTO_MODEL_MEMBERS_MAX 1000u

/* What goes in. */
typedef struct proto_model_parts {
    const char *spec;                 /* JSON */
    const mi_member_tensors *members; /* (n_members) */
    uint32_t n_members;
    const double *null_pmi, *null_held_out; /* (n_null), (n_held_out) ascending */
    uint64_t n_null, n_held_out;
    const double *pair_pmi; /* (n_pairs) */
    uint64_t n_pairs;
    const uint32_t *pair_rows;       /* (n_pairs, 2) into x_ids and y_ids; NULL: pairs have no ids */
    const proto_string_list *ids[2]; /* of x, of y */
} proto_model_parts;

/* MI_LIMIT, MI_MEMORY, and what the output says. */
mi_status proto_model_write(const proto_model_parts *parts, const proto_output *out, mi_error *err);

/* The same seen through a mapped blob, borrowed. */
typedef struct proto_model_ids {
    uint64_t n;
    const uint64_t *offsets; /* (n+1) */
    const char *bytes;
} proto_model_ids;

typedef struct proto_model_view {
    proto_job *job; /* of the spec */
    mi_spec spec;
    mi_member_tensors *members;
    uint32_t n_members;
    const double *null_pmi, *null_held_out, *pair_pmi;
    uint64_t n_null, n_held_out, n_pairs;
    const uint32_t *pair_rows; /* NULL: without ids */
    proto_model_ids ids[2];
    mi_tensor *tensors; /* what members point into */
} proto_model_view;

/* bytes 8-aligned, kept by the caller for the view's life. Structure and references are checked, numbers are
 * not. MI_CORRUPT, MI_MEMORY. */
mi_status proto_model_open(proto_model_view *out, const void *bytes, size_t n, mi_error *err);
void proto_model_close(proto_model_view *view);
const char *proto_model_id(const proto_model_view *view, int side, uint64_t i, size_t *n);

/* ---- what a model says about itself ---- */

typedef struct proto_model_description {
    const proto_job *job;
    const proto_pairs *pairs; /* NULL: x and y are paired by row */
    const mi_estimate *estimate;
    uint32_t n_members;
    size_t width; /* floats of a row's features */
    bool is_dot;  /* all pairs of two sets can be screened */
    const double *null_pmi, *null_held_out;
    uint64_t n_null, n_held_out;
} proto_model_description;

/* A JSON object: "unit", "objective", "members", "screenable", "mi", "data", "spec", "split", "calibration",
 * "null", "null_held_out". */
void proto_model_describe(const proto_model_description *d, proto_text *out);

#endif
