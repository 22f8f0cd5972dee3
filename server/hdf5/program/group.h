/*
 * Groups: the way to an object, and a list of what a group holds. Only hard links are followed: the others
 * lead to names, in this file or in any other.
 */
#ifndef HDF5_GROUP_H
#define HDF5_GROUP_H

#include "mi/status.h"
#include "proto/string_list.h"

#include <hdf5.h>

/* "a/b/c" from `root`, a slash first or not; "": root itself. option: its name in messages. MI_INVALID lists
 * names that there are. */
mi_status group_open_path(hid_t root, const char *path, const char *option, hid_t *out, mi_error *err);

typedef enum entry_sort {
    ENTRY_VECTOR,  /* 1-D numbers */
    ENTRY_MATRIX,  /* 2-D numbers */
    ENTRY_STRINGS, /* 1-D */
    ENTRY_GROUP,
    ENTRY_LINK, /* soft, external, user-defined */
    ENTRY_OTHER,
    ENTRY_SORTS
} entry_sort;

typedef struct entry {
    entry_sort sort;
    hsize_t dims[2];
} entry;

typedef struct entry_list {
    proto_string_list names; /* in ascending bytewise order, each followed by a NUL */
    entry *entries;          /* (names.n) */
    uint64_t n_of[ENTRY_SORTS], first_of[ENTRY_SORTS]; /* how many, and the first of them */
} entry_list;

/* Every entry of the group, looked at. MI_LIMIT: more than max. fini after failure too. */
mi_status group_list(hid_t group, uint64_t max, entry_list *out, mi_error *err);
void group_list_fini(entry_list *list);
const char *group_name(const entry_list *list, uint64_t i); /* NUL-terminated */
/* Names of the first few of a sort, in quotes with commas between. */
#define GROUP_NAMES 160
const char *group_names(const entry_list *list, entry_sort sort, char buffer[GROUP_NAMES]);

#endif
