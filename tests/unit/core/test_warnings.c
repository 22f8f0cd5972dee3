#include "synthetic_job.h"
#include "testing.h"

#include <math.h>
#include <string.h>

static synthetic_job *sound(void)
{
    return synthetic_job_new(1000, 5, 1, 2000, 0, 1.0, 1.0);
}

/* Whether the job's estimate warns of `code`, and, if so, alone and with its figures. */
static int warns(const synthetic_job *job, mi_warning_code code)
{
    mi_estimate *e = synthetic_job_combine(job);
    const int found = has_warning(e, code);
    for (uint32_t i = 0; i < e->n_warnings; i++)
        ck_assert(e->warnings[i].detail[0] &&
                  strlen(e->warnings[i].detail) < sizeof e->warnings[i].detail - 1);
    if (found)
        ck_assert_uint_eq(e->n_warnings, 1);
    mi_estimate_free(e);
    return found;
}

START_TEST(test_a_sound_job_warns_of_nothing)
{
    synthetic_job *job = sound();
    mi_estimate *e = synthetic_job_combine(job);
    ck_assert_msg(e->n_warnings == 0, "%s", e->warnings[0].detail);
    mi_estimate_free(e);
    synthetic_job_free(job);
}
END_TEST

START_TEST(test_names_are_those_of_the_interface)
{
    ck_assert_str_eq(mi_warning_name(MI_WARN_NEAR_LOG_N), "near_log_n");
    ck_assert_str_eq(mi_warning_name(MI_WARN_NON_FINITE), "non_finite");
    ck_assert_str_eq(mi_warning_name(MI_WARN_OVERFIT), "train_test_gap");
}
END_TEST

START_TEST(test_mi_near_the_logarithm_of_the_test_pairs)
{
    synthetic_job *job = synthetic_job_new(1000, 5, 1, 2000, 0, 0.84 * log(200), 0.1);
    ck_assert(!warns(job, MI_WARN_NEAR_LOG_N));
    synthetic_job_free(job);
    job = synthetic_job_new(1000, 5, 1, 2000, 0, 0.9 * log(200), 0.1);
    ck_assert(warns(job, MI_WARN_NEAR_LOG_N));
    synthetic_job_free(job);
}
END_TEST

START_TEST(test_a_null_mean_ratio_far_from_one)
{
    synthetic_job *job = sound();
    for (uint32_t k = 0; k < 5 * job->n_null; k++)
        job->null_pmi[k] += 0.35; /* half a bit */
    ck_assert(warns(job, MI_WARN_NOT_CALIBRATED));
    for (uint32_t k = 0; k < 5 * job->n_null; k++)
        job->null_pmi[k] = k ? -0.01 : 11.0; /* 6.99 +- 6: one pair carries it, nothing is known */
    ck_assert(!warns(job, MI_WARN_NOT_CALIBRATED));
    job->null_pmi[0] = 13.0; /* 45 +- 44: but a mean of 1 yields 45 less than once in 45 times */
    ck_assert(warns(job, MI_WARN_NOT_CALIBRATED));
    synthetic_job_free(job);
}
END_TEST

START_TEST(test_training_far_above_held_out)
{
    synthetic_job *job = sound();
    for (uint32_t i = 0; i < 5; i++)
        job->results[i]->train_mi = 1.8;
    ck_assert(warns(job, MI_WARN_OVERFIT));
    synthetic_job_free(job);
}
END_TEST

START_TEST(test_plug_in_far_above_dv)
{
    synthetic_job *job = sound();
    for (uint32_t i = 0; i < 5; i++)
        job->results[i]->dv = 0.4;
    ck_assert(warns(job, MI_WARN_BRACKET));
    synthetic_job_free(job);
}
END_TEST

START_TEST(test_folds_that_disagree)
{
    synthetic_job *job = sound();
    for (uint32_t k = 0; k < job->results[2]->n_test; k++)
        job->pmi[(size_t)2 * job->n_rows + k] += 0.8;
    ck_assert(warns(job, MI_WARN_FOLDS_DISAGREE));
    synthetic_job_free(job);
}
END_TEST

START_TEST(test_data_that_are_few_or_constant)
{
    synthetic_job *job = sound();
    job->results[3]->constant_y = 2;
    ck_assert(warns(job, MI_WARN_CONSTANT_COLUMNS));
    synthetic_job_free(job);
    job = synthetic_job_new(499, 5, 1, 2000, 0, 1.0, 1.0);
    ck_assert(warns(job, MI_WARN_FEW_PAIRS));
    synthetic_job_free(job);
}
END_TEST

START_TEST(test_pairs_that_repeat)
{
    synthetic_job *job = sound();
    static float x[1000], y[1000];
    fill_normal(x, 1000, 1);
    fill_normal(y, 1000, 2);
    for (int repeats = 10; repeats <= 11; repeats++) { /* one per cent, and just above */
        for (int i = 0; i < repeats; i++) {
            x[500 + i] = x[i];
            y[500 + i] = y[i];
        }
        mi_estimate *e = NULL;
        ck_assert_int_eq(mi_estimate_combine(&e, &job->spec, job->results, 5, (mi_matrix){x, 1000, 1},
                                             (mi_matrix){y, 1000, 1}, NULL),
                         MI_OK);
        ck_assert_int_eq(has_warning(e, MI_WARN_DUPLICATE_ROWS), repeats > 10);
        mi_estimate_free(e);
    }
    synthetic_job_free(job);
}
END_TEST

START_TEST(test_rows_that_tie_under_nearest_neighbours)
{
    synthetic_job *job = sound();
    static float x[1000], y[1000];
    fill_normal(x, 1000, 1);
    for (int i = 0; i < 1000; i++)
        y[i] = (float)(i % 10); /* a label */
    for (int neighbours = 0; neighbours < 2; neighbours++) {
        if (neighbours)
            mi_spec_set_objective(&job->spec, mi_objective_find("ksg"));
        mi_estimate *e = NULL;
        ck_assert_int_eq(mi_estimate_combine(&e, &job->spec, job->results, 5, (mi_matrix){x, 1000, 1},
                                             (mi_matrix){y, 1000, 1}, NULL),
                         MI_OK);
        ck_assert_int_eq(has_warning(e, MI_WARN_TIED_ROWS), neighbours);
        mi_estimate_free(e);
    }
    synthetic_job_free(job);
}
END_TEST

START_TEST(test_training_that_ended_too_early)
{
    synthetic_job *job = sound();
    job->results[1]->steps = 3000;
    job->results[1]->best_step = 2500; /* ran to the end, but had stopped improving */
    ck_assert(!warns(job, MI_WARN_STEP_LIMIT));
    job->results[1]->best_step = 3000;
    ck_assert(warns(job, MI_WARN_STEP_LIMIT));
    job->spec.train.early_stopping = 0; /* the number of steps was asked for */
    ck_assert(!warns(job, MI_WARN_STEP_LIMIT));
    synthetic_job_free(job);
}
END_TEST

int main(void)
{
    RUN_TESTS("warnings", test_a_sound_job_warns_of_nothing, test_names_are_those_of_the_interface,
              test_mi_near_the_logarithm_of_the_test_pairs, test_a_null_mean_ratio_far_from_one,
              test_training_far_above_held_out, test_plug_in_far_above_dv, test_folds_that_disagree,
              test_data_that_are_few_or_constant, test_pairs_that_repeat,
              test_rows_that_tie_under_nearest_neighbours, test_training_that_ended_too_early);
}
