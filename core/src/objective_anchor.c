/*
 * InfoNCE-anchor (Ryu et al., ICLR 2026) on a B x B score matrix, K = N = B-1, leave-one-out form. Any other
 * K goes through rule_loss.c, of which this is the fast case: all windows but the anchor's leave one
 * negative out.
 *
 * DESIGN. For an anchor j (a column, say) with negatives i != j and r = e^c:
 *
 *   S   = sum_i r_ij,   D_k = nu + r_jj + S - r_kj   (k != j: the negative that is left out)
 *   L_j = K/(K+nu) (1/N) sum_k [log D_k - c_jj] + nu/(K+nu) [log(nu+S) - log nu]
 *
 *   dL_j/dc_jj = K/(K+nu) (r_jj (1/N) sum_k 1/D_k - 1)
 *   dL_j/dc_ij = K/(K+nu) r_ij (1/N) sum_{k != i} 1/D_k + nu/(K+nu) r_ij/(nu+S)
 *
 * Both leave-one-out sums (S - r_kj, and the sum of 1/D without i) are built as prefix + suffix: subtracting
 * from the total loses every digit once one term dominates it, which at 8 bits it does. Everything is in
 * double and shifted by the largest score, so scores may reach 600 nats above log nu; a critic beyond that
 * has diverged and gets an infinite loss.
 *
 * Anchors are independent of each other, so LANES of them go side by side through one tile (candidates x
 * anchors). The contrast over rows is the same code on tiles of the transpose.
 */
#include "objective_entries.h"
#include "rule_loss.h"
#include "vecmath.h"
#include "vector_clones.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define LANES        16u
#define STRIP        16u /* candidates moved at a time, so that a cache line is used up in either direction */
#define SPREAD_LIMIT 600.0 /* largest score over log nu: e^-708 is the end of double */

typedef double lanes[LANES];

typedef struct contrast {
    size_t batch;
    size_t by_candidate, by_anchor; /* entry (candidate i, anchor j) is at i*by_candidate + j*by_anchor */
    double shift;                   /* e^shift = 1 in what follows */
    double nu, log_nu;              /* nu shifted, log nu as given */
    double weight_positive, weight_anchor;
} contrast;

/* One tile; rows past the batch do not exist, lanes past it hold zeros. */
typedef struct tile {
    size_t first, count; /* anchors */
    lanes *ratio;        /* (B, LANES) r of the negatives, 0 for the joint pair */
    lanes *inverse;      /* (B, LANES) sums over negatives before i, then 1/D, then the gradient */
    lanes *after;        /* (B, LANES) sum of 1/D over k > i */
    lanes joint;         /* r_jj */
    lanes negatives;     /* S */
    lanes inverse_total; /* sum of 1/D */
} tile;

/* (B, B) ratios and three tiles' worth of columns. */
static size_t contrast_bytes(size_t batch)
{
    return batch * batch * sizeof(double) + 3 * batch * sizeof(lanes);
}

size_t mi_anchor_scratch_bytes(size_t batch)
{
    const size_t all = contrast_bytes(batch), some = mi_rule_scratch_bytes(batch);
    return all > some ? all : some;
}

/*
 * Sum of logarithms by one multiplication each: mantissas in [1,2) multiply, exponents add. For positive
 * normal numbers.
 */
typedef struct log_sum {
    double mantissa[LANES];
    int64_t exponent[LANES];
} log_sum;

#define EXPONENT_BITS 52
#define EXPONENT_BIAS 1023
#define MANTISSA_MASK ((UINT64_C(1) << EXPONENT_BITS) - 1)
#define RENORMALISE   512u /* products of 2^512 and another 2^512 still fit */

static inline void log_sum_multiply(log_sum *sum, const double *factor)
{
#pragma omp simd
    for (size_t l = 0; l < LANES; l++) {
        uint64_t bits = 0;
        memcpy(&bits, &factor[l], sizeof bits);
        sum->exponent[l] += (int64_t)(bits >> EXPONENT_BITS) - EXPONENT_BIAS;
        bits = (bits & MANTISSA_MASK) | (uint64_t)EXPONENT_BIAS << EXPONENT_BITS;
        double mantissa = 0;
        memcpy(&mantissa, &bits, sizeof mantissa);
        sum->mantissa[l] *= mantissa;
    }
}

static void log_sum_renormalise(log_sum *sum)
{
    for (size_t l = 0; l < LANES; l++) {
        int exponent = 0;
        sum->mantissa[l] = frexp(sum->mantissa[l], &exponent);
        sum->exponent[l] += exponent;
    }
}

static double log_sum_value(const log_sum *sum, size_t lane)
{
    return log(sum->mantissa[lane]) + (double)sum->exponent[lane] * 0.69314718055994530942;
}

/* Entry of candidate i and anchor first + l. */
static inline size_t entry(const tile *t, const contrast *c, size_t i, size_t l)
{
    return i * c->by_candidate + (t->first + l) * c->by_anchor;
}

static void load(tile *t, const contrast *c, const double *ratio)
{
    memset(t->ratio, 0, c->batch * sizeof(lanes));
    memset(t->joint, 0, sizeof t->joint);
    for (size_t i = 0; i < c->batch; i += STRIP)
        for (size_t l = 0; l < t->count; l++)
            for (size_t k = i; k < i + STRIP && k < c->batch; k++)
                t->ratio[k][l] = ratio[entry(t, c, k, l)];
    for (size_t l = 0; l < t->count; l++) {
        t->joint[l] = t->ratio[t->first + l][l];
        t->ratio[t->first + l][l] = 0;
    }
}

/* inverse[i] = sum of the negatives before i; negatives = all of them. */
MI_VECTOR_CLONES
static void sum_before(tile *t, size_t batch)
{
    lanes running = {0};
    for (size_t i = 0; i < batch; i++) {
#pragma omp simd
        for (size_t l = 0; l < LANES; l++) {
            t->inverse[i][l] = running[l];
            running[l] += t->ratio[i][l];
        }
    }
    memcpy(t->negatives, running, sizeof running);
}

/* From the last candidate to the first: D from what is before and what is after, its logarithm, its inverse,
 * and the inverses after it. */
MI_VECTOR_CLONES
static void invert(tile *t, const contrast *c, log_sum *logs)
{
    lanes running = {0}, inverses = {0}, common;
    for (size_t l = 0; l < LANES; l++) {
        common[l] = c->nu + t->joint[l];
        logs->mantissa[l] = 1.0;
        logs->exponent[l] = 0;
    }
    for (size_t i = c->batch; i-- > 0;) {
        lanes denominator;
        double *ratio = t->ratio[i], *inverse = t->inverse[i], *after = t->after[i];
#pragma omp simd
        for (size_t l = 0; l < LANES; l++) {
            denominator[l] = common[l] + (inverse[l] + running[l]);
            running[l] += ratio[l];
            inverse[l] = 1.0 / denominator[l];
        }
        if (i >= t->first && i < t->first + t->count) { /* the joint pair is no negative to leave out */
            denominator[i - t->first] = 1.0;
            inverse[i - t->first] = 0.0;
        }
#pragma omp simd
        for (size_t l = 0; l < LANES; l++) {
            after[l] = inverses[l];
            inverses[l] += inverse[l];
        }
        log_sum_multiply(logs, denominator);
        if (i % RENORMALISE == 0)
            log_sum_renormalise(logs);
    }
    memcpy(t->inverse_total, inverses, sizeof inverses);
}

static double tile_loss(const tile *t, const contrast *c, const log_sum *logs, const float *scores)
{
    const double n = (double)(c->batch - 1);
    double total = 0;
    for (size_t l = 0; l < t->count; l++) {
        const double joint = (double)scores[(t->first + l) * (c->batch + 1)];
        const double positive = log_sum_value(logs, l) / n + c->shift - joint;
        const double anchor = log(c->nu + t->negatives[l]) + c->shift - c->log_nu;
        total += c->weight_positive * positive + c->weight_anchor * anchor;
    }
    return total;
}

/* inverse becomes the gradient of the tile. */
MI_VECTOR_CLONES
static void tile_gradient(tile *t, const contrast *c)
{
    const double per_negative = c->weight_positive / (double)(c->batch - 1);
    lanes before = {0}, anchor;
    for (size_t l = 0; l < LANES; l++)
        anchor[l] = c->weight_anchor / (c->nu + t->negatives[l]);
    for (size_t i = 0; i < c->batch; i++) {
        const double *ratio = t->ratio[i], *after = t->after[i];
        double *inverse = t->inverse[i];
#pragma omp simd
        for (size_t l = 0; l < LANES; l++) {
            const double others = before[l] + after[l];
            before[l] += inverse[l];
            inverse[l] = ratio[l] * (per_negative * others + anchor[l]);
        }
    }
    for (size_t l = 0; l < t->count; l++)
        t->inverse[t->first + l][l] = per_negative * t->joint[l] * t->inverse_total[l] - c->weight_positive;
}

static void store(const tile *t, const contrast *c, float *grad, int add)
{
    for (size_t i = 0; i < c->batch; i += STRIP)
        for (size_t l = 0; l < t->count; l++)
            for (size_t k = i; k < i + STRIP && k < c->batch; k++) {
                float *out = grad + entry(t, c, k, l);
                *out = (float)t->inverse[k][l] + (add ? *out : 0.0f);
            }
}

static double contrast_all(const contrast *c, const float *scores, const double *ratio, lanes *columns,
                           float *grad, int add)
{
    double total = 0;
    for (size_t first = 0; first < c->batch; first += LANES) {
        tile t = {
            .first = first,
            .count = c->batch - first < LANES ? c->batch - first : LANES,
            .ratio = columns,
            .inverse = columns + c->batch,
            .after = columns + 2 * c->batch,
        };
        log_sum logs;
        load(&t, c, ratio);
        sum_before(&t, c->batch);
        invert(&t, c, &logs);
        total += tile_loss(&t, c, &logs, scores);
        if (grad) {
            tile_gradient(&t, c);
            store(&t, c, grad, add);
        }
    }
    return total;
}

void mi_anchor_loss_and_grad(const float *scores, size_t batch, const mi_objective_params *params,
                             float *grad, double *loss, void *scratch)
{
    assert(batch >= 2 && params->nu > 0);
    if (mi_candidates(params, batch) != batch - 1) {
        mi_rule_loss_and_grad(MI_RULE_LOG, scores, batch, params, grad, loss, scratch);
        return;
    }
    double *ratio = scratch;
    lanes *columns = (lanes *)(ratio + batch * batch);
    const double n = (double)(batch - 1), log_nu = log(params->nu);
    const double largest = (double)mi_vec_max(scores, batch * batch);
    const double shift = largest < log_nu ? log_nu : largest;
    const double per_anchor = mi_direction_weight(params) / ((n + params->nu) * (double)batch);
    contrast c = {
        .batch = batch,
        .by_candidate = batch,
        .by_anchor = 1,
        .shift = shift,
        .nu = exp(log_nu - shift),
        .log_nu = log_nu,
        .weight_positive = n * per_anchor,
        .weight_anchor = params->nu * per_anchor,
    };
    if (!(shift - log_nu < SPREAD_LIMIT)) { /* or a score is not finite */
        *loss = largest * (double)INFINITY;
        for (size_t i = 0; grad && i < batch * batch; i++)
            grad[i] = NAN;
        return;
    }
    mi_vec_exp(ratio, scores, shift, batch * batch);
    double total = contrast_all(&c, scores, ratio, columns, grad, 0);
    if (mi_contrasts_rows(params)) {
        c.by_candidate = 1;
        c.by_anchor = batch;
        total += contrast_all(&c, scores, ratio, columns, grad, 1);
    }
    *loss = total;
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
