#include "mi/spec.h"
#include "testing.h"

#include <string.h>

START_TEST(test_default_recipe_is_the_measured_one)
{
    mi_spec s;
    mi_spec_from_recipe(&s, MI_RECIPE_DEFAULT);
    ck_assert_int_eq(s.recipe, MI_RECIPE_DEFAULT);
    ck_assert_int_eq(s.prepare.transform, MI_TRANSFORM_RANK_GAUSSIAN);
    ck_assert_uint_eq(s.prepare.pca, MI_PCA_AUTO);
    ck_assert_str_eq(s.objective.entry->name, "infonce-anchor");
    ck_assert_double_eq(s.objective.params.nu, 8.0);
    ck_assert_int_eq(s.objective.params.directions, MI_DIRECTIONS_BOTH);
    ck_assert_int_eq(s.critic.type, MI_CRITIC_SEPARABLE);
    ck_assert(s.critic.n_hidden == 2 && s.critic.hidden[0] == 256 && s.critic.hidden[1] == 256);
    ck_assert_uint_eq(s.critic.embed, 32);
    ck_assert_int_eq(s.critic.baseline, MI_BASELINE_GAUSSIAN);
    ck_assert_double_eq(s.critic.ridge, 1e-3);
    ck_assert(s.train.batch == 128 && s.train.max_steps == 3000 && s.train.warmup_steps == 30);
    ck_assert(s.train.learning_rate == 2e-3 && s.train.ema == 0.999 && s.train.early_stopping);
    ck_assert(s.train.patience_steps == 200 && s.train.patience_fraction == 0.5);
    ck_assert(s.train.evaluate_every == 6 && s.train.evaluate_fraction == 0.1);
    ck_assert(s.split.folds == 5 && s.split.validation == 0.15 && s.split.validation_max == 1024);
    ck_assert(s.calibrate && s.replicates == 1 && s.permutations == 0 && s.null_pairs == 100000);
    ck_assert_uint_eq(s.seed, 42);
}
END_TEST

START_TEST(test_paper_recipe_differs_where_the_paper_does)
{
    mi_spec paper, expected;
    memset(&paper, 0xff, sizeof paper);
    mi_spec_from_recipe(&paper, MI_RECIPE_PAPER);
    mi_spec_from_recipe(&expected, MI_RECIPE_DEFAULT);
    ck_assert_int_eq(paper.recipe, MI_RECIPE_PAPER);
    ck_assert_int_eq(paper.prepare.transform, MI_TRANSFORM_ZSCORE);
    ck_assert_double_eq(paper.objective.params.nu, 1.0);
    ck_assert_int_eq(paper.objective.params.directions, MI_DIRECTIONS_COLUMNS);
    ck_assert_int_eq(paper.critic.baseline, MI_BASELINE_NONE);
    ck_assert_double_eq(paper.train.learning_rate, 5e-4);
    ck_assert(paper.train.warmup_steps == 0 && paper.train.ema == 0.0 && paper.train.gradient_clip == 0.0);
    ck_assert_int_eq(paper.calibrate, 0);
    ck_assert_uint_eq(paper.train.batch, expected.train.batch);
    ck_assert_uint_eq(paper.split.folds, expected.split.folds);
    ck_assert_uint_eq(paper.null_pairs, expected.null_pairs);
}
END_TEST

int main(void)
{
    RUN_TESTS("spec", test_default_recipe_is_the_measured_one,
              test_paper_recipe_differs_where_the_paper_does);
}
