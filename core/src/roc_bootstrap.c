#include "mi/null.h"
#include "rng.h"
#include "roc_internal.h"
#include "stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NOT_A_NUMBER ((double)NAN)
#define RESAMPLES    2000u
#define LEAST        200u
#define DRAWS        100000000u

uint32_t mi_roc_resamples(const mi_roc *roc)
{
    const uint64_t affordable = DRAWS / ((uint64_t)roc->tally.positives + roc->tally.negatives);
    return affordable >= RESAMPLES ? RESAMPLES : affordable <= LEAST ? LEAST : (uint32_t)affordable;
}

/* values: rows of `resamples`, one for the area, one for the precision, one for each rule. */
typedef struct bootstrap {
    const mi_roc *roc;
    uint32_t n_rules, resamples;
    mi_roc_finder finder;
    mi_roc_tally tally;            /* of a resample */
    uint32_t *positive, *negative; /* groups of each of them */
    double *values;                /* (2 + n_rules, resamples) */
    uint32_t *found;               /* (n_rules) */
} bootstrap;

static void list_members(uint32_t *members, const uint32_t *counts, uint32_t n_groups)
{
    for (uint32_t g = 0; g < n_groups; g++)
        for (uint32_t k = 0; k < counts[g]; k++)
            *members++ = g;
}

static mi_status prepare(bootstrap *b, mi_error *err)
{
    const mi_roc_tally *t = &b->roc->tally;
    b->tally = *t;
    b->tally.tp = calloc(t->n_groups, 2 * sizeof(uint32_t));
    b->positive = malloc(((size_t)t->positives + t->negatives) * sizeof(uint32_t));
    b->values = malloc((size_t)(2 + b->n_rules) * b->resamples * sizeof(double));
    b->found = malloc((size_t)(b->n_rules + 1) * sizeof(uint32_t));
    if (!b->tally.tp || !b->positive || !b->values || !b->found)
        return mi_fail(err, MI_MEMORY, "no memory for %u resamples of %u pairs", b->resamples,
                       t->positives + t->negatives);
    b->tally.fp = b->tally.tp + t->n_groups;
    b->negative = b->positive + t->positives;
    list_members(b->positive, t->tp, t->n_groups);
    list_members(b->negative, t->fp, t->n_groups);
    return MI_OK;
}

/* mi_rng_below n times, with its division done once. */
static void draw(mi_rng *rng, uint32_t *counts, const uint32_t *members, uint32_t n)
{
    const uint32_t reject_below = (0u - n) % n;
    for (uint32_t i = 0; i < n;) {
        const uint64_t product = (uint64_t)mi_rng_u32(rng) * n;
        if ((uint32_t)product < reject_below)
            continue;
        counts[members[product >> 32]]++;
        i++;
    }
}

static void resample(bootstrap *b, uint64_t seed, uint32_t index)
{
    mi_rng rng;
    mi_rng_init(&rng, seed, 0, 0, MI_PURPOSE_RESAMPLE, index);
    memset(b->tally.tp, 0, (size_t)b->tally.n_groups * 2 * sizeof(uint32_t));
    draw(&rng, b->tally.tp, b->positive, b->tally.positives);
    draw(&rng, b->tally.fp, b->negative, b->tally.negatives);
    b->values[index] = mi_roc_tally_area(&b->tally);
    b->values[b->resamples + index] = mi_roc_tally_precision(&b->tally);
    mi_roc_finder_run(&b->finder, &b->tally, b->found);
    for (uint32_t i = 0; i < b->n_rules; i++)
        b->values[(size_t)(2 + i) * b->resamples + index] =
            b->found[i] == MI_ROC_NONE ? NOT_A_NUMBER : b->roc->score[b->found[i]];
}

/* Of values in ascending order. */
static void middle95(double out[2], const double *sorted, size_t n)
{
    out[0] = mi_quantile_sorted(sorted, n, 0.025);
    out[1] = mi_quantile_sorted(sorted, n, 0.975);
}

static void summarise(mi_figure *out, double value, double *values, uint32_t n)
{
    if (!out)
        return;
    mi_sort_doubles(values, n);
    out->value = value;
    out->std_err = mi_sd(values, n, mi_mean(values, n));
    middle95(out->interval95, values, n);
}

static void summarise_threshold(mi_roc_spread *out, double *values, uint32_t n)
{
    const size_t reached = mi_sort_numbers(values, n);
    *out = (mi_roc_spread){{NOT_A_NUMBER, NOT_A_NUMBER}, (double)reached / (double)n};
    if (out->reached >= MI_ROC_REACHED_ENOUGH)
        middle95(out->threshold95, values, reached);
}

static const mi_figure NO_FIGURE = {(double)NAN, (double)NAN, {(double)NAN, (double)NAN}};

mi_status mi_roc_bootstrap(const mi_roc *roc, const mi_roc_rule *rules, uint32_t n_rules, uint64_t seed,
                           uint32_t resamples, mi_figure *auroc, mi_figure *average_precision,
                           mi_roc_spread *spreads, mi_error *err)
{
    bootstrap b = {.roc = roc, .n_rules = n_rules, .resamples = resamples};
    if (auroc)
        *auroc = NO_FIGURE;
    if (average_precision)
        *average_precision = NO_FIGURE;
    if (n_rules > MI_ROC_MAX_RULES)
        return mi_fail(err, MI_LIMIT, "%u rules; at most %u are taken", n_rules, MI_ROC_MAX_RULES);
    for (uint32_t i = 0; i < n_rules; i++)
        spreads[i] = (mi_roc_spread){{NOT_A_NUMBER, NOT_A_NUMBER}, NOT_A_NUMBER};
    if (roc->tally.positives == 0 || roc->tally.negatives == 0 || resamples == 0)
        return MI_OK;
    mi_status status = prepare(&b, err);
    if (status == MI_OK) {
        mi_roc_finder_init(&b.finder, rules, n_rules);
        for (uint32_t i = 0; i < resamples; i++)
            resample(&b, seed, i);
        summarise(auroc, mi_roc_tally_area(&roc->tally), b.values, resamples);
        summarise(average_precision, mi_roc_tally_precision(&roc->tally), b.values + resamples, resamples);
        for (uint32_t i = 0; i < n_rules; i++)
            summarise_threshold(&spreads[i], b.values + (size_t)(2 + i) * resamples, resamples);
    }
    free(b.tally.tp);
    free(b.positive);
    free(b.values);
    free(b.found);
    return status;
}
