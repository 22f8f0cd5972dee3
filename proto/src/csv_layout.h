/*
 * What a text table's lines are: whether the first is a header, which column holds ids. Decided from the
 * first two records alone, so that the rest can be streamed.
 */
#ifndef PROTO_CSV_LAYOUT_H
#define PROTO_CSV_LAYOUT_H

#include "csv_scan.h"

typedef struct proto_csv_layout {
    bool header, ids;
    uint64_t fields;   /* of every record */
    uint64_t id_field; /* when ids; from 0 */
    uint64_t cols;     /* fields that hold no ids */
} proto_csv_layout;

/* Reads from the scanner's start; the caller begins again. */
mi_status proto_csv_layout_find(proto_csv_scanner *scanner, const proto_table_options *options,
                                const proto_limits *limits, proto_csv_layout *out, mi_error *err);

#endif
