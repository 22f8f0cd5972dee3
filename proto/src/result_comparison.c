/*
 * The result of a comparison: a row per objective, and how far they agree.
 */
#include "mi/agreement.h"
#include "result_parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define APART    2.0 /* combined standard errors from which on an estimate is not where the median is */
#define TEXT_MAX (16u << 10)

typedef struct comparing {
    const proto_comparison *in;
    const proto_result_context *context;
    uint32_t n;
    mi_agreement agreement;
    double difference[PROTO_MAX_OBJECTIVES], std_errs[PROTO_MAX_OBJECTIVES];
} comparing;

static double total_run_s(const comparing *c)
{
    double total = 0;
    for (uint32_t i = 0; i < c->n; i++)
        total += c->in->rows[i].run_s;
    return total;
}

static void encode_pmi_link(const comparing *c, uint32_t variant, result_encoding *e)
{
    char what[32];
    snprintf(what, sizeof what, "pmi?objective=%" PRIu32, variant);
    proto_part_link(e, "pmi", c->in->rows[variant].has_pmi, c->context->job_id, what);
}

static void encode_figures(const comparing *c, uint32_t variant, const mi_spec *spec, proto_json_writer *w)
{
    const mi_estimate *estimate = c->in->rows[variant].estimate;
    const bool has_critic = mi_spec_has_critic(spec) != 0;
    result_encoding e = {.w = *w, .lost = ""};
    proto_part_mi(&e, estimate);
    if (estimate->has_null) {
        proto_write_double(&e.w, "null_mean_ratio", estimate->null_mean_ratio);
        proto_write_double(&e.w, "auroc", estimate->auroc);
    } else {
        proto_write_null(&e.w, "null_mean_ratio");
        proto_write_null(&e.w, "auroc");
    }
    proto_part_bracket(&e, estimate, has_critic);
    proto_part_calibration(&e, estimate, has_critic && spec->calibrate != 0);
    proto_part_null(&e, estimate);
    proto_part_permutation(&e, estimate);
    proto_write_u64(&e.w, "steps", estimate->steps);
    proto_part_warnings(&e, estimate, NULL);
    encode_pmi_link(c, variant, &e);
    *w = e.w;
}

static void encode_row(const comparing *c, uint32_t variant, proto_json_writer *w)
{
    const proto_comparison_row *row = &c->in->rows[variant];
    const double total = total_run_s(c);
    char label[PROTO_LABEL_MAX];
    mi_spec spec;
    proto_job_label(c->in->job, variant, label);
    proto_job_variant(c->in->job, variant, &spec);
    proto_write_object(w, NULL);
    proto_write_string(w, "label", label);
    proto_job_encode_objective(c->in->job, variant, "objective", w);
    proto_write_u64(w, "type", (uint64_t)mi_objective_type_of(&spec.objective));
    if (row->estimate) {
        encode_figures(c, variant, &spec, w);
    } else {
        proto_write_object(w, "error");
        proto_write_string(w, "code", row->error_code);
        proto_write_string(w, "detail", row->error_detail);
        proto_write_end_object(w);
    }
    proto_write_double(w, "train_s", row->train_s);
    proto_write_double(w, "run_s", row->run_s);
    proto_write_double(w, "time_share", total > 0 ? row->run_s / total : (double)NAN);
    proto_write_end_object(w);
}

/* ---- agreement ---- */

static void find_agreement(comparing *c)
{
    double nats[PROTO_MAX_OBJECTIVES], std_err[PROTO_MAX_OBJECTIVES];
    for (uint32_t i = 0; i < c->n; i++) {
        const mi_estimate *estimate = c->in->rows[i].estimate;
        nats[i] = estimate ? estimate->mi_nats : (double)NAN;
        std_err[i] = estimate ? estimate->std_err : (double)NAN;
    }
    mi_agreement_of(&c->agreement, nats, std_err, c->n, c->difference, c->std_errs);
}

static bool is_apart(const comparing *c, uint32_t variant)
{
    return fabs(c->std_errs[variant]) > APART;
}

static void describe_apart(const comparing *c, proto_text *out)
{
    char label[PROTO_LABEL_MAX];
    for (uint32_t i = 0; i < c->n; i++) {
        mi_spec spec;
        if (!is_apart(c, i))
            continue;
        proto_job_label(c->in->job, i, label);
        proto_job_variant(c->in->job, i, &spec);
        const bool below = c->difference[i] < 0,
                   bound = mi_objective_type_of(&spec.objective) == MI_TYPE_BOUND;
        proto_text_printf(out, "; %s is %.3f nats %s it, %.1f standard errors%s", label,
                          fabs(c->difference[i]), below ? "below" : "above", fabs(c->std_errs[i]),
                          bound && below ? " (it is a lower bound)" : "");
    }
}

static void describe_ranks(const comparing *c, proto_text *out)
{
    double low = 1, high = -1;
    const uint32_t n = c->in->n_ranked;
    for (uint32_t a = 0; a < n; a++)
        for (uint32_t b = 0; b < a; b++) {
            low = fmin(low, c->in->rank_correlation[a * n + b]);
            high = fmax(high, c->in->rank_correlation[a * n + b]);
        }
    if (n < 2 || low > high)
        return;
    if (n == 2)
        proto_text_printf(out, "; the PMIs of the pairs have a rank correlation of %.3f", low);
    else
        proto_text_printf(out, "; the PMIs of the pairs have rank correlations of %.3f to %.3f", low, high);
}

/* For people, from the figures beside it. */
static void encode_detail(const comparing *c, proto_json_writer *w)
{
    proto_text text;
    uint32_t within = 0, failed = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        within += fabs(c->std_errs[i]) <= APART;
        failed += c->in->rows[i].estimate == NULL;
    }
    proto_text_init(&text, TEXT_MAX);
    if (c->agreement.n < 2)
        proto_text_printf(&text, "%s",
                          c->agreement.n == 1 ? "one estimate, and none to compare it with"
                                              : "no estimate is finite");
    else if (within == c->agreement.n)
        proto_text_printf(&text, "all %" PRIu32 " estimates lie", within);
    else
        proto_text_printf(&text, "%" PRIu32 " of %" PRIu32 " estimates lie", within, c->agreement.n);
    if (c->agreement.n > 1)
        proto_text_printf(&text, " within %g combined standard errors of their median, %.4f nats", APART,
                          c->agreement.median);
    describe_apart(c, &text);
    describe_ranks(c, &text);
    if (failed > 0)
        proto_text_printf(&text, "; %" PRIu32 " objective%s failed", failed, failed == 1 ? "" : "s");
    proto_write_string(w, "detail", proto_text_ok(&text) ? text.data : NULL);
    proto_text_fini(&text);
}

static void encode_ranks(const proto_comparison *in, proto_json_writer *w)
{
    if (in->n_ranked < 2) {
        proto_write_null(w, "pmi_rank_correlation");
        return;
    }
    proto_write_object(w, "pmi_rank_correlation");
    proto_write_u64(w, "pairs", in->ranked_pairs);
    proto_write_array(w, "objectives");
    for (uint32_t i = 0; i < in->n_ranked; i++)
        proto_write_u64(w, NULL, in->ranked[i]);
    proto_write_end_array(w);
    proto_write_array(w, "matrix");
    for (uint32_t a = 0; a < in->n_ranked; a++) {
        proto_write_array(w, NULL);
        for (uint32_t b = 0; b < in->n_ranked; b++)
            proto_write_double(w, NULL, in->rank_correlation[a * in->n_ranked + b]);
        proto_write_end_array(w);
    }
    proto_write_end_array(w);
    proto_write_end_object(w);
}

static void encode_agreement(const comparing *c, proto_json_writer *w)
{
    proto_write_object(w, "agreement");
    proto_write_double(w, "median_nats", c->agreement.median);
    proto_write_double(w, "median_std_err", c->agreement.median_std_err);
    proto_write_array(w, "range_nats");
    proto_write_double(w, NULL, c->agreement.low);
    proto_write_double(w, NULL, c->agreement.high);
    proto_write_end_array(w);
    proto_write_array(w, "to_median");
    for (uint32_t i = 0; i < c->n; i++) {
        if (!c->in->rows[i].estimate)
            continue;
        proto_write_object(w, NULL);
        proto_write_u64(w, "objective", i);
        proto_write_double(w, "difference_nats", c->difference[i]);
        proto_write_double(w, "std_errs", c->std_errs[i]);
        proto_write_end_object(w);
    }
    proto_write_end_array(w);
    encode_ranks(c->in, w);
    encode_detail(c, w);
    proto_write_end_object(w);
}

/* ---- the whole ---- */

static uint32_t first_with_estimate(const proto_comparison *in, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (in->rows[i].estimate)
            return i;
    return 0;
}

void proto_comparison_encode(const proto_comparison *comparison, const proto_result_context *context,
                             proto_text *out)
{
    comparing c = {.in = comparison, .context = context, .n = proto_job_variants(comparison->job)};
    const uint32_t first = first_with_estimate(comparison, c.n);
    const mi_estimate *estimate = comparison->rows[first].estimate;
    result_encoding e = {.lost = ""};
    mi_spec spec;
    uint64_t steps = 0;
    for (uint32_t i = 0; i < c.n; i++)
        steps += comparison->rows[i].estimate ? comparison->rows[i].estimate->steps : 0;
    find_agreement(&c);
    proto_job_variant(comparison->job, first, &spec);
    const bool has_critic = mi_spec_has_critic(&spec) != 0;
    proto_write_init(&e.w, out);
    proto_write_object(&e.w, NULL);
    proto_part_mi(&e, estimate);
    proto_part_bracket(&e, estimate, has_critic);
    proto_part_calibration(&e, estimate, has_critic && spec.calibrate != 0);
    proto_part_null(&e, estimate);
    proto_part_permutation(&e, estimate);
    proto_part_timing(&e, steps, &spec, context);
    proto_part_pairs(&e, context->pairs);
    proto_part_split(&e, estimate, &spec);
    proto_part_warnings(&e, estimate, context->pairs);
    encode_pmi_link(&c, first, &e);
    proto_part_link(&e, "curve", true, context->job_id, "curve");
    proto_write_null(&e.w, "model");
    proto_write_array(&e.w, "comparison");
    for (uint32_t i = 0; i < c.n; i++)
        encode_row(&c, i, &e.w);
    proto_write_end_array(&e.w);
    encode_agreement(&c, &e.w);
    proto_write_end_object(&e.w);
}
