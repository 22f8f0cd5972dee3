/*
 * All rules in one pass over the groups, from the highest score down: of rules with the same aim the targets
 * are ascending, so that a pointer into them moves little. Comparisons are of the quotients as they are
 * reported.
 */
#include "roc_internal.h"

#include <string.h>

static int has_target(mi_roc_aim aim)
{
    return aim <= MI_ROC_FPR;
}

void mi_roc_finder_init(mi_roc_finder *finder, const mi_roc_rule *rules, uint32_t n_rules)
{
    memset(finder, 0, sizeof *finder);
    finder->rules = rules;
    finder->n_rules = n_rules;
    for (uint32_t i = 0; i < n_rules; i++) {
        if (!has_target(rules[i].aim))
            continue;
        uint32_t *order = finder->order[rules[i].aim], at = finder->n[rules[i].aim]++;
        for (; at > 0 && rules[order[at - 1]].target > rules[i].target; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

/* Where a pass stands. */
typedef struct pass {
    const mi_roc_finder *finder;
    const mi_roc_tally *tally;
    uint32_t *groups;             /* (n_rules) */
    uint32_t tp, fp;              /* at or above the group */
    uint32_t last;                /* non-empty group before it, or none */
    uint32_t recalls, fprs;       /* targets settled */
    uint32_t precisions;          /* targets that the last group reached */
    uint32_t f1_tp, f1_above, f1; /* the best so far */
    int64_t youden_value;
    uint32_t youden;
} pass;

static double target_of(const pass *p, mi_roc_aim aim, uint32_t k)
{
    return p->finder->rules[p->finder->order[aim][k]].target;
}

static void look_at_precision(pass *p, uint32_t g)
{
    const double precision = (double)p->tp / ((double)p->tp + (double)p->fp);
    const uint32_t n = p->finder->n[MI_ROC_PRECISION];
    while (p->precisions < n && precision >= target_of(p, MI_ROC_PRECISION, p->precisions))
        p->precisions++;
    while (p->precisions > 0 && precision < target_of(p, MI_ROC_PRECISION, p->precisions - 1))
        p->precisions--;
    if (p->precisions > 0) /* and with this target all lower ones */
        p->groups[p->finder->order[MI_ROC_PRECISION][p->precisions - 1]] = g;
}

static void look_at_recall(pass *p, uint32_t g)
{
    const double recall = (double)p->tp / (double)p->tally->positives;
    while (p->recalls < p->finder->n[MI_ROC_RECALL] && recall >= target_of(p, MI_ROC_RECALL, p->recalls))
        p->groups[p->finder->order[MI_ROC_RECALL][p->recalls++]] = g;
}

static void look_at_fpr(pass *p)
{
    const double fpr = (double)p->fp / (double)p->tally->negatives;
    while (p->fprs < p->finder->n[MI_ROC_FPR] && fpr > target_of(p, MI_ROC_FPR, p->fprs))
        p->groups[p->finder->order[MI_ROC_FPR][p->fprs++]] = p->last;
}

/* tp / (n_above + positives), products below 2^63; and recall - fpr times positives times negatives. */
static void look_at_best(pass *p, uint32_t g)
{
    const uint64_t above = (uint64_t)p->tp + p->fp, positives = p->tally->positives;
    if (p->f1 == MI_ROC_NONE || p->tp * (p->f1_above + positives) > p->f1_tp * (above + positives)) {
        p->f1_tp = p->tp;
        p->f1_above = (uint32_t)above;
        p->f1 = g;
    }
    const int64_t youden =
        (int64_t)p->tp * (int64_t)p->tally->negatives - (int64_t)p->fp * (int64_t)positives;
    if (p->youden == MI_ROC_NONE || youden > p->youden_value) {
        p->youden_value = youden;
        p->youden = g;
    }
}

static void finish(pass *p)
{
    const mi_roc_finder *f = p->finder;
    uint32_t lowest = MI_ROC_NONE; /* group that reaches this target or a higher one */
    for (uint32_t k = f->n[MI_ROC_PRECISION]; k-- > 0;) {
        uint32_t *own = &p->groups[f->order[MI_ROC_PRECISION][k]];
        if (lowest != MI_ROC_NONE && (*own == MI_ROC_NONE || *own < lowest))
            *own = lowest;
        lowest = *own;
    }
    while (p->tally->negatives > 0 && p->fprs < f->n[MI_ROC_FPR])
        p->groups[f->order[MI_ROC_FPR][p->fprs++]] = p->last;
    for (uint32_t i = 0; i < f->n_rules; i++) {
        if (f->rules[i].aim == MI_ROC_F1 && p->tally->positives > 0)
            p->groups[i] = p->f1;
        if (f->rules[i].aim == MI_ROC_YOUDEN && p->tally->positives > 0 && p->tally->negatives > 0)
            p->groups[i] = p->youden;
    }
}

void mi_roc_finder_run(const mi_roc_finder *finder, const mi_roc_tally *tally, uint32_t *groups)
{
    pass p = {.finder = finder,
              .tally = tally,
              .groups = groups,
              .last = MI_ROC_NONE,
              .f1 = MI_ROC_NONE,
              .youden = MI_ROC_NONE};
    for (uint32_t i = 0; i < finder->n_rules; i++)
        groups[i] = MI_ROC_NONE;
    for (uint32_t g = 0; g < tally->n_groups; g++) {
        if (tally->tp[g] == 0 && tally->fp[g] == 0)
            continue;
        p.tp += tally->tp[g];
        p.fp += tally->fp[g];
        look_at_precision(&p, g);
        if (tally->positives > 0)
            look_at_recall(&p, g);
        if (tally->negatives > 0)
            look_at_fpr(&p);
        look_at_best(&p, g);
        p.last = g;
    }
    finish(&p);
}
