/*
 * InfoNCE-anchor (Ryu et al., ICLR 2026) on a B x B score matrix, K = N = B-1, leave-one-out form. Any other
 * K goes through rule_loss.c, of which this is the fast case: all windows but the anchor's leave one
 * negative out.
 *
 * DESIGN. For a line (a column j, say) with joint pair r_jj, negatives i != j and r = e^c:
 *
 *   S = sum_i r_ij,   T = nu + r_jj + S,   D_k = T - r_kj   (k != j: the negative that is left out)
 *   L_j = K/(K+nu) (1/N) sum_k [log D_k - c_jj] + nu/(K+nu) [log(nu+S) - log nu]
 *
 *   dL_j/dc_jj = K/(K+nu) (r_jj (1/N) sum_k 1/D_k - 1)
 *   dL_j/dc_ij = K/(K+nu) r_ij (1/N) sum_{k != i} 1/D_k + nu/(K+nu) r_ij/(nu+S)
 *
 * T - r_k loses every digit once r_k dominates T, which at 8 bits it does. But only one negative can: the
 * largest, whose D is summed without it. For any other r_k <= S/2, so
 *
 *   D_k = T (1 - u_k),   u_k = r_k/T <= 1/2,   sum_k u_k <= 1
 *
 * loses no more than a bit, prod(1 - u_k) >= 1/4 needs one logarithm a line, and sum_{k != i} 1/D_k may be
 * the sum over all of them less one term, for the same reason. So no prefix sums, and no transpose: the
 * passes (anchor_lines.h) go along rows, for both directions at once.
 *
 * Everything is in double and shifted by the largest score, so scores may reach 600 nats above log nu; a
 * critic beyond that has diverged and gets an infinite loss.
 */
#include "anchor_lines.h"
#include "objective_entries.h"
#include "rule_loss.h"
#include "vector_clones.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define SPREAD_LIMIT 600.0 /* largest score over log nu: e^-708 is the end of double */

size_t mi_anchor_loss_scratch_bytes(size_t batch)
{
    return mi_anchor_lines_bytes(batch, 0);
}

size_t mi_anchor_scratch_bytes(size_t batch)
{
    const size_t all = mi_anchor_lines_bytes(batch, 1), some = mi_rule_scratch_bytes(batch);
    return all > some ? all : some;
}

/* What the pass needs for the gradient, and this direction's part of that of the joint pairs. */
MI_VECTOR_CLONES
static void differentiate(const mi_anchor_matrix *m, const mi_anchor_lines *lines, const mi_anchor_weights *w,
                          double *joint_gradient)
{
    const double per_negative = w->positive / (double)(m->batch - 1);
#pragma omp simd
    for (size_t j = 0; j < m->batch; j++) {
        const double least = w->nu + m->joint[j] + lines->others[j], share = per_negative * lines->inverse[j];
        const double quotients = lines->quotients[j] - lines->surplus,
                     most = (least + lines->most[j]) / least;
        const double of_anchor = w->anchor / (w->nu + lines->others[j] + lines->most[j]);
        lines->share[j] = share;
        lines->alone[j] = share * quotients + of_anchor;
        lines->rest[j] = share * (quotients + most) + of_anchor;
        joint_gradient[j] += share * m->joint[j] * (quotients + most) - w->positive;
    }
}

static void fill_gradient(const mi_anchor_passes *passes, const mi_anchor_matrix *m,
                          const mi_anchor_weights *w, float *grad)
{
    double *joint_gradient = m->work[0];
    memset(joint_gradient, 0, m->batch * sizeof *joint_gradient);
    differentiate(m, &m->column, w, joint_gradient);
    if (m->both)
        differentiate(m, &m->row, w, joint_gradient);
    passes->gradient(m, grad);
    for (size_t j = 0; j < m->batch; j++)
        grad[j * (m->batch + 1)] = (float)joint_gradient[j];
}

static void no_loss(double largest, size_t batch, float *grad, double *loss)
{
    *loss = largest * (double)INFINITY;
    for (size_t i = 0; grad && i < batch * batch; i++)
        grad[i] = NAN;
}

void mi_anchor_contrast(const mi_anchor_passes *passes, const float *scores, size_t batch,
                        const mi_objective_params *params, float *grad, double *loss, void *scratch)
{
    assert(batch >= 2 && params->nu > 0);
    const double n = (double)(batch - 1), log_nu = log(params->nu);
    const double per_anchor = mi_direction_weight(params) / ((n + params->nu) * (double)batch);
    mi_anchor_weights w = {.log_nu = log_nu, .positive = n * per_anchor, .anchor = params->nu * per_anchor};
    mi_anchor_matrix m = mi_anchor_lay_out(scores, batch, mi_contrasts_rows(params), grad != NULL, scratch);
    const double largest = (double)passes->scan(&m);
    mi_anchor_set_shift(&m, largest < log_nu ? log_nu : largest);
    w.nu = exp(log_nu - m.shift);
    if (!(m.shift - log_nu < SPREAD_LIMIT)) { /* or a score is not finite */
        no_loss(largest, batch, grad, loss);
        return;
    }
    passes->sum(&m);
    mi_anchor_invert(&m, w.nu);
    passes->multiply(&m, grad ? MI_ANCHOR_QUOTIENTS : MI_ANCHOR_PRODUCT);
    *loss = mi_anchor_sum_losses(&m, &w);
    if (grad)
        fill_gradient(passes, &m, &w, grad);
}

void mi_anchor_loss_and_grad(const float *scores, size_t batch, const mi_objective_params *params,
                             float *grad, double *loss, void *scratch)
{
    if (mi_candidates(params, batch) != batch - 1)
        mi_rule_loss_and_grad(MI_RULE_LOG, scores, batch, params, grad, loss, scratch);
    else
        mi_anchor_contrast(mi_anchor_passes_find(NULL), scores, batch, params, grad, loss, scratch);
}

/* The definition, term by term: each left-out negative has its own sum. */
static double reference_direction(const double *s, size_t batch, size_t by_candidate, size_t by_anchor,
                                  double nu, double weight, double *grad)
{
    const double n = (double)(batch - 1);
    const double w_positive = weight * n / ((n + nu) * (double)batch);
    const double w_anchor = weight * nu / ((n + nu) * (double)batch);
    double total = 0;
    for (size_t j = 0; j < batch; j++) {
        const double *column = s + j * by_anchor;
        double *out = grad ? grad + j * by_anchor : NULL;
        /* left_out == j: the anchor tuple, all negatives and no positive. */
        for (size_t left_out = 0; left_out < batch; left_out++) {
            double denominator = nu;
            for (size_t i = 0; i < batch; i++)
                if (i != left_out)
                    denominator += exp(column[i * by_candidate]);
            const double w = left_out == j ? w_anchor : w_positive / n;
            const double numerator = left_out == j ? log(nu) : column[j * by_candidate];
            total += w * (log(denominator) - numerator);
            for (size_t i = 0; out && i < batch; i++)
                if (i != left_out)
                    out[i * by_candidate] += w * (exp(column[i * by_candidate]) / denominator - (i == j));
        }
    }
    return total;
}

void mi_anchor_reference(const double *scores, size_t batch, const mi_objective_params *params, double *grad,
                         double *loss)
{
    if (mi_candidates(params, batch) != batch - 1) {
        mi_rule_reference(MI_RULE_LOG, scores, batch, params, grad, loss);
        return;
    }
    const double weight = mi_direction_weight(params);
    for (size_t i = 0; grad && i < batch * batch; i++)
        grad[i] = 0;
    *loss = reference_direction(scores, batch, batch, 1, params->nu, weight, grad);
    if (mi_contrasts_rows(params))
        *loss += reference_direction(scores, batch, 1, batch, params->nu, weight, grad);
}

/* The plug-in: mean log ratio of the joint pairs. */
double mi_anchor_estimate(const float *scores, size_t batch, const mi_objective_params *params)
{
    (void)params;
    double total = 0;
    for (size_t i = 0; i < batch; i++)
        total += (double)scores[i * (batch + 1)];
    return total / (double)batch;
}

mi_status mi_anchor_check(const mi_objective_params *params, uint32_t batch, mi_error *err)
{
    if (params->k > batch - 1)
        return mi_fail_at(err, MI_INVALID, "/objective/k",
                          "%u candidates in batches of %u pairs; expected at most %u, or 0 for that",
                          params->k, batch, batch - 1);
    return MI_OK;
}
