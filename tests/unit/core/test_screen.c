/*
 * A screen against a scan of the whole matrix of scores, on whole numbers: their products are exact in any
 * order, and there are ties everywhere.
 */
#include "screen_impl.h"
#include "screen_order.h"
#include "testing.h"

#include <math.h>
#include <string.h>

#define MOST_ABOVE 2000000u

/* What the sink saw. */
typedef struct seen {
    mi_screen_pair *pairs;
    size_t n;
} seen;

static mi_status keep(void *context, const mi_screen_pair *pairs, size_t n, mi_error *err)
{
    seen *s = context;
    (void)err;
    ck_assert_uint_gt(n, 0);
    memcpy(s->pairs + s->n, pairs, n * sizeof *pairs);
    s->n += n;
    return MI_OK;
}

typedef struct sets {
    mi_screen_spec spec;
    float *x, *y; /* leading dimensions width + 3, width + 1 */
    size_t ld_x, ld_y;
    uint32_t *known; /* x, then y */
} sets;

static void fill_whole(float *out, size_t n, mi_rng *rng, uint32_t spread)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (float)mi_rng_below(rng, 2 * spread + 1) - (float)spread;
}

/* Some pairs in order, some of them twice. */
static void draw_known(sets *s, mi_rng *rng, uint32_t n)
{
    uint32_t x = s->spec.first_x, y = 0, made = 0;
    s->known = calloc(2 * (size_t)n + 2, sizeof *s->known);
    for (; made < n && x < s->spec.first_x + s->spec.n_x; made++) {
        s->known[made] = x;
        s->known[n + made] = y;
        y += mi_rng_below(rng, s->spec.n_y / 2 + 1);
        if (y >= s->spec.n_y) {
            y = mi_rng_below(rng, s->spec.n_y);
            x += 1 + mi_rng_below(rng, 3);
        }
    }
    s->spec.n_known = made;
    s->spec.known_x = s->known;
    s->spec.known_y = s->known + n;
}

static sets draw_sets(mi_rng *rng, uint32_t n_x, uint32_t n_y, uint32_t width)
{
    sets s = {.spec = {.n_x = n_x, .n_y = n_y, .width = width, .slope = 0.5, .log_scale = -1.0}};
    s.ld_x = width + 3;
    s.ld_y = width + 1;
    s.x = malloc(n_x * s.ld_x * sizeof(float));
    s.y = malloc(n_y * s.ld_y * sizeof(float));
    fill_whole(s.x, n_x * s.ld_x, rng, 3);
    fill_whole(s.y, n_y * s.ld_y, rng, 3);
    return s;
}

static void free_sets(sets *s)
{
    free(s->x);
    free(s->y);
    free(s->known);
}

static int is_known(const mi_screen_spec *spec, uint32_t x, uint32_t y)
{
    for (uint64_t p = 0; p < spec->n_known; p++)
        if (spec->known_x[p] == x && spec->known_y[p] == y)
            return 1;
    return 0;
}

static int counts(const mi_screen_spec *spec, uint32_t x, uint32_t y)
{
    if (spec->symmetric && x >= y)
        return 0;
    return !(spec->skip_same && x == y) && !is_known(spec, x, y);
}

static float output_of(const sets *s, uint32_t i, uint32_t j)
{
    float sum = 0.0f;
    for (uint32_t k = 0; k < s->spec.width; k++)
        sum += s->x[i * s->ld_x + k] * s->y[j * s->ld_y + k];
    return sum;
}

static mi_screen_result *screened(const sets *s, const mi_screen_tuning *tuning, seen *above)
{
    mi_screen *screen = NULL;
    mi_screen_result *result = NULL;
    mi_screen_progress progress = {0};
    mi_error err;
    double before = 0.0;
    above->n = 0;
    ck_assert_msg(mi_screen_new_tuned(&screen, &s->spec, tuning, s->x, s->ld_x, s->y, s->ld_y, keep, above,
                                      &err) == MI_OK,
                  "%s", err.message);
    while (!progress.done) {
        ck_assert_int_eq(mi_screen_step(screen, &progress, &err), MI_OK);
        ck_assert(progress.fraction >= before && progress.fraction <= 1.0);
        before = progress.fraction;
    }
    ck_assert_int_eq(mi_screen_finish(screen, &result, &err), MI_OK);
    mi_screen_free(screen);
    return result;
}

/* Candidates of one list, sorted as they come: the twin of a selection. */
static int before(mi_screen_pair a, mi_screen_pair b)
{
    if (a.output != b.output)
        return a.output > b.output;
    return a.x != b.x ? a.x < b.x : a.y < b.y;
}
static int by_rank(const void *a, const void *b)
{
    const mi_screen_pair *p = a, *q = b;
    return before(*q, *p) - before(*p, *q);
}

static void check_list(const char *what, const mi_screen_pair *list, size_t n, const uint32_t *rows,
                       const float *outputs, uint32_t per, int of_x)
{
    for (uint32_t k = 0; k < per; k++) {
        if (k >= n) {
            ck_assert_uint_eq(rows[k], MI_SCREEN_NOBODY);
            ck_assert(isnan(outputs[k]));
            continue;
        }
        ck_assert_msg(rows[k] == (of_x ? list[k].y : list[k].x) && outputs[k] == list[k].output,
                      "%s: entry %u is row %u with %g, should be %u, %u with %g", what, k, rows[k],
                      (double)outputs[k], list[k].x, list[k].y, (double)list[k].output);
    }
}

static void check_lists(const sets *s, const mi_screen_pair *all, size_t n, const mi_screen_result *r)
{
    mi_screen_pair *list = malloc((n + 1) * sizeof *list);
    for (uint32_t side = 0; side < 2; side++) {
        const uint32_t rows = side == 0 ? s->spec.n_x : s->spec.n_y;
        if ((side == 0 ? r->per_x : r->per_y) == 0)
            continue;
        for (uint32_t row = 0; row < rows; row++) {
            size_t m = 0;
            for (size_t p = 0; p < n; p++)
                if ((side == 0 ? all[p].x - s->spec.first_x : all[p].y) == row)
                    list[m++] = all[p];
            if (side == 0)
                check_list("row of x", list, m, r->x_best + (size_t)row * r->per_x,
                           r->x_output + (size_t)row * r->per_x, r->per_x, 1);
            else
                check_list("row of y", list, m, r->y_best + (size_t)row * r->per_y,
                           r->y_output + (size_t)row * r->per_y, r->per_y, 0);
        }
    }
    free(list);
}

static void check_above(const mi_screen_spec *spec, const mi_screen_pair *in_order, size_t n,
                        const seen *above)
{
    size_t m = 0;
    for (size_t p = 0; p < n; p++) {
        if (!spec->above || mi_screen_score(spec, in_order[p].output) < spec->threshold)
            continue;
        ck_assert_uint_lt(m, above->n);
        ck_assert(above->pairs[m].x == in_order[p].x && above->pairs[m].y == in_order[p].y &&
                  above->pairs[m].output == in_order[p].output);
        m++;
    }
    ck_assert_uint_eq(m, above->n);
}

static void check_summary(const mi_screen_spec *spec, const mi_screen_pair *all, size_t n,
                          const mi_screen_summary *summary)
{
    double sum = 0.0, largest = -(double)INFINITY;
    uint64_t *bins = calloc(spec->n_bins + 2, sizeof *bins);
    for (size_t p = 0; p < n; p++) {
        const double score = mi_screen_score(spec, all[p].output);
        sum += score;
        largest = fmax(largest, score);
        const double place = spec->n_bins ? (score - spec->low) / (spec->high - spec->low) * spec->n_bins : 0;
        bins[place < 0 ? 0 : place >= spec->n_bins ? spec->n_bins + 1 : (size_t)place + 1]++;
    }
    ck_assert_uint_eq(summary->n_scored, n);
    if (spec->summarise && n > 0) {
        ck_assert(fabs(summary->mean - sum / (double)n) < 1e-9 || isinf(sum) || isnan(sum));
        ck_assert(summary->max == largest);
    } else {
        ck_assert(isnan(summary->mean) && isnan(summary->max));
    }
    for (uint32_t b = 0; spec->n_bins > 0 && spec->every <= 1 && b < spec->n_bins + 2; b++)
        ck_assert_uint_eq(summary->bins[b], bins[b]);
    free(bins);
}

static void check_against_scan(const sets *s, const mi_screen_result *r, const seen *above)
{
    const mi_screen_spec *spec = &s->spec;
    mi_screen_pair *all = malloc(((size_t)spec->n_x * spec->n_y + 1) * sizeof *all);
    size_t n = 0, nan = 0;
    for (uint32_t i = 0; i < spec->n_x; i++)
        for (uint32_t j = 0; j < spec->n_y; j++) {
            const float output = output_of(s, i, j);
            if (!counts(spec, spec->first_x + i, j))
                continue;
            nan += isnan(output) != 0;
            if (!isnan(output))
                all[n++] = (mi_screen_pair){spec->first_x + i, j, output};
        }
    ck_assert_uint_eq(r->summary.n_nan, nan);
    check_summary(spec, all, n, &r->summary);
    check_above(spec, all, n, above);
    ck_assert_uint_eq(r->n_above, above->n);
    qsort(all, n, sizeof *all, by_rank);
    check_lists(s, all, n, r);
    ck_assert_uint_eq(r->n_top, n < spec->top ? n : spec->top);
    for (size_t p = 0; p < r->n_top; p++)
        ck_assert(r->top[p].x == all[p].x && r->top[p].y == all[p].y && r->top[p].output == all[p].output);
    free(all);
}

/* Everything at random; sizes around those of panels and bands. */
static sets draw_case(mi_rng *rng)
{
    static const uint32_t ranks[] = {0, 1, 3, 40, 1000};
    sets s =
        draw_sets(rng, 1 + mi_rng_below(rng, 130), 1 + mi_rng_below(rng, 300), 1 + mi_rng_below(rng, 40));
    mi_screen_spec *spec = &s.spec;
    spec->first_x = MI_SCREEN_BAND * mi_rng_below(rng, 2) * (mi_rng_below(rng, 4) == 0);
    spec->top_per_x = ranks[mi_rng_below(rng, 5)];
    spec->top_per_y = ranks[mi_rng_below(rng, 5)];
    spec->top = ranks[mi_rng_below(rng, 5)];
    spec->above = mi_rng_below(rng, 2) != 0;
    spec->threshold = (double)mi_rng_below(rng, 40) - 10.0;
    spec->max_above = MOST_ABOVE;
    if (mi_rng_below(rng, 3) == 0) { /* the best of rows alone have a way of their own */
        spec->top_per_y = spec->top = 0;
        spec->above = 0;
    }
    spec->skip_same = mi_rng_below(rng, 3) == 0;
    spec->symmetric = mi_rng_below(rng, 4) == 0;
    spec->summarise = mi_rng_below(rng, 2) != 0;
    if (spec->summarise && mi_rng_below(rng, 2)) {
        spec->n_bins = 1 + mi_rng_below(rng, 50);
        spec->low = -20.25; /* no score lies on an edge */
        spec->high = spec->low + 0.5 * spec->n_bins;
    }
    if (mi_rng_below(rng, 3) == 0)
        draw_known(&s, rng, 1 + mi_rng_below(rng, 300));
    if (mi_rng_below(rng, 4) == 0) {
        s.x[mi_rng_below(rng, spec->n_x) * s.ld_x] = NAN;
        s.y[mi_rng_below(rng, spec->n_y) * s.ld_y + spec->width - 1] = NAN;
    }
    if (mi_rng_below(rng, 4) == 0) /* infinities, and NaN where they meet a zero */
        s.y[mi_rng_below(rng, spec->n_y) * s.ld_y] = mi_rng_below(rng, 2) ? INFINITY : -INFINITY;
    return s;
}

START_TEST(test_selections_are_those_of_a_scan)
{
    static const mi_screen_tuning tunings[] = {
        {0}, {.portable = 1}, {.band = 6, .panels = 1, .step = 1}, {.band = 48, .panels = 2, .portable = 1}};
    mi_rng rng = test_rng(1);
    seen above = {malloc(MOST_ABOVE * sizeof(mi_screen_pair)), 0};
    for (int repeat = 0; repeat < 80; repeat++) {
        sets s = draw_case(&rng);
        for (size_t t = 0; t < sizeof tunings / sizeof *tunings; t++) {
            mi_screen_result *r = screened(&s, &tunings[t], &above);
            check_against_scan(&s, r, &above);
            mi_screen_result_free(r);
        }
        free_sets(&s);
    }
    free(above.pairs);
}
END_TEST

/* One score for every pair: order is by rows alone. */
START_TEST(test_equal_scores_are_taken_by_row)
{
    mi_rng rng = test_rng(2);
    sets s = draw_sets(&rng, 900, 700, 5);
    seen above = {malloc(1), 0};
    memset(s.x, 0, 900 * s.ld_x * sizeof(float));
    s.spec.top_per_x = 7;
    s.spec.top_per_y = 5;
    s.spec.top = 1500;
    for (int portable = 0; portable < 2; portable++) {
        mi_screen_result *r = screened(&s, &(mi_screen_tuning){.portable = portable}, &above);
        check_against_scan(&s, r, &above);
        mi_screen_result_free(r);
    }
    free(above.pairs);
    free_sets(&s);
}
END_TEST

/* Floors from a sample of columns; then a sample that promises too much, so that rows are done again. */
START_TEST(test_a_wrong_guess_changes_nothing)
{
    mi_rng rng = test_rng(3);
    seen above = {malloc(MOST_ABOVE * sizeof(mi_screen_pair)), 0};
    for (int variant = 0; variant < 8; variant++) {
        sets s = draw_sets(&rng, 100, 1600, 8);
        s.spec.top_per_x = 30;
        s.spec.top = 10;
        s.spec.summarise = 1;
        s.spec.skip_same = variant % 2;
        s.spec.symmetric = variant == 3;
        if (variant >= 4) /* the columns that the sample has, as in screen_guess.c */
            for (uint32_t t = 0; t < 512; t += 512 / 25)
                for (uint32_t k = 0; k < 8; k++)
                    s.y[(size_t)((2 * t + 1) * 1600 / 1024) * s.ld_y + k] *= 1000.0f;
        if (variant == 6)
            draw_known(&s, &rng, 500);
        if (variant == 7)
            s.y[900 * s.ld_y] = NAN;
        for (int portable = 0; portable < 2; portable++) {
            mi_screen_result *r =
                screened(&s, &(mi_screen_tuning){.portable = portable, .guess_from = 1024}, &above);
            check_against_scan(&s, r, &above);
            mi_screen_result_free(r);
        }
        free_sets(&s);
    }
    free(above.pairs);
}
END_TEST

/* On numbers that round: the same bits whatever the tiles. */
START_TEST(test_tiles_do_not_change_a_bit)
{
    static const mi_screen_tuning tunings[] = {
        {0}, {.band = 6}, {.band = 96, .panels = 3}, {.step = 1}, {.guess_from = 512}};
    mi_rng rng = test_rng(4);
    seen above = {malloc(MOST_ABOVE * sizeof(mi_screen_pair)), 0}, first_above = {NULL, 0};
    sets s = draw_sets(&rng, 500, 1000, 37);
    fill_normal(s.x, 500 * s.ld_x, 5);
    fill_normal(s.y, 1000 * s.ld_y, 6);
    s.spec.top_per_x = 20;
    s.spec.top_per_y = 9;
    s.spec.top = 300;
    s.spec.above = 1;
    s.spec.threshold = 3.0;
    s.spec.max_above = MOST_ABOVE;
    mi_screen_result *first = NULL;
    for (size_t t = 0; t < sizeof tunings / sizeof *tunings; t++) {
        mi_screen_result *r = screened(&s, &tunings[t], &above);
        if (!first) {
            first = r;
            first_above = (seen){malloc(above.n * sizeof *above.pairs), above.n};
            memcpy(first_above.pairs, above.pairs, above.n * sizeof *above.pairs);
            continue;
        }
        ck_assert_mem_eq(r->x_best, first->x_best, 500 * 20 * sizeof(uint32_t));
        ck_assert_mem_eq(r->x_output, first->x_output, 500 * 20 * sizeof(float));
        ck_assert_mem_eq(r->y_best, first->y_best, 1000 * 9 * sizeof(uint32_t));
        ck_assert_mem_eq(r->y_output, first->y_output, 1000 * 9 * sizeof(float));
        ck_assert_uint_eq(r->n_top, 300);
        ck_assert_mem_eq(r->top, first->top, 300 * sizeof *r->top);
        ck_assert_uint_eq(above.n, first_above.n);
        ck_assert_mem_eq(above.pairs, first_above.pairs, above.n * sizeof *above.pairs);
        mi_screen_result_free(r);
    }
    for (uint32_t i = 0; i < 500; i++)
        ck_assert(fabsf(first->x_output[(size_t)i * 20] - output_of(&s, i, first->x_best[(size_t)i * 20])) <
                  1e-4f);
    mi_screen_result_free(first);
    free(first_above.pairs);
    free(above.pairs);
    free_sets(&s);
}
END_TEST

/* The threshold is that of the score as it is calibrated in double, to the last bit. */
START_TEST(test_threshold_is_exact)
{
    mi_rng rng = test_rng(7);
    seen above = {malloc(MOST_ABOVE * sizeof(mi_screen_pair)), 0};
    sets s = draw_sets(&rng, 60, 200, 6);
    fill_normal(s.x, 60 * s.ld_x, 8);
    fill_normal(s.y, 200 * s.ld_y, 9);
    s.spec.slope = 0.7310585786300049;
    s.spec.log_scale = -0.1234567890123;
    s.spec.above = 1;
    s.spec.max_above = MOST_ABOVE;
    s.spec.threshold = -(double)INFINITY;
    mi_screen_result_free(screened(&s, NULL, &above));
    ck_assert_uint_eq(above.n, 60 * 200);
    for (uint32_t k = 0; k < 50; k++) {
        const float output = above.pairs[mi_rng_below(&rng, 60 * 200)].output;
        s.spec.threshold = mi_screen_score(&s.spec, output);
        uint64_t expected = 0, found = 0;
        seen some = {malloc(MOST_ABOVE * sizeof(mi_screen_pair)), 0};
        mi_screen_result_free(screened(&s, NULL, &some));
        for (size_t p = 0; p < above.n; p++)
            expected += mi_screen_score(&s.spec, above.pairs[p].output) >= s.spec.threshold;
        for (size_t p = 0; p < some.n; p++)
            found += some.pairs[p].output == output;
        ck_assert_uint_eq(some.n, expected);
        ck_assert_uint_ge(found, 1);
        free(some.pairs);
    }
    free(above.pairs);
    free_sets(&s);
}
END_TEST

START_TEST(test_kth_largest_of_any_values)
{
    mi_rng rng = test_rng(10);
    for (int repeat = 0; repeat < 300; repeat++) {
        float values[300];
        uint64_t keys[300], scratch[300];
        const uint32_t n = 1 + mi_rng_below(&rng, 300), k = 1 + mi_rng_below(&rng, n);
        for (uint32_t i = 0; i < n; i++) {
            const double z = mi_rng_normal(&rng);
            values[i] = repeat % 3 == 0   ? (float)mi_rng_below(&rng, 4)
                        : repeat % 3 == 1 ? (float)(z * exp(20.0 * mi_rng_normal(&rng)))
                                          : (float)z;
            if (mi_rng_below(&rng, 50) == 0)
                values[i] = mi_rng_below(&rng, 2) ? INFINITY : -INFINITY;
            values[i] += 0.0f;
            keys[i] = mi_key_of(values[i], i);
        }
        mi_sort_keys(keys, scratch, n);
        for (uint32_t i = 1; i < n; i++)
            ck_assert(keys[i - 1] > keys[i]);
        ck_assert(mi_kth_largest(values, n, k) == mi_key_output(keys[k - 1]));
        if (mi_screen_avx512())
            ck_assert(mi_kth_largest_avx512(values, n, k) == mi_key_output(keys[k - 1]));
        ck_assert(values[mi_key_row(keys[k - 1])] == mi_key_output(keys[k - 1]));
    }
}
END_TEST

START_TEST(test_vectors_rank_as_keys_sort)
{
    mi_rng rng = test_rng(11);
    for (int repeat = 0; mi_screen_avx512() && repeat < 300; repeat++) {
        float output[MI_POOL_RANK], outputs[MI_POOL_RANK];
        uint32_t row[MI_POOL_RANK], rows[MI_POOL_RANK];
        uint64_t keys[MI_POOL_RANK], scratch[MI_POOL_RANK];
        const uint32_t n = 1 + mi_rng_below(&rng, MI_POOL_RANK), spread = 1 + mi_rng_below(&rng, 400);
        for (uint32_t i = 0; i < n; i++) {
            output[i] = mi_rng_below(&rng, 50) ? (float)mi_rng_below(&rng, spread) - 3.0f : -INFINITY;
            row[i] = 3 * i + mi_rng_below(&rng, 3);
            keys[i] = mi_key_of(output[i], row[i]);
        }
        mi_sort_keys(keys, scratch, n);
        mi_pools_rank_avx512(output, row, n, rows, outputs);
        for (uint32_t i = 0; i < n; i++) {
            ck_assert_uint_eq(rows[i], mi_key_row(keys[i]));
            ck_assert(outputs[i] == mi_key_output(keys[i]));
        }
    }
}
END_TEST

int main(void)
{
    RUN_TESTS("core/screen", test_selections_are_those_of_a_scan, test_equal_scores_are_taken_by_row,
              test_a_wrong_guess_changes_nothing, test_tiles_do_not_change_a_bit, test_threshold_is_exact,
              test_kth_largest_of_any_values, test_vectors_rank_as_keys_sort);
}
