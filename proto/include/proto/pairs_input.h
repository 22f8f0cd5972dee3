/*
 * Which pairs a request is about: columns of a pair table, or a list in the request itself.
 *
 *     {"dataset": "lr", "x_id": "ligand", "y_id": "receptor", "label": "known", "symmetric": false}
 *     {"data": [["P01135", "P00533", 1], ["P01135", "P08581", 0]], "symmetric": false}
 */
#ifndef PROTO_PAIRS_INPUT_H
#define PROTO_PAIRS_INPUT_H

#include "proto/job.h"
#include "proto/pairs.h"

typedef struct proto_pairs_input {
    char dataset[PROTO_NAME_MAX + 1]; /* "": a list */
    /* Names of columns; "": not said (the first, the second, the one called "label" if there is one). */
    char x_id[PROTO_STRING_MAX + 1], y_id[PROTO_STRING_MAX + 1], label[PROTO_STRING_MAX + 1];
    bool symmetric;
    proto_string_list x, y; /* of the list */
    uint8_t *labels;        /* (x.n) 0 or 1; NULL: the list has none */
} proto_pairs_input;

/*
 * Every bad field is added to the problem, with its pointer below `pointer`. Ids have 1 to PROTO_STRING_MAX
 * bytes; a list has a label with every pair or with none, 1 to limits->max_inline_numbers pairs.
 *
 * need_labels  a list without labels is an error
 * Whatever happened, proto_pairs_input_fini gives back what *out holds.
 */
void proto_pairs_input_decode(proto_pairs_input *out, const proto_node *node, const char *pointer,
                              bool need_labels, const proto_limits *limits, proto_problem *problem);
void proto_pairs_input_fini(proto_pairs_input *input);

/*
 * What proto_pairs_join takes. table: of input->dataset; NULL for a list. MI_INVALID, with the pointer
 * "/x_id", "/y_id" or "/label", names a column that the table has not; need_labels: MI_INVALID at "/label"
 * when it is not said and none is called "label". Everything is borrowed.
 */
mi_status proto_pairs_input_source(proto_pair_source *out, const proto_pairs_input *input,
                                   const proto_pair_table_view *table, bool need_labels, mi_error *err);

#endif
