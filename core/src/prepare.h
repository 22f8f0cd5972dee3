/*
 * Preparation of one side, fitted on the rows outside the test fold and applied to all:
 * categorical columns to one-hot -> drop constant columns -> (PCA of the standardised columns) ->
 * rank->Gaussian or z-score of each coordinate.
 *
 * Two values have no ranks to speak of: where others are rank->Gaussian, a one-hot column is a z-score, and
 * so are the components of one-hot columns alone.
 *
 * MI is invariant under a monotone map of each coordinate; PCA to fewer components can only lower it.
 */
#ifndef MI_PREPARE_H
#define MI_PREPARE_H

#include "arena.h"
#include "mi/run.h"
#include "mi/spec.h"

typedef struct mi_prepare {
    mi_transform transform;
    double clip;
    uint32_t dim_in;   /* columns with categorical ones expanded: at most, until fit */
    uint32_t dim_used; /* after constant ones are dropped; known after fit */
    uint32_t dim_out;  /* columns handed to the critic; before fit: the most there can be */
    uint32_t n_fit;
    uint32_t raw_columns; /* of the data; known after fit */
    uint32_t n_constant;  /* columns of the data that were dropped */
    uint32_t *used;       /* (dim_used) column numbers of the data; a categorical one is there repeatedly */
    float *level;         /* (dim_used) of one-hot columns, see one_hot.h */
    int has_levels;       /* 0: no column is one-hot, and level is not set */
    int all_levels;       /* every used column is one-hot */
    double *mean, *scale; /* (dim_in) of the used columns; scale = 1/sd */
    uint32_t pca;         /* components, 0: none */
    float *components;    /* (dim_used, pca) */
    float *sorted;        /* rank->Gaussian: (<= dim_out, n_fit) sorted values of each ranked coordinate */
    float *normal; /* rank->Gaussian: (2 n_fit + 1) what an average rank of 0, 1/2, 1, ..., n_fit becomes */
    double *out_mean, *out_scale; /* z-score of the coordinates after PCA (dim_out) */
} mi_prepare;

/* Components for a side: 0 for none. "auto": max(8, n_fit/5) when there are more than n_fit/4
 * columns: with more rows than that to each column the critic does better on the columns themselves.
 */
uint32_t mi_prepare_components(const mi_prepare_spec *spec, uint32_t dim, uint32_t n_fit);

/* Sizes for (width, n_fit), the width as mi_matrix_width gives it; MI_LIMIT when a product does not fit. */
mi_status mi_prepare_layout(mi_prepare *prepare, mi_arena *arena, const mi_prepare_spec *spec, uint64_t width,
                            uint32_t n_fit, mi_error *err);
/* Bytes on the arena that fit needs for a while and releases (measure with the same function). */
void mi_prepare_fit_layout(const mi_prepare *prepare, mi_arena *arena);

/* Fit on `rows` (n_fit of data). MI_INVALID when every column is constant. Scratch from the arena, given
 * back. */
mi_status mi_prepare_fit(mi_prepare *prepare, mi_arena *arena, mi_matrix data, const uint32_t *rows,
                         mi_error *err);

/* out (n_rows, dim_out) row-major: the prepared rows of the data. rows NULL: rows 0..n_rows-1. */
void mi_prepare_apply(const mi_prepare *prepare, mi_arena *arena, mi_matrix data, const uint32_t *rows,
                      uint32_t n_rows, float *out);
/* Variance of principal component c relative to the first's. */
double mi_prepare_spectrum(const mi_prepare *prepare, uint32_t c);
/* Scratch of apply, as for fit. */
void mi_prepare_apply_layout(const mi_prepare *prepare, mi_arena *arena);

/* Coordinates that are rank->Gaussian; known after fit. */
uint32_t mi_prepare_ranked(const mi_prepare *prepare);
/* normal, from n_fit: average ranks in halves, held within half a rank of the ends; odd around the middle. */
void mi_prepare_fill_normal(mi_prepare *prepare);

/* Inverse of the standard normal distribution function, relative error 1e-15 (Wichura, AS 241). */
double mi_normal_quantile(double p);

#endif
