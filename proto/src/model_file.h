/*
 * Names and types in a model's file, for its writer and its reader.
 */
#ifndef PROTO_MODEL_FILE_PRIVATE_H
#define PROTO_MODEL_FILE_PRIVATE_H

#define MODEL_FORMAT     "mutuald-model-1"
#define MODEL_METADATA   "__metadata__"
#define MODEL_HEADER_MAX (32u << 20)

#define MODEL_NULL_PMI   "null.pmi"
#define MODEL_NULL_OOF   "null.held_out"
#define MODEL_PAIR_PMI   "pairs.pmi"
#define MODEL_PAIR_ROWS  "pairs.rows"
#define MODEL_ID_OFFSETS "%c.id_offsets" /* x or y */
#define MODEL_ID_BYTES   "%c.id_bytes"

#endif
