#include "screens/subject.h"

/* Products of a run: about two seconds of one core. */
#define PART_PRODUCTS 1e11
/* A screen below this is not worth a second run. */
#define ALONE_PRODUCTS 2e9
/* Bytes that a run leaves around its lists. */
#define OVERHEAD 4096.0

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Bytes that every run leaves, whatever its rows. */
static double bytes_of_run(const mi_screen_spec *spec)
{
    const double above = spec->above ? (double)spec->max_above : 0.0;
    return OVERHEAD + 12.0 * (spec->top + above) +
           8.0 * spec->n_y * (double)smaller(spec->top_per_y, spec->n_x);
}

/* What the last run reads of each: its lists, and the pairs above the threshold. */
static mi_status check_kept(const mi_screen_spec *spec, const mi_screen_plan *plan, mi_error *err)
{
    const double above = spec->above ? (double)spec->max_above : 0.0,
                 kept = (double)plan->result + above * sizeof(mi_screen_pair) + OVERHEAD;
    if (kept <= (double)STORE_RESULT_MAX)
        return MI_OK;
    return mi_fail(
        err, MI_LIMIT,
        "what a run of this screen keeps takes up to %.0f MiB; at most %zu MiB are kept (fewer rows of y, "
        "shorter lists or a lower max_above take less)",
        kept / 1048576.0, STORE_RESULT_MAX >> 20);
}

static mi_status check_run(const screen_subject *s, uint32_t parts, const proto_limits *limits, mi_error *err)
{
    mi_screen_spec spec = s->spec;
    mi_screen_plan plan;
    uint32_t first;
    mi_screen_range(spec.n_x, spec.symmetric, parts, parts - 1, &first, &spec.n_x);
    spec.first_x = 0;
    if (spec.n_x == 0)
        spec.n_x = 1;
    const mi_status status = mi_screen_plan_make(&plan, &spec, err);
    if (status != MI_OK)
        return status;
    const double features = 4.0 * spec.width * ((double)spec.n_x + spec.n_y),
                 bytes = features + (double)plan.workspace + (double)plan.result;
    if (bytes > (double)limits->max_workspace_bytes)
        return mi_fail(
            err, MI_LIMIT,
            "a run of this screen needs %.0f MiB of memory; at most %.0f MiB are allowed (fewer rows of "
            "y, shorter lists or a lower max_above need less)",
            bytes / 1048576.0, (double)limits->max_workspace_bytes / 1048576.0);
    return check_kept(&spec, &plan, err);
}

mi_status screen_parts(uint32_t *out, const screen_subject *s, uint32_t workers, const proto_limits *limits,
                       mi_error *err)
{
    const mi_screen_spec *spec = &s->spec;
    const double products = (double)s->pairs * spec->width, of_run = bytes_of_run(spec),
                 of_rows = 12.0 * spec->n_x * (double)smaller(spec->top_per_x, spec->n_y),
                 room = 0.5 * (double)limits->max_workspace_bytes - of_rows;
    const uint64_t bands = (spec->n_x + MI_SCREEN_BAND - 1) / MI_SCREEN_BAND;
    if (room < of_run)
        return mi_fail(
            err, MI_LIMIT,
            "what this screen keeps takes %.0f MiB; at most %.0f MiB are allowed (shorter lists or a lower "
            "max_above take less)",
            (of_run + of_rows) / 1048576.0, (double)limits->max_workspace_bytes / 2097152.0);
    double parts = products / PART_PRODUCTS + 1.0;
    if (products > ALONE_PRODUCTS && parts < 2.0 * workers)
        parts = 2.0 * workers;
    if (parts > room / of_run)
        parts = room / of_run;
    if (parts > (double)bands)
        parts = (double)bands;
    if (parts > (double)limits->max_runs)
        parts = (double)limits->max_runs;
    *out = parts < 1.0 ? 1 : (uint32_t)parts;
    return check_run(s, *out, limits, err);
}
