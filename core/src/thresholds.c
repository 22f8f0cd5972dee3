#include "mi/thresholds.h"

#include "stats.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FEW_LABELS   10u
#define NOT_A_NUMBER ((double)NAN)

const char *mi_threshold_note_name(mi_threshold_note_code code)
{
    switch (code) {
#define X(name, text, hint)        \
    case MI_THRESHOLD_NOTE_##name: \
        return text;
        MI_THRESHOLD_NOTE_MAP(X)
#undef X
    case MI_THRESHOLD_NOTE_COUNT:
        break;
    }
    return "unknown";
}

void mi_thresholds_request_default(mi_thresholds_request *request)
{
    *request = (mi_thresholds_request){.n_fpr = 3,
                                       .n_fdr = 3,
                                       .fpr = {0.05, 0.01, 0.001},
                                       .fdr = {0.05, 0.1, 0.2},
                                       .prior = NOT_A_NUMBER,
                                       .curves = 1,
                                       .max_points = 200,
                                       .seed = 42};
}

static int is_share(double value)
{
    return value > 0.0 && value < 1.0;
}

static mi_status check_targets(const char *name, const double *targets, uint32_t n, mi_error *err)
{
    if (n > MI_THRESHOLDS_MAX)
        return mi_fail(err, MI_LIMIT, "%u targets of %s; at most %u are taken", n, name, MI_THRESHOLDS_MAX);
    for (uint32_t i = 0; i < n; i++)
        if (!is_share(targets[i]))
            return mi_fail(err, MI_INVALID, "%s %g; expected a target between 0 and 1", name, targets[i]);
    return MI_OK;
}

static mi_status check_request(const mi_thresholds_request *r, mi_error *err)
{
    mi_status status = check_targets("fpr", r->fpr, r->n_fpr, err);
    if (status == MI_OK)
        status = check_targets("fdr", r->fdr, r->n_fdr, err);
    if (status == MI_OK)
        status = check_targets("precision", r->precision, r->n_precision, err);
    if (status == MI_OK)
        status = check_targets("recall", r->recall, r->n_recall, err);
    if (status != MI_OK)
        return status;
    if (!isnan(r->prior) && !is_share(r->prior))
        return mi_fail(err, MI_INVALID, "prior %g; expected a share between 0 and 1", r->prior);
    if (r->curves && (r->max_points < 2 || r->max_points > MI_THRESHOLDS_MAX_POINTS))
        return mi_fail(err, MI_INVALID, "curves of %u points; expected 2 to %u", r->max_points,
                       MI_THRESHOLDS_MAX_POINTS);
    return MI_OK;
}

__attribute__((format(printf, 3, 4))) static void note(mi_thresholds *t, mi_threshold_note_code code,
                                                       const char *format, ...)
{
    mi_threshold_note *to = &t->notes[t->n_notes++];
    va_list args;
    to->code = code;
    va_start(args, format);
    vsnprintf(to->detail, sizeof to->detail, format, args);
    va_end(args);
}

/* The data as far as they are numbers, in order. */
typedef struct ordered {
    mi_null null;
    const double *known, *candidates;
    size_t n_known, n_candidates;
} ordered;

static uint64_t count_above(const double *sorted, size_t n, double t)
{
    return isnan(t) ? 0 : n - mi_count_below(sorted, n, t);
}

static double recall_of(const ordered *o, double t)
{
    if (o->n_known == 0 || isnan(t))
        return NOT_A_NUMBER;
    return (double)count_above(o->known, o->n_known, t) / (double)o->n_known;
}

static void describe_null(mi_thresholds *t, const mi_null *null)
{
    mi_null_summary summary;
    mi_null_summarize(&summary, null);
    t->n_null = null->n;
    t->null_mean = summary.mean;
    t->null_sd = summary.sd;
    t->null_q95 = summary.q95;
    t->null_q99 = summary.q99;
    t->smallest_fpr = mi_null_smallest_fpr(null);
}

static void for_fprs(mi_thresholds *t, const ordered *o)
{
    uint32_t unresolved = 0;
    for (uint32_t i = 0; i < t->request.n_fpr; i++) {
        mi_threshold_fpr *f = &t->fpr[i];
        f->target = t->request.fpr[i];
        f->resolved = mi_null_threshold(&f->tail, &o->null, f->target);
        f->pairs_above = count_above(o->candidates, o->n_candidates, f->tail.threshold);
        f->recall = recall_of(o, f->tail.threshold);
        unresolved += !f->resolved;
    }
    if (unresolved > 0)
        note(t, MI_THRESHOLD_NOTE_SMALL_NULL,
             "%zu null pairs resolve an FPR of %.3g and no lower one; %u of the FPRs asked for have no "
             "threshold",
             o->null.n, t->smallest_fpr, unresolved);
}

static mi_status find_pi0(mi_thresholds *t, const ordered *o, mi_error *err)
{
    t->pi0 = NOT_A_NUMBER;
    if (o->n_candidates == 0)
        return MI_OK;
    double *p = malloc(o->n_candidates * sizeof *p);
    if (!p)
        return mi_fail(err, MI_MEMORY, "no memory for the p-values of %zu candidates", o->n_candidates);
    for (size_t i = 0; i < o->n_candidates; i++)
        p[i] = mi_null_p_value(&o->null, o->candidates[i]);
    t->pi0 = mi_pi0(p, o->n_candidates);
    free(p);
    return MI_OK;
}

static void note_fdrs(mi_thresholds *t, const ordered *o, uint32_t missed)
{
    const int by_prior = !isnan(t->request.prior);
    if (t->request.n_fdr == 0)
        return;
    if (by_prior && o->n_known == 0)
        note(t, MI_THRESHOLD_NOTE_NO_KNOWN,
             "an FDR by a prior needs the share of known pairs above a threshold, and no known pair has an "
             "out-of-fold PMI");
    else if (!by_prior && o->n_candidates == 0)
        note(t, MI_THRESHOLD_NOTE_NO_CANDIDATES, "an FDR is that of a list of pairs, and there is none");
    else if (missed > 0)
        note(t, MI_THRESHOLD_NOTE_FDR_NOT_REACHED,
             "no threshold reaches %u of the FDRs asked for; %zu null pairs vouch for no FPR below %.3g",
             missed, o->null.n, t->smallest_fpr);
    if (!by_prior && o->n_candidates > 0 && o->n_candidates < MI_PI0_FEW)
        note(t, MI_THRESHOLD_NOTE_FEW_CANDIDATES,
             "pi0 %.3g comes from %zu pairs, which is rough; it errs upwards, and so does the FDR", t->pi0,
             o->n_candidates);
}

static void for_fdrs(mi_thresholds *t, const ordered *o)
{
    const double prior = t->request.prior;
    uint32_t missed = 0;
    for (uint32_t i = 0; i < t->request.n_fdr; i++) {
        mi_threshold_fdr *f = &t->fdr[i];
        f->target = t->request.fdr[i];
        f->reached =
            isnan(prior)
                ? mi_fdr_threshold(&f->fdr, &o->null, o->candidates, o->n_candidates, t->pi0, f->target)
                : mi_fdr_prior_threshold(&f->fdr, &o->null, o->known, o->n_known, prior, f->target);
        f->pairs_above = count_above(o->candidates, o->n_candidates, f->fdr.threshold);
        f->recall = recall_of(o, f->fdr.threshold);
        missed += !f->reached;
    }
    note_fdrs(t, o, missed);
}

/* The rules of an answer and where what they find goes. */
typedef struct rules {
    mi_roc_rule rule[MI_ROC_MAX_RULES];
    mi_threshold_label *to[MI_ROC_MAX_RULES];
    uint32_t n;
} rules;
_Static_assert(3 * MI_THRESHOLDS_MAX + 2 <= MI_ROC_MAX_RULES, "the rules of an answer are one bootstrap");

static void add_rules(rules *r, mi_roc_aim aim, const double *targets, uint32_t n, mi_threshold_label *to)
{
    for (uint32_t i = 0; i < n; i++) {
        r->rule[r->n] = (mi_roc_rule){aim, targets[i]};
        r->to[r->n++] = &to[i];
    }
}

static rules rules_of(mi_thresholds *t)
{
    static const double none = (double)NAN;
    mi_thresholds_labels *l = &t->labels;
    rules r = {.n = 0};
    add_rules(&r, MI_ROC_F1, &none, 1, &l->f1);
    add_rules(&r, MI_ROC_YOUDEN, &none, 1, &l->youden);
    add_rules(&r, MI_ROC_FPR, t->request.fpr, t->request.n_fpr, l->fpr);
    add_rules(&r, MI_ROC_PRECISION, t->request.precision, t->request.n_precision, l->precision);
    add_rules(&r, MI_ROC_RECALL, t->request.recall, t->request.n_recall, l->recall);
    return r;
}

static void note_thresholds(mi_thresholds *t, const rules *r)
{
    const mi_roc_counts counts = t->labels.counts;
    uint32_t missed = 0, unstable = 0;
    if (counts.positives == 0 || counts.negatives == 0)
        return; /* said already */
    for (uint32_t i = 0; i < r->n; i++) {
        missed += isnan(r->to[i]->point.threshold);
        unstable += !isnan(r->to[i]->point.threshold) && !r->to[i]->stable;
    }
    if (missed > 0)
        note(t, MI_THRESHOLD_NOTE_TARGET_NOT_REACHED,
             "no threshold reaches %u of the targets asked for on the labelled pairs", missed);
    if (unstable > 0)
        note(t, MI_THRESHOLD_NOTE_UNSTABLE,
             "%u thresholds have fewer than %u pairs above them, or are missing in more than 5 %% of the "
             "resamples; they may not hold for other pairs",
             unstable, MI_THRESHOLDS_STABLE);
}

static void note_labels(mi_thresholds *t, const mi_thresholds_data *data)
{
    const mi_roc_counts c = t->labels.counts;
    if (c.negatives > 0)
        note(t, MI_THRESHOLD_NOTE_UNLABELLED,
             "%u labelled pairs count as negatives; as far as their label means \"not known\", precision, "
             "average precision and AUROC are lower bounds",
             c.negatives);
    if (c.positives == 0)
        note(t, MI_THRESHOLD_NOTE_NO_POSITIVES, "none of %u labelled pairs has label 1", c.negatives);
    else if (c.negatives == 0)
        note(t, MI_THRESHOLD_NOTE_NO_NEGATIVES, "none of %u labelled pairs has label 0", c.positives);
    else if (c.positives < FEW_LABELS || c.negatives < FEW_LABELS)
        note(t, MI_THRESHOLD_NOTE_FEW_LABELS, "%u positives and %u negatives; intervals are rough",
             c.positives, c.negatives);
    if (t->labels.auroc.std_err == 0.0)
        note(t, MI_THRESHOLD_NOTE_NO_SPREAD,
             "AUROC is %.3g without any spread between pairs, so that DeLong's interval is not defined",
             t->labels.auroc.value);
    if (data->n_overlap > 0)
        note(t, MI_THRESHOLD_NOTE_OVERLAP,
             "%llu labelled pairs were trained on; they have their PMIs out of fold, each by a member that "
             "has not seen it",
             (unsigned long long)data->n_overlap);
}

static mi_status resample(mi_thresholds *t, const mi_roc *roc, const rules *r, mi_error *err)
{
    mi_thresholds_labels *l = &t->labels;
    mi_figure auroc;
    mi_roc_spread spreads[MI_ROC_MAX_RULES];
    const int defined = l->counts.positives > 0 && l->counts.negatives > 0;
    l->resamples = defined ? mi_roc_resamples(roc) : 0;
    const mi_status status = mi_roc_bootstrap(roc, r->rule, r->n, t->request.seed, l->resamples, &auroc,
                                              &l->average_precision, spreads, err);
    if (status != MI_OK)
        return status;
    l->average_precision.value = mi_roc_average_precision(roc);
    l->auroc = t->request.auroc_bootstrap ? auroc : mi_roc_auroc(roc);
    for (uint32_t i = 0; i < r->n; i++) {
        mi_threshold_label *to = r->to[i];
        to->spread = spreads[i];
        to->stable = to->point.n_above >= MI_THRESHOLDS_STABLE && spreads[i].reached >= MI_ROC_REACHED_ENOUGH;
    }
    return MI_OK;
}

static mi_status for_labels(mi_thresholds *t, const mi_thresholds_data *data, mi_error *err)
{
    mi_thresholds_labels *l = &t->labels;
    mi_roc *roc;
    mi_status status = mi_roc_new(&roc, data->scores, data->labels, data->n_labelled, err);
    if (status != MI_OK)
        return status;
    const rules r = rules_of(t);
    mi_roc_point points[MI_ROC_MAX_RULES];
    t->has_labels = 1;
    l->counts = mi_roc_count(roc);
    l->chance = (double)l->counts.positives / ((double)l->counts.positives + (double)l->counts.negatives);
    mi_roc_find(points, roc, r.rule, r.n);
    for (uint32_t i = 0; i < r.n; i++) {
        r.to[i]->target = r.rule[i].target;
        r.to[i]->point = points[i];
    }
    status = resample(t, roc, &r, err);
    if (status == MI_OK && t->request.curves)
        status = mi_roc_curve_new(&l->roc, roc, t->request.max_points, err);
    if (status == MI_OK && t->request.curves)
        status = mi_roc_precision_curve_new(&l->precision_recall, roc, t->request.max_points, err);
    if (status == MI_OK) {
        note_labels(t, data);
        note_thresholds(t, &r);
    }
    mi_roc_free(roc);
    return status;
}

static ordered put_in_order(const mi_thresholds_data *data)
{
    ordered o = {.null = {data->null, mi_sort_numbers(data->null, data->n_null)},
                 .known = data->known,
                 .candidates = data->candidates,
                 .n_known = mi_sort_numbers(data->known, data->n_known)};
    o.n_candidates = data->candidates == data->known && data->n_candidates == data->n_known
                         ? o.n_known
                         : mi_sort_numbers(data->candidates, data->n_candidates);
    return o;
}

static void note_excluded(mi_thresholds *t, const mi_thresholds_data *data)
{
    const size_t null = data->n_null - t->n_null, known = data->n_known - t->n_known;
    const size_t candidates = data->n_candidates - t->n_candidates;
    const uint32_t labelled = t->labels.counts.excluded;
    if (null + known + candidates + labelled > 0)
        note(t, MI_THRESHOLD_NOTE_EXCLUDED,
             "PMIs that are no numbers were left out: %zu of null pairs, %zu of known pairs, %zu of "
             "candidates, %u of labelled pairs",
             null, known, candidates, labelled);
}

mi_status mi_thresholds_compute(mi_thresholds **out, const mi_thresholds_request *request,
                                const mi_thresholds_data *data, mi_error *err)
{
    *out = NULL;
    mi_status status = check_request(request, err);
    if (status != MI_OK)
        return status;
    const ordered o = put_in_order(data);
    if (o.null.n == 0)
        return mi_fail(err, MI_INVALID, "there is no PMI of a null pair; thresholds need a null");
    mi_thresholds *t = calloc(1, sizeof *t);
    if (!t)
        return mi_fail(err, MI_MEMORY, "no memory for thresholds");
    t->request = *request;
    t->n_known = o.n_known;
    t->n_candidates = o.n_candidates;
    t->n_overlap = data->n_overlap;
    describe_null(t, &o.null);
    for_fprs(t, &o);
    if ((status = find_pi0(t, &o, err)) == MI_OK) {
        for_fdrs(t, &o);
        if (data->n_labelled > 0)
            status = for_labels(t, data, err);
    }
    if (status == MI_OK) {
        note_excluded(t, data);
        *out = t;
    } else {
        mi_thresholds_free(t);
    }
    return status;
}

void mi_thresholds_free(mi_thresholds *thresholds)
{
    if (!thresholds)
        return;
    mi_roc_curve_free(&thresholds->labels.roc);
    mi_roc_curve_free(&thresholds->labels.precision_recall);
    free(thresholds);
}
