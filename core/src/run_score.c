/*
 * Scoring of a run: log-scale, PMI of the held-out pairs, mismatched pairs, bounds by the same critic,
 * permutations.
 */
#include "calibrate.h"
#include "run_internal.h"
#include "vecmath.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PERMUTED_PAIRS_PER_STEP 65536u

static uint32_t max_u32(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

void mi_run_score_layout(mi_run *run)
{
    scoring *s = &run->scoring;
    mi_arena *arena = &run->arena;
    const size_t width = run->critic.width;
    const uint32_t n_test = run->split.n_test, n_train = run->split.n_train;
    s->batch = run->spec.train.batch < n_test ? run->spec.train.batch : n_test;
    s->n_blocks = n_test / s->batch;
    s->infonce_ceiling = log(s->batch);
    mi_run_pairs_layout(run, UINT64_MAX);
    for (int side = 0; side < 2; side++) {
        s->features[side] = MI_TAKE(arena, float, (size_t)n_test *width);
        s->block[side] = MI_TAKE(arena, float, (size_t)s->batch *width);
    }
    s->block_scores = MI_TAKE(arena, float, (size_t)s->batch * s->batch);
    s->block_work = MI_TAKE(arena, double, 3 * (size_t)s->batch);
    s->pair_scores = MI_TAKE(arena, float, max_u32(n_test, s->n_null));
    s->order = MI_TAKE(arena, uint32_t, max_u32(n_test, n_train));
}

/* The network's output as a calibrated log r. */
static double calibrated(const mi_run *run, float score)
{
    const mi_calibration *c = &run->scoring.calibration;
    return c->slope * mi_objective_log_ratio(&run->spec.objective, (double)score) + c->log_scale;
}

static void calibrate(mi_run *run)
{
    scoring *s = &run->scoring;
    s->calibration = (mi_calibration){.slope = 1.0};
    if (!run->spec.calibrate || !mi_spec_has_pmi(&run->spec))
        return;
    const part *v = &run->validation;
    const float *weights = mi_run_final_weights(run);
    mi_critic_features(&run->critic, weights, v->rows, v->base, v->n, run->validation_features);
    mi_critic_block(&run->critic, weights, run->validation_features[MI_SIDE_X], v->n,
                    run->validation_features[MI_SIDE_Y], v->n, run->validation_scores, v->n);
    mi_run_log_ratios(run, run->validation_scores, (size_t)v->n * v->n);
    s->calibration =
        mi_calibrate(run->validation_scores, v->n, mi_run_pairs_of(run, v->n), run->validation_scratch);
}

static void score_test_pairs(mi_run *run)
{
    scoring *s = &run->scoring;
    const part *t = &run->test;
    const float *weights = mi_run_final_weights(run);
    mi_critic_features(&run->critic, weights, t->rows, t->base, t->n, s->features);
    mi_critic_pairs(&run->critic, weights, s->features[MI_SIDE_X], NULL, s->features[MI_SIDE_Y], NULL, t->n,
                    s->pair_scores);
    const int has_pmi = mi_spec_has_pmi(&run->spec);
    for (uint32_t i = 0; i < t->n; i++)
        s->pmi[i] = has_pmi ? calibrated(run, s->pair_scores[i]) : (double)NAN;
}

static void score_null_pairs(mi_run *run)
{
    scoring *s = &run->scoring;
    if (s->n_null == 0)
        return;
    mi_run_draw_null_pairs(run);
    if (s->n_null == 0)
        return;
    mi_critic_pairs(&run->critic, mi_run_final_weights(run), s->features[MI_SIDE_X], s->null_index[MI_SIDE_X],
                    s->features[MI_SIDE_Y], s->null_index[MI_SIDE_Y], s->n_null, s->pair_scores);
    for (uint32_t k = 0; k < s->n_null; k++)
        s->null_pmi[k] = calibrated(run, s->pair_scores[k]);
}

/* Bounds on one (b, b) block of scores, nats: `own` by the raw output, the others by the calibrated critic.
 */
typedef struct bounds {
    double infonce, nwj, dv, own;
} bounds;

/* log sum exp over the line of scores that starts at `line` with stride `stride`, all b of them or without
 * the diagonal entry `skip`. */
static double log_sum_exp(const float *line, size_t stride, size_t b, size_t skip)
{
    double top = -(double)INFINITY, sum = 0.0;
    for (size_t k = 0; k < b; k++)
        if (k != skip && (double)line[k * stride] > top)
            top = (double)line[k * stride];
    for (size_t k = 0; k < b; k++)
        if (k != skip)
            sum += exp((double)line[k * stride] - top);
    return top + log(sum);
}

/* What the bounds are made of, by the calibrated critic. */
typedef struct contrasts {
    double diagonal; /* mean log ratio of the joint pairs */
    double lines;    /* mean over rows and columns of log sum exp */
    double off;      /* log sum exp of the mismatched pairs */
} contrasts;

/* Each line by its own largest score: whatever the scores, and slowly. */
static void contrast_carefully(contrasts *c, const float *scores, size_t b)
{
    const size_t nobody = b;
    double top = -(double)INFINITY, sum = 0.0;
    c->lines = 0.0;
    for (size_t i = 0; i < b; i++) {
        const double column = log_sum_exp(scores + i, b, b, nobody);
        const double row = log_sum_exp(scores + i * b, 1, b, nobody);
        c->lines += 0.5 * (column + row) / (double)b;
        top = fmax(top, log_sum_exp(scores + i * b, 1, b, i));
    }
    for (size_t i = 0; i < b; i++)
        sum += exp(log_sum_exp(scores + i * b, 1, b, i) - top);
    c->off = top + log(sum);
}

/* All by the largest score of the block: NaN where a line is too far below it. work (3, b). */
static void contrast(contrasts *c, const float *scores, size_t b, double *work)
{
    double *ratio = work, *row = work + b, *column = work + 2 * b, off = 0.0;
    const double top = (double)mi_vec_max(scores, b * b);
    memset(column, 0, b * sizeof *column);
    for (size_t i = 0; i < b; i++) {
        mi_vec_exp(ratio, scores + i * b, top, b);
        mi_vec_add_doubles(column, ratio, b);
        const double joint = ratio[i];
        ratio[i] = 0.0; /* summed without it: taken from the total, little would be left of the digits */
        const double others = mi_vec_sum(ratio, b);
        row[i] = others + joint;
        off += others;
    }
    mi_vec_log(row, row, 2 * b); /* columns as well */
    c->lines = top + 0.5 * mi_vec_sum(row, 2 * b) / (double)b;
    mi_vec_log(&off, &off, 1);
    c->off = top + off;
}

static void add_bounds(const mi_run *run, float *scores, size_t b, bounds *sum)
{
    contrasts c = {0};
    sum->own += run->spec.objective.entry->estimate(scores, b, &run->spec.objective.params);
    mi_run_log_ratios(run, scores, b * b);
    mi_vec_affine(scores, run->scoring.calibration.slope, run->scoring.calibration.log_scale, b * b);
    for (size_t i = 0; i < b; i++)
        c.diagonal += (double)scores[i * b + i] / (double)b;
    contrast(&c, scores, b, run->scoring.block_work);
    if (!isfinite(c.lines + c.off))
        contrast_carefully(&c, scores, b);
    const double log_mean_off = c.off - log((double)b * (double)(b - 1));
    sum->infonce += log((double)b) + c.diagonal - c.lines;
    sum->dv += c.diagonal - log_mean_off;
    sum->nwj += c.diagonal + 1.0 - exp(log_mean_off);
}

/* Mean bounds over blocks of B rows in the order given, from the features in s->features. */
static bounds score_blocks(mi_run *run, const uint32_t *order, uint32_t n)
{
    scoring *s = &run->scoring;
    const size_t width = run->critic.width;
    const uint32_t b = s->batch < n ? s->batch : n, n_blocks = n / b;
    bounds sum = {0};
    for (uint32_t block = 0; block < n_blocks; block++) {
        for (int side = 0; side < 2; side++)
            for (size_t i = 0; i < b; i++)
                memcpy(s->block[side] + i * width, s->features[side] + order[(size_t)block * b + i] * width,
                       width * sizeof(float));
        mi_critic_block(&run->critic, mi_run_final_weights(run), s->block[MI_SIDE_X], b, s->block[MI_SIDE_Y],
                        b, s->block_scores, b);
        add_bounds(run, s->block_scores, b, &sum);
    }
    return (bounds){sum.infonce / n_blocks, sum.nwj / n_blocks, sum.dv / n_blocks, sum.own / n_blocks};
}

/* The objective's own estimate: the plug-in mean where it learns the ratio, else its bound. */
static double own_estimate(const mi_run *run, double plug_in, double bound)
{
    return mi_objective_plugs_in(&run->spec.objective) ? plug_in : bound;
}

/* Blocks in random order: the rows of the file may be sorted, and a block of like rows is no sample of the
 * product law. */
static void score_bracket(mi_run *run)
{
    scoring *s = &run->scoring;
    mi_run_shuffle(run, MI_PURPOSE_NULL, 1, s->order, run->test.n);
    const bounds b = score_blocks(run, s->order, run->test.n);
    s->infonce = b.infonce;
    s->nwj = b.nwj;
    s->dv = b.dv;
    s->estimate = own_estimate(run, mi_run_mean_pmi(run), b.own);
}

static void permute_pairs(mi_run *run)
{
    scoring *s = &run->scoring;
    const uint32_t n = run->test.n;
    for (uint32_t pairs = 0; s->permutations_done < s->n_permutations && pairs < PERMUTED_PAIRS_PER_STEP;
         pairs += n) {
        mi_run_permute(run, run->fold, s->permutations_done, s->order, n);
        mi_critic_pairs(&run->critic, mi_run_final_weights(run), s->features[MI_SIDE_X], NULL,
                        s->features[MI_SIDE_Y], s->order, n, s->pair_scores);
        double sum = 0.0;
        for (uint32_t i = 0; i < n; i++)
            sum += calibrated(run, s->pair_scores[i]);
        s->permuted_mean[s->permutations_done++] = sum / n;
    }
}

/* Features of n <= T training rows in the order given. */
static void training_features(mi_run *run, const uint32_t *rows, uint32_t n)
{
    for (uint32_t first = 0; first < n; first += run->batch) {
        const uint32_t m = n - first < run->batch ? n - first : run->batch;
        mi_run_gather(run, rows + first, m);
        float *const features[2] = {run->scoring.features[0] + (size_t)first * run->critic.width,
                                    run->scoring.features[1] + (size_t)first * run->critic.width};
        mi_critic_features(&run->critic, mi_run_final_weights(run), run->minibatch.rows, run->minibatch.base,
                           m, features);
    }
}

/* The same estimate on the training rows, as many at a time as the test fold has: the gap to the test fold is
 * what the critic owes to the sample that it was fitted to. Last, for it reuses the features. */
static void score_training_rows(mi_run *run)
{
    scoring *s = &run->scoring;
    const uint32_t n_train = run->train.n, most = run->test.n;
    const int plug_in = mi_objective_plugs_in(&run->spec.objective);
    double sum = 0.0;
    uint32_t counted = 0;
    mi_run_shuffle(run, MI_PURPOSE_TRAIN_SAMPLE, 0, run->epoch_order, n_train);
    run->epoch = UINT32_MAX;
    for (uint32_t first = 0; first < n_train; first += most) {
        const uint32_t n = n_train - first < most ? n_train - first : most;
        training_features(run, run->epoch_order + first, n);
        if (plug_in) {
            mi_critic_pairs(&run->critic, mi_run_final_weights(run), s->features[MI_SIDE_X], NULL,
                            s->features[MI_SIDE_Y], NULL, n, s->pair_scores);
            for (uint32_t i = 0; i < n; i++)
                sum += calibrated(run, s->pair_scores[i]);
        } else if (n < s->batch) {
            continue; /* too few for a bound of that batch */
        } else {
            for (uint32_t i = 0; i < n; i++)
                s->order[i] = i;
            sum += score_blocks(run, s->order, n).own * n;
        }
        counted += n;
    }
    s->train_mi = counted ? sum / counted : (double)NAN;
}

enum {
    STAGE_CALIBRATE,
    STAGE_REFIT,
    STAGE_TEST,
    STAGE_NULL,
    STAGE_BRACKET,
    STAGE_PERMUTE,
    STAGE_TRAIN_SAMPLE
};

mi_status mi_run_score_step(mi_run *run, int *done, mi_error *err)
{
    const scoring *s = &run->scoring;
    mi_status status = MI_OK;
    *done = 0;
    switch (run->stage) {
    case STAGE_CALIBRATE:
        calibrate(run);
        break;
    case STAGE_REFIT:
        status = mi_run_refit_baseline(run, err);
        break;
    case STAGE_TEST:
        score_test_pairs(run);
        break;
    case STAGE_NULL:
        score_null_pairs(run);
        break;
    case STAGE_BRACKET:
        score_bracket(run);
        break;
    case STAGE_PERMUTE:
        permute_pairs(run);
        if (s->permutations_done < s->n_permutations)
            return MI_OK;
        break;
    default:
        score_training_rows(run);
        mi_run_settle_pairs(run);
        *done = 1;
        break;
    }
    run->stage++;
    return status;
}
