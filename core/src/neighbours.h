/*
 * Exact nearest neighbours under the maximum norm, for estimators that count.
 *
 * A k-d tree that is balanced by position and not by value: n rows fill ceil(n / 16) leaves, and every node
 * halves its leaves across the widest side of its bounding box. So its depth is log2 of that number whatever
 * the data, sorted, clustered or all equal; children need no pointers, and a layout is known from n and dim.
 * A leaf holds its points coordinate by coordinate, 16 at a time, so that its distances are vector code;
 * with many columns, where no box can be ruled out, that is what remains: a linear scan.
 *
 * Distances and counts are exact (differences and comparisons alone), the same on every machine, and do not
 * depend on the order of the rows.
 */
#ifndef MI_NEIGHBOURS_H
#define MI_NEIGHBOURS_H

#include "arena.h"

#define MI_NOBODY UINT32_MAX

/* What a tree is built of: n rows of finite coordinates, in two parts laid side by side. Point i is row i of
 * the first part followed by row second_row[i] of the second (NULL: row i). A part without columns is NULL.
 */
typedef struct mi_points {
    uint32_t n;
    uint32_t dim[2];
    const double *rows[2]; /* (n, dim) each, row-major */
    const uint32_t *second_row;
} mi_points;

typedef struct mi_neighbours {
    uint32_t n, dim, n_leaves;
    uint32_t *place; /* (n) where a point stands among the leaves */
    double *leaves;  /* (n_leaves, dim, 16); infinity behind the last point */
    double *boxes;   /* (2 n_leaves - 1, 2, dim) lowest and highest coordinates, nodes in preorder */
} mi_neighbours;

/* n > 0, dim > 0. */
void mi_neighbours_layout(mi_neighbours *tree, mi_arena *arena, uint32_t n, uint32_t dim);
/* Scratch of build, released: measure with it. */
void mi_neighbours_build_layout(const mi_neighbours *tree, mi_arena *arena);
/* May be repeated on other points of the same n and dim. Scratch from the arena, given back. */
void mi_neighbours_build(mi_neighbours *tree, mi_arena *arena, const mi_points *points);

/*
 * Queries come in groups of up to MI_NEIGHBOURS_GROUP that go through the tree together, so that a leaf is
 * read from memory once for all that reach it: with many columns that is what the time goes into. A group of
 * near queries also prunes alike (see place).
 *
 * q        (n_q, dim)
 * skip     (n_q, 2) points left out of each query, MI_NOBODY: none
 * nearest  (n_q, k) out: distances to the k nearest points, ascending; infinity where there are no more
 * k > 0. Thread: any.
 */
#define MI_NEIGHBOURS_GROUP 32u
void mi_neighbours_nearest(const mi_neighbours *tree, const double *q, uint32_t n_q, uint32_t k,
                           const uint32_t (*skip)[2], double *nearest);
/* count (n_q) out: how many points lie strictly within radius (n_q) of each query. Thread: any. */
void mi_neighbours_within(const mi_neighbours *tree, const double *q, uint32_t n_q, const double *radius,
                          uint32_t *count);

#endif
