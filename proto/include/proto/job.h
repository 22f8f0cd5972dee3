/*
 * The job document: JSON <-> settings. One table of fields (pointer, kind, range, help) drives decoding,
 * encoding the resolved spec, and the description in /v1/info.
 */
#ifndef PROTO_JOB_H
#define PROTO_JOB_H

#include "mi/spec.h"
#include "proto/json.h"
#include "proto/limits.h"
#include "proto/problem.h"

#define PROTO_NAME_MAX          128 /* of a data set: [A-Za-z0-9][A-Za-z0-9._-]* */
#define PROTO_SHA_HEX           65
#define PROTO_JOB_TREE_MAX      (1u << 20) /* bytes of a job document without its inline matrices */
#define PROTO_DEFAULT_PRIORITY  5
#define PROTO_DEFAULT_TIMEOUT_S 3600

/*
 * Where x or y comes from. As submitted: {"dataset": name}, or {"data": [[...]]}, or {"sha256": ...} of a
 * matrix the server holds. Resolved, all of {"dataset" (unless inline), "sha256", "rows", "columns"}; a
 * resolved spec can be posted again as it is, and then sha256, rows and columns are checked.
 */
typedef struct proto_input {
    char dataset[PROTO_NAME_MAX + 1]; /* "" when inline or by content */
    char sha256[PROTO_SHA_HEX];       /* of the canonical matrix blob; "" until resolved */
    uint64_t rows, cols;              /* 0 until known */
    float *inline_data;               /* (rows, cols) owned, NULL unless inline */
} proto_input;

typedef struct proto_job {
    mi_spec spec;
    proto_input x, y;
    bool want_pmi, want_curve;
    int priority;       /* 0..9, higher first; default 5 */
    uint32_t timeout_s; /* 1..; default 3600 */
    char *tags;         /* canonical JSON object of strings, owned; "{}" when none */
} proto_job;

/*
 * Decode and validate; every bad field is listed in `problem` with its JSON pointer, what was found and what
 * was expected. Unknown fields are errors. Only x and y are required. Does not look at the store: that x and
 * y exist and align is the caller's check. Returns MI_OK with *out owned by the caller, or
 * MI_INVALID/MI_LIMIT/MI_MEMORY with the problem filled.
 */
mi_status proto_job_decode(proto_job **out, const char *bytes, size_t n, const proto_limits *limits,
                           proto_problem *problem);
void proto_job_free(proto_job *job);
/* The whole resolved spec as one JSON object (what GET shows as "spec"); decodes to the same job, bit for
 * bit. */
void proto_job_encode_spec(const proto_job *job, proto_text *out);
/* Members of the object that is open in w: "objectives", "critics", "recipes" and "fields" with ranges and
 * defaults (part of /v1/info). */
void proto_job_describe(proto_json_writer *w);
/* Whether a name may name a data set. */
bool proto_name_valid(const char *name);

#endif
