#include "ksg.h"

#include "sort.h"
#include "special.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define JITTER 1e-10

void mi_ksg_layout(mi_ksg *ksg, mi_arena *arena, uint32_t n, uint32_t dim_x, uint32_t dim_y, uint32_t k)
{
    assert(k > 0 && n > k + 1);
    *ksg = (mi_ksg){.n = n, .k = k, .dim = {dim_x, dim_y}};
    for (int side = 0; side < 2; side++) {
        ksg->rows[side] = MI_TAKE(arena, double, (size_t)n * ksg->dim[side]);
        mi_neighbours_layout(&ksg->margin[side], arena, n, ksg->dim[side]);
    }
    mi_neighbours_layout(&ksg->joint, arena, n, dim_x + dim_y);
    ksg->partner = MI_TAKE(arena, uint32_t, n);
    ksg->query = mi_arena_take(arena, (size_t)dim_x + dim_y, MI_NEIGHBOURS_GROUP * sizeof(double));
    ksg->side_query =
        mi_arena_take(arena, dim_x > dim_y ? dim_x : dim_y, MI_NEIGHBOURS_GROUP * sizeof(double));
    ksg->nearest = mi_arena_take(arena, k, MI_NEIGHBOURS_GROUP * sizeof(double));
}

void mi_ksg_fill_layout(const mi_ksg *ksg, mi_arena *arena)
{
    mi_neighbours_build_layout(&ksg->joint, arena); /* the margins have as many points */
}

/* Mean absolute deviation of a column, or its magnitude when it is constant. NaN or infinity when a value is.
 */
static double column_scale(const float *rows, uint32_t n, uint32_t dim, uint32_t column)
{
    double mean = 0.0, deviation = 0.0;
    for (size_t i = 0; i < n; i++)
        mean += (double)rows[i * dim + column];
    mean /= n;
    for (size_t i = 0; i < n; i++)
        deviation += fabs((double)rows[i * dim + column] - mean);
    return deviation > 0.0 || !isfinite(mean) ? deviation / n : fmax(fabs(mean), 1.0);
}

static mi_status fill_side(mi_ksg *ksg, int side, const float *rows, mi_rng *rng, mi_error *err)
{
    const uint32_t n = ksg->n, dim = ksg->dim[side];
    for (uint32_t c = 0; c < dim; c++) {
        const double width = JITTER * column_scale(rows, n, dim, c);
        if (!isfinite(width))
            return mi_fail(err, MI_NUMERIC, "column %u of %s holds a value that is not finite", c,
                           side ? "y" : "x");
        for (size_t i = 0; i < n; i++)
            ksg->rows[side][i * dim + c] =
                (double)rows[i * dim + c] + width * (2.0 * mi_rng_uniform(rng) - 1.0);
    }
    return MI_OK;
}

mi_status mi_ksg_fill(mi_ksg *ksg, mi_arena *arena, const float *x, const float *y, mi_rng *rng,
                      mi_error *err)
{
    mi_status status = fill_side(ksg, 0, x, rng, err);
    if (status == MI_OK)
        status = fill_side(ksg, 1, y, rng, err);
    if (status != MI_OK)
        return status;
    for (int side = 0; side < 2; side++)
        mi_neighbours_build(&ksg->margin[side], arena,
                            &(mi_points){.n = ksg->n, .dim = {ksg->dim[side]}, .rows = {ksg->rows[side]}});
    for (uint32_t i = 0; i < ksg->n; i++)
        ksg->partner[i] = i;
    mi_ksg_pair(ksg, arena, ksg->partner);
    return MI_OK;
}

void mi_ksg_pair(mi_ksg *ksg, mi_arena *arena, const uint32_t *partner)
{
    memmove(ksg->partner, partner, ksg->n * sizeof *partner);
    mi_neighbours_build(&ksg->joint, arena,
                        &(mi_points){.n = ksg->n,
                                     .dim = {ksg->dim[0], ksg->dim[1]},
                                     .rows = {ksg->rows[0], ksg->rows[1]},
                                     .second_row = ksg->partner});
}

static const double *row_of(const mi_ksg *ksg, int side, uint32_t i)
{
    return ksg->rows[side] + (size_t)i * ksg->dim[side];
}

static double distance(const double *a, const double *b, uint32_t dim)
{
    double largest = 0.0;
    for (uint32_t c = 0; c < dim; c++)
        largest = fmax(largest, fabs(a[c] - b[c]));
    return largest;
}

/* Up to MI_NEIGHBOURS_GROUP pairs (x, y) in ksg->query, each held against the samples but those left out. */
typedef struct queries {
    uint32_t n, n_skipped;                 /* of each: none, itself, or both whose x and y it has */
    uint32_t skip[MI_NEIGHBOURS_GROUP][2]; /* samples left out, MI_NOBODY behind the last */
    double radius[MI_NEIGHBOURS_GROUP];    /* distance to the k-th neighbour */
} queries;

static queries queries_of(uint32_t left, uint32_t n_skipped)
{
    queries g = {.n = left < MI_NEIGHBOURS_GROUP ? left : MI_NEIGHBOURS_GROUP, .n_skipped = n_skipped};
    memset(g.skip, 0xff, sizeof g.skip); /* MI_NOBODY */
    return g;
}

static double *query_of(const mi_ksg *ksg, int side, size_t a)
{
    return ksg->query + a * ((size_t)ksg->dim[0] + ksg->dim[1]) + (side ? ksg->dim[0] : 0);
}

/* Query a becomes (x_i, y_j). */
static void ask_sample(mi_ksg *ksg, uint32_t a, uint32_t i, uint32_t j)
{
    memcpy(query_of(ksg, 0, a), row_of(ksg, 0, i), ksg->dim[0] * sizeof(double));
    memcpy(query_of(ksg, 1, a), row_of(ksg, 1, j), ksg->dim[1] * sizeof(double));
}

static void find_radii(mi_ksg *ksg, queries *g)
{
    mi_neighbours_nearest(&ksg->joint, ksg->query, g->n, ksg->k, (const uint32_t(*)[2])g->skip, ksg->nearest);
    for (uint32_t a = 0; a < g->n; a++)
        g->radius[a] = ksg->nearest[(size_t)a * ksg->k + ksg->k - 1];
}

/* psi(n + 1) of the n rows of a side that are strictly within the radius of each pair, less what is left out:
 * the pair's own row, at distance 0, and the row that the other sample left out has on this side. */
static void subtract_margin(mi_ksg *ksg, int side, const queries *g, double *pmi)
{
    uint32_t count[MI_NEIGHBOURS_GROUP];
    const uint32_t dim = ksg->dim[side];
    for (uint32_t a = 0; a < g->n; a++)
        memcpy(ksg->side_query + (size_t)a * dim, query_of(ksg, side, a), dim * sizeof(double));
    mi_neighbours_within(&ksg->margin[side], ksg->side_query, g->n, g->radius, count);
    for (uint32_t a = 0; a < g->n; a++) {
        uint32_t n = count[a];
        if (g->n_skipped > 0)
            n -= g->radius[a] > 0.0;
        if (g->n_skipped > 1)
            n -= distance(query_of(ksg, side, a), row_of(ksg, side, g->skip[a][!side]), dim) < g->radius[a];
        pmi[a] -= mi_digamma((double)n + 1.0);
    }
}

static void answer(mi_ksg *ksg, queries *g, double *pmi)
{
    find_radii(ksg, g);
    const double most = mi_digamma(ksg->k) + mi_digamma(ksg->n - g->n_skipped + 1.0);
    for (uint32_t a = 0; a < g->n; a++)
        pmi[a] = most;
    for (int side = 0; side < 2; side++)
        subtract_margin(ksg, side, g, pmi);
}

void mi_ksg_local(mi_ksg *ksg, const uint32_t *i, uint32_t n, double *pmi)
{
    for (uint32_t first = 0; first < n; first += MI_NEIGHBOURS_GROUP) {
        queries g = queries_of(n - first, 1);
        for (uint32_t a = 0; a < g.n; a++) {
            const uint32_t sample = i[first + a];
            ask_sample(ksg, a, sample, ksg->partner[sample]);
            g.skip[a][0] = sample;
        }
        answer(ksg, &g, pmi + first);
    }
}

void mi_ksg_mismatched(mi_ksg *ksg, const uint32_t *i, const uint32_t *j, uint32_t n, double *pmi)
{
    for (uint32_t first = 0; first < n; first += MI_NEIGHBOURS_GROUP) {
        queries g = queries_of(n - first, 2);
        for (uint32_t a = 0; a < g.n; a++) {
            assert(i[first + a] != j[first + a]);
            ask_sample(ksg, a, i[first + a], j[first + a]);
            g.skip[a][0] = i[first + a];
            g.skip[a][1] = j[first + a];
        }
        answer(ksg, &g, pmi + first);
    }
}

void mi_ksg_outside(mi_ksg *ksg, const float *x, const float *y, uint32_t n, double *pmi)
{
    const float *const rows[2] = {x, y};
    for (uint32_t first = 0; first < n; first += MI_NEIGHBOURS_GROUP) {
        queries g = queries_of(n - first, 0);
        for (int side = 0; side < 2; side++)
            for (uint32_t a = 0; a < g.n; a++)
                for (size_t c = 0; c < ksg->dim[side]; c++)
                    query_of(ksg, side, a)[c] = (double)rows[side][(size_t)(first + a) * ksg->dim[side] + c];
        answer(ksg, &g, pmi + first);
    }
}

typedef struct standing {
    const uint32_t *place, *sample;
} standing;

static int stands_before(uint32_t a, uint32_t b, const void *context)
{
    const standing *s = context;
    return s->place[s->sample[a]] < s->place[s->sample[b]];
}

MI_DEFINE_SORT(sort_by_place, uint32_t, stands_before)

void mi_ksg_sort_near(const mi_ksg *ksg, const uint32_t *sample, uint32_t n, uint32_t *order)
{
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    sort_by_place(order, n, &(standing){ksg->joint.place, sample});
}
