/*
 * What a screen answers: the result object, and its lists as one blob, shown as JSON, csv and lines of JSON.
 *
 * The blob, little-endian, all parts at multiples of their alignment:
 *
 *     header (proto_screen_header)
 *     null (n_null), x_pmi (n_x, per_x), y_pmi (n_y, per_y), top_pmi (n_top), above_pmi (n_above)    float64
 *     x_rows (n_x), y_rows (n_y), where not all rows of the data are in the screen                  uint32
 *     x_best (n_x, per_x), y_best (n_y, per_y), top_x, top_y (n_top), above_x, above_y (n_above)    uint32
 *
 * Rows are numbered within the screen; x_rows and y_rows say which row of the data each is. Lists are best
 * first; after the last entry of a shorter one stands PROTO_SCREEN_NOBODY.
 */
#ifndef PROTO_SCREEN_H
#define PROTO_SCREEN_H

#include "mi/null.h"
#include "mi/screen.h"
#include "proto/matrix.h"
#include "proto/record.h"
#include "proto/string_list.h"

#define PROTO_SCREEN_NOBODY UINT32_MAX

typedef enum proto_screen_list {
    PROTO_SCREEN_TOP,
    PROTO_SCREEN_X, /* the best of each x */
    PROTO_SCREEN_Y,
    PROTO_SCREEN_ABOVE,
    PROTO_SCREEN_LISTS
} proto_screen_list;
const char *proto_screen_list_name(proto_screen_list list); /* "top", "x", "y", "above" */

/* Pairs of a list that is no list of rows, best first. */
typedef struct proto_screen_pairs {
    bool kept;
    uint64_t n;
    const uint32_t *x, *y;
    const double *pmi;
} proto_screen_pairs;

typedef struct proto_screen_view { /* of the blob's bytes, borrowed */
    uint64_t n[2];
    uint32_t per[2]; /* entries of a list of x, of y; 0: none are kept */
    const uint32_t *rows[2];
    const uint32_t *best[2]; /* (n[side], per[side]) rows of the other side */
    const double *pmi[2];
    proto_screen_pairs top, above;
    mi_null null;
} proto_screen_view;

/* What goes in. above: best first, the caller's choice of those that were collected. */
typedef struct proto_screen_parts {
    const mi_screen_result *result;
    const mi_screen_pair *above;
    uint64_t n_above;
    const uint32_t *rows[2]; /* NULL: all */
    mi_null null;            /* of the model */
} proto_screen_parts;

mi_status proto_screen_write(const proto_screen_parts *parts, const proto_output *out, mi_error *err);
/* Structure is checked, rows are where they are read. bytes 8-aligned. MI_CORRUPT. */
mi_status proto_screen_open(proto_screen_view *out, const void *bytes, size_t n, mi_error *err);

typedef struct proto_screen_query {
    proto_screen_list list;
    bool of_row;           /* of X and Y: */
    uint32_t row;          /* of the screen, this one's alone */
    uint64_t limit, after; /* of a page; the cursor of the page before */
} proto_screen_query;

/* Whether the screen keeps that list. */
bool proto_screen_has(const proto_screen_view *view, proto_screen_list list);
/* The screen's row of a row of the data; PROTO_SCREEN_NOBODY: it is not in the screen. */
uint32_t proto_screen_row(const proto_screen_view *view, int side, uint64_t row);

/* x, y: the data, for their ids, where they have some. JSON: {"object":"list","unit":"nats","list":"top",
 * "data":[{"rank","x_row","y_row","x_id","y_id","pmi","p_value"}],"next":"cursor"|null,"total":n}.
 * MI_CORRUPT, MI_MEMORY. */
mi_status proto_screen_encode_json(const proto_screen_view *view, const proto_screen_query *query,
                                   const proto_matrix_view *x, const proto_matrix_view *y, proto_text *out,
                                   mi_error *err);
/* The whole list (limit and after do not apply), in bounded memory: rank,x_row,y_row,x_id,y_id,pmi,p_value,
 * or a JSON object on each line. */
mi_status proto_screen_write_csv(const proto_screen_view *view, const proto_screen_query *query,
                                 const proto_matrix_view *x, const proto_matrix_view *y,
                                 const proto_output *out, mi_error *err);
mi_status proto_screen_write_ndjson(const proto_screen_view *view, const proto_screen_query *query,
                                    const proto_matrix_view *x, const proto_matrix_view *y,
                                    const proto_output *out, mi_error *err);

/* What the result object tells besides. */
typedef struct proto_screen_outcome {
    const char *job_id, *kernel;
    const proto_job *job;
    const mi_screen_result *result; /* of all rows */
    const proto_string_list *missing[2];
    uint64_t pairs, known, same, model_pairs;
    const mi_fdr *above; /* NULL: no threshold was asked for */
    uint64_t n_null;
    double wall_s, run_s; /* since the job began; over its runs */
} proto_screen_outcome;

void proto_screen_result_encode(const proto_screen_outcome *outcome, proto_text *out);

#endif
