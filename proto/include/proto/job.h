/*
 * The job document: JSON <-> settings. One table of fields (pointer, kind, range, help) drives decoding,
 * encoding the resolved spec, and the description in /v1/info.
 */
#ifndef PROTO_JOB_H
#define PROTO_JOB_H

#include "mi/benchmark.h"
#include "mi/spec.h"
#include "proto/json.h"
#include "proto/limits.h"
#include "proto/problem.h"
#include "proto/string_list.h"

#define PROTO_NAME_MAX          128 /* of a data set: [A-Za-z0-9][A-Za-z0-9._-]* */
#define PROTO_SHA_HEX           65
#define PROTO_JOB_TREE_MAX      (1u << 20) /* bytes of a document that is sent, without inline matrices */
#define PROTO_DEFAULT_PRIORITY  5
#define PROTO_DEFAULT_TIMEOUT_S 3600
#define PROTO_MAX_OBJECTIVES    32
#define PROTO_LABEL_MAX         160 /* with its NUL */
#define PROTO_MAX_LAWS          100 /* of a benchmark: every instance of every suite, and some */

/* X(name, text) */
#define PROTO_JOB_KIND_MAP(X) X(ESTIMATE, "estimate") X(BENCHMARK, "benchmark") X(SCREEN, "screen")

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
 * Which pairs a job or a request is about, by id (proto/pairs_input.h): columns of a pair table, or a list.
 * As submitted: {"dataset": name} with names of columns, {"data": [[x, y], ...]}, or {"sha256": ...} of a
 * pair table that the server holds. Of a job, resolved: {"dataset" (unless inline), "sha256", "rows"} and the
 * names of the columns; it can be posted again as it is.
 */
typedef struct proto_pairs_input {
    char dataset[PROTO_NAME_MAX + 1]; /* "" for a list or by content */
    char sha256[PROTO_SHA_HEX];       /* of the canonical blob of the table; "" until resolved */
    uint64_t rows;                    /* of the table; 0 until known */
    /* Names of columns; "": not said (the first, the second, the one called "label" if there is one). */
    char x_id[PROTO_STRING_MAX + 1], y_id[PROTO_STRING_MAX + 1], label[PROTO_STRING_MAX + 1];
    bool symmetric;
    proto_string_list x, y; /* of the list, owned */
    uint8_t *labels;        /* (x.n) 0 or 1, owned; NULL: the list has none */
} proto_pairs_input;

/* A law that a benchmark measures on. */
typedef struct proto_law {
    mi_law_spec spec;     /* resolved; where levels give the MI, all but mi_nats and parameter, which are 0 */
    const char *instance; /* its name in a suite; static, NULL: of none */
} proto_law;

/* What a benchmark has in place of x and y: data of known MI. */
typedef struct proto_benchmark {
    uint32_t n_laws;
    proto_law *laws; /* owned */
    bool fresh;      /* new pairs at every training step; else n_pairs are all there are */
    uint32_t n_pairs;
    uint32_t n_levels; /* of a fresh one; 0: each law as it is */
    double levels_bits[MI_BENCHMARK_MAX_LEVELS];
    uint32_t steps, sample; /* of a level */
    bool reset;
    uint32_t repetitions;
} proto_benchmark;

/* Which pairs of a screen are kept whatever their number: those with a score of at least .. */
typedef enum proto_above {
    PROTO_ABOVE_NONE,
    PROTO_ABOVE_PMI, /* .. this, nats */
    PROTO_ABOVE_FPR, /* .. what this share of mismatched pairs reaches */
    PROTO_ABOVE_FDR, /* .. the least that expects at most this share of them to be false */
} proto_above;

#define PROTO_SCREEN_TOP_MAX   1000000u
#define PROTO_SCREEN_LIST_MAX  10000u
#define PROTO_SCREEN_ABOVE_MAX 10000000u

/* What a screen has besides x and y: a model's PMI of all pairs of rows of theirs, of which the best are
 * kept. */
typedef struct proto_screen {
    char model[PROTO_NAME_MAX + 1]; /* an id or an alias; resolved, an id */
    bool has_ids[2];                /* of x, of y: these rows alone */
    proto_string_list ids[2];
    uint32_t top, top_per_x, top_per_y; /* 0: none are kept for being that */
    proto_above above;
    double above_value;
    uint32_t max_above;
    bool exclude_known, skip_same, symmetric, histogram;
    uint32_t parts; /* runs that share its rows; of no spec: who submits it decides. At least 1 */
} proto_screen;

/*
 * A job makes one estimate (`objective`), or a comparison of several on the same folds and seeds
 * (`objectives`), or a benchmark of one or several on every one of its laws, or a screen. Its variants are
 * the objectives; of a benchmark, laws x objectives, law by law.
 */
typedef struct proto_job {
    proto_job_kind kind;
    mi_spec spec;          /* what the variants share, and the objective of the first */
    uint32_t n_objectives; /* of `objectives`; 0: the job has one `objective` */
    mi_objective_spec objectives[PROTO_MAX_OBJECTIVES];
    proto_input x, y;
    bool has_pairs; /* x and y are paired by id, not by row */
    proto_pairs_input pairs;
    proto_benchmark benchmark;
    proto_screen screen;
    bool want_pmi, want_curve; /* PMI of those that have one */
    bool want_model;
    int priority;       /* 0..9, higher first; default 5 */
    uint32_t timeout_s; /* 1..; default 3600 */
    char *tags;         /* canonical JSON object of strings, owned; "{}" when none */
} proto_job;

/*
 * Decode and validate; every bad field is listed in `problem` with its JSON pointer, what was found and what
 * was expected. Unknown fields are errors. Only x and y are required, of a benchmark only laws. Does not look
 * at the store: that x and y exist and align is the caller's check. Returns MI_OK with *out owned by the
 * caller, or MI_INVALID/MI_LIMIT/MI_MEMORY with the problem filled.
 */
mi_status proto_job_decode(proto_job **out, const char *bytes, size_t n, const proto_limits *limits,
                           proto_problem *problem);
/* The same of a screen in a document that need not say its kind and model: they are told by where it was
 * sent. */
mi_status proto_job_decode_screen(proto_job **out, const char *model, const char *bytes, size_t n,
                                  const proto_limits *limits, proto_problem *problem);
/* The same of the resolved spec of a job that was accepted: it may be longer than what was sent. */
mi_status proto_job_decode_spec(proto_job **out, const char *spec, const proto_limits *limits,
                                proto_problem *problem);
/* The job of a resolved spec that was accepted once: today's limits do not matter. MI_CORRUPT, MI_MEMORY. */
mi_status proto_job_reopen(proto_job **out, const char *spec, mi_error *err);
void proto_job_free(proto_job *job);

/* Estimates in the job, at least 1. */
uint32_t proto_job_variants(const proto_job *job);
/* Runs of one variant: (replicate, fold); of a benchmark (repetition, 0). */
uint32_t proto_job_replicates(const proto_job *job);
uint32_t proto_job_folds(const proto_job *job);
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

/* Of a benchmark: the cell of core that a run is. */
void proto_job_cell(const proto_job *job, uint32_t variant, uint32_t repetition, mi_benchmark_spec *out);
/* Its law, what to call that (labels of a job differ), and {"name", "instance", "dim", ...}. */
const proto_law *proto_job_law(const proto_job *job, uint32_t variant);
void proto_job_law_label(const proto_job *job, uint32_t variant, char out[PROTO_LABEL_MAX]);
void proto_job_encode_law(const proto_job *job, uint32_t variant, const char *key, proto_json_writer *w);
/* Levels of each of its cells, at least 1, and their MI in nats; NaN past the last. */
uint32_t proto_job_levels(const proto_job *job);
double proto_job_truth(const proto_job *job, uint32_t variant, uint32_t level);

/* The whole resolved spec as one JSON object (what GET shows as "spec"); decodes to the same job, bit for
 * bit. */
void proto_job_encode_spec(const proto_job *job, proto_text *out);
/* Members of the object that is open in w: "objectives", "critics", "laws", "suites", "recipes" and "fields"
 * with ranges and defaults (part of /v1/info). */
void proto_job_describe(proto_json_writer *w);
/* Whether a name may name a data set. */
bool proto_name_valid(const char *name);

#endif
