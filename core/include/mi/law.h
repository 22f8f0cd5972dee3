/*
 * Laws of (x, y) whose mutual information is known: what an estimator is measured against.
 *
 * A law is an entry of a constant table. A spec names one instance of it: how large, how strongly dependent.
 * Resolving a spec fills in what was left open and computes the true MI; a resolved spec can be drawn from,
 * any number of times, by any thread.
 *
 *     mi_law_spec spec = {.law = mi_law_find("gaussian"), .dim = 5, .mi_nats = 2.0};
 *     mi_law_resolve(&spec, "/law", &err);           now spec.parameter is the correlation
 *     mi_law_dims(&spec, &dim_x, &dim_y);
 *     mi_law_sample(&spec, seed, n, x, y);
 *
 * Rows are independent and identically distributed, float32, always finite, and the same on every machine
 * with the same libm. MI is in nats. Two sets: laws that published benchmarks use, and laws of our own choice
 * that are in none of those lists. Each set is dealt alternately into half 'a', on which settings may be
 * chosen, and half 'b', which is only looked at to check; the halves are fixed for good.
 */
#ifndef MI_LAW_H
#define MI_LAW_H

#include "mi/status.h"

#include <stddef.h>
#include <stdint.h>

struct mi_rng; /* core/src/rng.h */

#define MI_LAW_MAX_DIM 1024u /* columns of a side, at most */

typedef enum mi_law_set {
    MI_LAW_SET_LISTED, /* of published benchmarks */
    MI_LAW_SET_OWN     /* of ours */
} mi_law_set;

typedef struct mi_law_methods mi_law_methods; /* core/src/law_impl.h */

/* One positive number that shapes a law, besides its size. */
typedef struct mi_law_parameter {
    const char *name; /* "rho"; NULL: the law has none */
    const char *help;
    double min, max, fallback;
} mi_law_parameter;

typedef struct mi_law {
    const char *name; /* "gaussian" */
    const char *help; /* one line for people */
    mi_law_set set;
    char half;                 /* 'a' or 'b' */
    int chooses_mi;            /* an MI can be asked for, and gives the parameter */
    int has_log_ratio;         /* mi_law_log_ratio is available */
    const char *dim_help;      /* what dim counts */
    uint32_t dim_min, dim_max; /* equal: the size is fixed */
    uint32_t dim_fallback;
    mi_law_parameter parameter;
    const mi_law_methods *methods;
} mi_law;

/* Entry `index` of the table, NULL past its end; by name, NULL when there is none. Thread: any. */
const mi_law *mi_law_at(size_t index);
const mi_law *mi_law_find(const char *name);

/* An instance. Before it is resolved, 0 means: the law's own. */
typedef struct mi_law_spec {
    const mi_law *law;
    uint32_t dim;
    double mi_nats;   /* asked for, or the truth of the parameter */
    double parameter; /* 0 also where it is 0: an MI at the end of the law's range */
} mi_law_spec;

/*
 * Fill in dim, parameter and mi_nats. Either mi_nats or parameter may be given; both, when they agree, so
 * that a resolved spec resolves to itself. On failure spec is unchanged.
 *
 * pointer  JSON pointer of the law, "" for none; the error points at its /name, /dim, /mi_nats or /parameter
 * Errors: MI_INVALID. Thread: any. Costs up to some tenths of a second where the MI is an integral.
 */
mi_status mi_law_resolve(mi_law_spec *spec, const char *pointer, mi_error *err);
/* Whether it would, for a small part of the cost: a wished MI is only compared with the law's range. Fills in
 * dim alone. */
mi_status mi_law_check(mi_law_spec *spec, const char *pointer, mi_error *err);

/* The functions below expect a resolved spec. */

/* Columns of both sides. */
void mi_law_dims(const mi_law_spec *spec, uint32_t *dim_x, uint32_t *dim_y);

/* The next n pairs of a stream the caller opened: x (n, dim_x), y (n, dim_y), row-major. How many numbers
 * that takes from the stream is the law's business. Thread: any, with its own rng. */
void mi_law_draw(const mi_law_spec *spec, struct mi_rng *rng, uint32_t n, float *x, float *y);

/* n pairs of the stream that a seed stands for. The first n pairs of a larger sample are the same. */
void mi_law_sample(const mi_law_spec *spec, uint64_t seed, uint32_t n, float *x, float *y);

/*
 * log p(x,y) / (p(x) p(y)) of one row of each side, nats, for any combination of rows that were drawn;
 * -INFINITY where they cannot occur together. Evaluated at the float32 values, so that its own rounding is
 * that of the data. NaN unless law->has_log_ratio.
 */
double mi_law_log_ratio(const mi_law_spec *spec, const float *x, const float *y);

/* A named instance, of a suite that is run as a whole. */
typedef struct mi_law_instance {
    const char *name; /* "multinormal-sparse-5-5-2-2.0" */
    const char *law;
    uint32_t dim;
    double mi_nats, parameter; /* 0 as in mi_law_spec */
} mi_law_instance;

typedef struct mi_law_suite {
    const char *name;
    const char *help;
    const mi_law_instance *instances;
    size_t n_instances;
} mi_law_suite;

/*
 * "beyond-normal"  the 40 tasks of Czyz et al., NeurIPS 2023, with their published names
 * "further"        other listed laws, at the sizes that benchmarks with finite samples use
 * "own"            the laws of our own
 * NULL past the end, or when there is none of that name. Thread: any.
 */
const mi_law_suite *mi_law_suite_at(size_t index);
const mi_law_suite *mi_law_suite_find(const char *name);
/* The resolved spec of an instance. Every instance of a suite resolves. */
void mi_law_instance_spec(const mi_law_instance *instance, mi_law_spec *out);

#endif
