/*
 * The engine behind objective_pairs.h: row by row, in double. Exponentials are not clipped: what overflows
 * gives a loss or a gradient that is not finite, which the trainer reports.
 */
#include "objective_pairs.h"

#include "objective_entries.h"
#include "vecmath.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* log(1 + e^t) and its derivative. */
static mi_term softplus(double t)
{
    const double u = exp(-fabs(t));
    return (mi_term){fmax(t, 0.0) + log1p(u), (t < 0.0 ? u : 1.0) / (1.0 + u)};
}

double mi_log_softplus(double t)
{
    return t < -40.0 ? t : log(softplus(t).value);
}

static mi_term logistic_joint(double t)
{
    const mi_term s = softplus(-t);
    return (mi_term){s.value, -s.slope};
}

const mi_pair_shape mi_shape_logistic = {logistic_joint, softplus, mi_vec_softplus};

static mi_term minus(double t)
{
    return (mi_term){-t, -1.0};
}

static mi_term exponential(double t)
{
    return (mi_term){exp(t), exp(t)};
}

static void exponentials(double *value, double *slope, size_t n)
{
    mi_vec_exp_scaled(value, value, 1.0, n);
    memcpy(slope, value, n * sizeof *slope);
}

const mi_pair_shape mi_shape_kl = {minus, exponential, exponentials};

static mi_term minus_exponential(double t)
{
    return (mi_term){-exp(t), -exp(t)};
}

const mi_pair_shape mi_shape_power = {minus_exponential, exponential, exponentials};

static mi_term half_square_exponential(double t)
{
    return (mi_term){0.5 * exp(2.0 * t), exp(2.0 * t)};
}

static void half_square_exponentials(double *value, double *slope, size_t n)
{
    mi_vec_exp_scaled(slope, value, 2.0, n);
    for (size_t i = 0; i < n; i++)
        value[i] = 0.5 * slope[i];
}

const mi_pair_shape mi_shape_square = {minus_exponential, half_square_exponential, half_square_exponentials};

static mi_term inverse_root(double t)
{
    return (mi_term){exp(-0.5 * t), -0.5 * exp(-0.5 * t)};
}

static mi_term root(double t)
{
    return (mi_term){exp(0.5 * t), 0.5 * exp(0.5 * t)};
}

static void roots(double *value, double *slope, size_t n)
{
    mi_vec_exp_scaled(value, value, 0.5, n);
    for (size_t i = 0; i < n; i++)
        slope[i] = 0.5 * value[i];
}

const mi_pair_shape mi_shape_root = {inverse_root, root, roots};

static mi_term inverse_exponential(double t)
{
    return (mi_term){exp(-t), -exp(-t)};
}

static mi_term identity(double t)
{
    return (mi_term){t, 1.0};
}

static void identities(double *value, double *slope, size_t n)
{
    (void)value;
    for (size_t i = 0; i < n; i++)
        slope[i] = 1.0;
}

const mi_pair_shape mi_shape_reciprocal = {inverse_exponential, identity, identities};

/* D = 1/(1+e^t), D' = -D (1 - D) */
static mi_term shared_joint(double t)
{
    const double d = softplus(-t).slope, rest = softplus(t).slope;
    return (mi_term){d, -d * rest};
}

/* D - log D: -log D is the softplus of t; the derivative is (1 - D)^2. */
static mi_term shared_mismatch(double t)
{
    const mi_term s = softplus(t);
    return (mi_term){s.value + softplus(-t).slope, s.slope * s.slope};
}

static void shared_mismatches(double *value, double *slope, size_t n)
{
    mi_vec_softplus(value, slope, n);
    for (size_t i = 0; i < n; i++) {
        value[i] += 1.0 - slope[i];
        slope[i] *= slope[i];
    }
}

const mi_pair_shape mi_shape_shared = {shared_joint, shared_mismatch, shared_mismatches};

static mi_term half_square(double t)
{
    return (mi_term){0.5 * t * t, t};
}

static void half_squares(double *value, double *slope, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        slope[i] = value[i];
        value[i] *= 0.5 * value[i];
    }
}

const mi_pair_shape mi_shape_linear = {minus, half_square, half_squares};

/* D'/D for D = log(1+e^t): 1 in the limit where both are e^t. */
static double log_slope(double t, mi_term d)
{
    return t < -40.0 ? 1.0 : d.slope / d.value;
}

static mi_term minus_log_softplus(double t)
{
    return (mi_term){-mi_log_softplus(t), -log_slope(t, softplus(t))};
}

const mi_pair_shape mi_shape_softplus_kl = {minus_log_softplus, softplus, mi_vec_softplus};

static mi_term inverse_softplus(double t)
{
    const mi_term d = softplus(t);
    return (mi_term){1.0 / d.value, -log_slope(t, d) / d.value};
}

static void inverse_softpluses(double *value, double *slope, size_t n)
{
    mi_vec_softplus(value, slope, n);
    for (size_t i = 0; i < n; i++) {
        value[i] = 1.0 / value[i];
        slope[i] *= -value[i] * value[i];
    }
}

const mi_pair_shape mi_shape_softplus_root = {softplus, inverse_softplus, inverse_softpluses};

static mi_term log_softplus(double t)
{
    return (mi_term){mi_log_softplus(t), log_slope(t, softplus(t))};
}

const mi_pair_shape mi_shape_softplus_reciprocal = {inverse_softplus, log_softplus, mi_vec_log_softplus};

size_t mi_pairs_scratch_bytes(size_t batch)
{
    return 2 * batch * sizeof(double);
}

void mi_pairs_loss_and_grad(const mi_pair_loss *l, const float *scores, size_t batch, float *grad,
                            double *out, void *scratch)
{
    assert(batch >= 2);
    double *value = scratch, *slope = value + batch;
    const double per_joint = l->joint_weight / (double)batch;
    const double per_mismatch = l->mismatch_weight / ((double)batch * (double)(batch - 1));
    double joint = 0, mismatch = 0;
    for (size_t i = 0; i < batch; i++) {
        const mi_term diagonal =
            l->shape->joint(((double)scores[i * batch + i] - l->shift) * l->joint_factor);
        mi_vec_widen(value, scores + i * batch, l->shift, l->mismatch_factor, batch);
        l->shape->mismatches(value, slope, batch);
        value[i] = 0;
        joint += diagonal.value;
        mismatch += mi_vec_sum(value, batch);
        if (!grad)
            continue;
        mi_vec_narrow(grad + i * batch, slope, per_mismatch * l->mismatch_factor, batch);
        grad[i * batch + i] = (float)(diagonal.slope * per_joint * l->joint_factor);
    }
    /* The maximum over all scores is not finite when any score is not; e^(-infinity) would hide one. */
    const double poison = (double)mi_vec_max(scores, batch * batch) * 0.0;
    *out = l->constant + mismatch * per_mismatch + joint * per_joint + poison;
}

void mi_pairs_reference(const mi_pair_loss *l, const double *scores, size_t batch, double *grad, double *out)
{
    const double n = (double)batch;
    *out = l->constant;
    for (size_t i = 0; i < batch; i++)
        for (size_t j = 0; j < batch; j++) {
            const double factor = i == j ? l->joint_factor : l->mismatch_factor;
            const double t = factor * (scores[i * batch + j] - l->shift);
            const mi_term term = i == j ? l->shape->joint(t) : l->shape->mismatch(t);
            const double weight = i == j ? l->joint_weight / n : l->mismatch_weight / (n * (n - 1));
            *out += weight * term.value;
            if (grad)
                grad[i * batch + j] = weight * term.slope * factor;
        }
}

double mi_pairs_value(const mi_pair_loss *l, const float *scores, size_t batch)
{
    const double n = (double)batch;
    double joint = 0, mismatch = 0;
    for (size_t i = 0; i < batch; i++)
        for (size_t j = 0; j < batch; j++) {
            const double c = (double)scores[i * batch + j] - l->shift;
            if (i == j)
                joint += l->shape->joint(l->joint_factor * c).value;
            else
                mismatch += l->shape->mismatch(l->mismatch_factor * c).value;
        }
    return l->constant + l->joint_weight * joint / n + l->mismatch_weight * mismatch / (n * (n - 1));
}
