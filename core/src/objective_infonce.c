/*
 * InfoNCE: over columns, loss = (1/B) sum_j [ log sum_i e^c_ij - c_jj ]; over rows, the same of the
 * transpose. estimate = log B - loss, at most log B.
 */
#include "objective_entries.h"
#include "vecmath.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>

/* (B, B) e^(c - max), (B) sums of columns, (B) sums of rows. */
size_t mi_infonce_scratch_bytes(size_t batch)
{
    return batch * (batch + 2) * sizeof(double);
}

static void gradient(const double *ratio, const double *column_sum, const double *row_sum, size_t batch,
                     const mi_objective_params *params, float *grad)
{
    const double weight = mi_direction_weight(params) / (double)batch;
    for (size_t i = 0; i < batch; i++) {
        const double *row = ratio + i * batch;
        float *out = grad + i * batch;
        const double per_row = mi_contrasts_rows(params) ? weight / row_sum[i] : 0.0;
        for (size_t j = 0; j < batch; j++)
            out[j] = (float)(row[j] * (weight / column_sum[j] + per_row));
        /* The joint pair's entry is p - 1: as minus the rest it would be exact, but p - 1 in double is
         * enough. */
        out[i] = (float)(row[i] * (weight / column_sum[i] + per_row) - 1.0 / (double)batch);
    }
}

void mi_infonce_loss_and_grad(const float *scores, size_t batch, const mi_objective_params *params,
                              float *grad, double *loss, void *scratch)
{
    assert(batch >= 2);
    double *ratio = scratch, *column_sum = ratio + batch * batch, *row_sum = column_sum + batch;
    const double max = (double)mi_vec_max(scores, batch * batch);
    mi_vec_exp(ratio, scores, max, batch * batch);
    for (size_t j = 0; j < batch; j++)
        column_sum[j] = 0;
    for (size_t i = 0; i < batch; i++) {
        const double *row = ratio + i * batch;
        double sum = 0;
        for (size_t j = 0; j < batch; j++) {
            column_sum[j] += row[j];
            sum += row[j];
        }
        row_sum[i] = sum;
    }
    const int rows = mi_contrasts_rows(params);
    double total = 0;
    for (size_t j = 0; j < batch; j++) {
        const double joint = (double)scores[j * batch + j];
        total += log(column_sum[j]) + max - joint;
        if (rows)
            total += log(row_sum[j]) + max - joint;
    }
    *loss = total * mi_direction_weight(params) / (double)batch;
    if (grad)
        gradient(ratio, column_sum, row_sum, batch, params, grad);
}

/* One direction: entry (candidate i, anchor j) is s[i*by_candidate + j*by_anchor]. */
static double reference_direction(const double *s, size_t batch, size_t by_candidate, size_t by_anchor,
                                  double weight, double *grad)
{
    double total = 0;
    for (size_t j = 0; j < batch; j++) {
        double max = -(double)INFINITY, sum = 0;
        for (size_t i = 0; i < batch; i++)
            max = fmax(max, s[i * by_candidate + j * by_anchor]);
        for (size_t i = 0; i < batch; i++)
            sum += exp(s[i * by_candidate + j * by_anchor] - max);
        const double partition = max + log(sum);
        total += partition - s[j * by_candidate + j * by_anchor];
        for (size_t i = 0; grad && i < batch; i++) {
            const size_t at = i * by_candidate + j * by_anchor;
            grad[at] += weight / (double)batch * (exp(s[at] - partition) - (i == j));
        }
    }
    return weight * total / (double)batch;
}

void mi_infonce_reference(const double *scores, size_t batch, const mi_objective_params *params, double *grad,
                          double *loss)
{
    const double weight = mi_direction_weight(params);
    for (size_t i = 0; grad && i < batch * batch; i++)
        grad[i] = 0;
    *loss = reference_direction(scores, batch, batch, 1, weight, grad);
    if (mi_contrasts_rows(params))
        *loss += reference_direction(scores, batch, 1, batch, weight, grad);
}

static double estimate_direction(const float *s, size_t batch, size_t by_candidate, size_t by_anchor)
{
    double total = 0;
    for (size_t j = 0; j < batch; j++) {
        double max = -(double)INFINITY, sum = 0;
        for (size_t i = 0; i < batch; i++)
            max = fmax(max, (double)s[i * by_candidate + j * by_anchor]);
        for (size_t i = 0; i < batch; i++)
            sum += exp((double)s[i * by_candidate + j * by_anchor] - max);
        total += (double)s[j * by_candidate + j * by_anchor] - max - log(sum);
    }
    return log((double)batch) + total / (double)batch;
}

double mi_infonce_estimate(const float *scores, size_t batch, const mi_objective_params *params)
{
    const double columns = estimate_direction(scores, batch, batch, 1);
    return mi_contrasts_rows(params) ? 0.5 * (columns + estimate_direction(scores, batch, 1, batch))
                                     : columns;
}
