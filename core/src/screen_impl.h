/*
 * What the parts of a screen share: its state, and the way of a tile.
 *
 *     screen.c           bands, steps, the end                    (public calls)
 *     screen_plan.c      checks, memory
 *     screen_tile.c      the products of a tile
 *     screen_portable.c, screen_avx512.c, screen_rows512.h   looking at them
 *     screen_guess.c     where floors start
 *     screen_hits.c      what becomes of an output that passes them
 *     screen_summary.c   histogram and what a summary says
 *     screen_result.c    the result's memory
 *     screen_merge.c     one result of several
 *     screen_pool*.[ch], screen_best.[ch], screen_order.[ch]   selection
 *
 * A tile is `band` rows of x against some panels of y; a panel is 64 rows of y, which are columns here. Each
 * row of a panel is compared with the row's floor and the columns' floors. Floors are what an output has to
 * be above to matter, or lower: whoever passes is looked at again with the floors of the moment. Within a
 * band panels come in order, within a panel rows, so that a row meets columns in order and a column rows.
 */
#ifndef MI_SCREEN_IMPL_H
#define MI_SCREEN_IMPL_H

#include "kernels.h"
#include "mi/screen.h"
#include "screen_best.h"
#include "screen_pool.h"

#define MI_PANEL 64u
/* Lanes of the sums and maxima of a summary, whatever the machine's. */
#define MI_SUMMARY_LANES 16u

/* Rows that meet a panel at a time: their outputs lie in the first-level cache beside the panel. */
#define MI_SCREEN_ROWS 48u

/* What is written for more than one instruction set. */
typedef struct mi_screen_ops {
    /* panel (width, 64) = the transpose of n rows of y, zero after them. */
    void (*pack)(const float *y, size_t ld, uint32_t n, uint32_t width, float *panel);
    /* Look at the outputs in screen->tile: n rows of the band from `row` on, a panel from `first` on, all of
     * whose columns count if `whole`. */
    void (*look)(mi_screen *screen, uint32_t row, uint32_t n, uint32_t first, int whole);
} mi_screen_ops;

extern const mi_screen_ops mi_screen_portable;
/* NULL where the CPU or the build has no AVX-512. */
const mi_screen_ops *mi_screen_avx512(void);

/* For tests: results must not depend on any of it. Zero is the default. */
typedef struct mi_screen_tuning {
    uint32_t band;       /* rows, a multiple of 6; MI_SCREEN_BAND is a multiple of it */
    uint32_t panels;     /* of a tile */
    int portable;        /* whatever the CPU can do */
    uint64_t step;       /* products of a step */
    uint32_t guess_from; /* columns from which on a guess is made */
} mi_screen_tuning;

/* Outputs at or above the threshold of the band at hand, by panel and row as they come. */
typedef struct mi_screen_above {
    float floor;
    uint64_t capacity; /* what a band can hold, or max_above */
    uint64_t n;        /* so far, in this band; may pass max_above, not capacity */
    uint64_t delivered;
    int overrun;          /* more than max_above */
    mi_screen_pair *pair; /* (capacity) */
    uint32_t *row_end;    /* (band + 1) scratch of sorting by row */
    uint32_t *place;      /* (capacity) likewise */
} mi_screen_above;

typedef struct mi_screen_sums {
    double sum[MI_SUMMARY_LANES]; /* of the band's outputs */
    float max[MI_SUMMARY_LANES];
    float bin_scale, bin_shift; /* of an output to its bin */
    uint32_t every;             /* 0: no histogram */
    uint32_t *bins;             /* (4, n_bins + 2) of this step; neighbours count apart, so that they need not
                                   wait for each other */
} mi_screen_sums;

/* Floors that rows start with (screen_guess.c). */
typedef struct mi_screen_guesses {
    uint32_t rank;    /* 0: none are made */
    float *panels;    /* (512 / 64, width, 64) the sample of y */
    float *outputs;   /* (48, 512) */
    float *rows;      /* (48, width) those of x that are done again */
    uint32_t *again;  /* (band) */
    uint8_t *guessed; /* (band) */
} mi_screen_guesses;

struct mi_screen {
    mi_screen_spec spec;
    const float *x, *y;
    size_t ld_x, ld_y;
    mi_screen_sink sink;
    void *context;
    uint32_t band, panels;
    uint64_t step;
    uint32_t guess_from;
    const mi_screen_ops *ops;
    const mi_kernels *kernels;
    int others;     /* there is a selection that takes outputs one by one */
    int rows_alone; /* the best of a row are all there is to keep */

    uint32_t row, column; /* where the next tile begins; rows count from first_x */
    int done;
    mi_status failed; /* MI_OK, or what every step returns */

    mi_pools by_row, by_column; /* of the band; of all columns */
    mi_pool_keys keys;
    mi_best best;
    mi_screen_above above;
    mi_screen_sums sums;
    float *row_floor;     /* (band) */
    uint64_t *next_known; /* (band) first known pair of a row that is not behind */
    mi_screen_guesses guess;
    float *panel; /* (width, 64) of y, transposed */
    float *tile;  /* (48, 64) outputs */
    mi_screen_result *result;
};

/* Checks and sizes. A screen without memory measures. */
mi_status mi_screen_check(const mi_screen_spec *spec, mi_error *err);
void mi_screen_layout(mi_screen *screen, mi_arena *arena);
mi_status mi_screen_new_tuned(mi_screen **out, const mi_screen_spec *spec, const mi_screen_tuning *tuning,
                              const float *x, size_t ld_x, const float *y, size_t ld_y, mi_screen_sink sink,
                              void *context, mi_error *err);

/* The result's block; arrays are set where memory is there. */
mi_screen_result *mi_screen_result_layout(mi_arena *arena, const mi_screen_spec *spec);
/* The mean out of the sums of bands. */
void mi_screen_conclude(mi_screen_result *result);

/* Row of the set x of a row of the band. */
static inline uint32_t mi_screen_x(const mi_screen *screen, uint32_t row)
{
    return screen->spec.first_x + screen->row + row;
}

static inline uint32_t mi_screen_min(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Outputs of `rows` rows of the band from column `first` on, `columns` of them (whole panels, or to the end),
 * looked at. */
void mi_screen_tile(mi_screen *screen, uint32_t rows, uint32_t first, uint32_t columns);
/* Outputs of n rows of x from `x` on and a packed panel. */
void mi_screen_product(const mi_screen *screen, const float *x, size_t ld, uint32_t n, const float *panel,
                       float *outputs, size_t ld_outputs);

void mi_screen_guess_layout(mi_screen *screen, mi_arena *arena);
void mi_screen_guess_start(mi_screen *screen);
/* Before a band, its pools empty; and when it is done. */
void mi_screen_guess(mi_screen *screen, uint32_t rows);
void mi_screen_guess_check(mi_screen *screen, uint32_t rows);

/* Whether all columns of a panel count for all rows of the band. */
int mi_screen_whole_panel(const mi_screen *screen, uint32_t rows, uint32_t first);
/* The columns of a panel that count for a row, a bit each. */
uint64_t mi_screen_valid(mi_screen *screen, uint32_t row, uint32_t first);
/* What to be above for a row's outputs to be looked at. */
float mi_screen_row_floor(const mi_screen *screen, uint32_t row);
/* The outputs of `mask`, bits of columns from `first` on, have passed or, those of `nan`, are no numbers. */
void mi_screen_hits(mi_screen *screen, uint32_t row, uint32_t first, const float *outputs, uint64_t mask,
                    uint64_t nan);
/* Outputs of `mask` that pass the row's own floor into its pool; NaN may be among them. */
void mi_screen_take_row(mi_screen *screen, uint32_t row, uint32_t first, const float *outputs, uint64_t mask);
/* A row of the band from its first column: pool and known pairs. */
void mi_screen_restart_row(mi_screen *screen, uint32_t row);
/* The band's pairs above the threshold to the sink. */
mi_status mi_screen_deliver(mi_screen *screen, uint32_t rows, mi_error *err);

/* The histogram takes the groups of 16 columns for which (x + group) is divisible by `every`. The remainder
 * of a row and the first group of a panel; whether one of the panel's groups is due; the remainder of the
 * next row; and the outputs of such a row, only those of `valid`. */
uint32_t mi_screen_phase(const mi_screen *screen, uint32_t row, uint32_t first);
static inline int mi_screen_due(const mi_screen *screen, uint32_t phase)
{
    return screen->sums.every > 0 && (phase == 0 || screen->sums.every - phase < MI_PANEL / 16);
}
static inline uint32_t mi_screen_next_phase(const mi_screen *screen, uint32_t phase)
{
    return phase + 1 >= screen->sums.every ? 0 : phase + 1;
}
void mi_screen_bin(mi_screen *screen, uint32_t phase, const float *outputs, uint64_t valid);
void mi_screen_sums_start(mi_screen *screen);
/* The step's counts into the result's. */
void mi_screen_flush_bins(mi_screen *screen);
/* The sum of a band that is done into the result's. */
void mi_screen_flush_sum(mi_screen *screen);

#endif
