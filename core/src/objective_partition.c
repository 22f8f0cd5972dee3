/*
 * The engine behind objective_partition.h. The largest score of the matrix is the unit of all sums; a line
 * that lies 700 nats below it has no sum left, and its loss is not finite.
 */
#include "objective_partition.h"

#include "objective_entries.h"
#include "vecmath.h"

#include <assert.h>
#include <math.h>

#define CHUNK 256u /* scores at a time, on the stack */

/* (B, B) e^(c - max), (B) sums of columns, (B) sums of rows. */
size_t mi_partition_scratch_bytes(size_t batch)
{
    return batch * (batch + 2) * sizeof(double);
}

/* Sums in units of w_mismatch e^max. */
typedef struct sums {
    size_t batch;
    double *ratio; /* (B, B): the joint pairs' times w_joint/w_mismatch */
    double *column, *row;
    double total, log_unit;
} sums;

static void add_up(sums *s, const mi_partition_loss *l, const float *scores)
{
    const size_t batch = s->batch;
    const double max = (double)mi_vec_max(scores, batch * batch),
                 joint = l->joint_weight / l->mismatch_weight;
    s->log_unit = max + log(l->mismatch_weight);
    s->total = 0;
    mi_vec_exp(s->ratio, scores, max, batch * batch);
    for (size_t j = 0; j < batch; j++)
        s->column[j] = 0;
    for (size_t i = 0; i < batch; i++) {
        double *row = s->ratio + i * batch;
        row[i] *= joint;
        for (size_t j = 0; j < batch; j++)
            s->column[j] += row[j];
        s->row[i] = mi_vec_sum(row, batch);
        s->total += s->row[i];
    }
}

/* out = ratio (per_row + per_column), less 1/B on the diagonal. A column's share is all of the factor where
 * the partition is the matrix. */
static void gradient(const sums *s, const mi_partition_loss *l, double per_total, float *grad)
{
    const size_t batch = s->batch;
    const int rows = !l->whole && l->directions == MI_DIRECTIONS_BOTH;
    const double per_line = (rows ? 0.5 : 1.0) / (double)batch;
    for (size_t j = 0; j < batch; j++)
        s->column[j] = l->whole ? per_total : per_line / s->column[j];
    for (size_t i = 0; i < batch; i++) {
        const double *row = s->ratio + i * batch;
        float *out = grad + i * batch;
        const double per_row = rows ? per_line / s->row[i] : 0.0;
        for (size_t j = 0; j < batch; j++)
            out[j] = (float)(row[j] * (s->column[j] + per_row));
        out[i] = (float)(row[i] * (s->column[i] + per_row) - 1.0 / (double)batch);
    }
}

/* log Z, or its tangent at the fixed partition. */
static double whole_loss(const mi_partition_loss *l, double log_z)
{
    return isnan(l->log_fixed) ? log_z : exp(log_z - l->log_fixed) + l->log_fixed - 1.0;
}

void mi_partition_loss_and_grad(const mi_partition_loss *l, const float *scores, size_t batch, float *grad,
                                double *out, void *scratch)
{
    assert(batch >= 2);
    sums s = {.batch = batch, .ratio = scratch};
    s.column = s.ratio + batch * batch;
    s.row = s.column + batch;
    add_up(&s, l, scores);
    const double log_z = s.log_unit + log(s.total);
    double joint = 0, lines = 0;
    for (size_t j = 0; j < batch; j++)
        joint += (double)scores[j * batch + j];
    if (l->whole) {
        *out = whole_loss(l, log_z) - joint / (double)batch;
    } else {
        const int rows = l->directions == MI_DIRECTIONS_BOTH;
        for (size_t j = 0; j < batch; j++)
            lines += rows ? 0.5 * (log(s.column[j]) + log(s.row[j])) : log(s.column[j]);
        *out = s.log_unit + (lines - joint) / (double)batch;
    }
    if (grad) {
        /* Z' in units of the sums: total itself where nothing is fixed. */
        const double per_total = isnan(l->log_fixed) ? 1.0 / s.total : exp(s.log_unit - l->log_fixed);
        gradient(&s, l, per_total, grad);
    }
}

/* log Z of one line, entry k at s[k*stride], the joint pair at `joint`; adds its gradient times weight. */
static double reference_line(const mi_partition_loss *l, const double *s, size_t stride, size_t batch,
                             size_t joint, double weight, double *grad)
{
    double max = -(double)INFINITY, sum = 0;
    for (size_t k = 0; k < batch; k++)
        max = fmax(max, s[k * stride]);
    for (size_t k = 0; k < batch; k++)
        sum += (k == joint ? l->joint_weight : l->mismatch_weight) * exp(s[k * stride] - max);
    const double log_z = max + log(sum);
    for (size_t k = 0; grad && k < batch; k++)
        grad[k * stride] +=
            weight *
            ((k == joint ? l->joint_weight : l->mismatch_weight) * exp(s[k * stride] - log_z) - (k == joint));
    return log_z;
}

static double reference_whole(const mi_partition_loss *l, const double *s, size_t batch, double *grad)
{
    double max = -(double)INFINITY, sum = 0;
    for (size_t k = 0; k < batch * batch; k++)
        max = fmax(max, s[k]);
    for (size_t i = 0; i < batch; i++)
        for (size_t j = 0; j < batch; j++)
            sum += (i == j ? l->joint_weight : l->mismatch_weight) * exp(s[i * batch + j] - max);
    const double log_z = max + log(sum);
    const double log_divisor = isnan(l->log_fixed) ? log_z : l->log_fixed;
    for (size_t i = 0; grad && i < batch; i++)
        for (size_t j = 0; j < batch; j++)
            grad[i * batch + j] =
                (i == j ? l->joint_weight : l->mismatch_weight) * exp(s[i * batch + j] - log_divisor) -
                (i == j ? 1.0 / (double)batch : 0.0);
    return whole_loss(l, log_z);
}

void mi_partition_reference(const mi_partition_loss *l, const double *scores, size_t batch, double *grad,
                            double *out)
{
    const double n = (double)batch;
    double joint = 0, lines = 0;
    for (size_t j = 0; j < batch; j++)
        joint += scores[j * (batch + 1)] / n;
    if (l->whole) {
        *out = reference_whole(l, scores, batch, grad) - joint;
        return;
    }
    for (size_t k = 0; grad && k < batch * batch; k++)
        grad[k] = 0;
    const double weight = (l->directions == MI_DIRECTIONS_BOTH ? 0.5 : 1.0) / n;
    for (size_t j = 0; j < batch; j++) {
        lines += weight * reference_line(l, scores + j, batch, batch, j, weight, grad ? grad + j : NULL);
        if (l->directions == MI_DIRECTIONS_BOTH)
            lines += weight * reference_line(l, scores + j * batch, 1, batch, j, weight,
                                             grad ? grad + j * batch : NULL);
    }
    *out = lines - joint;
}

/* A sum of exponentials that is still a logarithm. */
typedef struct log_sum {
    double max, sum; /* sum e^(c - max) */
} log_sum;

static void log_sum_add(log_sum *s, double weight, double c)
{
    if (weight <= 0)
        return;
    if (c > s->max) {
        s->sum = s->sum * exp(s->max - c) + weight;
        s->max = c;
    } else {
        s->sum += weight * exp(c - s->max);
    }
}

static double line_value(const mi_partition_loss *l, const float *s, size_t stride, size_t batch,
                         size_t joint)
{
    log_sum sum = {-(double)INFINITY, 0};
    for (size_t k = 0; k < batch; k++)
        log_sum_add(&sum, k == joint ? l->joint_weight : l->mismatch_weight, (double)s[k * stride]);
    return sum.max + log(sum.sum);
}

double mi_partition_value(const mi_partition_loss *l, const float *scores, size_t batch)
{
    const int rows = l->directions == MI_DIRECTIONS_BOTH;
    log_sum whole = {-(double)INFINITY, 0};
    double joint = 0, lines = 0;
    for (size_t j = 0; j < batch; j++) {
        joint += (double)scores[j * (batch + 1)];
        for (size_t k = 0; l->whole && k < batch; k++)
            log_sum_add(&whole, k == j ? l->joint_weight : l->mismatch_weight, (double)scores[j * batch + k]);
        if (l->whole)
            continue;
        const double column = line_value(l, scores + j, batch, batch, j);
        lines += rows ? 0.5 * (column + line_value(l, scores + j * batch, 1, batch, j)) : column;
    }
    if (l->whole)
        return whole_loss(l, whole.max + log(whole.sum)) - joint / (double)batch;
    return (lines - joint) / (double)batch;
}

double mi_log_mean_mismatch(const float *scores, size_t batch, double limit)
{
    double max = -(double)INFINITY, sum = 0, value[CHUNK];
    for (size_t i = 0; i < batch; i++)
        for (size_t j = 0; j < batch; j++) {
            const double c = (double)scores[i * batch + j];
            max = i != j && c > max ? c : max;
        }
    max = fmax(fmin(max, limit), -limit);
    for (size_t i = 0; i < batch; i++)
        for (size_t first = 0; first < batch; first += CHUNK) {
            const size_t n = batch - first < CHUNK ? batch - first : CHUNK;
            const float *c = scores + i * batch + first;
            for (size_t k = 0; k < n; k++) {
                const double below = (double)c[k] < -limit ? -limit : (double)c[k];
                value[k] = (below > limit ? limit : below) - max;
            }
            mi_vec_exp_scaled(value, value, 1.0, n);
            if (i >= first && i < first + n)
                value[i - first] = 0;
            sum += mi_vec_sum(value, n);
        }
    return max + log(sum) - log((double)batch * (double)(batch - 1));
}
