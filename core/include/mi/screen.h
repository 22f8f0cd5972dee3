/*
 * A screen: the scores of all pairs of two sets of feature rows, of which the best are kept.
 *
 * DESIGN
 * output(i, j) = x_i . y_j, and score = slope * (double)output + log_scale, the calibrated log r. The outputs
 * are one blocked matrix product whose tiles are looked at while they are in the cache and then forgotten:
 * memory is that of a tile and of what is kept, never (n_x, n_y).
 *
 * A screen is a state machine that its caller steps, so that the caller decides when to look for a cancel or
 * to report progress:
 *
 *     mi_screen_new --> mi_screen_step ... until done --> mi_screen_finish --> result
 *
 * A screen may be of a range of the rows of x; the results of ranges that follow each other merge into the
 * bytes that one screen of them all gives. So threads, and machines, take ranges, and a finished range is a
 * checkpoint.
 *
 * Order: a larger output is better; of equal outputs the one with the lower row of x, then the lower row of
 * y. So a result depends neither on tiles nor on threads. An output is summed over columns in one order
 * wherever its pair lies; which order is the CPU kernel's. An output that is not a number is never selected,
 * and counted; infinities are outputs like others.
 *
 * Missing, deliberately: a score that is no straight line in the output. Where log r is another rising
 * function of the output, screen with slope 1 and log_scale 0 and map what was kept.
 */
#ifndef MI_SCREEN_H
#define MI_SCREEN_H

#include "mi/status.h"

#include <stdint.h>

/* Ranges of rows of x begin at multiples of it. */
#define MI_SCREEN_BAND 384u
/* In a list that has fewer entries than were asked for. */
#define MI_SCREEN_NOBODY UINT32_MAX
/* Bins of the histogram at most. */
#define MI_SCREEN_MAX_BINS 4096u

/* Rows of the two sets and their output. */
typedef struct mi_screen_pair {
    uint32_t x, y;
    float output;
} mi_screen_pair;

/*
 * Takes the pairs at or above the threshold, n > 0 at a time, in order of x, then y. Anything but MI_OK ends
 * the screen with that status. The pairs are the screen's, valid during the call.
 */
typedef mi_status (*mi_screen_sink)(void *context, const mi_screen_pair *pairs, size_t n, mi_error *err);

/* What to screen and what to keep. Zero keeps nothing, and leaves nothing out. */
typedef struct mi_screen_spec {
    uint32_t first_x, n_x; /* the rows of x of this screen; first_x a multiple of MI_SCREEN_BAND */
    uint32_t n_y, width;
    double slope, log_scale; /* slope > 0 */

    uint32_t top_per_x; /* the best of each row of x */
    uint32_t top_per_y; /* the best of each row of y */
    uint32_t top;       /* the best of all */
    int above;          /* 1: every pair with score >= threshold goes to the sink */
    double threshold;   /* nats */
    uint64_t max_above; /* one more is MI_LIMIT */

    /* Pairs that are left out: no part of any selection, count or summary. */
    int skip_same; /* 1: (i, i) */
    int symmetric; /* 1: x and y are the same set, only i < j. Then the lists of row a of x and of row a of y
                      hold together whom a goes with best */
    uint64_t
        n_known; /* pairs known_x[p], known_y[p], ascending by x, then y; borrowed for the screen's life */
    const uint32_t *known_x, *known_y;

    int summarise; /* 1: mean, largest, and a histogram of the scores if n_bins > 0 */
    uint32_t n_bins;
    double low, high; /* where the first bin begins and the last one ends, nats */
    uint32_t every;   /* The histogram takes one in so many of the groups of 16 neighbouring rows of y, in a
                         pattern that visits all rows of both sets. 0 or 1: all; 16 costs next to nothing */
} mi_screen_spec;

/* The score of an output, nats. */
static inline double mi_screen_score(const mi_screen_spec *spec, float output)
{
    return spec->slope * (double)output + spec->log_scale;
}

/* What a screen takes, in bytes, besides the features. */
typedef struct mi_screen_plan {
    size_t workspace; /* until mi_screen_free */
    size_t result;    /* until mi_screen_result_free */
} mi_screen_plan;

/* MI_INVALID names the setting that cannot be; MI_LIMIT: a size wraps. Reads known_x and known_y. Thread:
 * any. */
mi_status mi_screen_plan_make(mi_screen_plan *out, const mi_screen_spec *spec, mi_error *err);

typedef struct mi_screen mi_screen;

/*
 * x        (n_x, width) row-major float32, leading dimension ld_x: row 0 is row first_x of the set
 * y        (n_y, width), leading dimension ld_y; both borrowed for the screen's life
 * sink     for the pairs above the threshold; NULL when there is none
 * Takes what the plan says and no more. MI_INVALID, MI_LIMIT, MI_MEMORY.
 * Thread: a screen belongs to one thread at a time. BLAS has to be set up (mi_blas_setup).
 */
mi_status mi_screen_new(mi_screen **out, const mi_screen_spec *spec, const float *x, size_t ld_x,
                        const float *y, size_t ld_y, mi_screen_sink sink, void *context, mi_error *err);
void mi_screen_free(mi_screen *screen);

typedef struct mi_screen_progress {
    double fraction; /* 0..1 */
    int done;
} mi_screen_progress;

/*
 * One bounded piece of work, some milliseconds, and where the screen stands. Allocates nothing.
 * MI_LIMIT: more than max_above pairs reach the threshold; or what the sink returned. Either is final: later
 * steps return it again. Stepping a screen that is done is a no-op.
 */
mi_status mi_screen_step(mi_screen *screen, mi_screen_progress *out, mi_error *err);

/* Of all scores but those left out. */
typedef struct mi_screen_summary {
    uint64_t n_scored; /* numbers */
    uint64_t n_nan;
    double mean, max;     /* nats; NaN without `summarise` or without scores */
    const uint64_t *bins; /* (n_bins + 2): below low, the bins, at or above high. A score within 1e-6 of an
                             edge, relative to the largest edge in size, may count on its other side */
    uint64_t n_binned;    /* the sum of the bins */
} mi_screen_summary;

/* What was kept. Arrays are owned by the result (one block); best first. */
typedef struct mi_screen_result {
    mi_screen_spec spec;       /* of the screen, without the known pairs */
    uint32_t per_x, per_y;     /* entries of a list: as asked, at most the rows of the other set */
    const uint32_t *x_best;    /* (n_x, per_x) rows of y, MI_SCREEN_NOBODY after the last one */
    const float *x_output;     /* (n_x, per_x) their outputs, NaN after the last one */
    const uint32_t *y_best;    /* (n_y, per_y) rows of x */
    const float *y_output;     /* (n_y, per_y) */
    uint64_t n_top;            /* at most spec.top */
    const mi_screen_pair *top; /* (n_top) */
    uint64_t n_above;          /* pairs that the sink took */
    mi_screen_summary summary;
    const double *band_sum; /* (n_bands) of outputs, what the mean is made of */
    uint32_t n_bands;
} mi_screen_result;

/* The result of a screen that is done, once: the screen can only be freed then. Takes no memory. Free with
 * mi_screen_result_free. MI_INVALID when the screen is not done. */
mi_status mi_screen_finish(mi_screen *screen, mi_screen_result **out, mi_error *err);

/*
 * One result of the results of ranges of x, in order and without gaps, of specs that are otherwise equal: the
 * same as of one screen of all their rows. The parts stay the caller's.
 * MI_INVALID for parts that do not follow each other; MI_LIMIT when together they took more than max_above;
 * MI_MEMORY. Thread: any.
 */
mi_status mi_screen_merge(mi_screen_result **out, const mi_screen_result *const *parts, uint32_t n_parts,
                          mi_error *err);
void mi_screen_result_free(mi_screen_result *result);

/* To bytes and back: little-endian, checksummed, versioned. pack returns the size; buffer NULL measures. */
size_t mi_screen_result_pack(const mi_screen_result *result, void *buffer, size_t capacity);
/* MI_CORRUPT, MI_MEMORY. Free with mi_screen_result_free. */
mi_status mi_screen_result_unpack(mi_screen_result **out, const void *bytes, size_t n_bytes, mi_error *err);

/* The score below which a share q of the histogram lies, nats, on a straight line inside a bin; low or high
 * where it lies outside of the bins, NaN without any. 0 <= q <= 1. Thread: any. */
double mi_screen_quantile(const mi_screen_result *result, double q);

/* The k-th of `parts` ranges of about equal size of n_x rows, equal in work if symmetric: what to give a
 * thread. A range may be empty (n = 0). Thread: any. */
void mi_screen_range(uint32_t n_x, int symmetric, uint32_t parts, uint32_t k, uint32_t *first, uint32_t *n);

#endif
