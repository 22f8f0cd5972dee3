/*
 * The definition of a scoring rule over tuples, one tuple after the other, by the formulas in which the rules
 * are published. Of the code that trains it shares no formula.
 */
#include "objective_entries.h"
#include "rule_loss.h"
#include "scoring_rule.h"

#include <math.h>

/* Classes 1..K of one tuple as places in a column; class 0 has weight nu. */
typedef struct tuple {
    const double *column;
    size_t stride, anchor; /* of the column */
    size_t n, first;       /* negatives on the circle, the first one taken */
    size_t k;
    int positive; /* class 1 is the joint pair and the label; else the label is class 0 */
    const mi_objective_params *params;
    mi_rule rule;
} tuple;

/* Where class m of 0..K-1 is. */
static size_t at(const tuple *t, size_t m)
{
    if (t->positive && m == 0)
        return t->anchor * t->stride;
    const size_t negative = (t->first + m - (size_t)t->positive) % t->n;
    return (negative < t->anchor ? negative : negative + 1) * t->stride;
}

static double score(const tuple *t, size_t m)
{
    return t->column[at(t, m)];
}

/* Over classes 0..K. */
static double sum_of_powers(const tuple *t, double exponent)
{
    double sum = pow(t->params->nu, exponent);
    for (size_t m = 0; m < t->k; m++)
        sum += exp(exponent * score(t, m));
    return sum;
}

typedef struct sums {
    double label; /* weight of the label's class */
    double total, squares, powers, roots;
    double total_power; /* Tsallis: total^alpha */
    double label_power; /* (the label's share)^(alpha-1), where the rule has an alpha */
} sums;

/* Those that the rule reads. */
static sums sums_of(const tuple *t)
{
    sums s = {.label = t->positive ? exp(score(t, 0)) : t->params->nu, .total = 1.0};
    const double alpha = t->params->alpha;
    switch (t->rule) {
    case MI_RULE_SPHERICAL:
        s.squares = sum_of_powers(t, 2.0);
        break;
    case MI_RULE_PSEUDO_SPHERICAL:
        s.powers = sum_of_powers(t, alpha);
        s.label_power = pow(s.label / pow(s.powers, 1.0 / alpha), alpha - 1.0);
        break;
    case MI_RULE_TSALLIS:
        s.total = sum_of_powers(t, 1.0);
        s.powers = sum_of_powers(t, alpha);
        s.total_power = pow(s.total, alpha);
        s.label_power = pow(s.label / s.total, alpha - 1.0);
        break;
    case MI_RULE_EXPONENTIAL:
        s.roots = sum_of_powers(t, 0.5);
        break;
    case MI_RULE_BRIER:
        s.squares = sum_of_powers(t, 2.0);
        s.total = sum_of_powers(t, 1.0);
        break;
    default:
        s.total = sum_of_powers(t, 1.0);
        break;
    }
    return s;
}

static double simplex_loss(const tuple *t, const sums *s)
{
    const double eta = s->label / s->total, alpha = t->params->alpha;
    switch (t->rule) {
    case MI_RULE_LOG:
        return -log(eta);
    case MI_RULE_BRIER:
        return 0.5 * (1.0 - 2.0 * eta + s->squares / (s->total * s->total));
    case MI_RULE_SPHERICAL:
        return -s->label / sqrt(s->squares);
    case MI_RULE_PSEUDO_SPHERICAL:
        return -s->label_power;
    case MI_RULE_TSALLIS:
        if (alpha == 1.0)
            return -log(eta);
        return s->powers / s->total_power / alpha - s->label_power / (alpha - 1.0) +
               1.0 / (alpha * (alpha - 1.0));
    case MI_RULE_EXPONENTIAL:
        return s->roots / sqrt(s->label);
    default:
        return (double)NAN;
    }
}

/* By the log weight c of a class; `is` says whether it is the label's. */
static double simplex_slope(const tuple *t, const sums *s, double c, double is)
{
    const double eta = exp(c) / s->total, label = s->label / s->total, alpha = t->params->alpha;
    const double squares = s->squares / (s->total * s->total);
    switch (t->rule) {
    case MI_RULE_LOG:
        return eta - is;
    case MI_RULE_BRIER:
        return eta * (eta - squares) - label * (is - eta);
    case MI_RULE_SPHERICAL:
        return s->label / sqrt(s->squares) * (exp(2.0 * c) / s->squares - is);
    case MI_RULE_PSEUDO_SPHERICAL:
        return (alpha - 1.0) * s->label_power * (exp(alpha * c) / s->powers - is);
    case MI_RULE_TSALLIS:
        return (exp(alpha * c) - eta * s->powers) / s->total_power - s->label_power * (is - eta);
    case MI_RULE_EXPONENTIAL:
        return 0.5 * (exp(0.5 * c) - is * s->roots) / sqrt(s->label);
    default:
        return (double)NAN;
    }
}

/* -psi'(rho) of the joint pair; its slope by log rho. */
static double separable_positive(const tuple *t, double rho, double *slope)
{
    const double beta = t->params->beta;
    switch (t->rule) {
    case MI_RULE_CHI2:
        return *slope = -rho;
    case MI_RULE_HELLINGER:
        *slope = -0.5 / sqrt(rho);
        return 1.0 / sqrt(rho);
    case MI_RULE_BETA_POWER:
        *slope = -pow(rho, beta);
        return *slope / beta;
    default:
        *slope = -1.0;
        return -log(rho);
    }
}

/* rho psi'(rho) - psi(rho) of one class of an anchor tuple. */
static double separable_anchor(const tuple *t, double rho, double *slope)
{
    const double beta = t->params->beta;
    switch (t->rule) {
    case MI_RULE_CHI2:
        *slope = rho * rho;
        return 0.5 * rho * rho;
    case MI_RULE_HELLINGER:
        *slope = 0.5 * sqrt(rho);
        return sqrt(rho);
    case MI_RULE_BETA_POWER:
        *slope = pow(rho, 1.0 + beta);
        return *slope / (1.0 + beta);
    default:
        return *slope = rho;
    }
}

static double separable_tuple(const tuple *t, double weight, double *grad)
{
    double total = 0;
    for (size_t m = 0; m < (t->positive ? 1 : t->k); m++) {
        const double rho = exp(score(t, m)) / t->params->nu;
        double slope = 0;
        total +=
            weight * (t->positive ? separable_positive(t, rho, &slope) : separable_anchor(t, rho, &slope));
        if (grad)
            grad[at(t, m)] += weight * slope;
    }
    return total;
}

/* Weighted loss of a tuple; the weighted gradient is added to its column of grad. */
static double tuple_loss(const tuple *t, double weight, double *grad)
{
    if (mi_rule_is_separable(t->rule))
        return separable_tuple(t, weight, grad);
    const sums s = sums_of(t);
    for (size_t m = 0; grad && m < t->k; m++)
        grad[at(t, m)] += weight * simplex_slope(t, &s, score(t, m), t->positive && m == 0);
    return weight * simplex_loss(t, &s);
}

static double direction(tuple t, size_t batch, size_t by_candidate, size_t by_anchor, const double *scores,
                        double weight, double *grad)
{
    const double nu = t.params->nu, k = (double)t.k;
    const double per_tuple = weight / ((k + nu) * (double)batch * (double)t.n);
    double total = 0;
    t.stride = by_candidate;
    for (t.anchor = 0; t.anchor < batch; t.anchor++) {
        t.column = scores + t.anchor * by_anchor;
        double *out = grad ? grad + t.anchor * by_anchor : NULL;
        for (t.first = 0; t.first < t.n; t.first++) {
            t.positive = 1;
            total += tuple_loss(&t, k * per_tuple, out);
            t.positive = 0;
            if (nu > 0)
                total += tuple_loss(&t, nu * per_tuple, out);
        }
    }
    return total;
}

void mi_rule_reference(mi_rule rule, const double *scores, size_t batch, const mi_objective_params *params,
                       double *grad, double *loss)
{
    const tuple t = {.n = batch - 1, .k = mi_candidates(params, batch), .params = params, .rule = rule};
    const double weight = mi_direction_weight(params);
    for (size_t i = 0; grad && i < batch * batch; i++)
        grad[i] = 0;
    *loss = direction(t, batch, batch, 1, scores, weight, grad);
    if (mi_contrasts_rows(params))
        *loss += direction(t, batch, 1, batch, scores, weight, grad);
}
