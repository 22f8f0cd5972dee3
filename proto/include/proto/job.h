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
#define PROTO_MAX_OBJECTIVES    32
#define PROTO_LABEL_MAX         160 /* with its NUL */

/* X(name, text) */
#define PROTO_JOB_KIND_MAP(X) X(ESTIMATE, "estimate")

typedef enum proto_job_kind {
#define X(name, text) PROTO_KIND_##name,
    PROTO_JOB_KIND_MAP(X)
#undef X
} proto_job_kind;

const char *proto_job_kind_name(proto_job_kind kind);

/*
 * Where x or y comes from. As submitted: {"dataset": name}, or {"data": [[...]]}, or {"sha256": ...} of a
 * matrix the server holds. Resolved, all of {"dataset" (unless inline), "sha256", "rows", "columns"}; a
 * resolved spec can be posted again as it is, and then sha256, rows and columns are checked.
 *
 * "categorical" says which columns hold codes of categories, in addition to those of the data set; resolved,
 * it lists them all.
 */
typedef struct proto_input {
    char dataset[PROTO_NAME_MAX + 1]; /* "" when inline or by content */
    char sha256[PROTO_SHA_HEX];       /* of the canonical matrix blob; "" until resolved */
    uint64_t rows, cols;              /* 0 until known */
    uint64_t width;                   /* columns once categorical ones are one-hot; 0 until known */
    float *inline_data;               /* (rows, cols) owned, NULL unless inline */
    bool all_categorical;             /* every column is */
    uint32_t n_categorical;
    uint32_t *categorical; /* (n_categorical) columns from 0, ascending, owned; NULL when there are none */
} proto_input;

/*
 * A job makes one estimate (`objective`), or a comparison of several on the same folds and seeds
 * (`objectives`). Each is a variant of the job: see proto_job_variant.
 */
typedef struct proto_job {
    proto_job_kind kind;
    mi_spec spec;          /* what the variants share, and the objective of the first */
    uint32_t n_objectives; /* of a comparison; 0: the job is none */
    mi_objective_spec objectives[PROTO_MAX_OBJECTIVES];
    proto_input x, y;
    bool want_pmi, want_curve; /* PMI of those that have one */
    int priority;              /* 0..9, higher first; default 5 */
    uint32_t timeout_s;        /* 1..; default 3600 */
    char *tags;                /* canonical JSON object of strings, owned; "{}" when none */
} proto_job;

/*
 * Decode and validate; every bad field is listed in `problem` with its JSON pointer, what was found and what
 * was expected. Unknown fields are errors. Only x and y are required. Does not look at the store: that x and
 * y exist and align is the caller's check. Returns MI_OK with *out owned by the caller, or
 * MI_INVALID/MI_LIMIT/MI_MEMORY with the problem filled.
 */
mi_status proto_job_decode(proto_job **out, const char *bytes, size_t n, const proto_limits *limits,
                           proto_problem *problem);
/* The job of a resolved spec that was accepted once: today's limits do not matter. MI_CORRUPT, MI_MEMORY. */
mi_status proto_job_reopen(proto_job **out, const char *spec, mi_error *err);
void proto_job_free(proto_job *job);

/* Estimates in the job, at least 1. */
uint32_t proto_job_variants(const proto_job *job);
/* The settings of one of them, for core: those of the job with its objective; neither calibration nor
 * permutations where that gives no PMI. */
void proto_job_variant(const proto_job *job, uint32_t variant, mi_spec *out);
/* What to call it: its objective's name, with the parameters that tell it from others of that name:
 * "smile tau=5". Labels of a job differ. */
void proto_job_label(const proto_job *job, uint32_t variant, char out[PROTO_LABEL_MAX]);
/* The variant that a client means: its place ("0", "1", ...), its label, or its objective's name when no
 * other has it. MI_NOT_FOUND, with what there is. */
mi_status proto_job_find_variant(const proto_job *job, const char *text, uint32_t *out, mi_error *err);
/* Where core's complaint about a variant's settings stands in the job: "/objective/k" is "/objectives/2/k" of
 * a comparison. */
void proto_job_pointer(const proto_job *job, uint32_t variant, const char *pointer, char *out, size_t size);
/* {"name": ..., and every parameter of the variant's objective}. */
void proto_job_encode_objective(const proto_job *job, uint32_t variant, const char *key,
                                proto_json_writer *w);

/* The whole resolved spec as one JSON object (what GET shows as "spec"); decodes to the same job, bit for
 * bit. */
void proto_job_encode_spec(const proto_job *job, proto_text *out);
/* Members of the object that is open in w: "objectives", "critics", "recipes" and "fields" with ranges and
 * defaults (part of /v1/info). */
void proto_job_describe(proto_json_writer *w);
/* Whether a name may name a data set. */
bool proto_name_valid(const char *name);

#endif
