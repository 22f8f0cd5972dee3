/*
 * The record of a model, how it looks on the wire, and what a PATCH changes of it.
 *
 * A model is the trained critics of a job, one blob; it outlives its job. What is in it (data, spec, split,
 * calibration, null) is told by `description`, whose members become members of the model object.
 */
#ifndef PROTO_MODEL_RECORD_H
#define PROTO_MODEL_RECORD_H

#include "proto/record.h"

#define PROTO_MODEL_PREFIX    "mdl" /* of ids: "mdl_01K..." */
#define PROTO_MODEL_PATCH_MAX (64u << 10)

typedef struct proto_model_record {
    char id[PROTO_ID_MAX];
    char job_id[PROTO_ID_MAX];      /* that trained it, and may be gone */
    char alias[PROTO_NAME_MAX + 1]; /* "" when it has none */
    bool pinned;                    /* kept whatever retention says */
    int64_t created_ms;
    char sha256[PROTO_SHA_HEX]; /* of the blob */
    uint64_t bytes;             /* of the blob */
    /* JSON objects as texts, owned. description is NULL in lists. */
    char *tags, *description;
} proto_model_record;

void proto_model_record_fini(proto_model_record *model);
/* brief: without what the description says, for lists. A description that is no JSON object makes the text
 * fail. */
void proto_model_record_encode(const proto_model_record *model, bool brief, proto_json_writer *w,
                               const char *key);

/* What changes; the rest stays. */
typedef struct proto_model_patch {
    bool has_alias;
    char alias[PROTO_NAME_MAX + 1]; /* "": none any more */
    bool has_pinned, pinned;
    char *tags; /* all of them, sorted by name, owned; NULL: as they are */
} proto_model_patch;

/*
 * {"alias": name or null, "pinned": boolean, "tags": {...}}, each optional, nothing else. MI_INVALID: problem
 * lists every bad field (or says why it is no JSON); MI_LIMIT: it is above PROTO_MODEL_PATCH_MAX bytes;
 * MI_MEMORY. The caller finis the patch only after MI_OK.
 */
mi_status proto_model_patch_decode(proto_model_patch *out, const char *bytes, size_t n,
                                   proto_problem *problem);
void proto_model_patch_fini(proto_model_patch *patch);
/* The form of an alias: a data set's name that does not begin as ids of models and jobs do. */
bool proto_alias_valid(const char *alias);

#endif
