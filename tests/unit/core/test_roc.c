#include "mi/roc.h"
#include "testing.h"

#include <math.h>
#include <string.h>

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

static const uint8_t LABELS[] = {1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0};
static const double SCORES[] = {3.2, 2.5, 2.5, 2.0, 1.5, 1.5, 1.5, 1.0, 0.5, 0.5, -1.0, -2.0};

static mi_roc *make(const double *scores, const uint8_t *labels, size_t n)
{
    mi_roc *roc;
    mi_error err = {0};
    ck_assert_msg(mi_roc_new(&roc, scores, labels, n, &err) == MI_OK, "%s", err.message);
    return roc;
}

static mi_roc *small(void)
{
    return make(SCORES, LABELS, LENGTH(LABELS));
}

/* sklearn.metrics.roc_auc_score and average_precision_score (scikit-learn 1.2.1); DeLong from its definition
 * over all pairs in NumPy 1.24.2, interval 1/(1+exp(-(logit A -+ 1.959964 se/(A(1-A))))). */
START_TEST(test_areas_are_those_of_references)
{
    enum { N = 2000 };
    double scores[N];
    uint8_t labels[N];
    mi_roc *roc = small();
    mi_figure auroc = mi_roc_auroc(roc);
    ck_assert_double_eq_tol(auroc.value, 0.7714285714285715, 1e-15);
    ck_assert_double_eq_tol(auroc.std_err, 0.14626878622293019, 1e-14);
    ck_assert_double_eq_tol(auroc.interval95[0], 0.399041440841131, 1e-14);
    ck_assert_double_eq_tol(auroc.interval95[1], 0.9449167605781718, 1e-14);
    ck_assert_double_eq_tol(mi_roc_average_precision(roc), 0.6976190476190477, 1e-15);
    mi_roc_free(roc);
    for (int i = 0; i < N; i++) {
        labels[i] = i * 31 % 7 < 2;
        scores[i] = floor(i * 7919 % 1009 / 8.0) + 25.0 * labels[i];
    }
    roc = make(scores, labels, N);
    auroc = mi_roc_auroc(roc);
    ck_assert_uint_eq(mi_roc_count(roc).positives, 571);
    ck_assert_double_eq_tol(auroc.value, 0.6800635816260376, 1e-14);
    ck_assert_double_eq_tol(auroc.std_err, 0.012986147783584812, 1e-14);
    ck_assert_double_eq_tol(mi_roc_average_precision(roc), 0.5380211609234504, 1e-14);
    mi_roc_free(roc);
}
END_TEST

static mi_roc_point find(const mi_roc *roc, mi_roc_aim aim, double target)
{
    mi_roc_point point;
    mi_roc_find(&point, roc, &(mi_roc_rule){aim, target}, 1);
    return point;
}

START_TEST(test_thresholds_by_hand)
{
    mi_roc *roc = small();
    /* down the scores, tp/fp: 3.2 1/0, 2.5 2/1, 2.0 3/1, 1.5 4/3, 1.0 4/4, 0.5 5/5, -1 5/6, -2 5/7 */
    mi_roc_point point = find(roc, MI_ROC_PRECISION, 0.7);
    ck_assert(point.threshold == 2.0 && point.tp == 3 && point.fp == 1 && point.n_above == 4);
    ck_assert_double_eq(point.precision, 0.75);
    ck_assert_double_eq(point.recall, 0.6);
    ck_assert_double_eq(point.fpr, 1.0 / 7.0);
    ck_assert_double_eq(point.f1, 6.0 / 9.0);
    ck_assert(point.precision95[0] < 0.75 && point.precision95[1] > 0.75);
    ck_assert_double_eq(find(roc, MI_ROC_PRECISION, 0.5).threshold, 0.5);
    ck_assert_double_eq(find(roc, MI_ROC_PRECISION, 0.9).threshold, 3.2);
    ck_assert_double_eq(find(roc, MI_ROC_RECALL, 0.6).threshold, 2.0);
    ck_assert_double_eq(find(roc, MI_ROC_RECALL, 0.61).threshold, 1.5);
    ck_assert_double_eq(find(roc, MI_ROC_RECALL, 0.99).threshold, 0.5);
    ck_assert_double_eq(find(roc, MI_ROC_FPR, 0.01).threshold, 3.2);
    ck_assert_double_eq(find(roc, MI_ROC_FPR, 0.2).threshold, 2.0);
    ck_assert_double_eq(find(roc, MI_ROC_FPR, 0.9).threshold, -1.0);
    ck_assert_double_eq(find(roc, MI_ROC_F1, 0).threshold, 2.0); /* 6/9; at 1.5 8/12 as well: the higher */
    ck_assert_double_eq(find(roc, MI_ROC_YOUDEN, 0).threshold, 2.0);
    mi_roc_at(&point, roc, 2.2);
    ck_assert(point.tp == 2 && point.fp == 1);
    mi_roc_at(&point, roc, 100.0);
    ck_assert(point.n_above == 0 && isnan(point.precision) && point.recall == 0.0);
    mi_roc_free(roc);
}
END_TEST

static int reaches(const mi_roc_point *p, mi_roc_rule rule)
{
    return rule.aim == MI_ROC_PRECISION ? p->precision >= rule.target
           : rule.aim == MI_ROC_RECALL  ? p->recall >= rule.target
                                        : p->fpr <= rule.target;
}

/* Scores on a grid, positives higher on average. */
static void draw(double *scores, uint8_t *labels, uint32_t n, uint32_t n_positives, double shift, double grid,
                 mi_rng *rng)
{
    for (uint32_t i = 0; i < n; i++) {
        labels[i] = i < n_positives;
        scores[i] = mi_rng_normal(rng) + (labels[i] ? shift : 0.0);
        if (grid > 0.0)
            scores[i] = floor(scores[i] / grid) * grid;
    }
}

START_TEST(test_thresholds_are_what_a_search_of_all_scores_finds)
{
    enum { N = 200 };
    double scores[N];
    uint8_t labels[N];
    mi_rng rng = test_rng(31);
    for (int round = 0; round < 30; round++) {
        draw(scores, labels, N, 20 + 5 * (uint32_t)round, 1.0, round % 2 ? 0.25 : 0.0, &rng);
        mi_roc *roc = make(scores, labels, N);
        for (int k = 0; k < 60; k++) {
            const mi_roc_rule rule = {(mi_roc_aim)(k % 3), (k + 1) / 61.0};
            double best = (double)NAN;
            mi_roc_point found, other;
            for (int i = 0; i < N; i++) {
                mi_roc_at(&other, roc, scores[i]);
                if (reaches(&other, rule) &&
                    (isnan(best) || (rule.aim == MI_ROC_RECALL ? scores[i] > best : scores[i] < best)))
                    best = scores[i];
            }
            mi_roc_find(&found, roc, &rule, 1);
            ck_assert((isnan(best) && isnan(found.threshold)) || found.threshold == best);
        }
        mi_roc_point f1 = find(roc, MI_ROC_F1, 0), youden = find(roc, MI_ROC_YOUDEN, 0), other;
        for (int i = 0; i < N; i++) {
            mi_roc_at(&other, roc, scores[i]);
            ck_assert(other.f1 <= f1.f1 + 1e-15 && other.youden <= youden.youden + 1e-15);
        }
        mi_roc_free(roc);
    }
}
END_TEST

START_TEST(test_reversed_labels_mirror_auroc_and_monotone_maps_leave_it)
{
    enum { N = 300 };
    double scores[N], mapped[N];
    uint8_t labels[N], reversed[N];
    mi_rng rng = test_rng(32);
    draw(scores, labels, N, 100, 0.7, 0.125, &rng);
    for (int i = 0; i < N; i++) {
        mapped[i] = exp(scores[i]) - 5.0;
        reversed[i] = !labels[i];
    }
    mi_roc *roc = make(scores, labels, N), *mirror = make(scores, reversed, N),
           *map = make(mapped, labels, N);
    const mi_figure a = mi_roc_auroc(roc), b = mi_roc_auroc(mirror), c = mi_roc_auroc(map);
    ck_assert_double_eq_tol(b.value, 1.0 - a.value, 1e-15);
    ck_assert_double_eq_tol(b.std_err, a.std_err, 1e-15);
    ck_assert_double_eq(c.value, a.value);
    ck_assert_double_eq(c.std_err, a.std_err);
    ck_assert_double_eq(mi_roc_average_precision(map), mi_roc_average_precision(roc));
    ck_assert_double_eq_tol(find(map, MI_ROC_F1, 0).threshold, exp(find(roc, MI_ROC_F1, 0).threshold) - 5.0,
                            1e-12);
    mi_roc_free(roc);
    mi_roc_free(mirror);
    mi_roc_free(map);
}
END_TEST

START_TEST(test_the_bootstrap_agrees_with_delong_and_repeats_itself)
{
    enum { N = 600 };
    static const mi_roc_rule rules[] = {{MI_ROC_RECALL, 0.5}, {MI_ROC_PRECISION, 0.999}, {MI_ROC_F1, 0}};
    double scores[N];
    uint8_t labels[N];
    mi_figure auroc, again, precision;
    mi_roc_spread spreads[3];
    mi_rng rng = test_rng(33);
    draw(scores, labels, N, 200, 1.0, 0.0, &rng);
    mi_roc *roc = make(scores, labels, N);
    const mi_figure delong = mi_roc_auroc(roc);
    ck_assert_uint_eq(mi_roc_resamples(roc), 2000);
    ck_assert(mi_roc_bootstrap(roc, rules, 3, 42, 2000, &auroc, &precision, spreads, NULL) == MI_OK);
    ck_assert(mi_roc_bootstrap(roc, NULL, 0, 42, 2000, &again, NULL, NULL, NULL) == MI_OK);
    ck_assert(memcmp(&auroc, &again, sizeof auroc) == 0);
    ck_assert_double_eq(auroc.value, delong.value);
    ck_assert_double_eq_tol(auroc.std_err, delong.std_err, 0.06 * delong.std_err);
    for (int i = 0; i < 2; i++)
        ck_assert_double_eq_tol(auroc.interval95[i], delong.interval95[i], 0.4 * delong.std_err);
    ck_assert(precision.interval95[0] < precision.value && precision.value < precision.interval95[1]);
    const double median = find(roc, MI_ROC_RECALL, 0.5).threshold; /* se of a median: 1.2533 / sqrt(200) */
    ck_assert(spreads[0].reached == 1.0 && spreads[0].threshold95[0] < median);
    ck_assert_double_eq_tol(spreads[0].threshold95[1] - spreads[0].threshold95[0], 3.92 * 0.0886, 0.1);
    ck_assert(spreads[1].reached >= 0.0 && spreads[1].reached <= 1.0);
    ck_assert(mi_roc_bootstrap(roc, NULL, 0, 43, 2000, &again, NULL, NULL, NULL) == MI_OK);
    ck_assert(again.std_err != auroc.std_err);
    mi_roc_free(roc);
}
END_TEST

/* AUROC of normals one apart is Phi(1/sqrt 2). Binomial error of a coverage of 0.95 over 400 draws: 0.011. */
START_TEST(test_intervals_cover_the_truth_as_often_as_they_say)
{
    enum { N = 120, DRAWS = 400 };
    double scores[N];
    uint8_t labels[N];
    mi_rng rng = test_rng(34);
    const double truth = 0.5 * erfc(-0.5);
    int covered = 0;
    for (int i = 0; i < DRAWS; i++) {
        draw(scores, labels, N, 40, 1.0, 0.0, &rng);
        mi_roc *roc = make(scores, labels, N);
        const mi_figure auroc = mi_roc_auroc(roc);
        covered += auroc.interval95[0] <= truth && truth <= auroc.interval95[1];
        mi_roc_free(roc);
    }
    ck_assert_double_eq_tol(covered / (double)DRAWS, 0.95, 3.0 * 0.011);
}
END_TEST

/* Average precision of the population: of a sample so large that its own error is small. */
START_TEST(test_intervals_of_average_precision_cover_it)
{
    enum { N = 300, LARGE = 400000, DRAWS = 150 };
    double *scores = malloc(sizeof(double) * LARGE);
    uint8_t *labels = malloc(LARGE);
    mi_rng rng = test_rng(35);
    int covered = 0;
    draw(scores, labels, LARGE, LARGE / 3, 1.0, 0.0, &rng);
    mi_roc *roc = make(scores, labels, LARGE);
    const double truth = mi_roc_average_precision(roc);
    mi_roc_free(roc);
    for (int i = 0; i < DRAWS; i++) {
        mi_figure precision;
        draw(scores, labels, N, N / 3, 1.0, 0.0, &rng);
        roc = make(scores, labels, N);
        ck_assert(mi_roc_bootstrap(roc, NULL, 0, (uint64_t)i, 400, NULL, &precision, NULL, NULL) == MI_OK);
        covered += precision.interval95[0] <= truth && truth <= precision.interval95[1];
        mi_roc_free(roc);
    }
    ck_assert_double_ge(covered / (double)DRAWS,
                        0.89); /* percentile intervals are a little short; 3 errors */
    free(scores);
    free(labels);
}
END_TEST

static void check_curve(const mi_roc_curve *curve, uint32_t max_points)
{
    ck_assert_uint_le(curve->n, max_points);
    for (uint32_t i = 1; i < curve->n; i++)
        ck_assert(curve->x[i] >= curve->x[i - 1] && curve->threshold[i] < curve->threshold[i - 1]);
}

START_TEST(test_curves_keep_their_ends_and_lose_only_points_on_a_line)
{
    mi_roc *roc = small();
    mi_roc_curve curve;
    ck_assert(mi_roc_curve_new(&curve, roc, 200, NULL) == MI_OK);
    check_curve(&curve, 200);
    /* of the 9 points of sklearn.metrics.roc_curve, drop_intermediate=False, those on a line are gone */
    ck_assert_uint_eq(curve.n, 8);
    ck_assert(isinf(curve.threshold[0]) && curve.x[0] == 0.0 && curve.y[0] == 0.0);
    ck_assert(curve.x[curve.n - 1] == 1.0 && curve.y[curve.n - 1] == 1.0);
    ck_assert_double_eq(curve.threshold[curve.n - 1], -2.0);
    for (uint32_t i = 1; i < curve.n; i++) {
        mi_roc_point point;
        mi_roc_at(&point, roc, curve.threshold[i]);
        ck_assert(point.fpr == curve.x[i] && point.recall == curve.y[i]);
    }
    mi_roc_curve_free(&curve);
    ck_assert(mi_roc_precision_curve_new(&curve, roc, 200, NULL) == MI_OK);
    check_curve(&curve, 200);
    ck_assert(curve.x[0] == 0.2 && curve.y[0] == 1.0 && curve.x[curve.n - 1] == 1.0);
    ck_assert_double_eq(curve.y[curve.n - 1], 5.0 / 12.0);
    mi_roc_curve_free(&curve);
    ck_assert(mi_roc_curve_new(&curve, roc, 1, NULL) == MI_INVALID);
    mi_roc_free(roc);
}
END_TEST

START_TEST(test_a_thinned_curve_has_the_area_of_the_whole)
{
    enum { N = 20000 };
    double *scores = malloc(sizeof(double) * N);
    uint8_t *labels = malloc(N);
    mi_rng rng = test_rng(36);
    draw(scores, labels, N, N / 4, 1.5, 0.0, &rng);
    mi_roc *roc = make(scores, labels, N);
    for (uint32_t points = 50; points <= 800; points *= 4) {
        mi_roc_curve curve;
        double area = 0.0;
        ck_assert(mi_roc_curve_new(&curve, roc, points, NULL) == MI_OK);
        check_curve(&curve, points);
        ck_assert_uint_eq(curve.n, points);
        for (uint32_t i = 1; i < curve.n; i++)
            area += 0.5 * (curve.x[i] - curve.x[i - 1]) * (curve.y[i] + curve.y[i - 1]);
        ck_assert_double_eq_tol(area, mi_roc_auroc(roc).value, 0.05 / points);
        mi_roc_curve_free(&curve);
    }
    mi_roc_free(roc);
    free(scores);
    free(labels);
}
END_TEST

START_TEST(test_degenerate_labels_have_defined_answers)
{
    static const double scores[] = {1.0, 2.0, 3.0, (double)NAN}, tied[] = {1.0, 1.0, 1.0, 1.0};
    static const uint8_t ones[] = {1, 1, 1, 1}, zeros[] = {0, 0, 0, 0}, mixed[] = {1, 0, 1, 0};
    static const uint8_t perfect[] = {0, 0, 1, 1}, wrong[] = {0, 2, 1, 0};
    static const mi_roc_rule rule = {MI_ROC_RECALL, 0.5};
    mi_error err = {0};
    mi_roc_curve curve;
    mi_roc_spread spread;
    mi_roc *roc = make(scores, ones, 4);
    ck_assert(mi_roc_count(roc).excluded == 1 && mi_roc_count(roc).positives == 3);
    ck_assert(isnan(mi_roc_auroc(roc).value) && mi_roc_average_precision(roc) == 1.0);
    ck_assert_double_eq(find(roc, MI_ROC_RECALL, 0.5).threshold, 2.0);
    ck_assert(isnan(find(roc, MI_ROC_FPR, 0.5).threshold) && isnan(find(roc, MI_ROC_YOUDEN, 0).threshold));
    ck_assert(mi_roc_bootstrap(roc, &rule, 1, 1, 100, NULL, NULL, &spread, NULL) == MI_OK);
    ck_assert(isnan(spread.reached));
    ck_assert(mi_roc_curve_new(&curve, roc, 10, NULL) == MI_OK && curve.n == 0);
    mi_roc_curve_free(&curve);
    mi_roc_free(roc);
    roc = make(scores, zeros, 4);
    ck_assert(isnan(mi_roc_auroc(roc).value) && isnan(mi_roc_average_precision(roc)));
    ck_assert(isnan(find(roc, MI_ROC_F1, 0).threshold) && isnan(find(roc, MI_ROC_PRECISION, 0.1).threshold));
    ck_assert(isnan(find(roc, MI_ROC_RECALL, 0.1).threshold));
    mi_roc_free(roc);
    roc = make(tied, mixed, 4);
    ck_assert_double_eq(mi_roc_auroc(roc).value, 0.5);
    ck_assert(mi_roc_auroc(roc).std_err == 0.0 && isnan(mi_roc_auroc(roc).interval95[0]));
    ck_assert_double_eq(mi_roc_average_precision(roc), 0.5);
    ck_assert_double_eq(find(roc, MI_ROC_F1, 0).threshold, 1.0);
    mi_roc_free(roc);
    roc = make(scores, perfect, 3); /* one positive: no variance to estimate */
    ck_assert_double_eq(mi_roc_auroc(roc).value, 1.0);
    ck_assert(isnan(mi_roc_auroc(roc).std_err));
    mi_roc_free(roc);
    ck_assert(mi_roc_new(&roc, scores, wrong, 4, &err) == MI_INVALID);
    ck_assert_str_eq(err.message, "the label of pair 1 is 2; expected 0 or 1");
    ck_assert(mi_roc_new(&roc, scores + 3, ones, 1, &err) == MI_INVALID);
    ck_assert_str_eq(err.message, "none of 1 labelled pairs has a score");
}
END_TEST

int main(void)
{
    RUN_TESTS("roc", test_areas_are_those_of_references, test_thresholds_by_hand,
              test_thresholds_are_what_a_search_of_all_scores_finds,
              test_reversed_labels_mirror_auroc_and_monotone_maps_leave_it,
              test_the_bootstrap_agrees_with_delong_and_repeats_itself,
              test_intervals_cover_the_truth_as_often_as_they_say,
              test_intervals_of_average_precision_cover_it,
              test_curves_keep_their_ends_and_lose_only_points_on_a_line,
              test_a_thinned_curve_has_the_area_of_the_whole, test_degenerate_labels_have_defined_answers);
}
