/*
 * The rows of a proto_pair_source, whichever kind it is, checked one by one.
 */
#ifndef PROTO_PAIR_ROWS_H
#define PROTO_PAIR_ROWS_H

#include "proto/pairs.h"

typedef struct proto_pair_row { /* borrowed from the source */
    const char *x, *y;
    size_t n_x, n_y;
    bool negative;
} proto_pair_row;

/* MI_INVALID says what is wrong with it, and where. row < count. */
mi_status proto_pair_row_get(const proto_pair_source *source, uint64_t row, proto_pair_row *out,
                             mi_error *err);
/* That two rows (of the same pair) bear different labels. */
mi_status proto_pair_row_conflict(const proto_pair_source *source, uint64_t row, uint64_t earlier,
                                  mi_error *err);

#endif
