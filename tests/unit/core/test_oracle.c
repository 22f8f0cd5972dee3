/*
 * What each estimate says when the critic is the truth: Gaussian pairs, d = 10, B = 64, scores c = log r.
 *
 * Expected values in bits (mean and standard deviation of a batch's value) were computed once with 3,000
 * batches; `dv` follows from the same score matrix and shows that the matrix, not the estimate, is what the
 * other columns agree on.
 */
#include "mi/objective.h"
#include "testing.h"

#include <math.h>
#include <string.h>

enum { DIM = 10, BATCH = 64, N_BATCHES = 600 };

typedef struct vector {
    double mi;
    double plug_in[2], dv[2], nwj[2], infonce[2]; /* mean, sd of one batch */
} vector;

static const vector vectors[] = {
    {2, {2.00, .28}, {2.01, .30}, {2.00, .30}, {1.89, .26}},
    {4, {4.01, .37}, {4.04, .44}, {4.02, .49}, {3.47, .28}},
    {6, {6.01, .44}, {6.08, .63}, {6.00, .81}, {4.61, .25}},
    {8, {7.99, .46}, {8.24, .85}, {8.01, 1.86}, {5.34, .18}},
};

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

static double dv(const float *s)
{
    double joint = 0, mismatch = 0;
    for (size_t i = 0; i < BATCH; i++)
        for (size_t j = 0; j < BATCH; j++) {
            if (i == j)
                joint += (double)s[i * BATCH + j];
            else
                mismatch += exp((double)s[i * BATCH + j]);
        }
    return joint / BATCH - log(mismatch / (BATCH * (BATCH - 1)));
}

/* Both means carry Monte-Carlo error (ours and the published one), the published one also two decimals of
 * rounding. */
static void check_mean(const char *what, double mi, double sum_nats, const double want[2])
{
    const double got = sum_nats / N_BATCHES / log(2);
    const double tolerance = 4 * want[1] * sqrt(1.0 / N_BATCHES + 1.0 / 3000) + 0.005;
    ck_assert_msg(fabs(got - want[0]) <= tolerance, "%s at %g bits: %.3f, want %.3f +- %.3f", what, mi, got,
                  want[0], tolerance);
}

static void check_vector(const vector *v, uint32_t stream)
{
    const mi_objective *anchor = mi_objective_find("infonce-anchor"), *nwj = mi_objective_find("nwj");
    const mi_objective *infonce = mi_objective_find("infonce");
    const mi_objective_params columns = {.nu = 1, .directions = MI_DIRECTIONS_COLUMNS};
    float s[BATCH * BATCH];
    double plug_in = 0, bound_dv = 0, bound_nwj = 0, bound_infonce = 0;
    mi_rng rng = test_rng(stream);
    for (int k = 0; k < N_BATCHES; k++) {
        true_scores(s, sqrt(1 - exp2(-2 * v->mi / DIM)), &rng);
        plug_in += anchor->estimate(s, BATCH, &columns);
        bound_dv += dv(s);
        bound_infonce += infonce->estimate(s, BATCH, &columns);
        for (size_t i = 0; i < BATCH * BATCH; i++)
            s[i] += (float)mi_objective_offset(&(mi_objective_spec){.entry = nwj});
        bound_nwj += nwj->estimate(s, BATCH, &columns);
    }
    check_mean("plug-in", v->mi, plug_in, v->plug_in);
    check_mean("DV", v->mi, bound_dv, v->dv);
    check_mean("NWJ", v->mi, bound_nwj, v->nwj);
    check_mean("InfoNCE", v->mi, bound_infonce, v->infonce);
}

START_TEST(test_a_true_critic_gives_the_known_value_of_each_estimate)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        check_vector(&vectors[i], (uint32_t)i + 1);
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
    RUN_TESTS("oracle", test_a_true_critic_gives_the_known_value_of_each_estimate,
              test_the_anchor_loss_asks_for_no_other_scale_at_the_truth);
}
