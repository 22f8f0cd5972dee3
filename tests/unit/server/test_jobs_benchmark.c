/*
 * Benchmarks by the workers: cells as runs, and what becomes of them.
 */
#include "../runner.h"
#include "base/log.h"
#include "mi/info.h"
#include "pool_bench.h"

#include <stdlib.h>
#include <string.h>

#define CRITIC ",\"critic\":{\"hidden\":[8],\"embed\":4},\"null_pairs\":1000"
#define CELLS                                                                                             \
    "\"laws\":[\"gaussian\",{\"name\":\"cubic\",\"dim\":2}],\"objectives\":[\"infonce-anchor\",\"nwj\"]," \
    "\"repetitions\":2" CRITIC
#define FINITE                                                                                               \
    CELLS ",\"n\":200,\"split\":{\"folds\":2},\"train\":{\"batch\":32,\"max_steps\":150,\"early_stopping\":" \
          "false,\"evaluate_every\":20}"
#define FRESH CELLS ",\"fresh\":{\"levels_bits\":[1,2],\"steps\":150,\"sample\":500},\"train\":{\"batch\":32}"

/* The part of a result that does not tell the time, allocated: without the values of train_s and run_s. */
static char *figures_of(store *s)
{
    static const char seconds[] = "_s\":";
    const fake_state *state = fake_store_lock(s);
    ck_assert_msg(state->result != NULL, "%s", state->problem ? state->problem : "no result");
    const char *from = strstr(state->result, "\"benchmark\"");
    ck_assert_ptr_nonnull(from);
    char *text = calloc(1, strlen(from) + 1), *to = text;
    for (const char *next; (next = strstr(from, seconds)); from = next + strcspn(next, ",}")) {
        memcpy(to, from, (size_t)(next - from));
        to += next - from;
    }
    memcpy(to, from, strlen(from));
    fake_store_unlock(s);
    return text;
}

static int compare_rows(const void *a, const void *b)
{
    const proto_curve_row *p = a, *q = b;
    const uint32_t keys[][2] = {{p->variant, q->variant},
                                {p->replicate, q->replicate},
                                {p->fold, q->fold},
                                {p->point.step, q->point.step}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    return 0;
}

static proto_curve_row *curve_of(store *s, size_t *n)
{
    const fake_state *state = fake_store_lock(s);
    proto_curve_row *rows = malloc(sizeof state->points);
    *n = state->n_points;
    memcpy(rows, state->points, sizeof state->points);
    fake_store_unlock(s);
    qsort(rows, *n, sizeof *rows, compare_rows);
    return rows;
}

static void run_benchmark(store *s, uint32_t n_workers, unsigned interruptions)
{
    bench b = {0};
    for (unsigned i = 0;; i++) {
        start(&b, s, n_workers, 2);
        if (i < interruptions)
            uv_sleep(10);
        else
            wait_until(&b, s, is_terminal);
        const bool done = is_terminal(fake_store_lock(s));
        fake_store_unlock(s);
        if (done)
            break;
        stop(&b);
        fake_store_restart(s);
    }
    stop(&b);
    hub_close(b.hub);
    uv_run(&b.loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&b.loop), 0);
}

static void check_interrupted_benchmark(const char *fields)
{
    size_t n, n_again;
    store *s = fake_store_new_benchmark(4, 2, 600, fields);
    run_benchmark(s, 1, 0);
    char *figures = figures_of(s), *again;
    proto_curve_row *curve = curve_of(s, &n), *curve_again;
    ck_assert_uint_ge(n, 4 * 2);
    fake_store_free(s);
    s = fake_store_new_benchmark(4, 2, 600, fields);
    run_benchmark(s, 2, 20);
    again = figures_of(s);
    curve_again = curve_of(s, &n_again);
    ck_assert_str_eq(figures, again);
    ck_assert_uint_eq(n, n_again);
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq(compare_rows(&curve[i], &curve_again[i]), 0);
        ck_assert_mem_eq(&curve[i].point.val_mi, &curve_again[i].point.val_mi, sizeof(double));
    }
    fake_store_free(s);
    free(figures);
    free(again);
    free(curve);
    free(curve_again);
}

START_TEST(test_stopped_benchmark_goes_on_to_the_same_figures)
{
    check_interrupted_benchmark(FINITE);
    check_interrupted_benchmark(FRESH);
}
END_TEST

START_TEST(test_a_cell_that_diverges_is_a_row_of_the_benchmark)
{
    store *s = fake_store_new_benchmark(
        2, 1, 600,
        "\"laws\":[\"gaussian\"],\"repetitions\":1,\"n\":200,\"objectives\":[\"nwj\",\"ksg\"],"
        "\"split\":{\"folds\":2}" DIVERGE);
    run_benchmark(s, 1, 0);
    char *figures = figures_of(s);
    ck_assert_ptr_nonnull(strstr(figures, "\"error\":{\"code\":\"numeric_divergence\""));
    ck_assert_ptr_nonnull(strstr(figures, "\"error\":null"));
    free(figures);
    fake_store_free(s);
}
END_TEST

START_TEST(test_a_benchmark_of_which_nothing_stands_still_says_so)
{
    store *s = fake_store_new_benchmark(1, 1, 600,
                                        "\"laws\":[\"gaussian\"],\"repetitions\":1,\"n\":200,\"objective\":"
                                        "\"nwj\",\"split\":{\"folds\":2}" DIVERGE);
    run_benchmark(s, 1, 0);
    char *figures = figures_of(s);
    ck_assert_ptr_nonnull(strstr(figures, "\"error\":{\"code\":\"numeric_divergence\""));
    ck_assert_ptr_nonnull(strstr(figures, "\"laws\":0,\"mean_abs_error_nats\":null,\"worst\":null"));
    free(figures);
    fake_store_free(s);
}
END_TEST

START_TEST(test_canceled_benchmark_lets_go)
{
    bench b = {0};
    store *s = fake_store_new_benchmark(
        1, 1, 600, "\"laws\":[\"gaussian\"],\"repetitions\":1,\"fresh\":{\"steps\":900000}" CRITIC);
    start(&b, s, 1, 600000);
    wait_until(&b, s, has_reports);
    fake_store_cancel(s);
    job_pool_hint(b.pool, "job_01ARZ3NDEKTSV4RRFFQ69G5FAV");
    wait_until(&b, s, has_release);
    finish(&b, s);
}
END_TEST

int main(void)
{
    mi_blas_setup(NULL);
    log_setup(LOG_LEVEL_ERROR, 0);
    RUN_TESTS("jobs_benchmark", test_stopped_benchmark_goes_on_to_the_same_figures,
              test_a_cell_that_diverges_is_a_row_of_the_benchmark,
              test_a_benchmark_of_which_nothing_stands_still_says_so, test_canceled_benchmark_lets_go);
}
