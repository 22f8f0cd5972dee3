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

/*
 * Every bad field is added to the problem, with its pointer below `pointer`. Ids have 1 to PROTO_STRING_MAX
 * bytes; a list has a label with every pair or with none, 1 to limits->max_inline_numbers pairs. Whatever
 * happened, proto_pairs_input_fini gives back what *out holds.
 */
void proto_pairs_input_decode(proto_pairs_input *out, const proto_node *node, const char *pointer,
                              const proto_limits *limits, proto_problem *problem);
/* The same of a job: a pair table may be named by its content as well, and what a resolved spec says of it
 * ("sha256", "rows") is taken. */
void proto_pairs_input_decode_job(proto_pairs_input *out, const proto_node *node, const char *pointer,
                                  const proto_limits *limits, proto_problem *problem);
/* The same of a bare list of pairs without labels, [["P01135", "P00533"], ...]. */
void proto_pairs_input_decode_list(proto_pairs_input *out, const proto_node *node, const char *pointer,
                                   const proto_limits *limits, proto_problem *problem);
void proto_pairs_input_fini(proto_pairs_input *input);
/* The list goes, once it is stored; all else stays. */
void proto_pairs_input_drop_list(proto_pairs_input *input);
/* As the job's spec has it: the list itself only while it is not resolved. */
void proto_pairs_input_encode(const proto_pairs_input *input, const char *key, proto_json_writer *w);

/*
 * What proto_pairs_join takes. table: of input->dataset; NULL for a list. MI_INVALID, with the pointer
 * "/x_id", "/y_id" or "/label", names a column that the table has not. Everything is borrowed.
 */
mi_status proto_pairs_input_source(proto_pair_source *out, const proto_pairs_input *input,
                                   const proto_pair_table_view *table, mi_error *err);
/*
 * The join of a job's pairs. `bytes` are the blob of its pair table, 8-aligned. The job says the columns by
 * name afterwards. x and y may be one. MI_INVALID has a pointer into the job ("/pairs/x_id", "/pairs", "/x");
 * MI_CORRUPT, MI_LIMIT, MI_MEMORY. After a failure *out is empty. Thread: any.
 */
mi_status proto_job_join(proto_pairs *out, proto_job *job, const void *bytes, size_t n,
                         const proto_matrix_view *x, const proto_matrix_view *y, mi_error *err);

#endif
