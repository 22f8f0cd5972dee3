/*
 * A summary: sums by band, the largest output, a histogram.
 */
#include "screen_impl.h"

#include <math.h>
#include <string.h>

#define GROUP 16u

void mi_screen_sums_start(mi_screen *s)
{
    const mi_screen_spec *spec = &s->spec;
    memset(s->sums.sum, 0, sizeof s->sums.sum);
    for (uint32_t l = 0; l < MI_SUMMARY_LANES; l++)
        s->sums.max[l] = -INFINITY;
    if (spec->n_bins == 0)
        return;
    const double per_nat = spec->n_bins / (spec->high - spec->low);
    s->sums.bin_scale = (float)(spec->slope * per_nat);
    s->sums.bin_shift = (float)((spec->log_scale - spec->low) * per_nat + 1.0);
    s->sums.every = spec->every > 0 ? spec->every : 1;
    memset(s->sums.bins, 0, 4 * ((size_t)spec->n_bins + 2) * sizeof *s->sums.bins);
}

uint32_t mi_screen_phase(const mi_screen *s, uint32_t row, uint32_t first)
{
    return s->sums.every ? (uint32_t)(((uint64_t)mi_screen_x(s, row) + first / GROUP) % s->sums.every) : 0;
}

void mi_screen_bin(mi_screen *s, uint32_t phase, const float *outputs, uint64_t valid)
{
    const uint32_t n = s->spec.n_bins + 2, every = s->sums.every;
    const float scale = s->sums.bin_scale, shift = s->sums.bin_shift, last = (float)(n - 1);
    for (uint32_t group = phase ? every - phase : 0; group < MI_PANEL / GROUP; group += every) {
        const float *at = outputs + (size_t)group * GROUP;
        int32_t bin[GROUP];
        for (uint32_t l = 0; l < GROUP; l++) {
            const float place = at[l] * scale + shift;
            const float above = place > 0.0f ? place : 0.0f; /* NaN as well */
            bin[l] = (int32_t)(above < last ? above : last);
        }
        const uint32_t counts = (uint32_t)(valid >> (group * GROUP)) & 0xffff;
        if (counts == 0xffff) {
            for (uint32_t l = 0; l < GROUP; l++)
                s->sums.bins[(size_t)(l % 4) * n + (uint32_t)bin[l]]++;
        } else {
            for (uint32_t l = 0; l < GROUP; l++)
                s->sums.bins[bin[l]] += counts >> l & 1;
        }
    }
}

void mi_screen_flush_bins(mi_screen *s)
{
    const size_t n = (size_t)s->spec.n_bins + 2;
    uint64_t *bins = (uint64_t *)s->result->summary.bins;
    if (s->spec.n_bins == 0)
        return;
    for (size_t k = 0; k < 4 * n; k++) {
        bins[k % n] += s->sums.bins[k];
        s->result->summary.n_binned += s->sums.bins[k];
        s->sums.bins[k] = 0;
    }
}

void mi_screen_flush_sum(mi_screen *s)
{
    double sum = 0.0;
    for (uint32_t l = 0; l < MI_SUMMARY_LANES; l++) {
        sum += s->sums.sum[l];
        s->sums.sum[l] = 0.0;
    }
    if (!s->spec.summarise)
        return;
    ((double *)s->result->band_sum)[s->row / MI_SCREEN_BAND] += sum;
    double *largest = &s->result->summary.max;
    for (uint32_t l = 0; l < MI_SUMMARY_LANES; l++) {
        /* Without any score it stays at -infinity, and NaN. */
        const double score = mi_screen_score(&s->spec, s->sums.max[l]);
        if (s->result->summary.n_scored > 0 && !(score <= *largest))
            *largest = score;
    }
}

void mi_screen_conclude(mi_screen_result *r)
{
    double sum = 0.0;
    for (uint32_t b = 0; b < r->n_bands; b++)
        sum += r->band_sum[b];
    const int any = r->spec.summarise && r->summary.n_scored > 0;
    r->summary.mean =
        any ? r->spec.slope * (sum / (double)r->summary.n_scored) + r->spec.log_scale : (double)NAN;
}

double mi_screen_quantile(const mi_screen_result *result, double q)
{
    const mi_screen_summary *m = &result->summary;
    const mi_screen_spec *spec = &result->spec;
    if (spec->n_bins == 0 || m->n_binned == 0)
        return (double)NAN;
    const double width = (spec->high - spec->low) / spec->n_bins, below = q * (double)m->n_binned;
    double before = (double)m->bins[0];
    if (below < before || (below == 0.0 && before > 0.0))
        return spec->low;
    for (uint32_t b = 0; b < spec->n_bins; b++) {
        const double count = (double)m->bins[b + 1];
        if (count > 0.0 && below <= before + count)
            return spec->low + width * (b + (below - before) / count);
        before += count;
    }
    return spec->high;
}
