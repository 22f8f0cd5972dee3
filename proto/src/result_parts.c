#include "result_parts.h"

#include "job_fields.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define BITS_PER_NAT 1.4426950408889634

static void figure(result_encoding *e, const char *key, const char *name, double value)
{
    proto_write_double(&e->w, key, value);
    if (isfinite(value))
        return;
    size_t n = strlen(e->lost);
    snprintf(e->lost + n, sizeof e->lost - n, "%s%s", n > 0 ? ", " : "", name);
}

void proto_part_mi(result_encoding *e, const mi_estimate *estimate)
{
    proto_write_object(&e->w, "mi");
    figure(e, "nats", "mi.nats", estimate->mi_nats);
    proto_write_double(&e->w, "bits", estimate->mi_nats * BITS_PER_NAT);
    figure(e, "held_out_nats", "mi.held_out_nats", estimate->held_out_nats);
    if (isfinite(estimate->train_nats)) /* nothing fitted, nothing to tell */
        proto_write_double(&e->w, "train_nats", estimate->train_nats);
    else
        proto_write_null(&e->w, "train_nats");
    figure(e, "std_err", "mi.std_err", estimate->std_err);
    proto_write_array(&e->w, "sampling95_nats");
    for (int i = 0; i < 2; i++)
        figure(e, NULL, i == 0 ? "mi.sampling95_nats[0]" : "mi.sampling95_nats[1]",
               estimate->sampling95_nats[i]);
    proto_write_end_array(&e->w);
    if (isnan(estimate->interval_nats[0]) && isnan(estimate->interval_nats[1])) { /* there is none */
        proto_write_null(&e->w, "interval_nats");
    } else {
        proto_write_array(&e->w, "interval_nats");
        for (int i = 0; i < 2; i++)
            figure(e, NULL, i == 0 ? "mi.interval_nats[0]" : "mi.interval_nats[1]",
                   estimate->interval_nats[i]);
        proto_write_end_array(&e->w);
    }
    proto_write_array(&e->w, "per_run");
    for (uint32_t i = 0; i < estimate->n_runs; i++) {
        char name[32];
        snprintf(name, sizeof name, "mi.per_run[%u]", i);
        figure(e, NULL, name, estimate->per_run[i]);
    }
    proto_write_end_array(&e->w);
    proto_write_end_object(&e->w);
}

void proto_part_bracket(result_encoding *e, const mi_estimate *estimate, bool has_critic)
{
    const struct {
        const char *key, *name;
        double value;
    } bounds[] = {
        {"infonce", "bracket_nats.infonce", estimate->infonce},
        {"nwj", "bracket_nats.nwj", estimate->nwj},
        {"dv", "bracket_nats.dv", estimate->dv},
        {"infonce_ceiling", "bracket_nats.infonce_ceiling", estimate->infonce_ceiling},
    };
    proto_write_object(&e->w, "bracket_nats");
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        if (has_critic)
            figure(e, bounds[i].key, bounds[i].name, bounds[i].value);
        else
            proto_write_null(&e->w, bounds[i].key); /* nothing lost: there is no such figure */
    }
    proto_write_end_object(&e->w);
}

void proto_part_calibration(result_encoding *e, const mi_estimate *estimate, bool calibrated)
{
    if (!estimate->has_null) {
        proto_write_null(&e->w, "calibration");
        return;
    }
    proto_write_object(&e->w, "calibration");
    if (calibrated) {
        figure(e, "log_scale", "calibration.log_scale", estimate->log_scale);
        figure(e, "slope", "calibration.slope", estimate->slope);
    } else {
        proto_write_null(&e->w, "log_scale");
        proto_write_null(&e->w, "slope");
    }
    figure(e, "null_mean_ratio", "calibration.null_mean_ratio", estimate->null_mean_ratio);
    proto_write_end_object(&e->w);
}

void proto_part_null(result_encoding *e, const mi_estimate *estimate)
{
    if (!estimate->has_null) {
        proto_write_null(&e->w, "null");
        return;
    }
    proto_write_object(&e->w, "null");
    proto_write_u64(&e->w, "pairs", estimate->n_null);
    figure(e, "mean", "null.mean", estimate->null_mean);
    figure(e, "q95", "null.q95", estimate->null_q95);
    figure(e, "q99", "null.q99", estimate->null_q99);
    figure(e, "auroc", "null.auroc", estimate->auroc);
    proto_write_end_object(&e->w);
}

void proto_part_permutation(result_encoding *e, const mi_estimate *estimate)
{
    if (estimate->n_permutations == 0) {
        proto_write_null(&e->w, "permutation");
        return;
    }
    proto_write_object(&e->w, "permutation");
    proto_write_u64(&e->w, "permutations", estimate->n_permutations);
    figure(e, "mean_nats", "permutation.mean_nats", estimate->permutation_mean);
    figure(e, "p_value", "permutation.p_value", estimate->permutation_p);
    proto_write_end_object(&e->w);
}

void proto_part_timing(result_encoding *e, uint64_t steps, const mi_spec *spec,
                       const proto_result_context *context)
{
    proto_write_object(&e->w, "timing");
    proto_write_double(&e->w, "wall_s", context->wall_s);
    proto_write_double(&e->w, "train_s", context->train_s);
    proto_write_u64(&e->w, "steps", steps);
    proto_write_double(&e->w, "steps_per_s",
                       context->train_s > 0 ? (double)steps / context->train_s : (double)NAN);
    proto_write_string(&e->w, "kernel", context->kernel);
    proto_write_string(&e->w, "precision", spec->train.precision == MI_PRECISION_BF16 ? "bf16" : "fp32");
    proto_write_end_object(&e->w);
}

void proto_part_split(result_encoding *e, const mi_estimate *estimate, const mi_spec *spec)
{
    proto_write_object(&e->w, "split");
    proto_write_string(&e->w, "by", proto_field_find("/split/by")->names[spec->split.by]);
    proto_write_u64(&e->w, "folds", spec->split.folds);
    proto_write_u64(&e->w, "scored", estimate->n_held_out);
    proto_write_u64(&e->w, "unscored", estimate->n_pairs - estimate->n_held_out);
    proto_write_end_object(&e->w);
}

void proto_part_pairs(result_encoding *e, const proto_pairs *pairs)
{
    if (!pairs) {
        proto_write_null(&e->w, "pairs");
        return;
    }
    proto_write_object(&e->w, "pairs");
    proto_write_u64(&e->w, "rows", pairs->rows);
    proto_write_u64(&e->w, "used", pairs->n);
    proto_write_u64(&e->w, "duplicates", pairs->duplicates);
    proto_write_u64(&e->w, "negatives", pairs->negatives);
    proto_write_u64(&e->w, "without_embedding", pairs->without_embedding);
    proto_write_object(&e->w, "missing");
    proto_missing_side_encode(&pairs->missing_x, "x", &e->w);
    proto_missing_side_encode(&pairs->missing_y, "y", &e->w);
    proto_write_end_object(&e->w);
    proto_write_object(&e->w, "entities");
    proto_write_u64(&e->w, "x", pairs->entities_x);
    proto_write_u64(&e->w, "y", pairs->entities_y);
    proto_write_end_object(&e->w);
    proto_write_end_object(&e->w);
}

static void encode_warning(result_encoding *e, const char *code, const char *detail)
{
    proto_write_object(&e->w, NULL);
    proto_write_string(&e->w, "code", code);
    proto_write_string(&e->w, "detail", detail);
    proto_write_end_object(&e->w);
}

static void warn_missing(result_encoding *e, const proto_pairs *pairs)
{
    char detail[256];
    if (!pairs || pairs->without_embedding == 0)
        return;
    snprintf(detail, sizeof detail,
             "%" PRIu64 " of %" PRIu64 " rows of the pair table were left out: %" PRIu64
             " ids of x and %" PRIu64 " of y have no embedding (see pairs.missing)",
             pairs->without_embedding, pairs->rows, pairs->missing_x.n, pairs->missing_y.n);
    encode_warning(e, PROTO_WARNING_MISSING, detail);
}

void proto_part_warnings(result_encoding *e, const mi_estimate *estimate, const proto_pairs *pairs)
{
    proto_write_array(&e->w, "warnings");
    for (uint32_t i = 0; i < estimate->n_warnings; i++)
        if (estimate->warnings[i].code != MI_WARN_NON_FINITE || e->lost[0] == '\0')
            encode_warning(e, mi_warning_name(estimate->warnings[i].code), estimate->warnings[i].detail);
    warn_missing(e, pairs);
    if (e->lost[0] != '\0') {
        char detail[256];
        snprintf(detail, sizeof detail, "not finite, reported as null: %s", e->lost);
        encode_warning(e, mi_warning_name(MI_WARN_NON_FINITE), detail);
    }
    proto_write_end_array(&e->w);
}

void proto_part_link(result_encoding *e, const char *key, bool present, const char *job_id, const char *what)
{
    char path[PROTO_ID_MAX + 64];
    snprintf(path, sizeof path, "/v1/jobs/%s/%s", job_id, what);
    proto_write_string(&e->w, key, present ? path : NULL);
}
