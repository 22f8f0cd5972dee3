#include "mi/thresholds.h"
#include "testing.h"

#include <math.h>
#include <string.h>

enum { N_NULL = 2000, N_KNOWN = 300, N_CANDIDATES = 1000, N_LABELLED = 400 };

typedef struct bench {
    double null[N_NULL], known[N_KNOWN], candidates[N_CANDIDATES], scores[N_LABELLED];
    uint8_t labels[N_LABELLED];
    mi_thresholds_request request;
    mi_thresholds_data data;
} bench;

/* Null N(0,1), known pairs N(3,1); a third of the candidates and a quarter of the labelled are known. */
static void fill(bench *b)
{
    mi_rng rng = test_rng(41);
    for (int i = 0; i < N_NULL; i++)
        b->null[i] = mi_rng_normal(&rng);
    for (int i = 0; i < N_KNOWN; i++)
        b->known[i] = 3.0 + mi_rng_normal(&rng);
    for (int i = 0; i < N_CANDIDATES; i++)
        b->candidates[i] = mi_rng_normal(&rng) + (i % 3 == 0 ? 3.0 : 0.0);
    for (int i = 0; i < N_LABELLED; i++) {
        b->labels[i] = i % 4 == 0;
        b->scores[i] = mi_rng_normal(&rng) + (b->labels[i] ? 2.0 : 0.0);
    }
    mi_thresholds_request_default(&b->request);
    b->data = (mi_thresholds_data){.null = b->null,
                                   .n_null = N_NULL,
                                   .known = b->known,
                                   .n_known = N_KNOWN,
                                   .candidates = b->candidates,
                                   .n_candidates = N_CANDIDATES,
                                   .scores = b->scores,
                                   .labels = b->labels,
                                   .n_labelled = N_LABELLED};
}

static mi_thresholds *compute(const bench *b)
{
    mi_thresholds *t;
    mi_error err = {0};
    ck_assert_msg(mi_thresholds_compute(&t, &b->request, &b->data, &err) == MI_OK, "%s", err.message);
    return t;
}

static int has_note(const mi_thresholds *t, mi_threshold_note_code code)
{
    int n = 0;
    for (uint32_t i = 0; i < t->n_notes; i++) {
        n += t->notes[i].code == code;
        ck_assert(t->notes[i].detail[0] != '\0');
    }
    ck_assert_int_le(n, 1);
    return n;
}

START_TEST(test_an_answer_agrees_with_its_parts)
{
    bench *b = malloc(sizeof *b);
    fill(b);
    b->request.n_precision = b->request.n_recall = 1;
    b->request.precision[0] = 0.8;
    b->request.recall[0] = 0.5;
    mi_thresholds *t = compute(b);
    const mi_null null = {b->null, N_NULL}; /* sorted by now */
    ck_assert_uint_eq(t->n_null, N_NULL);
    ck_assert_double_eq(t->smallest_fpr, 1.0 / (N_NULL + 1));
    ck_assert_double_eq_tol(t->pi0, 2.0 / 3.0, 0.08);
    for (uint32_t i = 0; i < 3; i++) {
        mi_null_tail tail;
        ck_assert(t->fpr[i].resolved && mi_null_threshold(&tail, &null, t->request.fpr[i]));
        ck_assert_double_eq(t->fpr[i].tail.threshold, tail.threshold);
        ck_assert(t->fpr[i].tail.fpr <= t->fpr[i].target && t->fpr[i].recall > 0.3);
        ck_assert(t->fdr[i].reached && t->fdr[i].fdr.expected_fdr <= t->fdr[i].target);
        ck_assert_uint_eq(t->fdr[i].fdr.n_above, t->fdr[i].pairs_above);
        ck_assert(i == 0 || t->fdr[i].fdr.threshold <= t->fdr[i - 1].fdr.threshold);
    }
    mi_roc *roc;
    ck_assert(mi_roc_new(&roc, b->scores, b->labels, N_LABELLED, NULL) == MI_OK);
    ck_assert(t->has_labels && t->labels.auroc.value == mi_roc_auroc(roc).value);
    ck_assert_double_eq(t->labels.average_precision.value, mi_roc_average_precision(roc));
    ck_assert_double_eq(t->labels.chance, 0.25);
    ck_assert(t->labels.precision[0].point.precision >= 0.8 && t->labels.precision[0].stable);
    ck_assert(t->labels.recall[0].point.recall >= 0.5);
    const mi_threshold_label *f1 = &t->labels.f1;
    ck_assert(f1->spread.threshold95[0] <= f1->point.threshold);
    ck_assert(f1->spread.threshold95[1] >= f1->point.threshold);
    ck_assert(t->labels.roc.n > 10 && t->labels.precision_recall.n > 10);
    ck_assert(has_note(t, MI_THRESHOLD_NOTE_UNLABELLED) && !has_note(t, MI_THRESHOLD_NOTE_EXCLUDED));
    mi_roc_free(roc);
    mi_thresholds_free(t);
    free(b);
}
END_TEST

START_TEST(test_a_prior_takes_the_place_of_the_candidates)
{
    bench *b = malloc(sizeof *b);
    fill(b);
    b->request.prior = 0.1;
    b->request.auroc_bootstrap = 1;
    b->request.curves = 0;
    mi_thresholds *t = compute(b);
    for (uint32_t i = 0; i < 3; i++) {
        const mi_threshold_fdr *f = &t->fdr[i];
        ck_assert(f->reached);
        ck_assert_double_eq(f->fdr.expected_fdr, mi_fdr_of_prior(f->fdr.fpr, f->recall, 0.1));
        ck_assert(f->pairs_above > 0 && isnan(f->fdr.expected_false));
    }
    ck_assert(t->labels.roc.n == 0 && t->labels.precision_recall.n == 0);
    ck_assert(t->labels.auroc.std_err > 0.0);
    mi_thresholds_free(t);
    free(b);
}
END_TEST

START_TEST(test_what_is_missing_is_said)
{
    bench *b = malloc(sizeof *b);
    fill(b);
    b->data.n_null = 100;
    b->data.n_candidates = b->data.n_known = 0;
    b->data.n_labelled = 12;
    b->null[5] = b->scores[4] = (double)NAN;
    b->data.n_overlap = 3;
    b->request.n_precision = 1;
    b->request.precision[0] = 0.9999;
    mi_thresholds *t = compute(b);
    ck_assert_uint_eq(t->n_null, 99);
    ck_assert(t->fpr[0].resolved && !t->fpr[2].resolved && isnan(t->fpr[2].tail.threshold));
    ck_assert(isnan(t->fpr[0].recall) && isnan(t->pi0) && !t->fdr[0].reached);
    ck_assert(has_note(t, MI_THRESHOLD_NOTE_SMALL_NULL) && has_note(t, MI_THRESHOLD_NOTE_NO_CANDIDATES));
    ck_assert(has_note(t, MI_THRESHOLD_NOTE_EXCLUDED) && has_note(t, MI_THRESHOLD_NOTE_OVERLAP));
    ck_assert(has_note(t, MI_THRESHOLD_NOTE_FEW_LABELS) && has_note(t, MI_THRESHOLD_NOTE_UNSTABLE));
    mi_thresholds_free(t);
    memset(b->labels, 1, sizeof b->labels);
    b->request.prior = 0.5;
    t = compute(b);
    ck_assert(has_note(t, MI_THRESHOLD_NOTE_NO_NEGATIVES) && has_note(t, MI_THRESHOLD_NOTE_NO_KNOWN));
    ck_assert(isnan(t->labels.auroc.value) && t->labels.average_precision.value == 1.0);
    ck_assert_uint_eq(t->labels.resamples, 0);
    mi_thresholds_free(t);
    memset(b->labels, 0, sizeof b->labels);
    b->data.n_labelled = 0;
    t = compute(b);
    ck_assert(!t->has_labels);
    mi_thresholds_free(t);
    b->data.n_labelled = 12;
    t = compute(b);
    ck_assert(has_note(t, MI_THRESHOLD_NOTE_NO_POSITIVES));
    mi_thresholds_free(t);
    free(b);
}
END_TEST

START_TEST(test_what_cannot_be_asked_is_refused)
{
    bench *b = malloc(sizeof *b);
    mi_thresholds *t;
    mi_error err;
    fill(b);
    b->request.fdr[1] = 1.0;
    ck_assert(mi_thresholds_compute(&t, &b->request, &b->data, &err) == MI_INVALID && t == NULL);
    ck_assert_str_eq(err.message, "fdr 1; expected a target between 0 and 1");
    fill(b);
    b->request.prior = 0.0;
    ck_assert(mi_thresholds_compute(&t, &b->request, &b->data, &err) == MI_INVALID);
    fill(b);
    b->request.max_points = 1;
    ck_assert(mi_thresholds_compute(&t, &b->request, &b->data, &err) == MI_INVALID);
    fill(b);
    b->request.n_recall = MI_THRESHOLDS_MAX + 1;
    ck_assert(mi_thresholds_compute(&t, &b->request, &b->data, &err) == MI_LIMIT);
    fill(b);
    b->data.n_null = 0;
    ck_assert(mi_thresholds_compute(&t, &b->request, &b->data, &err) == MI_INVALID);
    fill(b);
    b->labels[7] = 3;
    ck_assert(mi_thresholds_compute(&t, &b->request, &b->data, &err) == MI_INVALID);
    free(b);
}
END_TEST

int main(void)
{
    RUN_TESTS("thresholds", test_an_answer_agrees_with_its_parts,
              test_a_prior_takes_the_place_of_the_candidates, test_what_is_missing_is_said,
              test_what_cannot_be_asked_is_refused);
}
