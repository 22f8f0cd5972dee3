/*
 * The result of a benchmark: a cell per law and objective, a line per objective.
 */
#include "result_parts.h"

#include <math.h>
#include <stdlib.h>

#define BITS_PER_NAT 1.4426950408889634

typedef struct benchmarking {
    const proto_benchmark_outcome *in;
    uint32_t n_objectives, n_laws, n_levels, repetitions;
    mi_benchmark_stats *stats; /* (n_objectives, n_laws, n_levels) */
} benchmarking;

static mi_benchmark_stats *stats_of(const benchmarking *b, uint32_t objective, uint32_t law)
{
    return b->stats + ((size_t)objective * b->n_laws + law) * b->n_levels;
}

static void gather(benchmarking *b)
{
    for (uint32_t law = 0; law < b->n_laws; law++)
        for (uint32_t objective = 0; objective < b->n_objectives; objective++) {
            const proto_benchmark_cell *cell = &b->in->cells[law * b->n_objectives + objective];
            for (uint32_t level = 0; level < b->n_levels; level++)
                mi_benchmark_stats_of(stats_of(b, objective, law) + level,
                                      cell->levels + (size_t)level * b->repetitions, b->repetitions);
        }
}

static void encode_warnings(uint32_t bits, proto_json_writer *w)
{
    proto_write_array(w, "warnings");
    for (int code = 0; code < MI_WARNING_COUNT; code++)
        if (bits >> code & 1u)
            proto_write_string(w, NULL, mi_warning_name((mi_warning_code)code));
    proto_write_end_array(w);
}

static void encode_level(const benchmarking *b, const mi_benchmark_stats *s, const mi_benchmark_level *levels,
                         double truth_bits, proto_json_writer *w)
{
    proto_write_object(w, NULL);
    proto_write_double(w, "truth_nats", s->truth);
    proto_write_double(w, "truth_bits", truth_bits);
    proto_write_u64(w, "repetitions", s->n);
    proto_write_double(w, "mean_nats", s->mean);
    proto_write_double(w, "bias_nats", s->bias);
    proto_write_double(w, "std_nats", s->sd);
    proto_write_double(w, "rmse_nats", s->rmse);
    proto_write_double(w, "mean_abs_error_nats", s->mean_abs_error);
    proto_write_double(w, "sampling95_coverage", s->sampling95_coverage);
    proto_write_double(w, "interval_coverage", s->interval_coverage);
    proto_write_double(w, "null_mean_ratio", s->null_mean_ratio);
    proto_write_double(w, "batch_sd_nats", s->batch_sd);
    proto_write_double(w, "pmi_rmse_nats", s->pmi_rmse);
    encode_warnings(s->warnings, w);
    proto_write_array(w, "estimates_nats");
    for (uint32_t i = 0; i < b->repetitions; i++)
        proto_write_double(w, NULL, levels[i].mi_nats);
    proto_write_end_array(w);
    proto_write_end_object(w);
}

static void encode_error(const proto_benchmark_cell *cell, proto_json_writer *w)
{
    if (!cell->error_code) {
        proto_write_null(w, "error");
        return;
    }
    proto_write_object(w, "error");
    proto_write_string(w, "code", cell->error_code);
    proto_write_string(w, "detail", cell->error_detail);
    proto_write_u64(w, "repetitions", cell->failed);
    proto_write_end_object(w);
}

static void encode_objective(const proto_job *job, uint32_t variant, proto_json_writer *w)
{
    char label[PROTO_LABEL_MAX];
    proto_job_label(job, variant, label);
    proto_write_string(w, "label", label);
    proto_job_encode_objective(job, variant, "objective", w);
}

static void encode_cell(const benchmarking *b, uint32_t variant, proto_json_writer *w)
{
    const proto_benchmark_cell *cell = &b->in->cells[variant];
    const proto_benchmark *asked = &b->in->job->benchmark;
    const mi_benchmark_stats *stats = stats_of(b, variant % b->n_objectives, variant / b->n_objectives);
    proto_write_object(w, NULL);
    proto_job_encode_law(b->in->job, variant, "law", w);
    encode_objective(b->in->job, variant, w);
    proto_write_array(w, "levels");
    for (uint32_t level = 0; level < b->n_levels; level++) {
        const double bits =
            asked->n_levels > 0 ? asked->levels_bits[level] : stats[level].truth * BITS_PER_NAT;
        encode_level(b, &stats[level], cell->levels + (size_t)level * b->repetitions, bits, w);
    }
    proto_write_end_array(w);
    proto_write_double(w, "train_s", cell->train_s);
    proto_write_double(w, "run_s", cell->run_s);
    encode_error(cell, w);
    proto_write_end_object(w);
}

static void encode_worst(const benchmarking *b, uint32_t objective, uint32_t worst, proto_json_writer *w)
{
    const mi_benchmark_stats *s = stats_of(b, objective, 0) + worst;
    char label[PROTO_LABEL_MAX];
    if (worst >= b->n_laws * b->n_levels) {
        proto_write_null(w, "worst");
        return;
    }
    proto_job_law_label(b->in->job, worst / b->n_levels * b->n_objectives, label);
    proto_write_object(w, "worst");
    proto_write_string(w, "law", label);
    proto_write_double(w, "truth_nats", s->truth);
    proto_write_double(w, "error_nats", s->bias);
    proto_write_end_object(w);
}

static uint32_t laws_with_estimate(const benchmarking *b, uint32_t objective)
{
    uint32_t n = 0;
    for (uint32_t law = 0; law < b->n_laws; law++) {
        bool any = false;
        for (uint32_t level = 0; level < b->n_levels; level++)
            any = any || stats_of(b, objective, law)[level].n > 0;
        n += any;
    }
    return n;
}

static void encode_summary(const benchmarking *b, uint32_t objective, proto_json_writer *w)
{
    mi_benchmark_summary s;
    double train_s = 0.0;
    mi_benchmark_summarise(&s, stats_of(b, objective, 0), b->n_laws * b->n_levels);
    for (uint32_t law = 0; law < b->n_laws; law++)
        train_s += b->in->cells[law * b->n_objectives + objective].train_s;
    proto_write_object(w, NULL);
    encode_objective(b->in->job, objective, w);
    proto_write_u64(w, "laws", laws_with_estimate(b, objective));
    proto_write_double(w, "mean_abs_error_nats", s.mean_abs_error);
    encode_worst(b, objective, s.worst, w);
    proto_write_double(w, "bias_nats", s.bias);
    proto_write_double(w, "rmse_nats", s.rmse);
    proto_write_double(w, "sampling95_coverage", s.sampling95_coverage);
    proto_write_double(w, "interval_coverage", s.interval_coverage);
    proto_write_double(w, "train_s", train_s);
    proto_write_end_object(w);
}

static void encode_benchmark(const benchmarking *b, proto_json_writer *w)
{
    proto_write_object(w, "benchmark");
    proto_write_string(w, "unit", "nats");
    proto_write_string(w, "samples", b->in->job->benchmark.fresh ? "fresh" : "finite");
    proto_write_array(w, "cells");
    for (uint32_t i = 0; i < b->n_laws * b->n_objectives; i++)
        encode_cell(b, i, w);
    proto_write_end_array(w);
    proto_write_array(w, "summary");
    for (uint32_t i = 0; i < b->n_objectives; i++)
        encode_summary(b, i, w);
    proto_write_end_array(w);
    proto_write_end_object(w);
}

static uint64_t total_steps(const benchmarking *b)
{
    uint64_t steps = 0;
    for (uint32_t i = 0; i < b->n_laws * b->n_objectives; i++)
        for (uint32_t k = 0; k < b->n_levels * b->repetitions; k++)
            steps += b->in->cells[i].levels[k].steps;
    return steps;
}

mi_status proto_benchmark_encode(const proto_benchmark_outcome *outcome, const proto_result_context *context,
                                 proto_text *out, mi_error *err)
{
    static const char *const absent[] = {"mi", "bracket_nats", "calibration", "null", "permutation"};
    const proto_job *job = outcome->job;
    benchmarking b = {.in = outcome,
                      .n_laws = job->benchmark.n_laws,
                      .n_levels = proto_job_levels(job),
                      .repetitions = proto_job_replicates(job)};
    b.n_objectives = proto_job_variants(job) / b.n_laws;
    b.stats = calloc((size_t)b.n_objectives * b.n_laws * b.n_levels, sizeof *b.stats);
    if (!b.stats)
        return mi_fail(err, MI_MEMORY, "statistics of a benchmark");
    gather(&b);
    result_encoding e = {.lost = ""};
    proto_write_init(&e.w, out);
    proto_write_object(&e.w, NULL);
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        proto_write_null(&e.w, absent[i]);
    proto_part_timing(&e, total_steps(&b), &outcome->job->spec, context);
    proto_write_array(&e.w, "warnings");
    proto_write_end_array(&e.w);
    proto_part_link(&e, "pmi", false, context->job_id, "pmi");
    proto_part_link(&e, "curve", true, context->job_id, "curve");
    proto_write_null(&e.w, "model");
    encode_benchmark(&b, &e.w);
    proto_write_end_object(&e.w);
    free(b.stats);
    return proto_text_ok(out) ? MI_OK : mi_fail(err, MI_MEMORY, "encoding the result");
}
