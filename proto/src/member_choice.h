/*
 * Which of the arrays that a file holds is meant.
 */
#ifndef PROTO_MEMBER_CHOICE_H
#define PROTO_MEMBER_CHOICE_H

#include "mi/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct proto_member {
    const char *name; /* borrowed */
    char descr[12];   /* type, as the file calls it; "" when it is not read */
    bool numbers;     /* it can be a matrix */
    bool text;        /* 1-D, it can be ids */
    unsigned dims;
    uint64_t rows, cols;
} proto_member;

/*
 * The member named by key, or, when key is "", the only one of numbers with two dimensions, or else the only
 * one of numbers. *chosen is its index. A named one is chosen whatever it is: its reader says what is wrong
 * with it. MI_INVALID lists what there is. format: "npz", for messages.
 */
mi_status proto_member_choose(const proto_member *members, size_t n, const char *key, const char *format,
                              size_t *chosen, mi_error *err);
/* Likewise the ids of `rows` rows by ids_key, or the only text of that length; *chosen is n when there is
 * none. MI_INVALID when the named one is not there, is no text or of other length. */
mi_status proto_member_choose_ids(const proto_member *members, size_t n, const char *ids_key, uint64_t rows,
                                  const char *format, size_t *chosen, mi_error *err);

#endif
