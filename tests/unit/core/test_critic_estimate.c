/*
 * A whole estimate with each critic, small, on a Gaussian law: 1.5 nats over 5 + 5 columns.
 */
#include "estimating.h"
#include "laws.h"
#include "testing.h"

#include "mi/info.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_ROWS = 2000, DIM = 5 };

static float data_x[N_ROWS * DIM], data_y[N_ROWS * DIM];
static const mi_matrix x = {.data = data_x, .rows = N_ROWS, .cols = DIM};
static const mi_matrix y = {.data = data_y, .rows = N_ROWS, .cols = DIM};

static mi_spec small_spec(mi_critic_type type, mi_baseline baseline)
{
    mi_spec spec;
    mi_spec_from_recipe(&spec, MI_RECIPE_DEFAULT);
    spec.critic.type = type;
    spec.critic.baseline = baseline;
    spec.critic.hidden[0] = spec.critic.hidden[1] = type == MI_CRITIC_JOINT ? 32 : 64;
    spec.train.batch = 64;
    spec.split.folds = 2;
    spec.null_pairs = 2000;
    return spec;
}

static void lies_within(const mi_spec *spec, double low, double high)
{
    mi_estimate *e = estimate_all(spec, x, y);
    printf("critic %d baseline %d: %.3f nats, null ratio %.2f, auroc %.3f, %llu steps\n",
           (int)spec->critic.type, (int)spec->critic.baseline, e->mi_nats, e->null_mean_ratio, e->auroc,
           (unsigned long long)e->steps);
    ck_assert_msg(e->mi_nats >= low && e->mi_nats <= high, "critic %d, baseline %d: %g nats",
                  (int)spec->critic.type, (int)spec->critic.baseline, e->mi_nats);
    ck_assert_double_gt(e->auroc, 0.8);
    mi_estimate_free(e);
}

START_TEST(test_every_critic_finds_what_its_baseline_knows)
{
    for (int type = 0; type < 4; type++) {
        const mi_spec spec = small_spec((mi_critic_type)type, MI_BASELINE_GAUSSIAN);
        lies_within(&spec, 1.35, 1.65);
    }
}
END_TEST

START_TEST(test_every_network_finds_it_without_a_baseline)
{
    static const mi_critic_type types[] = {MI_CRITIC_SEPARABLE, MI_CRITIC_JOINT, MI_CRITIC_COSINE};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const mi_spec spec = small_spec(types[i], MI_BASELINE_NONE);
        lies_within(&spec, 1.3, 1.7);
    }
    mi_spec fixed = small_spec(MI_CRITIC_COSINE, MI_BASELINE_NONE);
    fixed.critic.learn_temperature = 0;
    lies_within(&fixed, 1.3, 1.7);
}
END_TEST

/* It has the product of x and y and lacks what log r has of x alone and of y alone. */
START_TEST(test_a_bilinear_critic_finds_most_of_it)
{
    const mi_spec spec = small_spec(MI_CRITIC_BILINEAR, MI_BASELINE_NONE);
    lies_within(&spec, 0.9, 1.5);
}
END_TEST

START_TEST(test_every_critic_trains_beside_an_offset_of_y)
{
    for (int type = 0; type < 4; type++) {
        mi_spec spec = small_spec((mi_critic_type)type, MI_BASELINE_GAUSSIAN);
        mi_spec_set_objective(&spec, mi_objective_find("tuba"));
        ck_assert(spec.objective.entry->y_offset);
        lies_within(&spec, 1.3, 1.75);
    }
}
END_TEST

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    mi_error err = {0};
    if (mi_blas_setup(&err) != MI_OK) {
        fprintf(stderr, "%s\n", err.message);
        return EXIT_FAILURE;
    }
    const mi_law_spec l = law_of("gaussian", DIM, 1.5);
    mi_law_sample(&l, 1, N_ROWS, data_x, data_y);
    RUN_TESTS("critic estimate", test_every_critic_finds_what_its_baseline_knows,
              test_every_network_finds_it_without_a_baseline, test_a_bilinear_critic_finds_most_of_it,
              test_every_critic_trains_beside_an_offset_of_y);
}
