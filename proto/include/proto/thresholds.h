/*
 * POST /v1/models/{id}/thresholds: the request and the answer. What is asked of core is mi/thresholds.h.
 */
#ifndef PROTO_THRESHOLDS_H
#define PROTO_THRESHOLDS_H

#include "mi/thresholds.h"
#include "proto/pairs_input.h"

#define PROTO_THRESHOLDS_TREE_MAX (2u << 20) /* bytes of a request */

typedef struct proto_thresholds_request {
    mi_thresholds_request targets;
    bool has_pairs;
    proto_pairs_input pairs;    /* without any label 0, mismatched pairs of their ids are the negatives */
    char x[PROTO_NAME_MAX + 1]; /* data set of the embeddings; "": the model's own */
    char y[PROTO_NAME_MAX + 1];
    bool allow_training_pairs;
} proto_thresholds_request;

/*
 * {"fpr": [..], "fdr": [..], "prior": p, "pairs": {..}, "x": {"dataset"}, "y": {"dataset"}, "precision":
 * [..], "recall": [..], "interval": "delong" | "bootstrap", "curves": true, "max_points": 200,
 * "allow_training_pairs": false, "seed": "42"}, all optional. Every bad field is listed in `problem` with its
 * JSON pointer; unknown fields are errors, and so are fields about `pairs` without them. Does not
 * look at the store. MI_OK with *out owned by the caller, or MI_INVALID/MI_LIMIT/MI_MEMORY with the problem
 * filled.
 */
mi_status proto_thresholds_decode(proto_thresholds_request **out, const char *bytes, size_t n,
                                  const proto_limits *limits, proto_problem *problem);
void proto_thresholds_free(proto_thresholds_request *request);

typedef struct proto_thresholds_answer {
    const char *model; /* "mdl_..." */
    const mi_thresholds *numbers;
    const mi_thresholds
        *fprs; /* the same by the null of the whole model, whose FPRs are told; NULL: numbers' */
    const proto_pairs *pairs; /* of the request, as they were joined; NULL: none were given */
    bool held_out;            /* null and candidates are out of fold, not by the whole model */
    bool mismatched;          /* the negatives are mismatched pairs, none was labelled 0 */
    bool sampled;             /* and there are more of those */
} proto_thresholds_answer;

/* Figures that are not finite, and those of a threshold that does not exist, are null. MI_MEMORY: out failed.
 */
mi_status proto_thresholds_encode(const proto_thresholds_answer *answer, proto_text *out);

#endif
