#include "critic_bench.h"
#include "testing.h"

#include <math.h>
#include <string.h>

/* What gradients are taken of: an objective, or where there is none the sum of scores times `linear`, to
 * which every score matters. */
static double twin_loss(const critic_bench *b, const mi_objective_spec *objective)
{
    double loss = 0;
    twin_scores(b);
    if (objective)
        objective->entry->reference(b->wide_scores, b->batch, &objective->params, NULL, &loss);
    for (size_t p = 0; !objective && p < (size_t)b->batch * b->batch; p++)
        loss += (double)b->linear[p] * b->wide_scores[p];
    return loss;
}

static void score_gradient(critic_bench *b, const mi_objective_spec *objective)
{
    double loss = 0;
    forward(b);
    if (!objective) {
        memcpy(b->grad_scores, b->linear, (size_t)b->batch * b->batch * sizeof(float));
        return;
    }
    void *scratch = aligned_alloc(64, (objective->entry->scratch_bytes(b->batch) + 63) / 64 * 64);
    objective->entry->loss_and_grad(b->scores, b->batch, &objective->params, b->grad_scores, &loss, scratch);
    close_to(loss, twin_loss(b, objective), 1e-5);
    free(scratch);
}

#define N_PROBES 20u

/* Parameters at random, or all of them when they are few, against central differences of the twin's loss. The
 * step is short: across a kink of a rectifier there is no difference to compare with. */
static void check_gradient(critic_bench *b, const mi_objective_spec *objective)
{
    const double h = 1e-7;
    const size_t n = b->critic.n_params, probes = n < 15 * N_PROBES ? n : N_PROBES;
    double norm = 0;
    mi_rng rng = test_rng(6);
    score_gradient(b, objective);
    for (size_t p = 0; p < n; p++)
        b->grad[p] = NAN; /* overwritten, not added to */
    mi_critic_backward(&b->critic, b->params, b->grad_scores, b->grad);
    for (size_t p = 0; p < n; p++)
        norm = fmax(norm, fabs((double)b->grad[p]));
    ck_assert(isfinite(norm) && norm > 0);
    for (size_t k = 0; k < probes; k++) {
        /* The last are those of an offset, or a temperature. */
        const size_t p = probes == n ? k : k % 2 ? n - 1 - k / 2 : mi_rng_below(&rng, (uint32_t)n);
        const double before = b->wide[p];
        b->wide[p] = before + h;
        const double up = twin_loss(b, objective);
        b->wide[p] = before - h;
        const double down = twin_loss(b, objective);
        b->wide[p] = before;
        const double want = (up - down) / (2 * h), got = (double)b->grad[p];
        ck_assert_msg(fabs(got - want) <= 1e-4 * fabs(want) + 1e-5 * norm + 1e-7,
                      "type %d, parameter %zu of %zu: got %.9g, want %.9g, largest %.3g", (int)b->critic.type,
                      p, n, got, want, norm);
    }
}

static void every_gradient_matches_finite_differences(const critic_setup *s)
{
    critic_bench b = critic_bench_new(s);
    check_gradient(&b, NULL);
    critic_bench_free(&b);
}

START_TEST(test_every_gradient_matches_finite_differences)
{
    for_every_critic(every_gradient_matches_finite_differences);
}
END_TEST

static void every_gradient_of_an_objective_matches_finite_differences(const critic_setup *s)
{
    static const char *const names[] = {"infonce-anchor", "infonce", "nwj"};
    if (s->shape.batch > 8) /* more scores are more of the same */
        return;
    critic_bench b = critic_bench_new(s);
    /* Scores of order one, so that the exponential of NWJ stays in the range where differences are exact. */
    for (size_t p = 0; p < b.critic.n_params; p++)
        b.params[p] *= 0.7f;
    widen(&b);
    for (size_t o = 0; o < sizeof names / sizeof names[0]; o++) {
        mi_objective_spec objective;
        mi_objective_defaults(&objective, mi_objective_find(names[o]), 0);
        objective.params.batch = b.batch;
        check_gradient(&b, &objective);
    }
    critic_bench_free(&b);
}

START_TEST(test_every_gradient_of_an_objective_matches_finite_differences)
{
    for_every_critic(every_gradient_of_an_objective_matches_finite_differences);
}
END_TEST

static void a_residual_that_starts_at_zero_has_the_exact_gradient(const critic_setup *s)
{
    critic_bench b = critic_bench_at_start(s);
    check_gradient(&b, NULL); /* and one that is not zero */
    critic_bench_free(&b);
}

START_TEST(test_a_residual_that_starts_at_zero_has_the_exact_gradient)
{
    for_every_critic(a_residual_that_starts_at_zero_has_the_exact_gradient);
}
END_TEST

int main(void)
{
    RUN_TESTS("critic gradient", test_every_gradient_matches_finite_differences,
              test_every_gradient_of_an_objective_matches_finite_differences,
              test_a_residual_that_starts_at_zero_has_the_exact_gradient);
}
