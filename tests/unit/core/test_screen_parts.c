/*
 * Ranges of rows that merge, limits, memory, and what a screen refuses.
 */
#include "mi/screen.h"
#include "testing.h"

#include <math.h>
#include <string.h>

#define N_X   1000u
#define N_Y   700u
#define WIDTH 19u
#define MOST  (N_X * N_Y)

/* Bytes that mi_core asks for, counted by the linker's --wrap. */
static size_t allocated;
void *__real_aligned_alloc(size_t alignment, size_t n);
void *__wrap_aligned_alloc(size_t alignment, size_t n);
void *__wrap_aligned_alloc(size_t alignment, size_t n)
{
    allocated += n;
    return __real_aligned_alloc(alignment, n);
}

static float x[N_X * WIDTH], y[N_Y * WIDTH];
static mi_screen_pair taken[MOST];
static size_t n_taken;

static mi_status take(void *context, const mi_screen_pair *pairs, size_t n, mi_error *err)
{
    const size_t *refuse_from = context;
    if (refuse_from && n_taken + n > *refuse_from)
        return mi_fail(err, MI_NO_SPACE, "full");
    memcpy(taken + n_taken, pairs, n * sizeof *pairs);
    n_taken += n;
    return MI_OK;
}

static mi_screen_spec everything(void)
{
    return (mi_screen_spec){
        .n_x = N_X,
        .n_y = N_Y,
        .width = WIDTH,
        .slope = 0.9,
        .log_scale = 0.25,
        .top_per_x = 6,
        .top_per_y = 11,
        .top = 200,
        .above = 1,
        .threshold = 9.0,
        .max_above = MOST,
        .skip_same = 1,
        .summarise = 1,
        .n_bins = 64,
        .low = -16.0,
        .high = 16.0,
        .every = 4,
    };
}

/* The result as it comes back from its bytes, which are damaged in no way that goes unseen. */
static mi_screen_result *through_bytes(mi_screen_result *result)
{
    const size_t n = mi_screen_result_pack(result, NULL, 0);
    unsigned char *bytes = malloc(n), *again = malloc(n);
    mi_screen_result *out = NULL;
    mi_error err;
    ck_assert_uint_eq(mi_screen_result_pack(result, bytes, n - 1), n);
    ck_assert_uint_eq(mi_screen_result_pack(result, bytes, n), n);
    for (size_t at = 0; at < n; at += n / 97 + 1) {
        bytes[at] ^= 4;
        ck_assert_int_eq(mi_screen_result_unpack(&out, bytes, n, &err), MI_CORRUPT);
        ck_assert_ptr_null(out);
        bytes[at] ^= 4;
    }
    ck_assert_int_eq(mi_screen_result_unpack(&out, bytes, n - 8, &err), MI_CORRUPT);
    ck_assert_int_eq(mi_screen_result_unpack(&out, bytes, n, &err), MI_OK);
    ck_assert_uint_eq(mi_screen_result_pack(out, again, n), n);
    ck_assert_mem_eq(bytes, again, n);
    mi_screen_result_free(result);
    free(bytes);
    free(again);
    return out;
}

static mi_screen_result *screened(mi_screen_spec spec)
{
    mi_screen *screen = NULL;
    mi_screen_result *result = NULL;
    mi_screen_progress progress = {0};
    mi_error err;
    ck_assert_int_eq(
        mi_screen_new(&screen, &spec, x + spec.first_x * WIDTH, WIDTH, y, WIDTH, take, NULL, &err), MI_OK);
    ck_assert_int_eq(mi_screen_finish(screen, &result, &err), MI_INVALID);
    while (!progress.done)
        ck_assert_int_eq(mi_screen_step(screen, &progress, &err), MI_OK);
    ck_assert_int_eq(mi_screen_finish(screen, &result, &err), MI_OK);
    mi_screen_free(screen);
    const size_t before = allocated;
    result = through_bytes(result);
    allocated = before;
    return result;
}

static void assert_same(const mi_screen_result *a, const mi_screen_result *b)
{
    ck_assert_mem_eq(a->x_best, b->x_best, N_X * 6 * sizeof(uint32_t));
    ck_assert_mem_eq(a->x_output, b->x_output, N_X * 6 * sizeof(float));
    ck_assert_mem_eq(a->y_best, b->y_best, N_Y * 11 * sizeof(uint32_t));
    ck_assert_mem_eq(a->y_output, b->y_output, N_Y * 11 * sizeof(float));
    ck_assert_uint_eq(a->n_top, b->n_top);
    ck_assert_mem_eq(a->top, b->top, a->n_top * sizeof *a->top);
    ck_assert_uint_eq(a->n_above, b->n_above);
    ck_assert_uint_eq(a->summary.n_scored, b->summary.n_scored);
    ck_assert_uint_eq(a->summary.n_nan, b->summary.n_nan);
    ck_assert_uint_eq(a->summary.n_binned, b->summary.n_binned);
    ck_assert_mem_eq(&a->summary.mean, &b->summary.mean, sizeof(double));
    ck_assert_mem_eq(&a->summary.max, &b->summary.max, sizeof(double));
    ck_assert_mem_eq(a->summary.bins, b->summary.bins, 66 * sizeof(uint64_t));
}

START_TEST(test_parts_merge_to_the_whole)
{
    for (int symmetric = 0; symmetric < 2; symmetric++) {
        mi_screen_spec spec = everything();
        spec.symmetric = symmetric;
        n_taken = 0;
        mi_screen_result *whole = screened(spec), *again = screened(spec), *merged = NULL;
        assert_same(whole, again);
        ck_assert_uint_eq(n_taken, 2 * whole->n_above);
        ck_assert_mem_eq(taken, taken + whole->n_above, whole->n_above * sizeof *taken);
        for (uint32_t parts = 1; parts <= 3; parts++) {
            mi_screen_result *result[3];
            uint32_t n = 0, covered = 0;
            n_taken = whole->n_above;
            for (uint32_t k = 0; k < parts; k++) {
                mi_screen_range(N_X, symmetric, parts, k, &spec.first_x, &spec.n_x);
                ck_assert_uint_eq(spec.first_x, covered);
                covered += spec.n_x;
                if (spec.n_x > 0)
                    result[n++] = screened(spec);
            }
            ck_assert_uint_eq(covered, N_X);
            ck_assert_int_eq(mi_screen_merge(&merged, (const mi_screen_result *const *)result, n, NULL),
                             MI_OK);
            assert_same(whole, merged);
            ck_assert_mem_eq(taken, taken + whole->n_above, whole->n_above * sizeof *taken);
            mi_screen_result_free(merged);
            if (n > 1) {
                mi_screen_result *const swapped[] = {result[1], result[0]};
                ck_assert_int_eq(mi_screen_merge(&merged, (const mi_screen_result *const *)swapped, 2, NULL),
                                 MI_INVALID);
            }
            for (uint32_t k = 0; k < n; k++)
                mi_screen_result_free(result[k]);
        }
        mi_screen_result_free(whole);
        mi_screen_result_free(again);
    }
}
END_TEST

START_TEST(test_one_pair_too_many_is_an_error)
{
    mi_screen_spec spec = everything();
    mi_screen *screen = NULL;
    mi_screen_progress progress = {0};
    mi_error err;
    n_taken = 0;
    mi_screen_result *whole = screened(spec);
    const uint64_t n = whole->n_above;
    ck_assert_uint_gt(n, 100);
    spec.max_above = n;
    mi_screen_result_free(whole);
    whole = screened(spec);
    ck_assert_uint_eq(whole->n_above, n);
    mi_screen_result_free(whole);

    spec.max_above = n - 1;
    n_taken = 0;
    ck_assert_int_eq(mi_screen_new(&screen, &spec, x, WIDTH, y, WIDTH, take, NULL, &err), MI_OK);
    mi_status status = MI_OK;
    while (status == MI_OK && !progress.done)
        status = mi_screen_step(screen, &progress, &err);
    ck_assert_int_eq(status, MI_LIMIT);
    ck_assert_uint_le(n_taken, n - 1);
    ck_assert_int_eq(mi_screen_step(screen, &progress, &err), MI_LIMIT);
    mi_screen_result *none = NULL;
    ck_assert_int_eq(mi_screen_finish(screen, &none, &err), MI_INVALID);
    mi_screen_free(screen);

    /* Two parts that each stay below. */
    mi_screen_result *part[2], *merged = NULL;
    for (uint32_t k = 0; k < 2; k++) {
        mi_screen_range(N_X, 0, 2, k, &spec.first_x, &spec.n_x);
        part[k] = screened(spec);
    }
    ck_assert_int_eq(mi_screen_merge(&merged, (const mi_screen_result *const *)part, 2, &err), MI_LIMIT);
    mi_screen_result_free(part[0]);
    mi_screen_result_free(part[1]);
}
END_TEST

START_TEST(test_a_sink_that_refuses_ends_the_screen)
{
    const mi_screen_spec spec = everything();
    mi_screen *screen = NULL;
    mi_screen_progress progress = {0};
    mi_error err;
    size_t room = 0;
    n_taken = 0;
    ck_assert_int_eq(mi_screen_new(&screen, &spec, x, WIDTH, y, WIDTH, take, &room, &err), MI_OK);
    mi_status status = MI_OK;
    while (status == MI_OK && !progress.done)
        status = mi_screen_step(screen, &progress, &err);
    ck_assert_int_eq(status, MI_NO_SPACE);
    ck_assert_int_eq(mi_screen_step(screen, &progress, &err), MI_NO_SPACE);
    mi_screen_free(screen);
}
END_TEST

/* Large blocks come in whole huge pages, of which nobody touches what is past the end. */
static size_t in_pages(size_t bytes)
{
    const size_t page = (size_t)2 << 20;
    return bytes < 2 * page ? bytes : (bytes + page - 1) / page * page;
}

START_TEST(test_memory_is_as_planned)
{
    mi_screen_spec specs[3] = {everything(), {0}, everything()};
    specs[1] = (mi_screen_spec){.n_x = N_X, .n_y = N_Y, .width = WIDTH, .slope = 1.0};
    specs[2].top_per_x = 100000;
    specs[2].top_per_y = 100000;
    specs[2].top = 2000000000;
    for (int k = 0; k < 3; k++) {
        mi_screen_plan plan;
        ck_assert_int_eq(mi_screen_plan_make(&plan, &specs[k], NULL), MI_OK);
        allocated = 0;
        n_taken = 0;
        mi_screen_result_free(screened(specs[k]));
        ck_assert_uint_eq(allocated, in_pages(plan.workspace) + in_pages(plan.result));
    }
    /* 20,000 x 20,000: what is kept, and tiles. */
    mi_screen_plan plan;
    const mi_screen_spec large = {
        .n_x = 20000, .n_y = 20000, .width = 64, .slope = 1.0, .top_per_x = 100, .top = 1000};
    ck_assert_int_eq(mi_screen_plan_make(&plan, &large, NULL), MI_OK);
    ck_assert_uint_lt(plan.result, 20000 * 100 * 8 + 20000);
    ck_assert_uint_lt(plan.workspace, 4u << 20);
    mi_screen_spec huge = everything();
    huge.n_x = huge.n_y = 4000000000u;
    huge.top_per_x = huge.top_per_y = 3000000000u;
    ck_assert_int_eq(mi_screen_plan_make(&plan, &huge, NULL), MI_LIMIT);
}
END_TEST

START_TEST(test_bad_settings_are_refused)
{
    static const uint32_t known_x[] = {0, 1, 1}, known_y[] = {5, 7, 6};
    mi_screen_plan plan;
    mi_error err;
    for (int k = 0; k < 12; k++) {
        mi_screen_spec spec = everything();
        spec.first_x = k == 0 ? 1 : 0;
        spec.n_x = k == 1 ? 0 : spec.n_x;
        spec.width = k == 2 ? 0 : spec.width;
        spec.slope = k == 3 ? 0.0 : k == 4 ? (double)INFINITY : spec.slope;
        spec.log_scale = k == 5 ? (double)NAN : spec.log_scale;
        spec.threshold = k == 6 ? (double)NAN : spec.threshold;
        spec.max_above = k == 7 ? 0 : spec.max_above;
        spec.n_bins = k == 8 ? MI_SCREEN_MAX_BINS + 1 : spec.n_bins;
        spec.high = k == 9 ? spec.low : spec.high;
        spec.summarise = k != 10;
        if (k == 11) {
            spec.n_known = 3;
            spec.known_x = known_x;
            spec.known_y = known_y;
        }
        ck_assert_msg(mi_screen_plan_make(&plan, &spec, &err) == MI_INVALID, "case %d", k);
    }
    const mi_screen_spec spec = everything();
    mi_screen *screen = NULL;
    ck_assert_int_eq(mi_screen_new(&screen, &spec, x, WIDTH - 1, y, WIDTH, take, NULL, &err), MI_INVALID);
    ck_assert_int_eq(mi_screen_new(&screen, &spec, x, WIDTH, y, WIDTH, NULL, NULL, &err), MI_INVALID);
    ck_assert(screen == NULL);
}
END_TEST

START_TEST(test_histogram_gives_quantiles)
{
    mi_screen_spec spec = everything();
    n_taken = 0;
    mi_screen_result *r = screened(spec);
    /* A quarter of the groups of 16 columns is looked at. */
    ck_assert_double_eq_tol((double)r->summary.n_binned, 0.25 * MOST, 0.02 * MOST);
    /* Scores are nearly normal around log_scale. */
    ck_assert_double_eq_tol(mi_screen_quantile(r, 0.5), spec.log_scale, 0.1);
    ck_assert_double_eq_tol(mi_screen_quantile(r, 0.8413) - mi_screen_quantile(r, 0.1587),
                            2.0 * spec.slope * sqrt(WIDTH), 0.5);
    ck_assert(mi_screen_quantile(r, 0.0) >= spec.low && mi_screen_quantile(r, 1.0) <= spec.high);
    mi_screen_result_free(r);
    spec.n_bins = 0;
    r = screened(spec);
    ck_assert(isnan(mi_screen_quantile(r, 0.5)));
    mi_screen_result_free(r);
}
END_TEST

int main(void)
{
    fill_normal(x, N_X * WIDTH, 1);
    fill_normal(y, N_Y * WIDTH, 2);
    RUN_TESTS("core/screen_parts", test_parts_merge_to_the_whole, test_one_pair_too_many_is_an_error,
              test_a_sink_that_refuses_ends_the_screen, test_memory_is_as_planned,
              test_bad_settings_are_refused, test_histogram_gives_quantiles);
}
