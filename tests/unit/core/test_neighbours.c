/*
 * Neighbours and counts against a scan over all points, on random and on degenerate data: equal everywhere,
 * by comparison of bits.
 */
#include "neighbours.h"
#include "testing.h"

#include <math.h>
#include <string.h>

typedef struct cloud {
    const char *name;
    double (*draw)(mi_rng *rng, uint32_t row, uint32_t column);
} cloud;

static double normal(mi_rng *rng, uint32_t row, uint32_t column)
{
    (void)row, (void)column;
    return mi_rng_normal(rng);
}
static double equal(mi_rng *rng, uint32_t row, uint32_t column)
{
    (void)rng, (void)row, (void)column;
    return 2.5;
}
static double integers(mi_rng *rng, uint32_t row, uint32_t column)
{
    (void)row, (void)column;
    return mi_rng_below(rng, 4);
}
static double one_constant(mi_rng *rng, uint32_t row, uint32_t column)
{
    (void)row;
    return column == 0 ? -1.0 : mi_rng_normal(rng);
}
static double clustered(mi_rng *rng, uint32_t row, uint32_t column)
{
    return 1e3 * (row % 5) * (column + 1.0) + 1e-3 * mi_rng_normal(rng);
}
static double sorted(mi_rng *rng, uint32_t row, uint32_t column)
{
    (void)rng, (void)column;
    return row;
}
static double organ_pipe(mi_rng *rng, uint32_t row, uint32_t column)
{
    (void)rng;
    return column % 2 ? row : -fabs((double)row - 300.0);
}
static double heavy_tailed(mi_rng *rng, uint32_t row, uint32_t column)
{
    (void)row, (void)column;
    const double z = mi_rng_normal(rng);
    return z * z * z / fabs(mi_rng_normal(rng));
}

static const cloud clouds[] = {
    {"normal", normal},         {"all equal", equal},
    {"integers", integers},     {"one constant", one_constant},
    {"clustered", clustered},   {"sorted", sorted},
    {"organ pipe", organ_pipe}, {"heavy tails", heavy_tailed},
};

typedef struct bench {
    mi_points points;
    mi_neighbours tree;
    mi_arena arena;
    double *rows[2];
    uint32_t *second_row;
    double *distance; /* (n) of the naive twin */
} bench;

static void bench_open(bench *b, const cloud *c, uint32_t n, uint32_t dim_0, uint32_t dim_1, int shuffled)
{
    mi_rng rng = test_rng(n + dim_0);
    b->points = (mi_points){.n = n, .dim = {dim_0, dim_1}};
    for (int part = 0; part < 2; part++) {
        const uint32_t dim = b->points.dim[part];
        b->rows[part] = dim ? malloc(sizeof(double) * n * dim) : NULL;
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t j = 0; j < dim; j++)
                b->rows[part][i * dim + j] = c->draw(&rng, i, j);
        b->points.rows[part] = b->rows[part];
    }
    b->second_row = malloc(sizeof(uint32_t) * n);
    for (uint32_t i = 0; i < n; i++)
        b->second_row[i] = i;
    mi_rng_permute(&rng, b->second_row, n);
    b->points.second_row = shuffled ? b->second_row : NULL;
    b->distance = malloc(sizeof(double) * n);

    mi_arena measured;
    mi_arena_init(&measured, NULL, 0);
    mi_neighbours_layout(&b->tree, &measured, n, dim_0 + dim_1);
    mi_neighbours_build_layout(&b->tree, &measured);
    b->arena = arena_like(&measured);
    mi_neighbours_layout(&b->tree, &b->arena, n, dim_0 + dim_1);
    const size_t used = mi_arena_mark(&b->arena);
    mi_neighbours_build(&b->tree, &b->arena, &b->points);
    ck_assert_uint_eq(mi_arena_mark(&b->arena), used);
}

static void bench_close(bench *b)
{
    free(b->rows[0]);
    free(b->rows[1]);
    free(b->second_row);
    free(b->distance);
    free(b->arena.base);
}

static void point(const bench *b, uint32_t i, double *out)
{
    const mi_points *p = &b->points;
    const uint32_t second = p->second_row ? p->second_row[i] : i;
    for (uint32_t c = 0; c < p->dim[0]; c++)
        *out++ = b->rows[0][i * p->dim[0] + c];
    for (uint32_t c = 0; c < p->dim[1]; c++)
        *out++ = b->rows[1][second * p->dim[1] + c];
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Distances of q to every point but the skipped ones, ascending; how many. */
static uint32_t scan(bench *b, const double *q, const uint32_t skip[2])
{
    uint32_t n = 0;
    double at[128];
    for (uint32_t i = 0; i < b->points.n; i++) {
        double largest = 0.0;
        point(b, i, at);
        for (uint32_t c = 0; c < b->tree.dim; c++)
            largest = fmax(largest, fabs(at[c] - q[c]));
        if (i != skip[0] && i != skip[1])
            b->distance[n++] = largest;
    }
    qsort(b->distance, n, sizeof *b->distance, ascending);
    return n;
}

static uint32_t count_below_radius(const double *sorted_distance, uint32_t n, double radius)
{
    uint32_t count = 0;
    while (count < n && sorted_distance[count] < radius)
        count++;
    return count;
}

#define MOST_K 20u

/* A group of queries, samples and others, with none, one or two points left out. */
static void check_group(bench *b, const char *name, uint32_t n_q, uint32_t k, mi_rng *rng)
{
    const uint32_t n = b->points.n, dim = b->tree.dim;
    double q[MI_NEIGHBOURS_GROUP * 128], nearest[MI_NEIGHBOURS_GROUP * MOST_K], radius[MI_NEIGHBOURS_GROUP];
    uint32_t skip[MI_NEIGHBOURS_GROUP][2], count[MI_NEIGHBOURS_GROUP];
    ck_assert(n_q > 0 && n_q <= MI_NEIGHBOURS_GROUP);
    for (uint32_t a = 0; a < n_q; a++) {
        const uint32_t own = mi_rng_below(rng, n), other = mi_rng_below(rng, n);
        point(b, own, q + a * dim);
        if (a % 3 == 1) /* no sample */
            q[a * dim + mi_rng_below(rng, dim)] += mi_rng_normal(rng);
        skip[a][0] = a % 3 == 2 ? MI_NOBODY : own;
        skip[a][1] = a % 2 == 0 && other != own ? other : MI_NOBODY;
    }
    mi_neighbours_nearest(&b->tree, q, n_q, k, (const uint32_t(*)[2])skip, nearest);
    for (uint32_t a = 0; a < n_q; a++) {
        const uint32_t left = scan(b, q + a * dim, skip[a]);
        for (uint32_t i = 0; i < k; i++)
            ck_assert_msg(nearest[a * k + i] == (i < left ? b->distance[i] : (double)INFINITY),
                          "%s, n %u, dim %u: neighbour %u at %.17g", name, n, dim, i + 1, nearest[a * k + i]);
        /* A radius that a point is exactly at, one of none, one beyond everything. */
        radius[a] = a % 5 == 3 ? 0.0 : a % 5 == 4 ? 1e9 : nearest[a * k + k - 1];
    }
    mi_neighbours_within(&b->tree, q, n_q, radius, count);
    for (uint32_t a = 0; a < n_q; a++) {
        const uint32_t all = scan(b, q + a * dim, (const uint32_t[2]){MI_NOBODY, MI_NOBODY});
        ck_assert_msg(count[a] == count_below_radius(b->distance, all, radius[a]),
                      "%s, n %u, dim %u: %u points within %.17g", name, n, dim, count[a], radius[a]);
    }
}

static void check_cloud(const cloud *c, uint32_t n, uint32_t dim_0, uint32_t dim_1, int shuffled)
{
    bench b;
    mi_rng rng = test_rng(9000 + n);
    bench_open(&b, c, n, dim_0, dim_1, shuffled);
    check_group(&b, c->name, MI_NEIGHBOURS_GROUP, 3, &rng);
    check_group(&b, c->name, 1, 1, &rng);
    check_group(&b, c->name, 7, MOST_K, &rng);
    bench_close(&b);
}

START_TEST(test_neighbours_and_counts_equal_a_scan)
{
    static const uint32_t sizes[] = {1, 2, 15, 16, 17, 33, 257, 600};
    static const uint32_t dims[][2] = {{1, 0}, {1, 1}, {2, 1}, {0, 5}, {7, 1}, {8, 8}, {20, 20}};
    for (size_t c = 0; c < sizeof clouds / sizeof clouds[0]; c++)
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
            for (size_t d = 0; d < sizeof dims / sizeof dims[0]; d++)
                check_cloud(&clouds[c], sizes[s], dims[d][0], dims[d][1], dims[d][1] > 0 && s % 2 == 0);
}
END_TEST

START_TEST(test_places_are_a_permutation_and_near_points_share_leaves)
{
    enum { N = 5000 };
    bench b;
    bench_open(&b, &clouds[0], N, 1, 0, 0);
    static uint32_t row_at[N];
    memset(row_at, 0xff, sizeof row_at);
    for (uint32_t i = 0; i < N; i++) {
        ck_assert_uint_lt(b.tree.place[i], N);
        ck_assert_uint_eq(row_at[b.tree.place[i]], UINT32_MAX);
        row_at[b.tree.place[i]] = i;
    }
    /* In one dimension the leaves are intervals: none reaches into the next. */
    for (uint32_t leaf = 16; leaf < N; leaf += 16) {
        double before = -(double)INFINITY, after = (double)INFINITY;
        for (uint32_t l = 0; l < 16; l++)
            before = fmax(before, b.rows[0][row_at[leaf - 16 + l]]);
        for (uint32_t l = leaf; l < leaf + 16 && l < N; l++)
            after = fmin(after, b.rows[0][row_at[l]]);
        ck_assert_double_lt(before, after);
    }
    bench_close(&b);
}
END_TEST

START_TEST(test_a_tree_can_be_built_again_on_other_points)
{
    bench b;
    mi_rng rng = test_rng(77);
    bench_open(&b, &clouds[2], 300, 2, 2, 0);
    b.points.second_row = b.second_row;
    mi_neighbours_build(&b.tree, &b.arena, &b.points);
    check_group(&b, "built again", MI_NEIGHBOURS_GROUP, 4, &rng);
    bench_close(&b);
}
END_TEST

int main(void)
{
    RUN_TESTS("neighbours", test_neighbours_and_counts_equal_a_scan,
              test_places_are_a_permutation_and_near_points_share_leaves,
              test_a_tree_can_be_built_again_on_other_points);
}
