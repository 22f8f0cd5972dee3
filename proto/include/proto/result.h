/*
 * What a job answers: the result object, the curve, the PMI table; each as JSON, csv and npy.
 */
#ifndef PROTO_RESULT_H
#define PROTO_RESULT_H

#include "mi/estimate.h"
#include "proto/matrix.h"
#include "proto/pairs.h"
#include "proto/record.h"

#define PROTO_WARNING_MISSING "ids_without_embedding" /* beside those of core */

/* What the estimate itself does not know. */
typedef struct proto_result_context {
    const char *job_id;
    const char *kernel;       /* BLAS kernel */
    double wall_s, train_s;   /* since the job started; summed over runs */
    bool has_pmi;             /* the job keeps a PMI table */
    const proto_pairs *pairs; /* NULL: x and y are paired by row */
    const char *model_id;     /* NULL: the job keeps none */
} proto_result_context;

/* The "result" object of api.md; non-finite figures become null with a warning. */
void proto_result_encode(const mi_estimate *estimate, const mi_spec *spec,
                         const proto_result_context *context, proto_text *out);

/* What became of one variant of a comparison. */
typedef struct proto_comparison_row {
    const mi_estimate *estimate; /* its figures (arrays over pairs are not looked at); NULL: it failed */
    const char *error_code, *error_detail;
    bool has_pmi;          /* a PMI table is kept */
    double train_s, run_s; /* seconds in optimiser steps; in all of its runs' work */
} proto_comparison_row;

typedef struct proto_comparison {
    const proto_job *job;
    const proto_comparison_row *rows; /* (proto_job_variants(job)); at least one has an estimate */
    uint32_t n_ranked;                /* variants whose PMIs were ranked; under 2: none */
    const uint32_t *ranked;           /* (n_ranked) which */
    const double *rank_correlation;   /* (n_ranked, n_ranked) */
    uint64_t ranked_pairs;
} proto_comparison;

/* The result of a comparison: that of its first variant with an estimate, for readers that know no more, with
 * "comparison" (a row per variant) and "agreement". context: train_s and wall_s of the whole job; has_pmi is
 * not looked at. */
void proto_comparison_encode(const proto_comparison *comparison, const proto_result_context *context,
                             proto_text *out);

/* What became of one cell of a benchmark: an objective on a law, over its repetitions. */
typedef struct proto_benchmark_cell {
    const mi_benchmark_level *levels; /* (levels of the job, repetitions); of one that failed the truth alone,
                                         with an MI that is NaN */
    uint32_t failed;                  /* repetitions */
    const char *error_code, *error_detail; /* of the first of them */
    double train_s, run_s;                 /* as in a comparison */
} proto_benchmark_cell;

typedef struct proto_benchmark_outcome {
    const proto_job *job;
    const proto_benchmark_cell *cells; /* (proto_job_variants(job)) */
} proto_benchmark_outcome;

/* The result of a benchmark: cells, and a summary of each objective. MI_MEMORY. */
mi_status proto_benchmark_encode(const proto_benchmark_outcome *outcome, const proto_result_context *context,
                                 proto_text *out, mi_error *err);

/*
 * The PMI blob: a fixed header and four columns of doubles (pmi, percentile, p, q) for all rows; NaN where
 * not held out. Of pairs by id, then two columns of u32, the rows of x and y. That of a comparison: such
 * tables one behind another, then an index of where each variant's is.
 *
 * pairs  (estimate->n_pairs) or NULL
 */
mi_status proto_pmi_pack(const mi_estimate *estimate, const proto_pairs *pairs, proto_text *out);
/* Of the table; with pairs or without. */
#define PROTO_PMI_ROW_BYTES (4 * sizeof(double) + 2 * sizeof(uint32_t))
#define PROTO_PMI_NONE      UINT64_MAX       /* the variant has no PMI */
#define PROTO_PMI_FAILED    (UINT64_MAX - 1) /* the variant has no estimate */
/* offsets  (n) of each variant's table in the blob so far, or one of the above */
void proto_pmi_pack_index(const uint64_t *offsets, uint32_t n, proto_text *out);
typedef struct proto_pmi_view { /* of the blob's bytes, borrowed */
    uint64_t rows;
    const double *pmi, *percentile, *p, *q;
    const uint32_t *x_row, *y_row; /* (rows) of the matrices; NULL: row i is row i */
} proto_pmi_view;
#define PROTO_PMI_FIRST UINT32_MAX
/* The table of a variant; PROTO_PMI_FIRST: of the first with an estimate, whose figures the result begins
 * with. MI_CORRUPT; MI_NOT_FOUND: that variant has none. */
mi_status proto_pmi_open(proto_pmi_view *out, const void *bytes, size_t n, uint32_t variant, mi_error *err);

/* Which pairs of the table. */
typedef struct proto_pmi_query {
    uint64_t x_row, y_row; /* rows of the matrices, from 1; 0: any */
    bool symmetric;        /* those of either side */
    double min;            /* -INFINITY: all; nats */
    uint64_t top;          /* 0: rows in their order; else the `top` highest, highest first (ties by row) */
    uint64_t limit;        /* of a page */
    uint64_t after;        /* cursor: how many matching pairs to skip */
} proto_pmi_query;

/* ids may be NULL (no ids): then x_id and y_id are left out. JSON: {"object":"list","unit":"nats",
 * "data":[{"row","x_id","y_id","pmi","percentile","p_value","q_value"}],"next":"cursor"|null,"total":n}. */
mi_status proto_pmi_encode_json(const proto_pmi_view *view, const proto_pmi_query *query,
                                const proto_matrix_view *x, const proto_matrix_view *y, proto_text *out);
/*
 * The whole (or filtered) table, in bounded memory (8 bytes a row for `top`); limit and after do not apply.
 * csv: row,x_id,y_id,pmi,percentile,p_value,q_value, ids only when there are some.
 * npy: (n,4) float64 pmi, percentile, p, q; unfiltered it has all rows of the data, NaN where not held out,
 * so that row i is pair i.
 */
mi_status proto_pmi_write_csv(const proto_pmi_view *view, const proto_pmi_query *query,
                              const proto_matrix_view *x, const proto_matrix_view *y, const proto_output *out,
                              mi_error *err);
mi_status proto_pmi_write_npy(const proto_pmi_view *view, const proto_pmi_query *query,
                              const proto_output *out, mi_error *err);

/*
 * The ids of a job's pairs that have no embedding, those of x first, each once, in order of appearance. JSON:
 * a page, {"object":"list","data":[{"side":"x","id":"P01135"}],"next":"cursor"|null,"total":n}; csv: side,id,
 * all of them in bounded memory.
 */
void proto_missing_encode_json(const proto_pairs *pairs, uint64_t after, uint64_t limit, proto_text *out);
mi_status proto_missing_write_csv(const proto_pairs *pairs, const proto_output *out, mi_error *err);

/*
 * rows    (n) ordered by variant, replicate, fold, step
 * labels  (by objective) of a comparison or benchmark, else NULL
 * max_points: per run; evenly thinned, first and last kept.
 * JSON:
 * {"object":"curve","unit":"nats","runs":[{"replicate":0,"fold":0,"step":[],"train_loss":[],"val_loss":[],"train_mi":[],"val_mi":[]}]}
 * csv: replicate,fold,step,train_loss,val_loss,train_mi,val_mi; npy: (n,7) float64 in that order.
 * A comparison's runs begin with "variant" and "objective" (its label); npy, all numbers, with the variant.
 * A benchmark's begin with "variant", "law" and "objective"; a row's replicate is its "repetition", its fold
 * the "level", and JSON has "truth_nats" of that.
 */
typedef struct proto_curve {
    const proto_curve_row *rows;
    size_t n;
    const char *const *labels;
    uint32_t n_labels;
    const proto_job *benchmark; /* NULL: the job is none */
} proto_curve;
void proto_curve_encode_json(const proto_curve *curve, uint32_t max_points, proto_text *out);
void proto_curve_encode_csv(const proto_curve *curve, uint32_t max_points, proto_text *out);
void proto_curve_encode_npy(const proto_curve *curve, uint32_t max_points, proto_text *out);

/* npy version 1.0 header for a C-order float64 array of shape (rows, cols); the data follow. */
void proto_npy_header_f8(uint64_t rows, uint64_t cols, proto_text *out);
/* One csv field, quoted when it has to be. */
void proto_csv_field(const char *value, size_t n, proto_text *out);
/* A number of a csv: as JSON writes it, else nan, inf or -inf. */
void proto_csv_double(double value, proto_text *out);

#endif
