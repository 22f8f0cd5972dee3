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

/* Up to MI_NEIGHBOURS_GROUP pairs (x_i, y_j), each held against the samples but two. */
typedef struct queries {
    uint32_t n;
    uint32_t row[2][MI_NEIGHBOURS_GROUP];  /* i and j */
    uint32_t skip[MI_NEIGHBOURS_GROUP][2]; /* samples left out; MI_NOBODY in the second place: only one */
    double radius[MI_NEIGHBOURS_GROUP];    /* distance to the k-th neighbour */
} queries;

static void find_radii(mi_ksg *ksg, queries *g)
{
    const size_t dim_x = ksg->dim[0], dim_y = ksg->dim[1], dim = dim_x + dim_y;
    for (uint32_t a = 0; a < g->n; a++) {
        memcpy(ksg->query + a * dim, row_of(ksg, 0, g->row[0][a]), dim_x * sizeof(double));
        memcpy(ksg->query + a * dim + dim_x, row_of(ksg, 1, g->row[1][a]), dim_y * sizeof(double));
    }
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
        memcpy(ksg->side_query + (size_t)a * dim, row_of(ksg, side, g->row[side][a]), dim * sizeof(double));
    mi_neighbours_within(&ksg->margin[side], ksg->side_query, g->n, g->radius, count);
    for (uint32_t a = 0; a < g->n; a++) {
        uint32_t n = count[a] - (g->radius[a] > 0.0);
        if (g->skip[a][1] != MI_NOBODY) {
            const double *own = row_of(ksg, side, g->row[side][a]),
                         *other = row_of(ksg, side, g->row[!side][a]);
            n -= distance(own, other, dim) < g->radius[a];
        }
        pmi[a] -= mi_digamma((double)n + 1.0);
    }
}

static void answer(mi_ksg *ksg, queries *g, double others, double *pmi)
{
    find_radii(ksg, g);
    const double most = mi_digamma(ksg->k) + mi_digamma(others + 1.0);
    for (uint32_t a = 0; a < g->n; a++)
        pmi[a] = most;
    for (int side = 0; side < 2; side++)
        subtract_margin(ksg, side, g, pmi);
}

void mi_ksg_local(mi_ksg *ksg, const uint32_t *i, uint32_t n, double *pmi)
{
    for (uint32_t first = 0; first < n; first += MI_NEIGHBOURS_GROUP) {
        queries g = {.n = n - first < MI_NEIGHBOURS_GROUP ? n - first : MI_NEIGHBOURS_GROUP};
        for (uint32_t a = 0; a < g.n; a++) {
            const uint32_t sample = i[first + a];
            g.row[0][a] = sample;
            g.row[1][a] = ksg->partner[sample];
            g.skip[a][0] = sample;
            g.skip[a][1] = MI_NOBODY;
        }
        answer(ksg, &g, ksg->n - 1.0, pmi + first);
    }
}

void mi_ksg_mismatched(mi_ksg *ksg, const uint32_t *i, const uint32_t *j, uint32_t n, double *pmi)
{
    for (uint32_t first = 0; first < n; first += MI_NEIGHBOURS_GROUP) {
        queries g = {.n = n - first < MI_NEIGHBOURS_GROUP ? n - first : MI_NEIGHBOURS_GROUP};
        for (uint32_t a = 0; a < g.n; a++) {
            assert(i[first + a] != j[first + a]);
            g.row[0][a] = g.skip[a][0] = i[first + a];
            g.row[1][a] = g.skip[a][1] = j[first + a];
        }
        answer(ksg, &g, ksg->n - 2.0, pmi + first);
    }
}

void mi_ksg_outside(mi_ksg *ksg, const float *x, const float *y, uint32_t n, double *pmi)
{
    const size_t dim[2] = {ksg->dim[0], ksg->dim[1]}, both = dim[0] + dim[1];
    const float *const rows[2] = {x, y};
    uint32_t skip[MI_NEIGHBOURS_GROUP][2], count[MI_NEIGHBOURS_GROUP];
    double radius[MI_NEIGHBOURS_GROUP];
    memset(skip, 0xff, sizeof skip); /* MI_NOBODY */
    const double most = mi_digamma(ksg->k) + mi_digamma(ksg->n + 1.0);
    for (uint32_t first = 0; first < n; first += MI_NEIGHBOURS_GROUP) {
        const uint32_t m = n - first < MI_NEIGHBOURS_GROUP ? n - first : MI_NEIGHBOURS_GROUP;
        for (int side = 0; side < 2; side++)
            for (size_t a = 0; a < m; a++)
                for (size_t c = 0; c < dim[side]; c++)
                    ksg->query[a * both + (side ? dim[0] : 0) + c] =
                        (double)rows[side][(first + a) * dim[side] + c];
        mi_neighbours_nearest(&ksg->joint, ksg->query, m, ksg->k, (const uint32_t(*)[2])skip, ksg->nearest);
        for (uint32_t a = 0; a < m; a++) {
            radius[a] = ksg->nearest[(size_t)a * ksg->k + ksg->k - 1];
            pmi[first + a] = most;
        }
        for (int side = 0; side < 2; side++) {
            for (size_t a = 0; a < m; a++)
                memcpy(ksg->side_query + a * dim[side], ksg->query + a * both + (side ? dim[0] : 0),
                       dim[side] * sizeof(double));
            mi_neighbours_within(&ksg->margin[side], ksg->side_query, m, radius, count);
            for (uint32_t a = 0; a < m; a++)
                pmi[first + a] -= mi_digamma((double)count[a] + 1.0);
        }
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
