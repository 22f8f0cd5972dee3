/*
 * Fisher consistency: where the loss over a known law is smallest, the output is what the table says. The law
 * has a finite alphabet and the critic is a table c[x][y], so the expected loss of a batch and its gradient
 * are sums over all batches, without noise.
 *
 * A loss with the logarithm of a whole batch's partition has its optimum in the limit of large batches. For
 * those a batch is one that holds every pair as often as the law says, exactly.
 */
#include "objective_cases.h"
#include "objective_jsd.h"
#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_SIDE  4u
#define MAX_CELLS 12u
#define MAX_TUPLE 4u
#define N_ROWS    60u /* of the batch with exact frequencies */

typedef struct alphabet {
    size_t n_x, n_y;
    double p[MAX_CELLS]; /* (n_x, n_y) */
} alphabet;

static const alphabet small = {3, 2, {0.30, 0.05, 0.10, 0.25, 0.02, 0.28}};
static const alphabet large = {4,
                               3,
                               {7. / 60, 1. / 60, 5. / 60, 2. / 60, 9. / 60, 3. / 60, 8. / 60, 4. / 60,
                                2. / 60, 6. / 60, 3. / 60, 10. / 60}};

static size_t cells(const alphabet *a)
{
    return a->n_x * a->n_y;
}

/* log p / (p_x p_y) */
static void log_ratios(const alphabet *a, double *out)
{
    double p_x[MAX_SIDE] = {0}, p_y[MAX_SIDE] = {0};
    for (size_t k = 0; k < cells(a); k++) {
        p_x[k / a->n_y] += a->p[k];
        p_y[k % a->n_y] += a->p[k];
    }
    for (size_t k = 0; k < cells(a); k++)
        out[k] = log(a->p[k] / (p_x[k / a->n_y] * p_y[k % a->n_y]));
}

/* Expected loss over batches of n independent pairs, and its gradient by the entries of c. */
static double expected_loss(const mi_objective_spec *spec, const alphabet *a, size_t n, const double *c,
                            double *gradient)
{
    double total = 0, scores[MAX_TUPLE * MAX_TUPLE], grad[MAX_TUPLE * MAX_TUPLE];
    size_t n_batches = 1;
    for (size_t k = 0; k < n; k++)
        n_batches *= cells(a);
    memset(gradient, 0, cells(a) * sizeof *gradient);
    for (size_t code = 0; code < n_batches; code++) {
        size_t x[MAX_TUPLE], y[MAX_TUPLE], rest = code;
        double probability = 1, loss = 0;
        for (size_t k = 0; k < n; k++, rest /= cells(a)) {
            x[k] = rest % cells(a) / a->n_y;
            y[k] = rest % a->n_y;
            probability *= a->p[rest % cells(a)];
        }
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                scores[i * n + j] = c[x[i] * a->n_y + y[j]];
        spec->entry->reference(scores, n, &spec->params, grad, &loss);
        total += probability * loss;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                gradient[x[i] * a->n_y + y[j]] += probability * grad[i * n + j];
    }
    return total;
}

/* Pairs in the numbers that the law of the large alphabet asks of N_ROWS. */
static void exact_pairs(size_t *x, size_t *y)
{
    size_t row = 0;
    for (size_t k = 0; k < cells(&large); k++)
        for (long copy = lround(large.p[k] * N_ROWS); copy > 0; copy--, row++) {
            x[row] = k / large.n_y;
            y[row] = k % large.n_y;
        }
    ck_assert_uint_eq(row, N_ROWS);
}

/* The law of its mismatched pairs is not quite the product: no row meets itself. */
static void exact_log_ratios(double *out)
{
    log_ratios(&large, out);
    for (size_t k = 0; k < cells(&large); k++)
        out[k] = log((N_ROWS - 1) / (N_ROWS * exp(-out[k]) - 1));
}

static double exact_loss(const mi_objective_spec *spec, const double *c, double *gradient)
{
    size_t x[N_ROWS], y[N_ROWS];
    double loss = 0, scores[N_ROWS * N_ROWS], grad[N_ROWS * N_ROWS];
    exact_pairs(x, y);
    for (size_t i = 0; i < N_ROWS; i++)
        for (size_t j = 0; j < N_ROWS; j++)
            scores[i * N_ROWS + j] = c[x[i] * large.n_y + y[j]];
    spec->entry->reference(scores, N_ROWS, &spec->params, grad, &loss);
    memset(gradient, 0, cells(&large) * sizeof *gradient);
    for (size_t i = 0; i < N_ROWS; i++)
        for (size_t j = 0; j < N_ROWS; j++)
            gradient[x[i] * large.n_y + y[j]] += grad[i * N_ROWS + j];
    return loss;
}

/* Where the optimum is that of an infinite batch. */
static int of_large_batches(const mi_objective_spec *spec)
{
    const char *name = spec->entry->name;
    return strcmp(name, "dv") == 0 || strcmp(name, "ml-infonce") == 0 ||
           (strcmp(name, "mine") == 0 && isnan(spec->params.log_partition)) ||
           (strcmp(name, "alpha-infonce") == 0 && spec->params.alpha < 1);
}

/* The output that says this log ratio. */
static double output_of(const mi_objective_spec *spec, double log_ratio)
{
    double low = -60, high = 60;
    const int falls = mi_objective_log_ratio(spec, low) > mi_objective_log_ratio(spec, high);
    for (int k = 0; k < 200; k++) {
        const double middle = 0.5 * (low + high);
        if ((mi_objective_log_ratio(spec, middle) < log_ratio) != falls)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}

static double largest(const double *values, size_t n)
{
    double max = 0;
    for (size_t k = 0; k < n; k++)
        max = fmax(max, fabs(values[k]));
    return max;
}

typedef void visit(const mi_objective_spec *spec, const char *name);

static void for_every_setting(size_t batch, visit *run)
{
    const mi_objective *objective = NULL;
    for (size_t o = 0; (objective = mi_objective_at(o)) != NULL; o++)
        for (size_t i = 0; objective->method == MI_METHOD_CRITIC && i < objective_settings(objective); i++) {
            mi_objective_spec spec;
            char name[128];
            if (objective_setting(&spec, objective, i, batch))
                run(&spec, objective_setting_name(&spec, name, sizeof name));
        }
}

static void check_smallest(const mi_objective_spec *spec, const char *name)
{
    double truth[MAX_CELLS], c[MAX_CELLS], moved[MAX_CELLS], gradient[MAX_CELLS];
    if (of_large_batches(spec))
        return;
    mi_rng rng = test_rng(13);
    log_ratios(&small, truth);
    const double fixed = isnan(spec->params.log_partition) ? 0 : spec->params.log_partition;
    for (size_t k = 0; k < cells(&small); k++)
        c[k] = output_of(spec, truth[k]) + fixed;
    const double best = expected_loss(spec, &small, MAX_TUPLE, c, gradient);
    ck_assert_msg(largest(gradient, cells(&small)) < 1e-13, "%s: %g", name, largest(gradient, cells(&small)));
    for (int trial = 0; trial < 3; trial++) {
        for (size_t k = 0; k < cells(&small); k++)
            moved[k] = c[k] + 0.3 * mi_rng_normal(&rng);
        ck_assert_msg(expected_loss(spec, &small, MAX_TUPLE, moved, gradient) > best, "%s", name);
    }
}

START_TEST(test_expected_loss_is_smallest_at_the_stated_optimum)
{
    for_every_setting(MAX_TUPLE, check_smallest);
}
END_TEST

/* Solves (H + ridge) step = -gradient for a symmetric H; 0 where it is not positive definite. */
static int newton_step(const double *h, double ridge, const double *gradient, size_t n, double *step)
{
    double l[MAX_CELLS][MAX_CELLS];
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = 0.5 * (h[i * n + j] + h[j * n + i]) + (i == j ? ridge : 0);
            for (size_t k = 0; k < j; k++)
                sum -= l[i][k] * l[j][k];
            if (i == j && !(sum > 0))
                return 0;
            l[i][j] = i == j ? sqrt(sum) : sum / l[j][j];
        }
    for (size_t i = 0; i < n; i++) {
        step[i] = -gradient[i];
        for (size_t k = 0; k < i; k++)
            step[i] -= l[i][k] * step[k];
        step[i] /= l[i][i];
    }
    for (size_t i = n; i-- > 0;) {
        for (size_t k = i + 1; k < n; k++)
            step[i] -= l[k][i] * step[k];
        step[i] /= l[i][i];
    }
    return 1;
}

static double loss_on_large(const mi_objective_spec *spec, const double *c, double *gradient)
{
    return of_large_batches(spec) ? exact_loss(spec, c, gradient)
                                  : expected_loss(spec, &large, 2, c, gradient);
}

static void hessian(const mi_objective_spec *spec, const double *c, double *h)
{
    const size_t n = cells(&large);
    double moved[MAX_CELLS], up[MAX_CELLS], down[MAX_CELLS];
    for (size_t k = 0; k < n; k++) {
        memcpy(moved, c, n * sizeof *moved);
        moved[k] = c[k] + 1e-4;
        loss_on_large(spec, moved, up);
        moved[k] = c[k] - 1e-4;
        loss_on_large(spec, moved, down);
        for (size_t i = 0; i < n; i++)
            h[k * n + i] = (up[i] - down[i]) / 2e-4;
    }
}

/* Levenberg-Marquardt from c = 0. */
static void minimise(const mi_objective_spec *spec, double *c)
{
    const size_t n = cells(&large);
    double gradient[MAX_CELLS], next_gradient[MAX_CELLS], step[MAX_CELLS], next[MAX_CELLS];
    double h[MAX_CELLS * MAX_CELLS], loss = loss_on_large(spec, c, gradient);
    double ridge = 1e-3 * largest(gradient, n);
    for (int k = 0; k < 60 && largest(gradient, n) > 1e-15; k++) {
        hessian(spec, c, h);
        int better = 0;
        for (int attempt = 0; attempt < 40 && !better; attempt++) {
            if (newton_step(h, ridge, gradient, n, step)) {
                for (size_t i = 0; i < n; i++)
                    next[i] = c[i] + step[i];
                const double next_loss = loss_on_large(spec, next, next_gradient);
                better = next_loss < loss || largest(next_gradient, n) < 0.9 * largest(gradient, n);
                loss = better ? next_loss : loss;
            }
            ridge *= better ? 0.05 : 10;
        }
        if (!better)
            break;
        memcpy(c, next, sizeof next);
        memcpy(gradient, next_gradient, sizeof gradient);
    }
}

/* What e^output tells at the optimum, in logarithms. */
static void target(const mi_objective_spec *spec, double *out)
{
    if (!of_large_batches(spec)) {
        log_ratios(&large, out);
        return;
    }
    exact_log_ratios(out);
    /* Joint pairs have a share of the partition: p / (w p + (1-w) q) is learned, not p/q. */
    const double w = strcmp(spec->entry->name, "ml-infonce") == 0 ? spec->params.alpha / N_ROWS : 0;
    for (size_t k = 0; k < cells(&large); k++)
        out[k] -= log(w * exp(out[k]) + 1 - w);
}

static void check_recovery(const mi_objective_spec *spec, const char *name)
{
    const size_t n = cells(&large), n_y = large.n_y;
    double c[MAX_CELLS] = {0}, want[MAX_CELLS], off[MAX_CELLS];
    const mi_optimum optimum = mi_objective_optimum(spec);
    /* A line's partition holds its own joint pair at another weight: of order 1/B in what is learned. */
    const int lines = strcmp(spec->entry->name, "alpha-infonce") == 0 && of_large_batches(spec);
    const double tolerance = lines ? 3.0 / N_ROWS : 1e-5;
    minimise(spec, c);
    target(spec, want);
    for (size_t k = 0; k < n; k++)
        off[k] = mi_objective_log_ratio(spec, c[k]) - want[k];
    for (size_t k = 0; k < n; k++) {
        double free = 0;
        if (optimum == MI_OPT_LOG_RATIO_UP_TO_CONSTANT || optimum == MI_OPT_SATURATED)
            free = off[0];
        else if (optimum == MI_OPT_LOG_RATIO_UP_TO_Y)
            free = off[k % n_y];
        ck_assert_msg(fabs(off[k] - free) < tolerance, "%s: log r is off by %g at cell %zu", name,
                      off[k] - free, k);
    }
}

START_TEST(test_minimising_the_expected_loss_recovers_the_ratio)
{
    for_every_setting(2, check_recovery);
}
END_TEST

int main(void)
{
    RUN_TESTS("optimum", test_expected_loss_is_smallest_at_the_stated_optimum,
              test_minimising_the_expected_loss_recovers_the_ratio);
}
