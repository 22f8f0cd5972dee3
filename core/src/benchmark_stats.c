/*
 * What an estimator is worth: repetitions against the truth, and laws together.
 */
#include "mi/benchmark.h"

#include <math.h>

/* A share or mean that may be over nothing. */
typedef struct tally {
    double sum;
    uint32_t n;
} tally;

static void add(tally *t, double value)
{
    if (isnan(value))
        return;
    t->sum += value;
    t->n++;
}

static double mean_of(const tally *t)
{
    return t->n > 0 ? t->sum / t->n : (double)NAN;
}

static void add_interval(tally *t, const double interval[2], double truth)
{
    if (!isnan(interval[0]) && !isnan(interval[1]))
        add(t, truth >= interval[0] && truth <= interval[1]);
}

/* Around the mean, not as a difference of squares. */
static double spread(const mi_benchmark_level *levels, uint32_t n, const mi_benchmark_stats *of)
{
    double squares = 0.0;
    for (uint32_t i = 0; i < n; i++)
        if (isfinite(levels[i].mi_nats))
            squares += (levels[i].mi_nats - of->mean) * (levels[i].mi_nats - of->mean);
    return of->n > 1 ? sqrt(squares / (of->n - 1)) : (double)NAN;
}

void mi_benchmark_stats_of(mi_benchmark_stats *out, const mi_benchmark_level *levels, uint32_t n)
{
    tally estimate = {0}, absolute = {0}, square = {0}, sampling = {0}, interval = {0};
    tally ratio = {0}, batch = {0}, pmi = {0};
    *out = (mi_benchmark_stats){.truth = n > 0 ? levels[0].truth_nats : (double)NAN};
    for (uint32_t i = 0; i < n; i++) {
        const mi_benchmark_level *level = &levels[i];
        const double error = level->mi_nats - level->truth_nats;
        out->warnings |= level->warnings;
        if (!isfinite(level->mi_nats))
            continue;
        add(&estimate, level->mi_nats);
        add(&absolute, fabs(error));
        add(&square, error * error);
        add_interval(&sampling, level->sampling95_nats, level->truth_nats);
        add_interval(&interval, level->interval_nats, level->truth_nats);
        add(&ratio, level->null_mean_ratio);
        add(&batch, level->batch_sd);
        add(&pmi, level->pmi_rmse);
    }
    out->n = estimate.n;
    out->mean = mean_of(&estimate);
    out->bias = out->mean - out->truth;
    out->sd = spread(levels, n, out);
    out->rmse = sqrt(mean_of(&square));
    out->mean_abs_error = mean_of(&absolute);
    out->sampling95_coverage = mean_of(&sampling);
    out->interval_coverage = mean_of(&interval);
    out->null_mean_ratio = mean_of(&ratio);
    out->batch_sd = mean_of(&batch);
    out->pmi_rmse = mean_of(&pmi);
}

/* A share of its repetitions counts as many times. */
static void add_share(tally *t, double share, uint32_t n)
{
    if (isnan(share))
        return;
    t->sum += share * n;
    t->n += n;
}

void mi_benchmark_summarise(mi_benchmark_summary *out, const mi_benchmark_stats *stats, uint32_t n_stats)
{
    tally bias = {0}, square = {0}, absolute = {0}, sampling = {0}, interval = {0};
    *out = (mi_benchmark_summary){.worst = n_stats};
    for (uint32_t i = 0; i < n_stats; i++) {
        const mi_benchmark_stats *s = &stats[i];
        if (s->n == 0)
            continue;
        add(&bias, s->bias);
        add(&square, s->rmse * s->rmse);
        add(&absolute, s->mean_abs_error);
        add_share(&sampling, s->sampling95_coverage, s->n);
        add_share(&interval, s->interval_coverage, s->n);
        if (out->worst == n_stats || fabs(s->bias) > fabs(stats[out->worst].bias))
            out->worst = i;
    }
    out->n = bias.n;
    out->bias = mean_of(&bias);
    out->rmse = sqrt(mean_of(&square));
    out->mean_abs_error = mean_of(&absolute);
    out->sampling95_coverage = mean_of(&sampling);
    out->interval_coverage = mean_of(&interval);
}
