/*
 * DESIGN. For an anchor j (a column, say) the N = B-1 negatives i != j stand on a circle in the order of
 * their index. The tuples of class 0 are its N windows of K negatives; those of a positive class are x_j with
 * each of the N windows of K-1. Averaged over windows,
 *
 *   L_j = K/(K+nu) (1/N) sum_s lambda(x_j; window s of K-1) + nu/(K+nu) (1/N) sum_s lambda_0(window s of K)
 *
 * has the expectation of the paper's L_{K;nu} for every K (Ryu et al., ICLR 2026), since negatives are
 * independent of each other given y_j. K = N is the leave-one-out form of objective_anchor.c, K = 1 a sum
 * over pairs.
 *
 * Both kinds of tuples have K candidates: all B of a column for the positive class and B-1 for the anchor
 * would be cheaper, and is not Fisher-consistent (its log r is off by a term of order 1/B).
 *
 * A rule sees a window only through sums of powers of r (scoring_rule.h). So: powers of all negatives, their
 * window sums, the rule on every window, and its derivatives by the sums summed back over the windows that
 * hold a negative, which is a window sum again. O(B) per anchor whatever K is. Each anchor is shifted by its
 * largest log weight.
 */
#include "rule_windows.h"

#include "objective_entries.h"
#include "rule_loss.h"
#include "scoring_rule.h"
#include "vector_clones.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define STRIP        16u /* candidates moved at a time, so that a cache line is used up in either direction */
#define SPREAD_LIMIT 600.0

typedef struct contrast {
    mi_rule_form form;
    size_t batch, n, k;
    size_t by_candidate, by_anchor; /* entry (candidate i, anchor j) is at i*by_candidate + j*by_anchor */
    double log_nu;
    double weight_positive, weight_anchor;
} contrast;

/* MI_LANES anchors side by side. Lanes past the last anchor repeat it and are not read. */
typedef struct tile {
    size_t first, count;
    mi_lanes *score;                 /* (N) of the negatives, shifted; in the end the gradient */
    mi_lanes *power[MI_RULE_POWERS]; /* (N) */
    mi_lanes *sum[MI_RULE_POWERS];   /* (N) over windows, then derivatives by them */
    mi_lanes *back[MI_RULE_POWERS];  /* (N) derivatives by the powers */
    mi_lanes *work;                  /* (N) */
    mi_lanes joint, anchor;          /* log weights of the joint pair and of class 0, shifted */
    mi_lanes joint_grad, loss;
} tile;

#define TILE_ARRAYS (2u + 3u * MI_RULE_POWERS)

size_t mi_rule_windows_bytes(size_t batch)
{
    return TILE_ARRAYS * batch * sizeof(mi_lanes);
}

static tile tile_at(void *scratch, size_t batch)
{
    mi_lanes *next = scratch;
    tile t = {.score = next, .work = next + batch};
    next += 2 * batch;
    for (size_t k = 0; k < MI_RULE_POWERS; k++, next += 3 * batch) {
        t.power[k] = next;
        t.sum[k] = next + batch;
        t.back[k] = next + 2 * batch;
    }
    return t;
}

/* Place on the circle of candidate i != anchor. */
static inline size_t place(size_t i, size_t anchor)
{
    return i < anchor ? i : i - 1;
}

static void load_scores(tile *t, const contrast *c, const float *scores)
{
    for (size_t first = 0; first < c->batch; first += STRIP)
        for (size_t l = 0; l < MI_LANES; l++) {
            const size_t j = t->first + (l < t->count ? l : t->count - 1);
            for (size_t i = first; i < first + STRIP && i < c->batch; i++) {
                const double score = (double)scores[i * c->by_candidate + j * c->by_anchor];
                if (i == j)
                    t->joint[l] = score;
                else
                    t->score[place(i, j)][l] = score;
            }
        }
}

MI_VECTOR_CLONES
static void shift_scores(tile *t, const contrast *c)
{
    mi_lanes top;
    for (size_t l = 0; l < MI_LANES; l++)
        top[l] = t->joint[l] > c->log_nu ? t->joint[l] : c->log_nu;
    for (size_t i = 0; i < c->n; i++)
#pragma omp simd
        for (size_t l = 0; l < MI_LANES; l++)
            top[l] = t->score[i][l] > top[l] ? t->score[i][l] : top[l];
    for (size_t i = 0; i < c->n; i++)
#pragma omp simd
        for (size_t l = 0; l < MI_LANES; l++)
            t->score[i][l] -= top[l];
    for (size_t l = 0; l < MI_LANES; l++) {
        t->joint[l] -= top[l];
        t->anchor[l] = c->log_nu - top[l];
        t->loss[l] = t->joint_grad[l] = 0;
    }
}

static void open_tile(tile *t, const contrast *c, const float *scores)
{
    load_scores(t, c, scores);
    shift_scores(t, c);
    for (size_t k = 0; k < c->form.n_powers; k++) {
        mi_vec_exp_scaled(t->power[k][0], t->score[0], c->form.exponent[k], c->n * MI_LANES);
        memset(t->back[k], 0, c->n * sizeof(mi_lanes));
    }
}

/* Windows that differ: of none and of all negatives there is one. */
static size_t distinct_windows(const contrast *c, size_t width)
{
    return width == 0 || width == c->n ? 1 : c->n;
}

/* sum = class0^exponent + the power over each window. */
MI_VECTOR_CLONES
static void sum_windows(mi_lanes *sum, const mi_lanes *power, const contrast *c, size_t width,
                        const double *class0)
{
    const size_t n_windows = distinct_windows(c, width);
    if (n_windows > 1)
        mi_window_sums(sum, power, c->n, width);
    else
        memset(sum, 0, sizeof *sum);
    for (size_t i = 0; n_windows == 1 && i < width; i++)
#pragma omp simd
        for (size_t l = 0; l < MI_LANES; l++)
            sum[0][l] += power[i][l];
    for (size_t s = 0; s < n_windows; s++)
#pragma omp simd
        for (size_t l = 0; l < MI_LANES; l++)
            sum[s][l] += class0[l];
}

/* back[i] += weight times the derivatives of all windows that hold i. */
MI_VECTOR_CLONES
static void sum_back(mi_lanes *back, const mi_lanes *derivative, const contrast *c, size_t width,
                     double weight, mi_lanes *work)
{
    const size_t n_windows = distinct_windows(c, width);
    if (width == 0)
        return;
    if (n_windows > 1)
        mi_window_sums(work, derivative, c->n, width);
    /* i is in the windows that start at i-width+1 ... i. */
    size_t start = (c->n + 1 - width) % c->n;
    for (size_t i = 0; i < c->n; i++) {
        const double *total = n_windows > 1 ? work[start] : derivative[0];
#pragma omp simd
        for (size_t l = 0; l < MI_LANES; l++)
            back[i][l] += weight * total[l];
        start = start + 1 == c->n ? 0 : start + 1;
    }
}

/* The tuples of one class: its own log weight with every window of `width` negatives and, where it is not
 * class 0 itself, class 0. */
static void add_class(tile *t, const contrast *c, const double *log_own, const double *log_class0,
                      size_t width, double weight, double *own_grad, int with_grad)
{
    const size_t n_windows = distinct_windows(c, width);
    const double per_window = weight / (double)n_windows;
    mi_rule_own own;
    mi_lanes class0, loss, slope;
    for (size_t l = 0; l < MI_LANES; l++) {
        own.log[l] = log_own[l];
        own.power[l] = exp(c->form.exponent[0] * log_own[l]);
    }
    for (size_t k = 0; k < c->form.n_powers; k++) {
        for (size_t l = 0; l < MI_LANES; l++)
            class0[l] = log_class0 ? exp(c->form.exponent[k] * log_class0[l]) : 0.0;
        sum_windows(t->sum[k], t->power[k], c, width, class0);
    }
    mi_rule_evaluate(&c->form, &own, t->sum, n_windows, loss, slope);
    for (size_t l = 0; l < MI_LANES; l++)
        t->loss[l] += per_window * loss[l];
    for (size_t l = 0; own_grad && l < MI_LANES; l++)
        own_grad[l] += per_window * slope[l];
    for (size_t k = 0; with_grad && k < c->form.n_powers; k++)
        sum_back(t->back[k], t->sum[k], c, width, per_window, t->work);
}

/* From the powers to the scores. */
MI_VECTOR_CLONES
static void tile_gradient(tile *t, const contrast *c)
{
    for (size_t k = 0; k < c->form.n_powers; k++) {
        const double exponent = c->form.exponent[k];
        for (size_t i = 0; i < c->n; i++) {
            const double *power = t->power[k][i], *back = t->back[k][i];
            double *out = t->score[i];
#pragma omp simd
            for (size_t l = 0; l < MI_LANES; l++)
                out[l] = (k ? out[l] : 0.0) + exponent * power[l] * back[l];
        }
    }
}

static void store(const tile *t, const contrast *c, float *grad, int add)
{
    for (size_t first = 0; first < c->batch; first += STRIP)
        for (size_t l = 0; l < t->count; l++) {
            const size_t j = t->first + l;
            for (size_t i = first; i < first + STRIP && i < c->batch; i++) {
                float *out = grad + i * c->by_candidate + j * c->by_anchor;
                *out = (float)(i == j ? t->joint_grad[l] : t->score[place(i, j)][l]) + (add ? *out : 0.0f);
            }
        }
}

static double contrast_all(const contrast *c, const float *scores, void *scratch, float *grad, int add)
{
    double total = 0;
    tile t = tile_at(scratch, c->batch);
    for (t.first = 0; t.first < c->batch; t.first += MI_LANES) {
        t.count = c->batch - t.first < MI_LANES ? c->batch - t.first : MI_LANES;
        open_tile(&t, c, scores);
        add_class(&t, c, t.joint, t.anchor, c->k - 1, c->weight_positive, t.joint_grad, grad != NULL);
        if (c->weight_anchor > 0.0)
            add_class(&t, c, t.anchor, NULL, c->k, c->weight_anchor, NULL, grad != NULL);
        for (size_t l = 0; l < t.count; l++)
            total += t.loss[l];
        if (grad) {
            tile_gradient(&t, c);
            store(&t, c, grad, add);
        }
    }
    return total;
}

/* Whether the powers of all weights that a sum can be made of fit a double. Below nu, which is in every sum,
 * nothing matters. NaN fails. */
static int within_range(const contrast *c, const float *scores)
{
    const double top = (double)mi_vec_max(scores, c->batch * c->batch);
    double low = c->log_nu, largest = c->form.exponent[0];
    if (c->form.n_powers > 1 && c->form.exponent[1] > largest)
        largest = c->form.exponent[1];
    if (isinf(low)) {
        low = top;
        for (size_t i = 0; i < c->batch * c->batch; i++)
            low = (double)scores[i] < low ? (double)scores[i] : low;
    }
    return isfinite(top) && (top - low) * largest < SPREAD_LIMIT;
}

void mi_rule_windows(mi_rule rule, const float *scores, size_t batch, const mi_objective_params *params,
                     float *grad, double *loss, void *scratch)
{
    const size_t k = mi_candidates(params, batch);
    assert(batch >= 2 && k >= 1 && k < batch && (params->nu > 0 || k > 1));
    /* One negative at a time: rows and columns hold the same pairs. */
    const int rows = mi_contrasts_rows(params) && k > 1;
    const double per_anchor = (rows ? 0.5 : 1.0) / (((double)k + params->nu) * (double)batch);
    contrast c = {
        .form = mi_rule_form_of(rule, params->alpha),
        .batch = batch,
        .n = batch - 1,
        .k = k,
        .by_candidate = batch,
        .by_anchor = 1,
        .log_nu = log(params->nu),
        .weight_positive = (double)k * per_anchor,
        .weight_anchor = params->nu * per_anchor,
    };
    assert(c.form.n_powers > 0);
    if (!within_range(&c, scores)) {
        *loss = (double)NAN;
        for (size_t i = 0; grad && i < batch * batch; i++)
            grad[i] = NAN;
        return;
    }
    *loss = contrast_all(&c, scores, scratch, grad, 0);
    if (rows) {
        c.by_candidate = 1;
        c.by_anchor = batch;
        *loss += contrast_all(&c, scores, scratch, grad, 1);
    }
}
