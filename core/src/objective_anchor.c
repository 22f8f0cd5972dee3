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
#include "vecmath.h"
#include "vector_clones.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define SPREAD_LIMIT 600.0 /* largest score over log nu: e^-708 is the end of double */
#define LOGARITHMS   3u    /* of a line at a time */

static size_t padded(size_t batch)
{
    return (batch + MI_ANCHOR_PADDING - 1) / MI_ANCHOR_PADDING * MI_ANCHOR_PADDING;
}

/* Ratios; positions, joint pairs and their gradients; the arrays of both directions; logarithms; three lines
 * of floats. */
static size_t contrast_bytes(size_t batch, size_t ratio_rows)
{
    const size_t doubles = ratio_rows + 3 + 2 * MI_ANCHOR_ARRAYS + LOGARITHMS;
    return padded(batch) * (doubles * sizeof(double) + 3 * sizeof(float));
}

size_t mi_anchor_loss_scratch_bytes(size_t batch)
{
    return contrast_bytes(batch, 0);
}

size_t mi_anchor_scratch_bytes(size_t batch)
{
    const size_t all = contrast_bytes(batch, batch), some = mi_rule_scratch_bytes(batch);
    return all > some ? all : some;
}

static int runs(const mi_anchor_passes *passes)
{
#if defined(__x86_64__)
    if (passes == &mi_anchor_avx512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
    if (passes == &mi_anchor_avx2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return passes == &mi_anchor_portable;
}

static const mi_anchor_passes *const fastest_first[] = {
#if defined(__x86_64__)
    &mi_anchor_avx512,
    &mi_anchor_avx2,
#endif
    &mi_anchor_portable,
};

const mi_anchor_passes *mi_anchor_passes_find(const char *name)
{
    for (size_t i = 0; i < sizeof fastest_first / sizeof fastest_first[0]; i++)
        if (runs(fastest_first[i]) && (!name || strcmp(fastest_first[i]->name, name) == 0))
            return fastest_first[i];
    return NULL;
}

/* Ratios and nu in units of e^shift. */
typedef struct anchor {
    double nu, log_nu; /* nu shifted, log nu as given */
    double weight_positive, weight_anchor;
    double *joint_gradient;        /* (ld) */
    double *logarithm[LOGARITHMS]; /* (ld) each, scratch */
} anchor;

static double *take(double **next, size_t n)
{
    double *piece = *next;
    *next += n;
    return piece;
}

static mi_anchor_lines take_lines(double **next, size_t n)
{
    return (mi_anchor_lines){.at = take(next, n),
                             .most = take(next, n),
                             .others = take(next, n),
                             .inverse = take(next, n),
                             .product = take(next, n),
                             .quotients = take(next, n),
                             .alone = take(next, n),
                             .rest = take(next, n),
                             .share = take(next, n)};
}

static mi_anchor_matrix lay_out(anchor *a, const float *scores, size_t batch, int both, int keep,
                                void *scratch)
{
    const size_t ld = padded(batch);
    double *next = scratch;
    mi_anchor_matrix m = {.scores = scores, .batch = batch, .ld = ld, .both = both};
    m.position = take(&next, ld);
    m.joint = take(&next, ld);
    a->joint_gradient = take(&next, ld);
    m.column = take_lines(&next, ld);
    m.row = take_lines(&next, ld);
    m.column.surplus = 2.0;
    m.row.surplus = (double)(ld - batch + 2);
    for (size_t k = 0; k < LOGARITHMS; k++)
        a->logarithm[k] = take(&next, ld);
    if (keep)
        m.ratio = take(&next, batch * ld);
    m.top = (float *)next;
    m.top_row = m.top + ld;
    m.index = m.top + 2 * ld;
    for (size_t j = 0; j < ld; j++) {
        m.position[j] = (double)j;
        m.index[j] = (float)j;
    }
    return m;
}

/* T of all lines. */
MI_VECTOR_CLONES
static void invert(const anchor *a, const mi_anchor_matrix *m, const mi_anchor_lines *lines)
{
#pragma omp simd
    for (size_t j = 0; j < m->ld; j++)
        lines->inverse[j] = 1.0 / (a->nu + m->joint[j] + lines->others[j] + lines->most[j]);
}

MI_VECTOR_CLONES
static double sum_losses(const anchor *a, const mi_anchor_matrix *m, const mi_anchor_lines *lines)
{
    const double n = (double)(m->batch - 1);
    double *const total = a->logarithm[0], *const least = a->logarithm[1], *const anchored = a->logarithm[2];
    double loss = 0;
#pragma omp simd
    for (size_t j = 0; j < m->ld; j++) {
        least[j] = a->nu + m->joint[j] + lines->others[j]; /* D without the largest */
        total[j] = least[j] + lines->most[j];
        least[j] *= lines->product[j];
        anchored[j] = a->nu + lines->others[j] + lines->most[j];
    }
    for (size_t k = 0; k < LOGARITHMS; k++)
        mi_vec_log(a->logarithm[k], a->logarithm[k], m->batch);
    for (size_t j = 0; j < m->batch; j++) {
        const double joint = (double)m->scores[j * (m->batch + 1)];
        const double positive = ((n - 1.0) * total[j] + least[j]) / n + m->shift - joint;
        loss += a->weight_positive * positive + a->weight_anchor * (anchored[j] + m->shift - a->log_nu);
    }
    return loss;
}

/* What the pass needs for the gradient, and this direction's part of that of the joint pairs. */
MI_VECTOR_CLONES
static void differentiate(const anchor *a, const mi_anchor_matrix *m, const mi_anchor_lines *lines)
{
    const double per_negative = a->weight_positive / (double)(m->batch - 1);
#pragma omp simd
    for (size_t j = 0; j < m->ld; j++) {
        const double least = a->nu + m->joint[j] + lines->others[j], share = per_negative * lines->inverse[j];
        const double quotients = lines->quotients[j] - lines->surplus,
                     most = (least + lines->most[j]) / least;
        const double of_anchor = a->weight_anchor / (a->nu + lines->others[j] + lines->most[j]);
        lines->share[j] = share;
        lines->alone[j] = share * quotients + of_anchor;
        lines->rest[j] = share * (quotients + most) + of_anchor;
        a->joint_gradient[j] += share * m->joint[j] * (quotients + most) - a->weight_positive;
    }
}

static void fill_gradient(const anchor *a, const mi_anchor_passes *passes, const mi_anchor_matrix *m,
                          float *grad)
{
    memset(a->joint_gradient, 0, m->ld * sizeof *a->joint_gradient);
    differentiate(a, m, &m->column);
    if (m->both)
        differentiate(a, m, &m->row);
    passes->gradient(m, grad);
    for (size_t j = 0; j < m->batch; j++)
        grad[j * (m->batch + 1)] = (float)a->joint_gradient[j];
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
    anchor a = {
        .log_nu = log_nu, .weight_positive = n * per_anchor, .weight_anchor = params->nu * per_anchor};
    mi_anchor_matrix m = lay_out(&a, scores, batch, mi_contrasts_rows(params), grad != NULL, scratch);
    const double largest = (double)passes->scan(&m);
    m.shift = rint((largest < log_nu ? log_nu : largest) / MI_ANCHOR_SHIFT) * MI_ANCHOR_SHIFT;
    a.nu = exp(log_nu - m.shift);
    if (!(m.shift - log_nu < SPREAD_LIMIT)) { /* or a score is not finite */
        no_loss(largest, batch, grad, loss);
        return;
    }
    passes->sum(&m);
    invert(&a, &m, &m.column);
    if (m.both)
        invert(&a, &m, &m.row);
    passes->multiply(&m, grad != NULL);
    *loss = sum_losses(&a, &m, &m.column) + (m.both ? sum_losses(&a, &m, &m.row) : 0.0);
    if (grad)
        fill_gradient(&a, passes, &m, grad);
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
