#include "warnings.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FEW_PAIRS           500u
#define NEAR_LOG_N          0.85 /* of log N: the limit of McAllester and Stratos is already felt there */
#define NULL_RATIO_BITS     0.3
#define NULL_RATIO_MARKOV   20.0 /* at a true mean of 1: one time in twenty at most */
#define ERRORS_OFF          3.0  /* standard errors before a noisy figure counts as wrong */
#define GAP_NATS            0.2
#define GAP_SHARE           0.25
#define BRACKET_NATS        0.25
#define BRACKET_SHARE       0.1
#define FOLD_NATS           0.02 /* smaller disagreements are real in large data, and harmless */
#define FOLD_SHARE          0.05
#define DUPLICATE_SHARE     0.01
#define LATE_BEST           0.9 /* of max_steps: evaluations are a tenth apart */
#define NORMAL_QUANTILE_999 3.090232306167813

const char *mi_warning_name(mi_warning_code code)
{
    switch (code) {
#define X(name, text, hint) \
    case MI_WARN_##name:    \
        return text;
        MI_WARNING_MAP(X)
#undef X
    case MI_WARNING_COUNT:
        break;
    }
    return "unknown";
}

__attribute__((format(printf, 3, 4))) static void warn(mi_estimate *e, mi_warning_code code,
                                                       const char *format, ...)
{
    mi_warning *w = &e->warnings[e->n_warnings++];
    va_list args;
    w->code = code;
    va_start(args, format);
    vsnprintf(w->detail, sizeof w->detail, format, args);
    va_end(args);
}

static int is_plug_in(const mi_evidence *v)
{
    return mi_objective_plugs_in(&v->spec->objective);
}

static void warn_size(mi_estimate *e, const mi_evidence *v)
{
    uint32_t n_test = UINT32_MAX;
    for (uint32_t i = 0; i < v->n_results; i++)
        n_test = v->results[i]->n_test < n_test ? v->results[i]->n_test : n_test;
    if (e->mi_nats > NEAR_LOG_N * log(n_test))
        warn(e, MI_WARN_NEAR_LOG_N,
             "MI is %.3g nats and log N of the smallest test fold, %u pairs, is %.3g; no data of that size "
             "vouch for more: read it as a lower bound, or use more pairs",
             e->mi_nats, n_test, log(n_test));
}

/* The mean ratio is itself noisy where a few null pairs carry it: it is reported when its own error cannot
 * explain it, or when it is so large that a mean of 1 would seldom yield it, whatever the tail (Markov). */
static void warn_calibration(mi_estimate *e, const mi_evidence *v)
{
    const double ratio = e->null_mean_ratio;
    if (!e->has_null || !mi_spec_has_critic(v->spec) || fabs(log2(ratio)) <= NULL_RATIO_BITS)
        return;
    if (v->null_excludes_pairs && ratio < 1.0)
        return;
    if (fabs(ratio - 1.0) > ERRORS_OFF * v->null_ratio_error || ratio > NULL_RATIO_MARKOV)
        warn(e, MI_WARN_NOT_CALIBRATED,
             "the mean ratio over %u mismatched pairs is %.3g +- %.2g instead of 1, so PMIs may be shifted "
             "by %+.2g nats; %s",
             e->n_null, ratio, v->null_ratio_error, log(ratio),
             v->spec->calibrate ? "a larger /split/validation or more pairs would help"
                                : "set /calibrate to true");
}

static void warn_fit(mi_estimate *e, const mi_evidence *v)
{
    const double gap = e->train_nats - e->held_out_nats;
    if (gap > fmax(GAP_NATS, fmax(GAP_SHARE * e->held_out_nats, ERRORS_OFF * e->std_err)))
        warn(e, MI_WARN_OVERFIT,
             "MI is %.3g nats on training pairs and %.3g on held-out ones; more pairs, fewer columns "
             "(/prepare/pca) or a smaller /critic/hidden would help",
             e->train_nats, e->held_out_nats);
    if (is_plug_in(v) && e->held_out_nats - e->dv > fmax(BRACKET_NATS, BRACKET_SHARE * e->held_out_nats))
        warn(e, MI_WARN_BRACKET,
             "the plug-in value is %.3g nats, the DV bound of the same critic %.3g; the scale of r is off: "
             "trust the bound, and try a larger /objective/nu or more pairs",
             e->held_out_nats, e->dv);
}

/* Upper 0.1 % point of chi-squared (Wilson and Hilferty, 1931). */
static double chi2_999(double dof)
{
    const double spread = 2.0 / (9.0 * dof);
    return dof * pow(1.0 - spread + NORMAL_QUANTILE_999 * sqrt(spread), 3.0);
}

static void warn_folds(mi_estimate *e, const mi_evidence *v)
{
    if (v->fold_dof > 0 && v->fold_chi2 > chi2_999(v->fold_dof) &&
        v->fold_sd > FOLD_NATS + FOLD_SHARE * fabs(e->mi_nats))
        warn(e, MI_WARN_FOLDS_DISAGREE,
             "fold means spread by %.3g nats where sampling explains %.3g; look at per_run, and raise "
             "/replicates to average over training",
             v->fold_sd, v->fold_sd_expected);
}

static void warn_data(mi_estimate *e, const mi_evidence *v)
{
    uint32_t x = 0, y = 0;
    for (uint32_t i = 0; i < v->n_results; i++) {
        x = v->results[i]->constant_x > x ? v->results[i]->constant_x : x;
        y = v->results[i]->constant_y > y ? v->results[i]->constant_y : y;
    }
    if (x + (uint64_t)y > 0)
        warn(e, MI_WARN_CONSTANT_COLUMNS,
             "%u columns of x and %u of y do not vary in training and were left out", x, y);
    if (e->n_pairs < FEW_PAIRS)
        warn(e, MI_WARN_FEW_PAIRS,
             "%llu pairs; below %u the estimate tends to be too low: add pairs, or keep few columns with "
             "/prepare/pca",
             (unsigned long long)e->n_pairs, FEW_PAIRS);
    if ((double)v->n_duplicates > DUPLICATE_SHARE * (double)e->n_pairs)
        warn(e, MI_WARN_DUPLICATE_ROWS,
             "%llu of %llu pairs repeat an earlier one exactly; remove the repeats, unless the data are "
             "discrete",
             (unsigned long long)v->n_duplicates, (unsigned long long)e->n_pairs);
}

static void warn_ties(mi_estimate *e, const mi_evidence *v)
{
    for (int side = 0; side < 2; side++)
        if ((double)v->n_tied[side] > DUPLICATE_SHARE * (double)e->n_pairs) {
            warn(e, MI_WARN_TIED_ROWS,
                 "%llu of %llu rows of %s repeat an earlier one; %s counts neighbours and needs continuous "
                 "columns: use infonce-anchor for labels and other discrete data",
                 (unsigned long long)v->n_tied[side], (unsigned long long)e->n_pairs, side ? "y" : "x",
                 v->spec->objective.entry->name);
            return;
        }
}

static void warn_objective(mi_estimate *e, const mi_evidence *v)
{
    const mi_objective *objective = v->spec->objective.entry;
    const int bound = mi_objective_type_of(&v->spec->objective) == MI_TYPE_BOUND;
    const char *no_pmi = mi_spec_no_pmi_reason(v->spec);
    if (no_pmi)
        warn(e, MI_WARN_NO_PMI, "%s %s: no PMI, null or calibration; infonce-anchor gives them",
             objective->name, no_pmi);
    if (bound && mi_objective_optimum(&v->spec->objective) == MI_OPT_LOG_RATIO_UP_TO_Y)
        warn(e, MI_WARN_BOUND, "%s reports a lower bound, here at most %.3g nats, the logarithm of the batch",
             objective->name, e->infonce_ceiling);
    else if (bound)
        warn(e, MI_WARN_BOUND,
             "%s reports a lower bound; the mean PMI of the same critic is the plug-in value",
             objective->name);
}

static void warn_training(mi_estimate *e, const mi_evidence *v)
{
    const mi_train_spec *train = &v->spec->train;
    uint32_t late = 0, diverged = 0, earliest = UINT32_MAX;
    for (uint32_t i = 0; i < v->n_results; i++) {
        const mi_run_result *r = v->results[i];
        diverged += r->diverged;
        earliest = r->diverged && r->steps < earliest ? r->steps : earliest;
    }
    if (diverged > 0)
        warn(e, MI_WARN_DIVERGED,
             "%u of %u runs diverged, the first after %u steps, and kept their best weights until then; a "
             "lower "
             "/train/learning_rate, or another objective, would help",
             diverged, v->n_results, earliest);
    for (uint32_t i = 0; i < v->n_results; i++)
        late += v->results[i]->steps >= train->max_steps &&
                v->results[i]->best_step > LATE_BEST * train->max_steps;
    /* A reconstruction improves without end; more of it tells little about the information. */
    if (train->early_stopping && late > 0 && mi_spec_has_critic(v->spec))
        warn(e, MI_WARN_STEP_LIMIT,
             "%u of %u runs still improved when they ended at step %u; raise /train/max_steps", late,
             v->n_results, train->max_steps);
}

static void warn_non_finite(mi_estimate *e, const mi_evidence *v)
{
    const int critic = mi_spec_has_critic(v->spec);
    const struct {
        const char *name;
        double value;
        int reported;
    } figures[] = {
        {"mi", e->mi_nats, 1},
        {"std_err", e->std_err, 1},
        {"infonce", e->infonce, critic},
        {"nwj", e->nwj, critic},
        {"dv", e->dv, critic},
        {"log_scale", e->log_scale, 1},
        {"slope", e->slope, 1},
        {"null_mean_ratio", e->null_mean_ratio, e->has_null},
        {"null mean", e->null_mean, e->has_null},
        {"auroc", e->auroc, e->has_null},
        {"permutation mean", e->permutation_mean, e->n_permutations > 0},
    };
    char names[128] = "";
    size_t used = 0;
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        if (figures[i].reported && !isfinite(figures[i].value) && used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "",
                                     figures[i].name);
    if (used > 0)
        warn(e, MI_WARN_NON_FINITE,
             "not finite: %s; more folds or pairs, or a lower /train/learning_rate, would help", names);
}

void mi_estimate_warn(mi_estimate *e, const mi_evidence *v)
{
    e->n_warnings = 0;
    warn_size(e, v);
    warn_calibration(e, v);
    warn_fit(e, v);
    warn_folds(e, v);
    warn_data(e, v);
    warn_ties(e, v);
    warn_objective(e, v);
    warn_training(e, v);
    warn_non_finite(e, v);
}
