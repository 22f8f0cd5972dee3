#include "roc_internal.h"

#include "proportion.h"
#include "sort.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#define NOT_A_NUMBER ((double)NAN)

typedef struct labelled {
    double score;
    uint32_t label;
} labelled;

static int is_higher(labelled a, labelled b, const void *context)
{
    (void)context;
    return a.score > b.score; /* labels of equal scores are counted, so their order is of no account */
}
MI_DEFINE_SORT(sort_descending, labelled, is_higher)

static mi_status check_labels(const uint8_t *labels, size_t n, mi_error *err)
{
    if (n > MI_ROC_MAX_PAIRS)
        return mi_fail(err, MI_LIMIT, "%zu labelled pairs; at most %u are taken", n, MI_ROC_MAX_PAIRS);
    for (size_t i = 0; i < n; i++)
        if (labels[i] > 1)
            return mi_fail(err, MI_INVALID, "the label of pair %zu is %u; expected 0 or 1", i, labels[i]);
    return MI_OK;
}

static uint32_t count_distinct(const labelled *items, size_t n)
{
    uint32_t distinct = 0;
    for (size_t i = 0; i < n; i++)
        distinct += i == 0 || items[i].score != items[i - 1].score;
    return distinct;
}

static mi_roc *allocate(uint32_t n_groups)
{
    mi_roc *roc = calloc(1, sizeof *roc + n_groups * (sizeof(double) + 2 * sizeof(uint32_t)));
    if (!roc)
        return NULL;
    roc->score = (double *)(roc + 1);
    roc->tally = (mi_roc_tally){.n_groups = n_groups, .tp = (uint32_t *)(roc->score + n_groups)};
    roc->tally.fp = roc->tally.tp + n_groups;
    return roc;
}

static void group(mi_roc *roc, const labelled *items, size_t n)
{
    uint32_t g = 0;
    for (size_t i = 0; i < n; i++) {
        g += i > 0 && items[i].score != items[i - 1].score;
        roc->score[g] = items[i].score;
        roc->tally.tp[g] += items[i].label;
        roc->tally.fp[g] += 1 - items[i].label;
        roc->tally.positives += items[i].label;
        roc->tally.negatives += 1 - items[i].label;
    }
}

mi_status mi_roc_new(mi_roc **out, const double *scores, const uint8_t *labels, size_t n, mi_error *err)
{
    *out = NULL;
    const mi_status status = check_labels(labels, n, err);
    if (status != MI_OK)
        return status;
    labelled *items = malloc((n + 1) * sizeof *items);
    if (!items)
        return mi_fail(err, MI_MEMORY, "no memory for %zu labelled pairs", n);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(scores[i]))
            items[kept++] = (labelled){scores[i], labels[i]};
    if (kept == 0) {
        free(items);
        return mi_fail(err, MI_INVALID, "none of %zu labelled pairs has a score", n);
    }
    sort_descending(items, kept, NULL);
    mi_roc *roc = allocate(count_distinct(items, kept));
    if (roc) {
        roc->excluded = (uint32_t)(n - kept);
        group(roc, items, kept);
    }
    free(items);
    *out = roc;
    return roc ? MI_OK : mi_fail(err, MI_MEMORY, "no memory for %zu labelled pairs", n);
}

void mi_roc_free(mi_roc *roc)
{
    free(roc);
}

mi_roc_counts mi_roc_count(const mi_roc *roc)
{
    return (mi_roc_counts){roc->tally.positives, roc->tally.negatives, roc->excluded, roc->tally.n_groups};
}

double mi_roc_tally_area(const mi_roc_tally *tally)
{
    uint64_t halves = 0; /* of won comparisons, at most 2^63 */
    uint32_t below = tally->negatives;
    if (tally->positives == 0 || tally->negatives == 0)
        return NOT_A_NUMBER;
    for (uint32_t g = 0; g < tally->n_groups; g++) {
        below -= tally->fp[g];
        halves += (uint64_t)tally->tp[g] * (2 * (uint64_t)below + tally->fp[g]);
    }
    return 0.5 * (double)halves / (double)tally->positives / (double)tally->negatives;
}

double mi_roc_tally_precision(const mi_roc_tally *tally)
{
    uint32_t tp = 0, above = 0;
    double sum = 0.0;
    if (tally->positives == 0)
        return NOT_A_NUMBER;
    for (uint32_t g = 0; g < tally->n_groups; g++) {
        tp += tally->tp[g];
        above += tally->tp[g] + tally->fp[g];
        if (tally->tp[g] > 0)
            sum += (double)tally->tp[g] * ((double)tp / (double)above);
    }
    return sum / (double)tally->positives;
}

double mi_roc_average_precision(const mi_roc *roc)
{
    return mi_roc_tally_precision(&roc->tally);
}

/* DeLong's structural components: of a positive the share of negatives that it beats, of a negative the share
 * of positives that beat it; their mean is the area, and their variances over their numbers add up. */
static double delong_error(const mi_roc_tally *t, double area)
{
    const double positives = t->positives, negatives = t->negatives;
    double of_positives = 0.0, of_negatives = 0.0;
    uint32_t below = t->negatives, higher = 0;
    for (uint32_t g = 0; g < t->n_groups; g++) {
        below -= t->fp[g];
        const double beats = ((double)below + 0.5 * (double)t->fp[g]) / negatives - area;
        const double beaten = ((double)higher + 0.5 * (double)t->tp[g]) / positives - area;
        of_positives += (double)t->tp[g] * beats * beats;
        of_negatives += (double)t->fp[g] * beaten * beaten;
        higher += t->tp[g];
    }
    return sqrt(of_positives / (positives - 1.0) / positives + of_negatives / (negatives - 1.0) / negatives);
}

mi_figure mi_roc_auroc(const mi_roc *roc)
{
    mi_figure auroc = {mi_roc_tally_area(&roc->tally), NOT_A_NUMBER, {NOT_A_NUMBER, NOT_A_NUMBER}};
    if (roc->tally.positives < 2 || roc->tally.negatives < 2)
        return auroc;
    const double a = auroc.value, error = delong_error(&roc->tally, a);
    auroc.std_err = error;
    if (!(error > 0.0))
        return auroc;
    const double centre = log(a / (1.0 - a)), half = MI_NORMAL_QUANTILE_975 * error / (a * (1.0 - a));
    auroc.interval95[0] = 1.0 / (1.0 + exp(half - centre));
    auroc.interval95[1] = 1.0 / (1.0 + exp(-half - centre));
    return auroc;
}

static double share(uint32_t part, uint32_t whole)
{
    return whole > 0 ? (double)part / (double)whole : NOT_A_NUMBER;
}

static void describe(mi_roc_point *out, const mi_roc_tally *t)
{
    const uint32_t positives = t->positives, negatives = t->negatives;
    out->n_above = out->tp + out->fp;
    out->precision = share(out->tp, out->n_above);
    out->recall = share(out->tp, positives);
    out->fpr = share(out->fp, negatives);
    out->f1 = positives > 0 ? 2.0 * out->tp / ((double)out->n_above + (double)positives) : NOT_A_NUMBER;
    out->youden = out->recall - out->fpr;
    mi_wilson95(out->tp, out->n_above, out->precision95);
    mi_wilson95(out->tp, positives, out->recall95);
    mi_wilson95(out->fp, negatives, out->fpr95);
}

void mi_roc_at(mi_roc_point *out, const mi_roc *roc, double threshold)
{
    *out = (mi_roc_point){.threshold = threshold};
    if (isnan(threshold))
        return;
    for (uint32_t g = 0; g < roc->tally.n_groups && roc->score[g] >= threshold; g++) {
        out->tp += roc->tally.tp[g];
        out->fp += roc->tally.fp[g];
    }
    describe(out, &roc->tally);
}

void mi_roc_find(mi_roc_point *out, const mi_roc *roc, const mi_roc_rule *rules, uint32_t n_rules)
{
    mi_roc_finder finder;
    uint32_t group[MI_ROC_MAX_RULES];
    assert(n_rules <= MI_ROC_MAX_RULES);
    mi_roc_finder_init(&finder, rules, n_rules);
    mi_roc_finder_run(&finder, &roc->tally, group);
    for (uint32_t i = 0; i < n_rules; i++)
        mi_roc_at(&out[i], roc, group[i] == MI_ROC_NONE ? NOT_A_NUMBER : roc->score[group[i]]);
}
