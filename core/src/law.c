/*
 * What turns a wish into an instance of a law, and an instance at work.
 */
#include "mi/law.h"

#include "law_impl.h"

#include <math.h>
#include <stdio.h>

/* ---- resolving ---- */

typedef struct wish {
    const mi_law *law;
    uint32_t dim;
    double mi_nats;
    int logarithmic; /* the parameter is searched by its logarithm */
} wish;

static double parameter_at(const wish *w, double t)
{
    /* exp(log(t)) may leave the range by an ulp */
    return w->logarithmic ? fmax(w->law->parameter.min, fmin(exp(t), w->law->parameter.max)) : t;
}

static double wish_excess(double t, const void *context)
{
    const wish *w = context;
    return w->law->methods->mi(w->dim, parameter_at(w, t)) - w->mi_nats;
}

static double parameter_for(const mi_law *law, uint32_t dim, double mi_nats)
{
    const mi_law_parameter *p = &law->parameter;
    if (law->methods->parameter_for)
        return fmax(p->min, fmin(law->methods->parameter_for(dim, mi_nats), p->max));
    const wish w = {law, dim, mi_nats, p->min > 0.0};
    const double low = w.logarithmic ? log(p->min) : p->min, high = w.logarithmic ? log(p->max) : p->max;
    return parameter_at(&w, mi_law_root(wish_excess, &w, low, high, 1e-12 * (1.0 + mi_nats)));
}

static mi_status fail_field(mi_error *err, const char *pointer, const char *field, const char *message)
{
    char at[sizeof err->pointer];
    snprintf(at, sizeof at, "%s/%s", pointer ? pointer : "", field);
    return mi_fail_at(err, MI_INVALID, at, "%s", message);
}

/* solve: find the parameter too. */
static mi_status resolve_wish(mi_law_spec *spec, int solve, const char *pointer, mi_error *err)
{
    const mi_law *law = spec->law;
    char message[256];
    if (!law->chooses_mi) {
        snprintf(message, sizeof message, "%g; the MI of %s cannot be chosen, expected none", spec->mi_nats,
                 law->name);
        return fail_field(err, pointer, "mi_nats", message);
    }
    const double at_min = law->methods->mi(spec->dim, law->parameter.min),
                 at_max = law->methods->mi(spec->dim, law->parameter.max);
    const double low = fmin(at_min, at_max), high = fmax(at_min, at_max), slack = 1e-9 * (1.0 + high);
    if (spec->mi_nats < low - slack || spec->mi_nats > high + slack) {
        snprintf(message, sizeof message, "%.6g; expected %.3g to %.6g nats for %s with dim %u",
                 spec->mi_nats, low, high, law->name, spec->dim);
        return fail_field(err, pointer, "mi_nats", message);
    }
    if (solve)
        spec->parameter = parameter_for(law, spec->dim, fmax(low, fmin(spec->mi_nats, high)));
    return MI_OK;
}

static mi_status resolve_parameter(mi_law_spec *spec, const char *pointer, mi_error *err)
{
    const mi_law *law = spec->law;
    char message[256];
    if (!law->parameter.name && spec->parameter != 0.0) {
        snprintf(message, sizeof message, "%g; %s has no parameter, expected none", spec->parameter,
                 law->name);
        return fail_field(err, pointer, "parameter", message);
    }
    if (spec->parameter == 0.0)
        spec->parameter = law->parameter.fallback;
    if (spec->parameter < law->parameter.min || spec->parameter > law->parameter.max) {
        snprintf(message, sizeof message, "%.9g; expected %s of %s (%s) from %g to %.9g", spec->parameter,
                 law->parameter.name, law->name, law->parameter.help, law->parameter.min, law->parameter.max);
        return fail_field(err, pointer, "parameter", message);
    }
    const double truth = law->methods->mi(spec->dim, spec->parameter);
    if (spec->mi_nats > 0.0 && fabs(spec->mi_nats - truth) > 1e-8 * (1.0 + truth)) {
        snprintf(message, sizeof message,
                 "%.9g gives %.9g nats, not %.9g; expected one of parameter and mi_nats", spec->parameter,
                 truth, spec->mi_nats);
        return fail_field(err, pointer, "parameter", message);
    }
    if (spec->mi_nats == 0.0)
        spec->mi_nats = truth;
    return MI_OK;
}

static mi_status resolve(mi_law_spec *spec, int solve, const char *pointer, mi_error *err)
{
    const mi_law *law = spec->law;
    char message[256];
    if (!law)
        return fail_field(err, pointer, "name", "no such law; expected a name of the table of laws");
    mi_law_spec out = *spec;
    if (out.dim == 0)
        out.dim = law->dim_fallback;
    if (out.dim < law->dim_min || out.dim > law->dim_max) {
        snprintf(message, sizeof message, "%u; expected %u to %u for %s (%s)", out.dim, law->dim_min,
                 law->dim_max, law->name, law->dim_help);
        return fail_field(err, pointer, "dim", message);
    }
    if (!(out.mi_nats >= 0.0 && isfinite(out.mi_nats)))
        return fail_field(err, pointer, "mi_nats", "not a finite number from 0; expected nats");
    if (!(out.parameter >= 0.0 && isfinite(out.parameter)))
        return fail_field(err, pointer, "parameter", "not a finite number from 0");
    const int wished = out.mi_nats > 0.0 && out.parameter == 0.0;
    const mi_status status =
        wished ? resolve_wish(&out, solve, pointer, err) : resolve_parameter(&out, pointer, err);
    if (status == MI_OK)
        *spec = out;
    return status;
}

mi_status mi_law_resolve(mi_law_spec *spec, const char *pointer, mi_error *err)
{
    return resolve(spec, 1, pointer, err);
}

mi_status mi_law_check(mi_law_spec *spec, const char *pointer, mi_error *err)
{
    mi_law_spec out = *spec;
    const mi_status status = resolve(&out, 0, pointer, err);
    if (status == MI_OK)
        spec->dim = out.dim;
    return status;
}

/* ---- an instance at work ---- */

void mi_law_dims_square(uint32_t dim, uint32_t *dim_x, uint32_t *dim_y)
{
    *dim_x = *dim_y = dim;
}

void mi_law_dims(const mi_law_spec *spec, uint32_t *dim_x, uint32_t *dim_y)
{
    spec->law->methods->dims(spec->dim, dim_x, dim_y);
}

void mi_law_draw(const mi_law_spec *spec, struct mi_rng *rng, uint32_t n, float *x, float *y)
{
    spec->law->methods->draw(spec, rng, n, x, y);
}

void mi_law_sample(const mi_law_spec *spec, uint64_t seed, uint32_t n, float *x, float *y)
{
    mi_rng rng;
    mi_rng_init(&rng, seed, 0, 0, MI_PURPOSE_LAW, 0);
    mi_law_draw(spec, &rng, n, x, y);
}

double mi_law_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    return spec->law->has_log_ratio ? spec->law->methods->log_ratio(spec, x, y) : (double)NAN;
}
