/*
 * The rules on the simplex, many tuples at a time.
 *
 * Written in the label's own weight u and the sums o over the others, never in their total minus something:
 * so small losses and small gradients keep their digits. A common factor of all weights changes nothing,
 * hence d lambda / d log u = -sum_k exponent_k o_k d lambda / d o_k.
 */
#include "scoring_rule.h"

#include "vector_clones.h"

#include <assert.h>
#include <math.h>

int mi_rule_is_separable(mi_rule rule)
{
    return mi_rule_form_of(rule, 1.0).n_powers == 0;
}

mi_rule_form mi_rule_form_of(mi_rule rule, double alpha)
{
    mi_rule_form f = {.rule = rule, .alpha = alpha, .n_powers = 1};
    switch (rule) {
    case MI_RULE_LOG:
        f.exponent[0] = 1.0;
        break;
    case MI_RULE_BRIER:
        f.n_powers = 2;
        f.exponent[0] = 1.0;
        f.exponent[1] = 2.0;
        break;
    case MI_RULE_TSALLIS:
        f.n_powers = 2;
        f.exponent[0] = 1.0;
        f.exponent[1] = alpha;
        break;
    case MI_RULE_SPHERICAL:
        f.exponent[0] = 2.0;
        break;
    case MI_RULE_PSEUDO_SPHERICAL:
        f.exponent[0] = alpha;
        break;
    case MI_RULE_EXPONENTIAL:
        f.exponent[0] = 0.5;
        break;
    case MI_RULE_CHI2:
    case MI_RULE_HELLINGER:
    case MI_RULE_BETA_POWER:
    case MI_RULE_KL:
    case MI_RULE_COUNT:
        f.n_powers = 0;
        break;
    }
    return f;
}

typedef struct tuples {
    const double *own, *log_own; /* (MI_LANES) */
    mi_lanes *first, *second;    /* sums in, derivatives out */
    size_t n;
    double alpha;
    double *restrict loss, *restrict own_grad; /* (MI_LANES), added to */
} tuples;

/* lambda = log(t/u), t = u + o. */
MI_VECTOR_CLONES
static void evaluate_log(const tuples *t)
{
    for (size_t s = 0; s < t->n; s++) {
        double *first = t->first[s];
        mi_lanes log_total;
#pragma omp simd
        for (size_t l = 0; l < MI_LANES; l++) {
            const double others = first[l], total = t->own[l] + others;
            log_total[l] = total;
            first[l] = 1.0 / total;
            t->own_grad[l] -= others * first[l];
        }
        mi_vec_log(log_total, log_total, MI_LANES);
#pragma omp simd
        for (size_t l = 0; l < MI_LANES; l++)
            t->loss[l] += log_total[l] - t->log_own[l];
    }
}

/* With h = u/t, p = o_1/t = 1 - h, q = o_2/t^2: lambda = (p^2 + q)/2. */
MI_VECTOR_CLONES
static void evaluate_brier(const tuples *t)
{
    for (size_t s = 0; s < t->n; s++) {
        double *first = t->first[s], *second = t->second[s];
#pragma omp simd
        for (size_t l = 0; l < MI_LANES; l++) {
            const double inverse = 1.0 / (t->own[l] + first[l]);
            const double h = t->own[l] * inverse, p = first[l] * inverse;
            const double q = second[l] * inverse * inverse;
            t->loss[l] += 0.5 * (p * p + q);
            t->own_grad[l] -= h * (p * p + q);
            first[l] = (p * h - q) * inverse;
            second[l] = 0.5 * inverse * inverse;
        }
    }
}

/* With w = u^2, h = w/(w + o): lambda = -sqrt h. */
MI_VECTOR_CLONES
static void evaluate_spherical(const tuples *t)
{
    for (size_t s = 0; s < t->n; s++) {
        double *first = t->first[s];
#pragma omp simd
        for (size_t l = 0; l < MI_LANES; l++) {
            const double others = first[l], inverse = 1.0 / (t->own[l] + others);
            const double root = sqrt(t->own[l] * inverse);
            t->loss[l] -= root;
            first[l] = 0.5 * root * inverse;
            t->own_grad[l] -= 2.0 * others * first[l];
        }
    }
}

/* With w = u^alpha, h = w/(w + o), e = (alpha - 1)/alpha: lambda = -h^e. */
MI_VECTOR_CLONES
static void evaluate_pseudo_spherical(const tuples *t)
{
    const double e = (t->alpha - 1.0) / t->alpha;
    for (size_t s = 0; s < t->n; s++) {
        double *first = t->first[s];
        mi_lanes total, power;
#pragma omp simd
        for (size_t l = 0; l < MI_LANES; l++)
            total[l] = t->own[l] + first[l];
        mi_vec_log(power, total, MI_LANES);
#pragma omp simd
        for (size_t l = 0; l < MI_LANES; l++)
            power[l] = t->alpha * t->log_own[l] - power[l];
        mi_vec_exp_scaled(power, power, e, MI_LANES);
#pragma omp simd
        for (size_t l = 0; l < MI_LANES; l++) {
            const double others = first[l];
            t->loss[l] -= power[l];
            first[l] = e * power[l] / total[l];
            t->own_grad[l] -= t->alpha * others * first[l];
        }
    }
}

/* loss += (h^alpha - 1)/alpha - (h^(alpha-1) - 1)/(alpha-1). Near alpha = 1 from log h, for the powers differ
 * from 1 by less than their rounding. */
static void add_tsallis_powers(double *restrict loss, const double *h, const double *h_less,
                               const double *log_h, double alpha)
{
    const double less = alpha - 1.0;
    if (fabs(less) < 0.125) {
        for (size_t l = 0; l < MI_LANES; l++)
            loss[l] +=
                expm1(alpha * log_h[l]) / alpha - (less == 0.0 ? log_h[l] : expm1(less * log_h[l]) / less);
        return;
    }
#pragma omp simd
    for (size_t l = 0; l < MI_LANES; l++)
        loss[l] += (h[l] * h_less[l] - 1.0) / alpha - (h_less[l] - 1.0) / less;
}

/*
 * With h = u/t, p = o_1/t = 1 - h, q = o_2/t^alpha:
 * lambda = (h^alpha - 1)/alpha - (h^(alpha-1) - 1)/(alpha-1) + q/alpha.
 */
MI_VECTOR_CLONES
static void evaluate_tsallis(const tuples *t)
{
    const double alpha = t->alpha;
    for (size_t s = 0; s < t->n; s++) {
        double *first = t->first[s], *second = t->second[s];
        mi_lanes total, scale, h, log_h, h_less;
#pragma omp simd
        for (size_t l = 0; l < MI_LANES; l++)
            total[l] = t->own[l] + first[l];
        mi_vec_log(scale, total, MI_LANES);
#pragma omp simd
        for (size_t l = 0; l < MI_LANES; l++) {
            log_h[l] = t->log_own[l] - scale[l];
            h[l] = t->own[l] / total[l];
        }
        mi_vec_exp_scaled(scale, scale, -alpha, MI_LANES);
        mi_vec_exp_scaled(h_less, log_h, alpha - 1.0, MI_LANES);
        add_tsallis_powers(t->loss, h, h_less, log_h, alpha);
#pragma omp simd
        for (size_t l = 0; l < MI_LANES; l++) {
            const double p = first[l] / total[l], q = second[l] * scale[l];
            const double slope = h_less[l] * p - q;
            t->loss[l] += q / alpha;
            t->own_grad[l] -= slope * p + q;
            first[l] = slope / total[l];
            second[l] = scale[l] / alpha;
        }
    }
}

/* With w = sqrt u: lambda = 1 + o/w. */
MI_VECTOR_CLONES
static void evaluate_exponential(const tuples *t)
{
    mi_lanes inverse;
    for (size_t l = 0; l < MI_LANES; l++)
        inverse[l] = 1.0 / t->own[l];
    for (size_t s = 0; s < t->n; s++) {
        double *first = t->first[s];
#pragma omp simd
        for (size_t l = 0; l < MI_LANES; l++) {
            const double ratio = first[l] * inverse[l];
            t->loss[l] += 1.0 + ratio;
            t->own_grad[l] -= 0.5 * ratio;
            first[l] = inverse[l];
        }
    }
}

void mi_rule_evaluate(const mi_rule_form *form, const mi_rule_own *own, mi_lanes *const *sum, size_t n,
                      mi_lanes loss, mi_lanes own_grad)
{
    const tuples t = {.own = own->power,
                      .log_own = own->log,
                      .first = sum[0],
                      .second = sum[1],
                      .n = n,
                      .alpha = form->alpha,
                      .loss = loss,
                      .own_grad = own_grad};
    for (size_t l = 0; l < MI_LANES; l++)
        loss[l] = own_grad[l] = 0;
    switch (form->rule) {
    case MI_RULE_LOG:
        evaluate_log(&t);
        break;
    case MI_RULE_BRIER:
        evaluate_brier(&t);
        break;
    case MI_RULE_SPHERICAL:
        evaluate_spherical(&t);
        break;
    case MI_RULE_PSEUDO_SPHERICAL:
        evaluate_pseudo_spherical(&t);
        break;
    case MI_RULE_TSALLIS:
        evaluate_tsallis(&t);
        break;
    case MI_RULE_EXPONENTIAL:
        evaluate_exponential(&t);
        break;
    case MI_RULE_CHI2:
    case MI_RULE_HELLINGER:
    case MI_RULE_BETA_POWER:
    case MI_RULE_KL:
    case MI_RULE_COUNT:
        assert(!"a separable rule is a sum over pairs");
        break;
    }
}
