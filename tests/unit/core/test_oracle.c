/*
 * What each estimate says when the critic is the truth: B = 64, scores c = log r, Gaussian pairs with d = 10,
 * and ten binary symmetric channels.
 *
 * Expected values in bits (mean and standard deviation of a batch's value) were computed once, by other code,
 * with 3,000 batches. A column that only some levels have is NONE in the others.
 */
#include "mi/objective.h"
#include "testing.h"

#include <math.h>
#include <string.h>

enum { DIM = 10, BATCH = 64, N_BATCHES = 600 };

#define NONE (double)NAN

typedef enum column { PLUG_IN, DV, NWJ, INFONCE, JS, LEGACY, SMILE1, SMILE5, N_COLUMNS } column;

static const struct {
    const char *objective;
    double tau;
} columns[N_COLUMNS] = {
    [PLUG_IN] = {"infonce-anchor", 0}, [DV] = {"dv", 0},        [NWJ] = {"nwj", 0},
    [INFONCE] = {"infonce", 0},        [JS] = {"js", 0},        [LEGACY] = {"js-legacy", 0},
    [SMILE1] = {"smile", 1},           [SMILE5] = {"smile", 5},
};

typedef struct vector {
    double mi, parameter; /* bits; the flip probability of a channel */
    double mean[N_COLUMNS];
} vector;

static const vector gaussian[] = {
    {2, 0, {2.00, 2.01, 2.00, 1.89, 2.00, 1.47, 2.36, 2.01}},
    {4, 0, {4.01, 4.04, 4.02, 3.47, 4.02, 3.48, 4.73, 4.12}},
    {6, 0, {6.01, 6.08, 6.00, 4.61, 6.00, 5.48, 7.01, 6.39}},
    {8, 0, {7.99, 8.24, 8.01, 5.34, 8.01, 7.47, 9.19, 8.85}},
    {10, 0, {10.00, 10.52, 10.0, 5.73, 10.0, 9.48, 11.31, 11.50}},
};

static const vector channels[] = {
    {2, .243004, {2.00, 2.00, 2.00, 1.91, 2.00, 1.47, 2.40, 2.00}},
    {4, .146102, {4.01, 4.01, 4.00, 3.55, 4.00, 3.47, 4.80, 4.10}},
    {6, .079383, {6.00, 6.04, 5.99, 4.78, 5.99, 5.47, 7.01, 6.50}},
    {8, .031124, {7.99, 8.15, 7.98, 5.56, 7.98, NONE, 9.28, 9.27}},
};

typedef void draw(float *s, const vector *v, mi_rng *rng);

/* s (B, B) of log p(x_i,y_j) / (p(x_i) p(y_j)) */
static void true_scores(float *s, double rho, mi_rng *rng)
{
    double x[BATCH][DIM], y[BATCH][DIM];
    for (size_t i = 0; i < BATCH; i++)
        for (size_t k = 0; k < DIM; k++) {
            x[i][k] = mi_rng_normal(rng);
            y[i][k] = rho * x[i][k] + sqrt(1 - rho * rho) * mi_rng_normal(rng);
        }
    const double q = 1 - rho * rho;
    for (size_t i = 0; i < BATCH; i++)
        for (size_t j = 0; j < BATCH; j++) {
            double score = -0.5 * DIM * log(q);
            for (size_t k = 0; k < DIM; k++) {
                const double a = x[i][k], b = y[j][k];
                score -= (rho * rho * (a * a + b * b) - 2 * rho * a * b) / (2 * q);
            }
            s[i * BATCH + j] = (float)score;
        }
}

static void draw_gaussian(float *s, const vector *v, mi_rng *rng)
{
    true_scores(s, sqrt(1 - exp2(-2 * v->mi / DIM)), rng);
}

/* Ten fair bits, each flipped with probability p. */
static void draw_channels(float *s, const vector *v, mi_rng *rng)
{
    unsigned x[BATCH] = {0}, y[BATCH] = {0};
    const double p = v->parameter;
    for (size_t i = 0; i < BATCH; i++)
        for (unsigned k = 0; k < DIM; k++) {
            const unsigned bit = mi_rng_below(rng, 2);
            x[i] |= bit << k;
            y[i] |= (bit ^ (mi_rng_uniform(rng) < p ? 1u : 0u)) << k;
        }
    for (size_t i = 0; i < BATCH; i++)
        for (size_t j = 0; j < BATCH; j++) {
            double score = 0;
            for (unsigned k = 0; k < DIM; k++)
                score += log(2 * (((x[i] ^ y[j]) >> k & 1) != 0 ? p : 1 - p));
            s[i * BATCH + j] = (float)score;
        }
}

/* Both means carry Monte-Carlo error (ours and the published one), the published one also two decimals of
 * rounding. */
static void check_mean(const vector *v, column c, double sum, double square)
{
    const double got = sum / N_BATCHES, sd = sqrt(square / N_BATCHES - got * got);
    const double tolerance = 4 * sd * sqrt(1.0 / N_BATCHES + 1.0 / 3000) + 0.005;
    ck_assert_msg(isnan(v->mean[c]) || fabs(got - v->mean[c]) <= tolerance,
                  "column %d (%s) at %g bits: %.3f, want %.3f +- %.3f", (int)c, columns[c].objective, v->mi,
                  got, v->mean[c], tolerance);
}

static void check_vector(const vector *v, draw *scores_of, uint32_t stream)
{
    float s[BATCH * BATCH], output[BATCH * BATCH];
    double sum[N_COLUMNS] = {0}, square[N_COLUMNS] = {0};
    mi_rng rng = test_rng(stream);
    for (int k = 0; k < N_BATCHES; k++) {
        scores_of(s, v, &rng);
        for (int c = 0; c < N_COLUMNS; c++) {
            mi_objective_spec spec = {.entry = mi_objective_find(columns[c].objective)};
            spec.params = (mi_objective_params){
                .nu = 1, .directions = MI_DIRECTIONS_COLUMNS, .tau = columns[c].tau, .batch = BATCH};
            for (size_t i = 0; i < BATCH * BATCH; i++)
                output[i] = s[i] + (float)mi_objective_offset(&spec);
            const double bits = spec.entry->estimate(output, BATCH, &spec.params) / log(2);
            sum[c] += bits;
            square[c] += bits * bits;
        }
    }
    for (int c = 0; c < N_COLUMNS; c++)
        check_mean(v, (column)c, sum[c], square[c]);
}

START_TEST(test_a_true_critic_of_a_gaussian_law_gives_the_known_value_of_each_estimate)
{
    for (size_t i = 0; i < sizeof gaussian / sizeof gaussian[0]; i++)
        check_vector(&gaussian[i], draw_gaussian, (uint32_t)i + 1);
}
END_TEST

START_TEST(test_a_true_critic_of_binary_channels_gives_the_known_value_of_each_estimate)
{
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++)
        check_vector(&channels[i], draw_channels, (uint32_t)i + 11);
}
END_TEST

/* At the truth the population gradient of the log-scale is zero, so its mean over batches must be noise. */
START_TEST(test_the_anchor_loss_asks_for_no_other_scale_at_the_truth)
{
    const mi_objective *anchor = mi_objective_find("infonce-anchor");
    const mi_objective_params params = {.nu = 8, .directions = MI_DIRECTIONS_BOTH};
    float s[BATCH * BATCH], grad[BATCH * BATCH];
    void *scratch = aligned_alloc(64, (anchor->scratch_bytes(BATCH) + 63) / 64 * 64);
    double sum = 0, square = 0;
    mi_rng rng = test_rng(20);
    for (int k = 0; k < N_BATCHES; k++) {
        double loss = 0, slope = 0;
        true_scores(s, sqrt(1 - exp2(-2 * 6.0 / DIM)), &rng);
        anchor->loss_and_grad(s, BATCH, &params, grad, &loss, scratch);
        for (size_t i = 0; i < BATCH * BATCH; i++)
            slope += (double)grad[i];
        sum += slope;
        square += slope * slope;
    }
    const double mean = sum / N_BATCHES, sd = sqrt(square / N_BATCHES - mean * mean);
    ck_assert_msg(fabs(mean) <= 4 * sd / sqrt(N_BATCHES), "mean slope %g, sd %g", mean, sd);
    free(scratch);
}
END_TEST

int main(void)
{
    RUN_TESTS("oracle", test_a_true_critic_of_a_gaussian_law_gives_the_known_value_of_each_estimate,
              test_a_true_critic_of_binary_channels_gives_the_known_value_of_each_estimate,
              test_the_anchor_loss_asks_for_no_other_scale_at_the_truth);
}
