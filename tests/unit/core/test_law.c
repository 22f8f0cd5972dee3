/*
 * The laws: their true MI by means other than the one that computed it, their ratio against what they draw,
 * and what resolving refuses.
 */
#include "testing.h"

#include "mi/law.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_PAIRS 12000u

typedef struct sample {
    mi_law_spec spec;
    uint32_t n, dim_x, dim_y;
    float *x, *y;
} sample;

static sample draw(mi_law_spec spec, uint64_t seed, uint32_t n)
{
    sample s = {.spec = spec, .n = n};
    mi_law_dims(&spec, &s.dim_x, &s.dim_y);
    s.x = malloc(sizeof *s.x * n * s.dim_x);
    s.y = malloc(sizeof *s.y * n * s.dim_y);
    mi_law_sample(&spec, seed, n, s.x, s.y);
    return s;
}

static void discard(sample *s)
{
    free(s->x);
    free(s->y);
}

static const float *row_x(const sample *s, uint32_t i)
{
    return s->x + (size_t)i * s->dim_x;
}

static const float *row_y(const sample *s, uint32_t i)
{
    return s->y + (size_t)i * s->dim_y;
}

static mi_law_spec resolved(const char *name, uint32_t dim, double mi_nats, double parameter)
{
    mi_law_spec spec = {mi_law_find(name), dim, mi_nats, parameter};
    mi_error err = {0};
    ck_assert_msg(mi_law_resolve(&spec, "", &err) == MI_OK, "%s: %s %s", name, err.pointer, err.message);
    return spec;
}

/* Mean and its standard error, by Welford's sums. */
typedef struct moments {
    double n, mean, squares;
} moments;

static void observe(moments *m, double value)
{
    const double before = value - m->mean;
    m->n += 1.0;
    m->mean += before / m->n;
    m->squares += before * (value - m->mean);
}

static double error_of(const moments *m)
{
    return sqrt(m->squares / (m->n - 1.0) / m->n);
}

START_TEST(test_true_mi_of_the_forty_tasks_is_what_was_published)
{
    static const struct {
        const char *prefix; /* of the name */
        double mi_nats;
    } published[] = {
        {"1v1-normal", .413339},
        {"normal_cdf-1v1", .413339},
        {"1v1-bimodal", .413339},
        {"wiggly-1v1", .413339},
        {"half_cube-1v1", .413339},
        {"swissroll_x", .413339},
        {"1v1-additive-0.1", 1.709438},
        {"1v1-additive-0.75", .333333},
        {"student-identity-1-1-1", .224171},
        {"asinh-student-identity-1-1-1", .224171},
        {"multinormal-dense-2-", .293893},
        {"multinormal-dense-3-", .413339},
        {"multinormal-dense-5-", .592812},
        {"multinormal-dense-25-", 1.292184},
        {"multinormal-dense-50-", 1.624265},
        {"multinormal-sparse-", 1.021651},
        {"normal_cdf-multinormal-sparse-", 1.021651},
        {"half_cube-multinormal-sparse-", 1.021651},
        {"spiral-", 1.021651},
        {"student-identity-2-2-1", .431946},
        {"student-identity-2-2-2", .193147},
        {"student-identity-3-3-2", .290922},
        {"student-identity-3-3-3", .178712},
        {"student-identity-5-5-2", .448151},
        {"student-identity-5-5-3", .298544},
        {"asinh-student-identity-2-2-1", .431946},
        {"asinh-student-identity-3-3-2", .290922},
        {"asinh-student-identity-5-5-2", .448151},
    };
    const mi_law_suite *suite = mi_law_suite_find("beyond-normal");
    ck_assert_uint_eq(suite->n_instances, 40);
    for (size_t i = 0; i < suite->n_instances; i++) {
        mi_law_spec spec;
        mi_law_instance_spec(&suite->instances[i], &spec);
        int found = 0;
        for (size_t k = 0; k < sizeof published / sizeof *published; k++) {
            if (strncmp(suite->instances[i].name, published[k].prefix, strlen(published[k].prefix)) != 0)
                continue;
            ck_assert_double_eq_tol(spec.mi_nats, published[k].mi_nats, 6e-7);
            found = 1;
        }
        ck_assert_msg(found, "%s", suite->instances[i].name);
    }
}
END_TEST

START_TEST(test_log_ratio_averages_to_the_true_mi_of_every_instance)
{
    for (size_t suite = 0; mi_law_suite_at(suite); suite++)
        for (size_t i = 0; i < mi_law_suite_at(suite)->n_instances; i++) {
            const mi_law_instance *instance = &mi_law_suite_at(suite)->instances[i];
            mi_law_spec spec;
            mi_law_instance_spec(instance, &spec);
            ck_assert(spec.law->has_log_ratio);
            sample s = draw(spec, 11 + i, N_PAIRS);
            moments m = {0};
            for (uint32_t k = 0; k < s.n; k++)
                observe(&m, mi_law_log_ratio(&spec, row_x(&s, k), row_y(&s, k)));
            ck_assert_msg(fabs(m.mean - spec.mi_nats) <= 5.0 * error_of(&m) + 1e-9,
                          "%s: truth %.6f, mean log ratio %.6f +- %.6f", instance->name, spec.mi_nats, m.mean,
                          error_of(&m));
            discard(&s);
        }
}
END_TEST

/* Bounded functions of a pair that see where it lies, its signs and its far columns. */
static double probe(int which, const sample *s, uint32_t i, uint32_t j)
{
    const float *x = row_x(s, i), *y = row_y(s, j);
    const double x0 = (double)x[0], y0 = (double)y[0], xn = (double)x[s->dim_x - 1],
                 yn = (double)y[s->dim_y - 1];
    switch (which) {
    case 0:
        return 1.0;
    case 1:
        return tanh(x0 + 2.0 * y0 - 0.5);
    case 2:
        return tanh(3.0 * xn * yn);
    case 3:
        return cos(2.0 * x0 - 3.0 * y0);
    default:
        return fabs(x0 - y0) < 0.3;
    }
}

/* E_{p(x)p(y)}[r f] = E_{p(x,y)}[f] for every f says that r is the ratio of what is drawn, whatever formula
 * the MI came from. Weak dependence, so that r has a variance. */
START_TEST(test_ratio_turns_mismatched_pairs_into_drawn_ones)
{
    for (size_t l = 0; mi_law_at(l); l++) {
        const mi_law *law = mi_law_at(l);
        mi_law_spec spec = {law, law->dim_fallback, 0.0, 0.0};
        if (law->dim_fallback > 6)
            spec.dim = law->dim_min > 3 ? law->dim_min : 3;
        if (law->chooses_mi)
            spec.mi_nats = 0.35;
        if (mi_law_resolve(&spec, "", NULL) != MI_OK) {
            /* the least that the law has */
            spec.mi_nats = 0.0;
            spec.parameter = strcmp(law->name, "quantised") == 0 ? 2.0 : 0.5;
            ck_assert_msg(mi_law_resolve(&spec, "", NULL) == MI_OK, "%s", law->name);
        }
        sample s = draw(spec, 100 + l, N_PAIRS / 2);
        for (int which = 0; which < 5; which++) {
            moments joint = {0}, null = {0};
            for (uint32_t i = 0; i < s.n; i++) {
                observe(&joint, probe(which, &s, i, i));
                for (uint32_t shift = 1; shift <= 2 && which < 3; shift++) {
                    const uint32_t j = (i + shift) % s.n;
                    observe(&null, probe(which, &s, i, j) *
                                       exp(mi_law_log_ratio(&spec, row_x(&s, i), row_y(&s, j))));
                }
                if (which >= 3)
                    observe(&null, probe(which, &s, i, (i + 3) % s.n) *
                                       exp(mi_law_log_ratio(&spec, row_x(&s, i), row_y(&s, (i + 3) % s.n))));
            }
            ck_assert_msg(fabs(joint.mean - null.mean) <=
                              5.0 * hypot(error_of(&joint), error_of(&null)) + 1e-9,
                          "%s, probe %d: joint %.5f, reweighted null %.5f +- %.5f", law->name, which,
                          joint.mean, null.mean, hypot(error_of(&joint), error_of(&null)));
        }
        discard(&s);
    }
}
END_TEST

START_TEST(test_special_cases_have_their_closed_forms)
{
    const double euler = 0.57721566490153286;
    ck_assert_double_eq_tol(resolved("gamma-additive", 1, 0, 1.0).mi_nats, euler, 1e-13);
    ck_assert_double_eq_tol(resolved("rotated-square", 1, 0, 0).mi_nats, 1.0 - log(2.0), 1e-13);
    ck_assert_double_eq_tol(resolved("xor-sign", 1, 0, 0).mi_nats, log(2.0), 1e-15);
    ck_assert_double_eq_tol(resolved("wrapped-uniform", 2, 0, 0.25).mi_nats, 2.0 * log(4.0), 1e-14);
    ck_assert_double_eq_tol(resolved("letters", 3, 3.0 * log(4.0), 0).parameter, 0.0, 1e-12);
    ck_assert_double_eq_tol(resolved("bsc", 10, 10.0 * log(2.0), 0).parameter, 0.0, 1e-12);
    /* two cells: one bit */
    ck_assert_double_eq_tol(resolved("quantised", 1, 0, 6.0).mi_nats, log(2.0), 1e-6);
    /* an almost noiseless label of four */
    ck_assert_double_eq_tol(resolved("clusters", 1, 0, 6.0).mi_nats, 2.0 * log(2.0), 1e-7);
    /* little noise: log 2 pi less the entropy of an unwrapped normal */
    ck_assert_double_eq_tol(resolved("ring", 1, 0, 0.1).mi_nats,
                            log(2.0 * M_PI) - 0.5 * log(2.0 * M_PI * M_E * 0.01), 1e-12);
    /* one bit goes into the hidden sign, all but a little */
    ck_assert_double_eq_tol(resolved("two-branches", 1, 0, 0.9995).mi_nats,
                            -0.5 * log(1.0 - 0.9995 * 0.9995) - log(2.0), 0.03);
    /* published by Lee and Rhee, NeurIPS 2024 */
    ck_assert_double_eq_tol(resolved("bsc", 10, 2.0 * log(2.0), 0).parameter, 0.243004, 1e-6);
    ck_assert_double_eq_tol(resolved("bsc", 10, 6.0 * log(2.0), 0).parameter, 0.079383, 1e-6);
    ck_assert_double_eq_tol(resolved("gaussian", 10, 8.0 * log(2.0), 0).parameter, 0.818610, 1e-6);
    /* by Poole et al., ICML 2019 */
    ck_assert_double_eq_tol(resolved("gaussian", 20, 10.0, 0).parameter, 0.795060, 1e-6);
    /* tables of fDIME */
    ck_assert_double_eq_tol(resolved("student", 5, 0, 1.0).mi_nats, 0.8013, 1e-4);
    ck_assert_double_eq_tol(resolved("additive-uniform", 1, 0, 0.05).mi_nats, 2.3526, 1e-4);
}
END_TEST

START_TEST(test_wished_mi_gives_a_parameter_that_gives_it_back)
{
    for (size_t l = 0; mi_law_at(l); l++) {
        const mi_law *law = mi_law_at(l);
        const mi_law_spec fallback = resolved(law->name, 0, 0, 0);
        ck_assert_uint_eq(fallback.dim, law->dim_fallback);
        mi_law_spec again = fallback;
        ck_assert_int_eq(mi_law_resolve(&again, "", NULL), MI_OK);
        ck_assert(again.parameter == fallback.parameter && again.mi_nats == fallback.mi_nats);
        if (!law->chooses_mi)
            continue;
        const double wish = 0.97 * fallback.mi_nats; /* at least reachable in every law but these */
        if (strcmp(law->name, "independent") == 0)
            continue;
        mi_law_spec wished = resolved(law->name, 0, wish, 0);
        ck_assert_double_eq(wished.mi_nats, wish);
        const mi_law_spec back = resolved(law->name, 0, 0, wished.parameter);
        ck_assert_msg(fabs(back.mi_nats - wish) <= 1e-9 * (1.0 + wish),
                      "%s: wished %.12f, got %.12f at %.12g", law->name, wish, back.mi_nats,
                      wished.parameter);
        ck_assert_int_eq(mi_law_resolve(&wished, "", NULL), MI_OK); /* both given, and they agree */
    }
}
END_TEST

START_TEST(test_mi_is_monotone_in_every_parameter)
{
    for (size_t l = 0; mi_law_at(l); l++) {
        const mi_law *law = mi_law_at(l);
        if (!law->chooses_mi)
            continue;
        double previous = NAN, sign = 0.0;
        for (int i = 0; i <= 10; i++) {
            const double share = i / 10.0, low = law->parameter.min, high = law->parameter.max;
            const double at =
                low > 0.0 ? exp(log(low) + share * log(high / low)) : low + share * (high - low);
            const double clamped = fmax(low, fmin(at, high));
            if (clamped == 0.0)
                continue;
            const double mi = resolved(law->name, 0, 0, clamped).mi_nats;
            ck_assert_msg(mi > -1e-9, "%s at %g: %g", law->name, clamped, mi);
            if (!isnan(previous)) {
                const double step = mi - previous;
                ck_assert_msg(sign == 0.0 || step * sign > 0.0, "%s at %g: %.10f after %.10f", law->name,
                              clamped, mi, previous);
                sign = step > 0.0 ? 1.0 : -1.0;
            }
            previous = mi;
        }
    }
}
END_TEST

START_TEST(test_samples_are_finite_reproducible_and_begin_alike)
{
    for (size_t l = 0; mi_law_at(l); l++) {
        const mi_law_spec spec = resolved(mi_law_at(l)->name, 0, 0, 0);
        sample a = draw(spec, 5, 500), b = draw(spec, 5, 200), other = draw(spec, 6, 200);
        ck_assert(memcmp(a.x, b.x, sizeof *b.x * b.n * b.dim_x) == 0);
        ck_assert(memcmp(a.y, b.y, sizeof *b.y * b.n * b.dim_y) == 0);
        ck_assert(memcmp(b.y, other.y, sizeof *b.y * b.n * b.dim_y) != 0);
        for (size_t k = 0; k < (size_t)a.n * a.dim_x; k++)
            ck_assert_msg(isfinite(a.x[k]), "%s", spec.law->name);
        for (size_t k = 0; k < (size_t)a.n * a.dim_y; k++)
            ck_assert_msg(isfinite(a.y[k]), "%s", spec.law->name);
        discard(&a);
        discard(&b);
        discard(&other);
    }
    /* the heaviest tail there is */
    sample s = draw(resolved("student", 1, 0, 0.5), 1, 100000);
    for (uint32_t k = 0; k < s.n; k++)
        ck_assert(isfinite(s.x[k]) && isfinite(s.y[k]));
    discard(&s);
}
END_TEST

/* Kolmogorov's distance of a column from a distribution function, in units of 1/sqrt(n): 2.2 is 1 in 10,000.
 */
static int ascending(const void *a, const void *b)
{
    const float f = *(const float *)a, g = *(const float *)b;
    return (f > g) - (f < g);
}

static void assert_margin(const char *law, int side, uint32_t column, double (*cdf)(double))
{
    sample s = draw(resolved(law, 0, 0, 0), 77, N_PAIRS);
    const uint32_t dim = side ? s.dim_y : s.dim_x;
    float *values = malloc(sizeof *values * s.n);
    for (uint32_t i = 0; i < s.n; i++)
        values[i] = (side ? row_y(&s, i) : row_x(&s, i))[column < dim ? column : dim - 1];
    qsort(values, s.n, sizeof *values, ascending);
    double distance = 0.0;
    for (uint32_t i = 0; i < s.n; i++)
        distance = fmax(distance, fabs(cdf((double)values[i]) - (i + 0.5) / s.n));
    ck_assert_msg(distance * sqrt(s.n) < 2.2, "%s, side %d column %u: %.2f", law, side, column,
                  distance * sqrt(s.n));
    free(values);
    discard(&s);
}

static double normal(double z)
{
    return 0.5 * erfc(-z / sqrt(2.0));
}
static double uniform(double u)
{
    return fmax(0.0, fmin(u, 1.0));
}
static double cubed_normal(double v)
{
    return normal(cbrt(v));
}
static double humps_x(double v)
{
    return 0.3 * normal(v) + 0.7 * normal(v - 5.0);
}
static double humps_y(double v)
{
    return 0.5 * normal(v + 1.0) + 0.5 * normal(v - 3.0);
}
static double exponential(double v)
{
    return 1.0 - exp(-v);
}
static double gamma_2(double v)
{
    return 1.0 - (1.0 + v) * exp(-v);
}
static double student_2(double t)
{
    return 0.5 + 0.5 * t / sqrt(2.0 + t * t);
}
static double logistic(double t)
{
    return 1.0 / (1.0 + exp(-t));
}
static double asinh_student_2(double t)
{
    return student_2(sinh(t));
}

START_TEST(test_margins_are_what_the_recipes_say)
{
    static const struct {
        const char *law;
        double (*x)(double), (*y)(double);
    } margins[] = {
        {"gaussian", normal, normal},
        {"cubic", normal, cubed_normal},
        {"normal-cdf", uniform, uniform},
        {"bimodal", humps_x, humps_y},
        {"student", student_2, student_2},
        {"asinh-student", asinh_student_2, asinh_student_2},
        {"sparse", normal, normal},
        {"dense", normal, normal},
        {"additive-uniform", uniform, NULL},
        {"swiss-roll", NULL, uniform},
        {"xor-sign", normal, normal},
        {"two-branches", normal, normal},
        {"needle", normal, normal},
        {"ar-window", normal, normal},
        {"erasure", normal, normal},
        {"clayton", normal, normal},
        {"frank", logistic, logistic},
        {"gamma-additive", exponential, gamma_2},
        {"wrapped-uniform", uniform, uniform},
        {"poisson", gamma_2, NULL},
        {"multiplicative", normal, NULL},
        {"independent", normal, normal},
    };
    for (size_t i = 0; i < sizeof margins / sizeof *margins; i++)
        for (uint32_t column = 0; column < 3; column += 2) {
            if (margins[i].x)
                assert_margin(margins[i].law, 0, column, margins[i].x);
            if (margins[i].y)
                assert_margin(margins[i].law, 1, column, margins[i].y);
        }
}
END_TEST

START_TEST(test_halves_alternate_and_names_are_unique)
{
    char expected[2] = {'a', 'a'};
    size_t n[2] = {0, 0};
    for (size_t i = 0; mi_law_at(i); i++) {
        const mi_law *law = mi_law_at(i);
        ck_assert_int_eq(law->half, expected[law->set]);
        expected[law->set] = law->half == 'a' ? 'b' : 'a';
        n[law->set]++;
        ck_assert_ptr_eq(mi_law_find(law->name), law);
    }
    ck_assert_uint_ge(n[MI_LAW_SET_OWN], 10);
    ck_assert_ptr_null(mi_law_find("none"));
    for (size_t suite = 0; mi_law_suite_at(suite); suite++) {
        const mi_law_suite *s = mi_law_suite_at(suite);
        ck_assert_ptr_eq(mi_law_suite_find(s->name), s);
        for (size_t i = 0; i < s->n_instances; i++) {
            const mi_law *law = mi_law_find(s->instances[i].law);
            ck_assert_int_eq(law->set, strcmp(s->name, "own") == 0 ? MI_LAW_SET_OWN : MI_LAW_SET_LISTED);
            for (size_t k = 0; k < i; k++)
                ck_assert_str_ne(s->instances[i].name, s->instances[k].name);
        }
    }
}
END_TEST

static void refused(mi_law_spec spec, const char *pointer, const char *expected)
{
    mi_error err = {0};
    const mi_law_spec before = spec;
    ck_assert_int_eq(mi_law_resolve(&spec, "/benchmark/laws/3", &err), MI_INVALID);
    ck_assert_str_eq(err.pointer, pointer);
    ck_assert_msg(strstr(err.message, expected) != NULL, "'%s' does not say '%s'", err.message, expected);
    ck_assert(memcmp(&before, &spec, sizeof spec) == 0);
}

START_TEST(test_impossible_instances_are_refused_by_field)
{
    const mi_law *gaussian = mi_law_find("gaussian"), *bsc = mi_law_find("bsc");
    refused((mi_law_spec){NULL, 1, 1.0, 0}, "/benchmark/laws/3/name", "no such law");
    refused((mi_law_spec){gaussian, 100000, 1.0, 0}, "/benchmark/laws/3/dim", "expected 1 to 1024");
    refused((mi_law_spec){gaussian, 1, 12.0, 0}, "/benchmark/laws/3/mi_nats", "12; expected");
    refused((mi_law_spec){gaussian, 1, -1.0, 0}, "/benchmark/laws/3/mi_nats", "finite");
    refused((mi_law_spec){gaussian, 1, (double)NAN, 0}, "/benchmark/laws/3/mi_nats", "finite");
    refused((mi_law_spec){gaussian, 1, 0, (double)INFINITY}, "/benchmark/laws/3/parameter", "finite");
    refused((mi_law_spec){gaussian, 1, 0, 1.5}, "/benchmark/laws/3/parameter", "expected rho of gaussian");
    refused((mi_law_spec){gaussian, 1, 2.0, 0.5}, "/benchmark/laws/3/parameter", "expected one of");
    refused((mi_law_spec){bsc, 4, 5.0 * log(2.0), 0}, "/benchmark/laws/3/mi_nats", "with dim 4");
    refused((mi_law_spec){mi_law_find("spiral"), 2, 1.0, 0}, "/benchmark/laws/3/dim", "expected 3 to");
    refused((mi_law_spec){mi_law_find("independent"), 2, 1.0, 0}, "/benchmark/laws/3/mi_nats",
            "cannot be chosen");
    refused((mi_law_spec){mi_law_find("independent"), 2, 0, 1.0}, "/benchmark/laws/3/parameter",
            "no parameter");
    ck_assert_int_eq(mi_law_resolve(&(mi_law_spec){0}, NULL, NULL), MI_INVALID);
}
END_TEST

int main(void)
{
    RUN_TESTS("law", test_true_mi_of_the_forty_tasks_is_what_was_published,
              test_log_ratio_averages_to_the_true_mi_of_every_instance,
              test_ratio_turns_mismatched_pairs_into_drawn_ones, test_special_cases_have_their_closed_forms,
              test_wished_mi_gives_a_parameter_that_gives_it_back, test_mi_is_monotone_in_every_parameter,
              test_samples_are_finite_reproducible_and_begin_alike, test_margins_are_what_the_recipes_say,
              test_halves_alternate_and_names_are_unique, test_impossible_instances_are_refused_by_field);
}
