#include "neighbours.h"

#include "sort.h"
#include "vector_clones.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define LEAF  16u
#define DEPTH 32u /* of a tree over fewer than 2^32 points, and to spare */

/* Columns between two looks at whether a box or a leaf can still matter. */
#define STRIDE 8u

/* A node: the leaves [first, end) below it and where its box stands. The node's left child follows it; the
 * right one comes after the left one's 2 (middle - first) - 1 nodes. */
typedef struct node {
    uint32_t index, first, end;
} node;

/* Queries of a group, one bit each. */
typedef uint32_t group;

/* A node and the queries that may still need it. */
typedef struct visit {
    node at;
    group active;
} visit;

static node root(const mi_neighbours *tree)
{
    return (node){.first = 0, .end = tree->n_leaves};
}

static int is_leaf(node v)
{
    return v.end - v.first == 1;
}

static node left_child(node v)
{
    return (node){v.index + 1, v.first, v.first + (v.end - v.first) / 2};
}

static node right_child(node v)
{
    const uint32_t middle = v.first + (v.end - v.first) / 2;
    return (node){v.index + 2 * (middle - v.first), middle, v.end};
}

static uint32_t first_point(node v)
{
    return v.first * LEAF;
}

static uint32_t end_point(const mi_neighbours *tree, node v)
{
    return v.end == tree->n_leaves ? tree->n : v.end * LEAF;
}

static double *box_of(const mi_neighbours *tree, node v)
{
    return tree->boxes + 2 * (size_t)v.index * tree->dim;
}

static double *leaf_of(const mi_neighbours *tree, uint32_t leaf)
{
    return tree->leaves + (size_t)leaf * tree->dim * LEAF;
}

void mi_neighbours_layout(mi_neighbours *tree, mi_arena *arena, uint32_t n, uint32_t dim)
{
    assert(n > 0 && dim > 0);
    const uint32_t n_leaves = n / LEAF + (n % LEAF != 0);
    *tree = (mi_neighbours){.n = n, .dim = dim, .n_leaves = n_leaves};
    tree->place = MI_TAKE(arena, uint32_t, n);
    tree->leaves = mi_arena_take(arena, (size_t)n_leaves * dim, LEAF * sizeof(double));
    tree->boxes = mi_arena_take(arena, (2 * (size_t)n_leaves - 1) * dim, 2 * sizeof(double));
}

/* Building. */

typedef struct item {
    double key;
    uint32_t row;
} item;

/* Strict among distinct rows, so that equal keys cannot slow the selection down. */
static int item_less(item a, item b, const void *context)
{
    (void)context;
    return a.key < b.key || (a.key == b.key && a.row < b.row);
}

MI_DEFINE_SORT(sort_items, item, item_less)

static void swap_items(item *a, item *b)
{
    const item kept = *a;
    *a = *b;
    *b = kept;
}

/* The median of the first, middle and last item comes to the front. */
static void pivot_to_front(item *items, size_t n)
{
    item *a = &items[0], *b = &items[n / 2], *c = &items[n - 1];
    if (item_less(*b, *a, NULL) == item_less(*c, *b, NULL)) /* a > b > c or a < b < c (distinct items) */
        swap_items(a, b);
    else if (item_less(*c, *a, NULL) == item_less(*b, *c, NULL))
        swap_items(a, c);
}

/* Reorder so that the `rank` smallest of n items come first. Quickselect; a run of bad pivots ends in a sort,
 * so that no order of the data costs more than n log n. */
static void select_items(item *items, size_t n, size_t rank)
{
    for (uint32_t tries = 0; n > LEAF && tries < 2 * DEPTH; tries++) {
        pivot_to_front(items, n);
        const item pivot = items[0];
        size_t i = 0, j = n;
        for (;;) { /* items[0..i] <= pivot < items[j..n) */
            do
                i++;
            while (i < n && item_less(items[i], pivot, NULL));
            do
                j--;
            while (item_less(pivot, items[j], NULL)); /* the pivot itself stops it */
            if (i >= j)
                break;
            swap_items(&items[i], &items[j]);
        }
        swap_items(&items[0], &items[j]); /* the pivot's place is j */
        if (rank == j || rank == j + 1)
            return;
        if (rank < j) {
            n = j;
        } else {
            items += j + 1;
            n -= j + 1;
            rank -= j + 1;
        }
    }
    sort_items(items, n, NULL);
}

static item *take_items(const mi_neighbours *tree, mi_arena *arena)
{
    return MI_TAKE(arena, item, tree->n);
}

void mi_neighbours_build_layout(const mi_neighbours *tree, mi_arena *arena)
{
    const size_t mark = mi_arena_mark(arena);
    take_items(tree, arena);
    mi_arena_release(arena, mark);
}

/* Part `part` of point i. */
static const double *part_of(const mi_points *p, int part, uint32_t i)
{
    const size_t row = part == 1 && p->second_row ? p->second_row[i] : i;
    return p->rows[part] + row * p->dim[part];
}

static double coordinate(const mi_points *p, uint32_t i, uint32_t column)
{
    return column < p->dim[0] ? part_of(p, 0, i)[column] : part_of(p, 1, i)[column - p->dim[0]];
}

static void bound_items(const mi_points *p, const item *items, size_t n, uint32_t dim, double *box)
{
    double *low = box, *high = box + dim;
    for (uint32_t c = 0; c < dim; c++) {
        low[c] = (double)INFINITY;
        high[c] = -(double)INFINITY;
    }
    for (size_t k = 0; k < n; k++) {
        uint32_t at = 0;
        for (int part = 0; part < 2; part++) {
            if (p->dim[part] == 0)
                continue;
            const double *values = part_of(p, part, items[k].row);
            for (uint32_t c = 0; c < p->dim[part]; c++, at++) {
                low[at] = values[c] < low[at] ? values[c] : low[at];
                high[at] = values[c] > high[at] ? values[c] : high[at];
            }
        }
    }
}

static uint32_t widest(const double *box, uint32_t dim)
{
    uint32_t best = 0;
    for (uint32_t c = 1; c < dim; c++)
        if (box[dim + c] - box[c] > box[dim + best] - box[best])
            best = c;
    return best;
}

static void fill_leaf(mi_neighbours *tree, const mi_points *p, const item *items, uint32_t first, uint32_t n)
{
    double *leaf = leaf_of(tree, first / LEAF);
    for (uint32_t l = 0; l < LEAF; l++)
        for (uint32_t c = 0; c < tree->dim; c++)
            leaf[(size_t)c * LEAF + l] = l < n ? coordinate(p, items[l].row, c) : (double)INFINITY;
    for (uint32_t l = 0; l < n; l++)
        tree->place[items[l].row] = first + l;
}

void mi_neighbours_build(mi_neighbours *tree, mi_arena *arena, const mi_points *points)
{
    assert(points->n == tree->n && points->dim[0] + points->dim[1] == tree->dim);
    const size_t mark = mi_arena_mark(arena);
    item *items = take_items(tree, arena);
    for (uint32_t i = 0; i < tree->n; i++)
        items[i].row = i;

    node stack[DEPTH];
    uint32_t depth = 0;
    stack[depth++] = root(tree);
    while (depth > 0) {
        const node v = stack[--depth];
        const uint32_t first = first_point(v), n = end_point(tree, v) - first;
        double *box = box_of(tree, v);
        bound_items(points, items + first, n, tree->dim, box);
        if (is_leaf(v)) {
            fill_leaf(tree, points, items + first, first, n);
            continue;
        }
        const uint32_t column = widest(box, tree->dim);
        for (uint32_t k = first; k < first + n; k++)
            items[k].key = coordinate(points, items[k].row, column);
        const node left = left_child(v), right = right_child(v);
        select_items(items + first, n, first_point(right) - first);
        assert(depth + 2 <= DEPTH);
        stack[depth++] = right;
        stack[depth++] = left;
    }
    mi_arena_release(arena, mark);
}

/* Searching. */

/* How far q is from the nearest and from the farthest place of a box. */
typedef struct span {
    double nearest, farthest;
} span;

static inline double larger(double a, double b)
{
    return a > b ? a : b;
}

/* STRIDE columns at a time, until the box is known to be out of reach. */
MI_VECTOR_CLONES
static span span_wide(const double *restrict low, const double *restrict high, const double *restrict q,
                      uint32_t dim, double limit)
{
    double nearest[STRIDE] = {0.0}, farthest[STRIDE] = {0.0};
    span s = {0.0, 0.0};
    uint32_t left = dim;
    for (; left >= STRIDE && s.nearest < limit; left -= STRIDE, low += STRIDE, high += STRIDE, q += STRIDE) {
        double out = 0.0;
#pragma omp simd reduction(max : out)
        for (uint32_t l = 0; l < STRIDE; l++) {
            const double below = low[l] - q[l], above = q[l] - high[l];
            nearest[l] = larger(nearest[l], larger(below, above));
            farthest[l] = larger(farthest[l], larger(-below, -above));
            out = larger(out, nearest[l]);
        }
        s.nearest = out;
    }
    for (uint32_t l = 0; l < STRIDE; l++)
        s.farthest = larger(s.farthest, farthest[l]);
    for (uint32_t l = 0; l < left && s.nearest < limit; l++) {
        s.nearest = larger(s.nearest, larger(low[l] - q[l], q[l] - high[l]));
        s.farthest = larger(s.farthest, larger(q[l] - low[l], high[l] - q[l]));
    }
    return s;
}

/* Where the nearest is >= limit, that is all that is known of either. */
static inline span span_of(const double *box, const double *q, uint32_t dim, double limit)
{
    if (dim >= STRIDE)
        return span_wide(box, box + dim, q, dim, limit);
    span s = {0.0, 0.0};
    for (uint32_t c = 0; c < dim; c++) {
        s.nearest = larger(s.nearest, larger(box[c] - q[c], q[c] - box[dim + c]));
        s.farthest = larger(s.farthest, larger(q[c] - box[c], box[dim + c] - q[c]));
    }
    return s;
}

/* distance (16) of q to the points of a leaf, exact where it is below limit, otherwise >= limit. */
MI_VECTOR_CLONES
static void leaf_distances(const double *restrict leaf, const double *restrict q, uint32_t dim, double limit,
                           double *restrict distance)
{
    for (uint32_t l = 0; l < LEAF; l++)
        distance[l] = 0.0;
    uint32_t left = dim;
    for (; left >= STRIDE; left -= STRIDE, leaf += STRIDE * LEAF, q += STRIDE) {
        uint32_t open = 0;
        /* A constant number of columns inside, so that they unroll and the distances stay in registers. */
#pragma omp simd reduction(+ : open)
        for (uint32_t l = 0; l < LEAF; l++) {
            double so_far = distance[l];
            for (uint32_t c = 0; c < STRIDE; c++)
                so_far = larger(so_far, fabs(leaf[c * LEAF + l] - q[c]));
            distance[l] = so_far;
            open += so_far < limit;
        }
        if (open == 0)
            return;
    }
    for (; left > 0; left--, leaf += LEAF, q++) {
        const double centre = *q;
#pragma omp simd
        for (uint32_t l = 0; l < LEAF; l++)
            distance[l] = larger(distance[l], fabs(leaf[l] - centre));
    }
}

/* The k smallest distances so far, ascending; the last one is what there is to beat. */
static void insert_distance(double *nearest, uint32_t k, double distance)
{
    uint32_t at = k - 1;
    for (; at > 0 && nearest[at - 1] > distance; at--)
        nearest[at] = nearest[at - 1];
    nearest[at] = distance;
}

static group everyone(uint32_t n_q)
{
    assert(n_q > 0 && n_q <= MI_NEIGHBOURS_GROUP);
    return UINT32_MAX >> (MI_NEIGHBOURS_GROUP - n_q);
}

/* The lowest query of a group, and the group without it. */
static uint32_t lowest(group g)
{
    return (uint32_t)__builtin_ctz(g);
}
static group without_lowest(group g)
{
    return g & (g - 1);
}

static void search_leaf(const mi_neighbours *tree, uint32_t leaf, const double *q, uint32_t k,
                        const uint32_t skip[2], double *nearest)
{
    double distance[LEAF];
    leaf_distances(leaf_of(tree, leaf), q, tree->dim, nearest[k - 1], distance);
    for (int s = 0; s < 2; s++)
        if (skip[s] != MI_NOBODY && tree->place[skip[s]] / LEAF == leaf)
            distance[tree->place[skip[s]] % LEAF] = (double)INFINITY;
    for (uint32_t l = 0; l < LEAF; l++)
        if (distance[l] < nearest[k - 1])
            insert_distance(nearest, k, distance[l]);
}

/* Both children onto the stack, the one nearer to q on top. */
static uint32_t push_children(const mi_neighbours *tree, visit *stack, uint32_t depth, visit v,
                              const double *q)
{
    const node left = left_child(v.at), right = right_child(v.at);
    const double to_left = span_of(box_of(tree, left), q, tree->dim, (double)INFINITY).nearest,
                 to_right = span_of(box_of(tree, right), q, tree->dim, (double)INFINITY).nearest;
    const int left_first = to_left <= to_right;
    assert(depth + 2 <= DEPTH);
    stack[depth++] = (visit){left_first ? right : left, v.active};
    stack[depth++] = (visit){left_first ? left : right, v.active};
    return depth;
}

void mi_neighbours_nearest(const mi_neighbours *tree, const double *q, uint32_t n_q, uint32_t k,
                           const uint32_t (*skip)[2], double *nearest)
{
    const size_t dim = tree->dim;
    visit stack[DEPTH];
    uint32_t depth = 0;
    for (size_t i = 0; i < (size_t)n_q * k; i++)
        nearest[i] = (double)INFINITY;
    stack[depth++] = (visit){root(tree), everyone(n_q)};
    while (depth > 0) {
        visit v = stack[--depth];
        const double *box = box_of(tree, v.at);
        for (group g = v.active; g != 0; g = without_lowest(g)) {
            const uint32_t i = lowest(g);
            const double limit = nearest[(size_t)i * k + k - 1];
            if (span_of(box, q + i * dim, tree->dim, limit).nearest >= limit)
                v.active &= ~(1u << i);
            else if (is_leaf(v.at))
                search_leaf(tree, v.at.first, q + i * dim, k, skip[i], nearest + (size_t)i * k);
        }
        if (v.active != 0 && !is_leaf(v.at))
            depth = push_children(tree, stack, depth, v, q + lowest(v.active) * dim);
    }
}

static uint32_t count_leaf(const mi_neighbours *tree, uint32_t leaf, const double *q, double radius)
{
    double distance[LEAF];
    uint32_t count = 0;
    leaf_distances(leaf_of(tree, leaf), q, tree->dim, radius, distance);
    for (uint32_t l = 0; l < LEAF; l++)
        count += distance[l] < radius;
    return count;
}

void mi_neighbours_within(const mi_neighbours *tree, const double *q, uint32_t n_q, const double *radius,
                          uint32_t *count)
{
    const size_t dim = tree->dim;
    visit stack[DEPTH];
    uint32_t depth = 0;
    memset(count, 0, n_q * sizeof *count);
    stack[depth++] = (visit){root(tree), everyone(n_q)};
    while (depth > 0) {
        const visit v = stack[--depth];
        const double *box = box_of(tree, v.at);
        group open = 0;
        for (group g = v.active; g != 0; g = without_lowest(g)) {
            const uint32_t i = lowest(g);
            const double *at = q + i * dim;
            const span s = span_of(box, at, tree->dim, radius[i]);
            if (s.nearest >= radius[i])
                continue;
            if (s.farthest < radius[i])
                count[i] += end_point(tree, v.at) - first_point(v.at);
            else if (is_leaf(v.at))
                count[i] += count_leaf(tree, v.at.first, at, radius[i]);
            else
                open |= 1u << i;
        }
        if (open == 0)
            continue;
        assert(depth + 2 <= DEPTH);
        stack[depth++] = (visit){right_child(v.at), open};
        stack[depth++] = (visit){left_child(v.at), open};
    }
}
