#include "levels.h"

#include "table_readers.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STRINGS_MAX  (16u << 20) /* bytes of all names */
#define LEAST_LEVELS 8u

mi_status proto_levels_init(proto_levels *levels, uint64_t cols, mi_error *err)
{
    *levels = (proto_levels){.cols = cols};
    proto_string_list_init(&levels->strings, STRINGS_MAX);
    levels->categorical = calloc(cols, sizeof *levels->categorical);
    levels->sets = calloc(cols, sizeof *levels->sets);
    if (!levels->categorical || !levels->sets)
        return mi_fail(err, MI_MEMORY, "no memory for the levels of %" PRIu64 " columns", cols);
    return MI_OK;
}

void proto_levels_fini(proto_levels *levels)
{
    for (uint64_t col = 0; levels->sets && col < levels->cols; col++)
        free(levels->sets[col].order);
    free(levels->sets);
    free(levels->categorical);
    proto_string_list_fini(&levels->strings);
    *levels = (proto_levels){0};
}

void proto_levels_declare(proto_levels *levels, uint64_t col)
{
    assert(col < levels->cols);
    levels->n_categorical += !levels->categorical[col];
    levels->categorical[col] = 1;
}

const char *proto_levels_name(const proto_levels *levels, uint64_t col, uint32_t code, size_t *n)
{
    assert(code < levels->sets[col].n);
    return proto_string_list_at(&levels->strings, levels->sets[col].order[code], n);
}

/* How many of a column's names are bytewise below the string; *there: whether it is the next one. */
static uint32_t place_of(const proto_levels *levels, uint64_t col, const char *s, size_t n, bool *there)
{
    uint32_t low = 0, high = levels->sets[col].n;
    *there = false;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        size_t n_name;
        const char *name = proto_levels_name(levels, col, middle, &n_name);
        int order = memcmp(name, s, n_name < n ? n_name : n);
        if (order == 0)
            order = (n_name > n) - (n_name < n);
        if (order == 0) {
            *there = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int proto_levels_find(const proto_levels *levels, uint64_t col, const char *s, size_t n)
{
    bool there;
    const uint32_t place = place_of(levels, col, s, n, &there);
    return there ? (int)place : -1;
}

mi_status proto_levels_add(proto_levels *levels, uint64_t col, const char *s, size_t n, mi_error *err)
{
    proto_level_set *set = &levels->sets[col];
    bool there;
    const uint32_t place = place_of(levels, col, s, n, &there);
    assert(!there && levels->categorical[col]);
    if (set->n == set->capacity) {
        const uint32_t capacity = set->capacity ? 2 * set->capacity : LEAST_LEVELS;
        uint32_t *order = realloc(set->order, capacity * sizeof *order);
        if (!order)
            return mi_fail(err, MI_MEMORY, "no memory for the levels of a column");
        set->order = order;
        set->capacity = capacity;
    }
    const mi_status status = proto_string_list_append(&levels->strings, s, n, err);
    if (status != MI_OK)
        return status;
    memmove(set->order + place + 1, set->order + place, (set->n - place) * sizeof *set->order);
    set->order[place] = (uint32_t)(levels->strings.n - 1);
    set->n++;
    return MI_OK;
}

/* The next item of a list with commas between; false at its end. */
static bool next_item(const char **at, const char **item, size_t *n)
{
    if (!*at)
        return false;
    const char *comma = strchr(*at, ',');
    *item = *at;
    *n = comma ? (size_t)(comma - *at) : strlen(*at);
    *at = comma ? comma + 1 : NULL;
    return true;
}

bool proto_levels_listed(const char *option, const char *name, size_t n)
{
    const char *item;
    size_t n_item;
    while (next_item(&option, &item, &n_item))
        if (n_item == n && memcmp(item, name, n) == 0)
            return true;
    return false;
}

/* Columns of that name; *last is the last of them. */
static uint64_t count_named(const proto_string_list *names, const char *name, size_t n, uint64_t *last)
{
    uint64_t count = 0;
    for (uint64_t col = 0; col < names->n; col++) {
        size_t n_other;
        const char *other = proto_string_list_at(names, col, &n_other);
        if (n_other == n && memcmp(other, name, n) == 0) {
            *last = col;
            count++;
        }
    }
    return count;
}

/* A whole number below limit in decimal digits. */
static bool parse_column(const char *s, size_t n, uint64_t limit, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(s[i] - '0');
        if (value >= limit)
            return false;
    }
    *out = value;
    return n > 0;
}

static mi_status choose_one(proto_levels *levels, const char *item, size_t n, const proto_string_list *names,
                            mi_error *err)
{
    uint64_t col = 0;
    const uint64_t named = count_named(names, item, n, &col);
    char excerpt[PROTO_EXCERPT];
    if (named > 1)
        return mi_fail(err, MI_INVALID, "more than one column is named \"%s\"; say its number in categorical",
                       proto_excerpt(item, n, excerpt));
    if (named == 1 || parse_column(item, n, levels->cols, &col)) {
        proto_levels_declare(levels, col);
    } else if (n == 3 && memcmp(item, "all", 3) == 0) {
        for (col = 0; col < levels->cols; col++)
            proto_levels_declare(levels, col);
    } else {
        return mi_fail(err, MI_INVALID,
                       "categorical lists \"%s\"; expected names of columns, numbers from 0 to %" PRIu64
                       " (the id column does not count), or all",
                       proto_excerpt(item, n, excerpt), levels->cols - 1);
    }
    return MI_OK;
}

mi_status proto_levels_choose(proto_levels *levels, const char *option, const proto_string_list *names,
                              mi_error *err)
{
    const char *item;
    size_t n;
    mi_status status = MI_OK;
    while (status == MI_OK && next_item(&option, &item, &n))
        status = choose_one(levels, item, n, names, err);
    return status;
}
