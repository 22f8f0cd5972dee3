#include "stats.h"

#include "sort.h"

#include <math.h>

#define CASCADE_LEAF 64u

typedef double (*term)(double value, double centre);

static double identity(double value, double centre)
{
    (void)centre;
    return value;
}

static double squared_deviation(double value, double centre)
{
    const double d = value - centre;
    return d * d;
}

static double cascade(const double *values, size_t n, term of, double centre)
{
    if (n <= CASCADE_LEAF) {
        double sum = 0.0;
        for (size_t i = 0; i < n; i++)
            sum += of(values[i], centre);
        return sum;
    }
    const size_t half = n / 2;
    return cascade(values, half, of, centre) + cascade(values + half, n - half, of, centre);
}

double mi_sum(const double *values, size_t n)
{
    return cascade(values, n, identity, 0.0);
}

double mi_mean(const double *values, size_t n)
{
    return n ? mi_sum(values, n) / (double)n : (double)NAN;
}

double mi_sd(const double *values, size_t n, double mean)
{
    return n < 2 ? 0.0 : sqrt(cascade(values, n, squared_deviation, mean) / (double)(n - 1));
}

static int less_double(double a, double b, const void *context)
{
    (void)context;
    return a < b;
}
MI_DEFINE_SORT(sort_doubles, double, less_double)

void mi_sort_doubles(double *values, size_t n)
{
    sort_doubles(values, n, NULL);
}

double mi_quantile_sorted(const double *sorted, size_t n, double q)
{
    if (n == 0)
        return (double)NAN;
    const double position = fmin(fmax(q, 0.0), 1.0) * (double)(n - 1);
    const size_t below = (size_t)position;
    if (below + 1 >= n)
        return sorted[n - 1];
    return sorted[below] + (position - (double)below) * (sorted[below + 1] - sorted[below]);
}

size_t mi_count_below(const double *sorted, size_t n, double v)
{
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (sorted[middle] < v)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t mi_count_at_most(const double *sorted, size_t n, double v)
{
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (sorted[middle] <= v)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

double mi_auroc(const double *positives, size_t n_positives, const double *sorted_negatives,
                size_t n_negatives)
{
    if (n_positives == 0 || n_negatives == 0)
        return (double)NAN;
    uint64_t halves = 0; /* of won comparisons: whole numbers, so the order of the sum cannot matter */
    for (size_t i = 0; i < n_positives; i++)
        halves += mi_count_below(sorted_negatives, n_negatives, positives[i]) +
                  mi_count_at_most(sorted_negatives, n_negatives, positives[i]);
    return 0.5 * (double)halves / (double)n_positives / (double)n_negatives;
}
