/*
 * NWJ: loss = -mean c_ii + mean_{i != j} e^(c_ij - 1), estimate = -loss.
 * The exponential is not clipped: a score that overflows gives a loss or a gradient that is not finite, which
 * the trainer reports.
 */
#include "objective_entries.h"
#include "vecmath.h"

#include <assert.h>
#include <math.h>

size_t mi_nwj_scratch_bytes(size_t batch)
{
    return batch * sizeof(double);
}

void mi_nwj_loss_and_grad(const float *scores, size_t batch, const mi_objective_params *params, float *grad,
                          double *loss, void *scratch)
{
    (void)params;
    assert(batch >= 2);
    double *ratio = scratch; /* one row of e^(c-1) */
    const double per_joint = 1.0 / (double)batch, per_mismatch = per_joint / (double)(batch - 1);
    double joint = 0, mismatch = 0;
    for (size_t i = 0; i < batch; i++) {
        const float *row = scores + i * batch;
        mi_vec_exp(ratio, row, 1.0, batch);
        ratio[i] = 0;
        joint += (double)row[i];
        double row_sum = 0;
        for (size_t j = 0; j < batch; j++)
            row_sum += ratio[j];
        mismatch += row_sum;
        if (!grad)
            continue;
        float *out = grad + i * batch;
        for (size_t j = 0; j < batch; j++)
            out[j] = (float)(ratio[j] * per_mismatch);
        out[i] = (float)-per_joint;
    }
    /* The maximum over all scores is not finite when any score is not; e^(-infinity) would hide one. */
    const double poison = (double)mi_vec_max(scores, batch * batch) * 0.0;
    *loss = mismatch * per_mismatch - joint * per_joint + poison;
}

void mi_nwj_reference(const double *scores, size_t batch, const mi_objective_params *params, double *grad,
                      double *loss)
{
    (void)params;
    const double n = (double)batch;
    double total = 0;
    for (size_t i = 0; i < batch; i++)
        for (size_t j = 0; j < batch; j++) {
            const double c = scores[i * batch + j];
            const double term = i == j ? -c / n : exp(c - 1) / (n * (n - 1));
            total += term;
            if (grad)
                grad[i * batch + j] = i == j ? -1 / n : term;
        }
    *loss = total;
}

double mi_nwj_estimate(const float *scores, size_t batch, const mi_objective_params *params)
{
    (void)params;
    const double n = (double)batch;
    double joint = 0, mismatch = 0;
    for (size_t i = 0; i < batch; i++)
        for (size_t j = 0; j < batch; j++) {
            const double c = (double)scores[i * batch + j];
            if (i == j)
                joint += c;
            else
                mismatch += exp(c - 1);
        }
    return joint / n - mismatch / (n * (n - 1));
}

double mi_nwj_offset(const mi_objective_params *params)
{
    (void)params;
    return 1.0;
}
