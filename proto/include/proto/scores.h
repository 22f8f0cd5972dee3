/*
 * POST /v1/models/{id}/pmi: pairs to be scored by a model, and their PMIs.
 *
 * Pairs are by id, a list or columns of a pair table, into the data that the model was trained on or into
 * other data sets:
 *
 *     {"pairs": [["P01135", "P00533"], ...], "x": {"dataset": "ligands"}, "y": {"dataset": "receptors"}}
 *     {"pairs": {"dataset": "lr", "x_id": "ligand", "y_id": "receptor"}}
 *
 * or vectors that were sent along, row i of x with row i of y:
 *
 *     {"x": [[0.1, ...], ...], "y": [[...], ...]}
 */
#ifndef PROTO_SCORES_H
#define PROTO_SCORES_H

#include "proto/pairs_input.h"

#define PROTO_SCORES_TREE_MAX (4u << 20) /* bytes of a request without its vectors */

typedef struct proto_scores_request {
    bool has_pairs;
    proto_pairs_input pairs;
    char dataset[2][PROTO_NAME_MAX + 1]; /* of x and y; "": the model's own data */
    float *vectors[2];                   /* (rows, cols) owned; NULL with pairs */
    uint64_t rows, cols[2];
} proto_scores_request;

/*
 * Every bad field is listed in `problem` with its JSON pointer; unknown fields are errors. Does not look at
 * the store. MI_OK with *out owned by the caller, or MI_INVALID/MI_LIMIT/MI_MEMORY with the problem filled;
 * more than limits->max_score_pairs are MI_LIMIT.
 */
mi_status proto_scores_decode(proto_scores_request **out, const char *bytes, size_t n,
                              const proto_limits *limits, proto_problem *problem);
void proto_scores_free(proto_scores_request *request);

/* Pairs in the order of the request, repeated ones as often as they came. */
typedef struct proto_scores {
    const char *model;                            /* "mdl_..." */
    uint64_t n;                                   /* pairs */
    const proto_pair_source *pairs;               /* for their ids; NULL: vectors */
    const double *pmi;                            /* (n) nats; NaN: an id of the pair has no embedding */
    const double *percentile, *p_value, *q_value; /* (n), likewise */
    const uint8_t *trained;              /* (n) 1: the model was trained on the pair; NULL: not known */
    const proto_string_list *missing[2]; /* distinct ids without an embedding, of x and y; NULL: vectors */
    uint64_t null_pairs;                 /* that the percentiles are among */
} proto_scores;

/* {"object": "list", "unit": "nats", "model", "total", "trained": how many, "null": {"kind": "model",
 * "pairs"}, "missing", "data": [{"x_id", "y_id", "pmi", "percentile", "p_value", "q_value", "trained"}]};
 * vectors have a "row" and no ids. Numbers that are not finite are null. The text fails when it does not fit.
 */
void proto_scores_encode_json(const proto_scores *scores, proto_text *out);
/* x_id,y_id (or row),pmi,percentile,p_value,q_value,trained */
void proto_scores_encode_csv(const proto_scores *scores, proto_text *out);
/* (n,4) float64: pmi, percentile, p, q. */
void proto_scores_encode_npy(const proto_scores *scores, proto_text *out);

#endif
