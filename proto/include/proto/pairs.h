/*
 * Pairs by id: a table of pairs joined to the matrices that hold the embeddings of its ids.
 */
#ifndef PROTO_PAIRS_H
#define PROTO_PAIRS_H

#include "proto/matrix.h"
#include "proto/pair_table.h"
#include "proto/string_list.h"

#define PROTO_NO_ROW UINT32_MAX

/*
 * Where each id of a matrix stands. Sorted by a hash with a table of where each of its prefixes begins: a
 * look-up is one probe on average, and O(log n) comparisons whatever the ids. Read-only once built, so that
 * any number of threads may look up.
 */
typedef struct proto_id_index proto_id_index;
#define PROTO_ID_INDEX_ROW_BYTES 24u /* about what it holds for a row */

/* view: with ids, borrowed for the index's life. MI_INVALID when it has none; MI_LIMIT, MI_MEMORY. */
mi_status proto_id_index_new(proto_id_index **out, const proto_matrix_view *view, mi_error *err);
void proto_id_index_free(proto_id_index *index); /* NULL is legal */
/* The row of that id, or PROTO_NO_ROW. */
uint32_t proto_id_index_find(const proto_id_index *index, const char *id, size_t n);

/* Either columns of a table, or lists. */
typedef struct proto_pair_source {
    const proto_pair_table_view *table; /* NULL: the lists */
    uint32_t x_column, y_column;
    uint32_t label_column; /* PROTO_PAIR_NO_COLUMN: every row is a pair */

    const proto_string_list *x, *y; /* of one length */
    const uint8_t *labels;          /* (n) 0 or 1; NULL: every one is a pair */

    bool symmetric; /* (a, b) and (b, a) are the same pair: of two such rows the first counts */
} proto_pair_source;

uint64_t proto_pair_source_rows(const proto_pair_source *source);
/* A row's id of x (side 0) or y (1), borrowed from the source. row < rows. */
const char *proto_pair_source_id(const proto_pair_source *source, int side, uint64_t row, size_t *n);
/* The same, checked: MI_INVALID, as a join has it, of one that is empty or too long. */
mi_status proto_pair_source_take_id(const proto_pair_source *source, int side, uint64_t row, const char **id,
                                    size_t *n, mi_error *err);

/*
 * Every row of the source is counted once: without_embedding when an id of it has none, else among negatives
 * when its label is 0, else among duplicates when an earlier row is the same pair, else it is one of the n:
 *
 *     rows = n + duplicates + negatives + without_embedding
 */
typedef struct proto_pairs {
    uint32_t n;
    bool mirrored; /* symmetric pairs of one matrix: the four arrays below go on with the other order, from n
                      to 2n */
    uint32_t *x, *y; /* (n) rows of the matrices: the distinct pairs in order of first appearance */
    uint32_t *entity_x, *entity_y; /* (n) a number from 0 for each distinct id of the pairs. An id that occurs
                                      on both sides has one number, even in two matrices */
    uint32_t entities;             /* distinct numbers */
    uint32_t entities_x, entities_y;                         /* distinct ids of each side */
    uint32_t n_negative;                                     /* distinct pairs with label 0 */
    uint32_t *negative_x, *negative_y;                       /* (n_negative) rows of the matrices, likewise */
    uint64_t rows, duplicates, negatives, without_embedding; /* rows of the source */
    proto_string_list missing_x, missing_y; /* distinct ids without an embedding, in order of appearance */
} proto_pairs;

/*
 * Join. x and y may be the same matrix; both need ids. Labels of a table are 0 or 1, also false or true, no
 * or yes. MI_INVALID names the row (from 1) of a table, or gives the pointer "/data/<i>" of a list: an empty
 * id, one of more than PROTO_STRING_MAX bytes, a label that is none, a pair that is labelled both 0 and 1; or
 * the pointer "/x", "/y" of a matrix without ids. No pairs at all (n == 0) is no error here. MI_LIMIT,
 * MI_MEMORY. After a failure *out is empty; fini is harmless. Thread: any.
 */
mi_status proto_pairs_join(proto_pairs *out, const proto_pair_source *source, const proto_matrix_view *x,
                           const proto_matrix_view *y, mi_error *err);
/* The same with indices that the caller has. index_x and index_y may be one. */
mi_status proto_pairs_join_indexed(proto_pairs *out, const proto_pair_source *source,
                                   const proto_matrix_view *x, const proto_id_index *index_x,
                                   const proto_matrix_view *y, const proto_id_index *index_y, mi_error *err);
void proto_pairs_fini(proto_pairs *pairs);

/* The matrices of both sides become those of the pairs: a row for each (mirrored: two), what it is of by
 * index. The pairs are borrowed. */
void proto_pairs_apply(const proto_pairs *pairs, mi_matrix *x, mi_matrix *y);

/* ---- ids without an embedding ---- */

/*
 * Append the distinct ids of those rows of the source whose row of the matrix is PROTO_NO_ROW, in order of
 * appearance. MI_LIMIT as the list has it, MI_MEMORY.
 *
 * rows  (rows of the source) of the matrix on that side
 */
mi_status proto_pairs_list_missing(proto_string_list *out, const proto_pair_source *source, int side,
                                   const uint32_t *rows, mi_error *err);
/* {"count": n, "ids": [the first PROTO_MISSING_IDS of them]}. */
#define PROTO_MISSING_IDS 100u
void proto_missing_ids_encode(const proto_string_list *ids, const char *key, proto_json_writer *w);
/* The same of a result: {"count": n, "listed": k, "ids": [the first PROTO_MISSING_LISTED of them]}. */
#define PROTO_MISSING_LISTED 1000u
void proto_missing_side_encode(const proto_string_list *ids, const char *key, proto_json_writer *w);

#endif
