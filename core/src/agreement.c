#include "mi/agreement.h"

#include "sort.h"
#include "stats.h"

#include <math.h>
#include <stdlib.h>

static double spread(double a, double b)
{
    return sqrt(a * a + b * b);
}

/* Place of the estimate with `rank` smaller ones, ties by place; few enough for O(n^2). */
static uint32_t at_rank(const double *nats, uint32_t n, uint32_t rank)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t below = 0;
        if (!isfinite(nats[i]))
            continue;
        for (uint32_t k = 0; k < n; k++)
            below += isfinite(nats[k]) && (nats[k] < nats[i] || (nats[k] == nats[i] && k < i));
        if (below == rank)
            return i;
    }
    return 0;
}

void mi_agreement_of(mi_agreement *out, const double *nats, const double *std_err, uint32_t n,
                     double *difference, double *std_errs)
{
    uint32_t finite = 0;
    for (uint32_t i = 0; i < n; i++) {
        finite += isfinite(nats[i]) != 0;
        difference[i] = std_errs[i] = (double)NAN;
    }
    *out = (mi_agreement){finite, (double)NAN, (double)NAN, (double)NAN, (double)NAN};
    if (finite == 0)
        return;
    const uint32_t a = at_rank(nats, n, (finite - 1) / 2), b = at_rank(nats, n, finite / 2);
    out->median = 0.5 * (nats[a] + nats[b]);
    out->median_std_err = a == b ? std_err[a] : 0.5 * spread(std_err[a], std_err[b]);
    out->low = nats[at_rank(nats, n, 0)];
    out->high = nats[at_rank(nats, n, finite - 1)];
    for (uint32_t i = 0; i < n; i++) {
        if (!isfinite(nats[i]))
            continue;
        const double unit = spread(std_err[i], out->median_std_err);
        difference[i] = nats[i] - out->median;
        std_errs[i] = difference[i] == 0 ? 0 : unit > 0 ? difference[i] / unit : (double)NAN;
    }
}

static int precedes(uint64_t a, uint64_t b, const void *context)
{
    const double *values = context;
    return values[a] < values[b];
}

MI_DEFINE_SORT(sort_rows, uint64_t, precedes)

/* Mean ranks of values[rows[0..n)], centred, in the order of rows; returns their length. order: scratch (n).
 */
static double centred_ranks(double *ranks, const double *values, uint64_t n, uint64_t *order)
{
    for (uint64_t i = 0; i < n; i++)
        order[i] = i;
    sort_rows(order, n, values);
    const double middle = 0.5 * (double)(n - 1);
    double squares = 0;
    for (uint64_t first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n && values[order[end]] == values[order[first]];)
            end++;
        const double rank = 0.5 * ((double)first + (double)(end - 1)) - middle;
        for (uint64_t i = first; i < end; i++)
            ranks[order[i]] = rank;
        squares += rank * rank * (double)(end - first);
    }
    return sqrt(squares);
}

/* Rounding must not take a column's own away from 1, nor any out of [-1, 1]. */
static double correlation(const double *a, const double *b, uint64_t n, double lengths, int same)
{
    double sum = 0;
    if (!(lengths > 0))
        return (double)NAN;
    if (same)
        return 1;
    for (uint64_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return fmax(-1, fmin(1, sum / lengths));
}

static int is_complete(const double *const *columns, uint32_t n_columns, uint64_t row)
{
    for (uint32_t c = 0; c < n_columns; c++)
        if (!isfinite(columns[c][row]))
            return 0;
    return 1;
}

mi_status mi_rank_correlations(double *out, const double *const *columns, uint32_t n_columns, uint64_t n_rows,
                               uint64_t *n_used, mi_error *err)
{
    mi_status status = MI_OK;
    double *ranks = calloc(n_rows * n_columns + 1, sizeof *ranks),
           *length = calloc(n_columns + 1, sizeof *length), *values = calloc(n_rows + 1, sizeof *values);
    uint64_t *order = calloc(n_rows + 1, sizeof *order), n = 0;
    if (!ranks || !length || !values || !order) {
        status = mi_fail(err, MI_MEMORY, "no memory to rank %u x %llu PMIs", n_columns,
                         (unsigned long long)n_rows);
        goto out;
    }
    for (uint32_t c = 0; c < n_columns; c++) {
        n = 0;
        for (uint64_t row = 0; row < n_rows; row++)
            if (is_complete(columns, n_columns, row))
                values[n++] = columns[c][row];
        length[c] = n > 0 ? centred_ranks(ranks + c * n_rows, values, n, order) : 0;
    }
    for (uint32_t a = 0; a < n_columns; a++)
        for (uint32_t b = 0; b <= a; b++)
            out[a * n_columns + b] = out[b * n_columns + a] =
                correlation(ranks + a * n_rows, ranks + b * n_rows, n, length[a] * length[b], a == b);
    *n_used = n;
out:
    free(ranks);
    free(length);
    free(values);
    free(order);
    return status;
}
