/*
 * The readers behind proto_table_read, and what they share.
 */
#ifndef PROTO_TABLE_READERS_H
#define PROTO_TABLE_READERS_H

#include "inflater.h"

/* Each fills rows, cols, has_ids and columns of the record. */
mi_status proto_table_read_npy(const proto_source *source, const proto_table_options *options,
                               const proto_limits *limits, const proto_output *out,
                               proto_dataset_record *record, mi_error *err);
mi_status proto_table_read_npz(const proto_source *source, const proto_table_options *options,
                               const proto_limits *limits, const proto_output *out,
                               proto_dataset_record *record, mi_error *err);
mi_status proto_table_read_safetensors(const proto_source *source, const proto_table_options *options,
                                       const proto_limits *limits, const proto_output *out,
                                       proto_dataset_record *record, mi_error *err);
mi_status proto_table_read_text(const proto_source *source, char separator,
                                const proto_table_options *options, const proto_limits *limits,
                                const proto_output *out, proto_dataset_record *record, mi_error *err);

/* For text that is gzipped, at most limits->max_body_bytes of it; *out is NULL for text that is not. */
mi_status proto_table_inflater(proto_inflater **out, const proto_source *source, const proto_limits *limits,
                               mi_error *err);

/* MI_LIMIT when a table of this shape is not accepted. Afterwards rows * cols does not overflow. */
mi_status proto_table_check_shape(uint64_t rows, uint64_t cols, const proto_limits *limits, mi_error *err);

/* Bytes of a file as an error may show them: cut to a few characters, control and bad bytes as '?'. */
#define PROTO_EXCERPT 40
const char *proto_excerpt(const char *bytes, size_t n, char buffer[PROTO_EXCERPT]);

#endif
