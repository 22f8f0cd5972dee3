/*
 * Which columns of a data set are categorical, and the names of their levels.
 *
 * A column's levels are distinct strings in bytewise order, and a cell's code is its string's place among
 * them. A column may also hold codes of its own (an npy's numbers): it is categorical then without names.
 */
#ifndef PROTO_LEVELS_H
#define PROTO_LEVELS_H

#include "proto/string_list.h"

typedef struct proto_level_set { /* of one column */
    uint32_t *order;             /* (n) strings of the list, in bytewise order */
    uint32_t n, capacity;
} proto_level_set;

typedef struct proto_levels {
    uint64_t cols, n_categorical;
    uint8_t *categorical;      /* (cols) 0 or 1 */
    proto_level_set *sets;     /* (cols) */
    proto_string_list strings; /* of all columns, as they came */
} proto_levels;

/* MI_MEMORY. After a failure fini is harmless, as it is on a zeroed object. */
mi_status proto_levels_init(proto_levels *levels, uint64_t cols, mi_error *err);
void proto_levels_fini(proto_levels *levels);
void proto_levels_declare(proto_levels *levels, uint64_t col);

/* The string's code in its column, or -1. */
int proto_levels_find(const proto_levels *levels, uint64_t col, const char *s, size_t n);
/* A string that is not there yet; codes of those behind it move. MI_LIMIT, MI_MEMORY. */
mi_status proto_levels_add(proto_levels *levels, uint64_t col, const char *s, size_t n, mi_error *err);
/* Name of a code of a column; not NUL-terminated, borrowed until the next add. */
const char *proto_levels_name(const proto_levels *levels, uint64_t col, uint32_t code, size_t *n);

/*
 * Declare the columns that a user lists: "species,3", names first, else numbers from 0 (the id column does
 * not count), "all" for all. option NULL: none. names: of the columns, or empty. MI_INVALID names the item
 * that is no column.
 */
mi_status proto_levels_choose(proto_levels *levels, const char *option, const proto_string_list *names,
                              mi_error *err);
/* Whether this name is an item of the list. */
bool proto_levels_listed(const char *option, const char *name, size_t n);

#endif
