#include "one_hot.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CODES     (MI_MAX_CATEGORY + 1)
#define WORD_BITS 64u
#define SETS      8u /* columns whose levels are looked for in one pass over the rows */

/* Which codes occur in a column. */
typedef struct level_set {
    uint64_t bits[CODES / WORD_BITS];
    uint32_t n;
} level_set;

static int is_categorical(mi_matrix data, uint64_t column)
{
    return data.categorical && data.categorical[column];
}

static void add_code(level_set *set, float code)
{
    const uint32_t c = (uint32_t)code;
    uint64_t *const word = &set->bits[c / WORD_BITS], bit = UINT64_C(1) << c % WORD_BITS;
    set->n += !(*word & bit);
    *word |= bit;
}

/* Up to SETS categorical columns from *next on, which moves behind them. */
static uint32_t next_columns(mi_matrix data, uint64_t *next, uint64_t *columns)
{
    uint32_t n = 0;
    for (; *next < data.cols && n < SETS; (*next)++)
        if (is_categorical(data, *next))
            columns[n++] = *next;
    return n;
}

/* sets (n_columns): the codes of some columns. rows NULL: all rows. */
static mi_status find_levels(mi_matrix data, const uint64_t *columns, uint32_t n_columns,
                             const uint32_t *rows, uint64_t n_rows, level_set *sets, mi_error *err)
{
    memset(sets, 0, n_columns * sizeof *sets);
    for (uint64_t i = 0; i < n_rows; i++) {
        const float *row = mi_matrix_row(&data, rows ? rows[i] : i);
        for (uint32_t k = 0; k < n_columns; k++) {
            const float code = row[columns[k]];
            if (!mi_is_category(code))
                return mi_fail(err, MI_INVALID,
                               "row %llu, column %llu (from 0): %.9g in a categorical column; expected a "
                               "whole number from 0 to %u",
                               (unsigned long long)(rows ? rows[i] : i), (unsigned long long)columns[k],
                               (double)code, MI_MAX_CATEGORY);
            add_code(&sets[k], code);
        }
    }
    return MI_OK;
}

mi_status mi_matrix_width(mi_matrix matrix, uint64_t *width, mi_error *err)
{
    *width = matrix.cols;
    if (!matrix.categorical)
        return MI_OK;
    level_set *sets = malloc(SETS * sizeof *sets);
    if (!sets)
        return mi_fail(err, MI_MEMORY, "no memory to count the levels of categorical columns");
    mi_status status = MI_OK;
    for (uint64_t next = 0; next < matrix.cols && status == MI_OK;) {
        uint64_t columns[SETS];
        const uint32_t n = next_columns(matrix, &next, columns);
        status = find_levels(matrix, columns, n, NULL, n ? matrix.rows : 0, sets, err);
        for (uint32_t k = 0; k < n && status == MI_OK; k++) {
            if (sets[k].n > MI_MAX_LEVELS)
                status = mi_fail(err, MI_LIMIT,
                                 "column %llu (from 0) is categorical and has %u levels; expected at most %u "
                                 "(merge the rare ones, or leave the column a number)",
                                 (unsigned long long)columns[k], sets[k].n, MI_MAX_LEVELS);
            *width += sets[k].n > 0 ? sets[k].n - 1 : 0;
        }
    }
    free(sets);
    return status;
}

static level_set *take_sets(mi_arena *arena)
{
    return MI_TAKE(arena, level_set, SETS);
}

void mi_one_hot_fit_layout(mi_arena *arena)
{
    const size_t mark = mi_arena_mark(arena);
    take_sets(arena);
    mi_arena_release(arena, mark);
}

/* The levels of one column behind the n expanded columns that there are; how many there are then. */
static uint32_t append_levels(const level_set *set, uint32_t column, uint32_t n, uint32_t *source,
                              float *level)
{
    for (uint32_t word = 0; word < CODES / WORD_BITS; word++)
        for (uint64_t left = set->bits[word]; left; left &= left - 1) {
            source[n] = column;
            level[n++] = (float)(word * WORD_BITS + (uint32_t)__builtin_ctzll(left));
        }
    return n;
}

uint32_t mi_one_hot_fit(mi_matrix data, const uint32_t *rows, uint32_t n, mi_arena *arena, uint32_t *source,
                        float *level, uint32_t *n_constant)
{
    const size_t mark = mi_arena_mark(arena);
    level_set *sets = take_sets(arena);
    uint32_t n_expanded = 0, found = 0, used = 0;
    uint64_t columns[SETS], next = 0;
    *n_constant = 0;
    for (uint64_t j = 0; j < data.cols; j++) {
        if (!is_categorical(data, j)) {
            source[n_expanded] = (uint32_t)j;
            level[n_expanded++] = MI_ONE_HOT_NUMBER;
            continue;
        }
        if (used == found) {
            found = next_columns(data, &next, columns);
            used = 0;
            const mi_status status = find_levels(data, columns, found, rows, n, sets, NULL);
            assert(status == MI_OK && "mi_matrix_width accepted the codes");
            (void)status;
        }
        const level_set *set = &sets[used++];
        if (set->n > 1)
            n_expanded = append_levels(set, (uint32_t)j, n_expanded, source, level);
        else
            (*n_constant)++;
    }
    mi_arena_release(arena, mark);
    return n_expanded;
}
