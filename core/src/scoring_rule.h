/*
 * Proper scoring rules on K+1 classes (Gneiting and Raftery 2007; for density ratios: Ryu et al., ICLR 2026).
 *
 * Class 0 is the anchor with weight u_0 = nu, class z has u_z = r(x_z); the forecast is eta = u / sum u. The
 * loss of label z is lambda_z. Two kinds of rules:
 *
 * On the simplex: lambda_z is a function of eta alone, so of u up to a common factor, and nu = 0 takes class
 * 0 away. It depends on the other classes only through sums of at most two powers of u:
 *
 *   log                -log eta_z                                                                    sum u
 *   Brier              |e_z - eta|^2 / 2                                                      sum u, sum u^2
 *   spherical          -u_z / |u|_2                                                                sum u^2
 *   pseudo-spherical   -(u_z / |u|_alpha)^(alpha-1)                                            sum u^alpha
 *   Tsallis            (sum eta^alpha - 1)/alpha - (eta_z^(alpha-1) - 1)/(alpha-1)      sum u, sum u^alpha
 *   exponential        sum sqrt u / sqrt u_z                                                    sum sqrt u
 *
 * Tsallis is written with the constant of its entropy, so that alpha = 2 is Brier and alpha -> 1 is log.
 *
 * Separable: with rho = u/nu and a convex psi, lambda_z = -psi'(rho_z) and lambda_0 = sum_z [rho psi' -
 * psi](rho_z): sums over pairs (rule_loss.c). beta-power: -rho_z^beta/beta and sum rho^(1+beta)/(1+beta);
 * chi2 is beta = 1; KL the limit 0, -log rho_z and sum rho; Hellinger is half of beta = -1/2, rho_z^-1/2 and
 * sum sqrt rho.
 */
#ifndef MI_SCORING_RULE_H
#define MI_SCORING_RULE_H

#include "mi/objective.h"
#include "window_sum.h"

#define MI_RULE_POWERS 2u

/* A rule on the simplex; a separable one has no powers. */
typedef struct mi_rule_form {
    mi_rule rule;
    double alpha;
    size_t n_powers;
    double exponent[MI_RULE_POWERS]; /* the first is that of mi_rule_own.power */
} mi_rule_form;

mi_rule_form mi_rule_form_of(mi_rule rule, double alpha);
int mi_rule_is_separable(mi_rule rule);

/* The class that is the label: u_z to the first exponent, log u_z. */
typedef struct mi_rule_own {
    mi_lanes power, log;
} mi_rule_own;

/*
 * lambda_z of n tuples with the same label class, in each lane, for a rule on the simplex.
 *
 * sum       n_powers arrays (n, MI_LANES): sums of powers over the other classes, replaced by the derivatives
 * of lambda_z by those sums loss      out: sum of lambda_z over the n tuples own_grad  out: sum over the
 * tuples of d lambda_z / d log u_z
 */
void mi_rule_evaluate(const mi_rule_form *form, const mi_rule_own *own, mi_lanes *const *sum, size_t n,
                      mi_lanes loss, mi_lanes own_grad);

#endif
