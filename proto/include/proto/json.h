/*
 * Strict JSON in: RFC 8259, one value, no trailing bytes, no duplicate keys, valid UTF-8, no NUL in strings,
 * numbers that are finite doubles, nesting up to PROTO_JSON_DEPTH. A strict scanner of ours checks the bytes;
 * cJSON builds the tree.
 *
 * Numeric matrices do not belong in a tree: while scanning, arrays of arrays of numbers at asked-for pointers
 * go straight into float buffers, and the tree holds null in their place.
 */
#ifndef PROTO_JSON_H
#define PROTO_JSON_H

#include "mi/status.h"
#include "proto/text.h"

typedef struct proto_json proto_json; /* a parsed document */
typedef struct cJSON proto_node;      /* a value in it; borrowed */

typedef enum proto_kind {
    PROTO_NULL,
    PROTO_BOOL,
    PROTO_NUMBER,
    PROTO_STRING,
    PROTO_ARRAY,
    PROTO_OBJECT
} proto_kind;

/* A matrix lifted out of the document. */
typedef struct proto_json_matrix {
    const char *pointer;  /* in: "/x/data" */
    uint64_t max_numbers; /* in: cap */
    float *data;          /* out: owned by the caller, NULL when absent; rows x cols, row-major */
    uint64_t rows, cols;
    mi_error error; /* out: why its numbers make no matrix (MI_INVALID, MI_LIMIT; pointer "/x/data/17/3");
                       data is NULL then */
} proto_json_matrix;

/*
 * bytes     n of them, need not be NUL-terminated
 * max_tree  cap on the bytes of the document without its matrices
 * matrices  (n_matrices) pointers to lift out; may be NULL. A flat array of numbers is a matrix of one
 * column. JSON that is no matrix (ragged, out of float32's range, too large) does not fail the parse, so that
 * all that is wrong with a document can be told at once: look at each matrix's error. Errors: MI_INVALID with
 * "line L, column C: what was expected" and err->pointer of the value in which it happened, MI_LIMIT,
 * MI_MEMORY. On error nothing is left for the caller to free.
 */
mi_status proto_json_parse(proto_json **out, const char *bytes, size_t n, size_t max_tree,
                           proto_json_matrix *matrices, size_t n_matrices, mi_error *err);
void proto_json_free(proto_json *json);
const proto_node *proto_json_root(const proto_json *json);

/* Reading. A NULL node is allowed everywhere and is absent. */
proto_kind proto_node_kind(const proto_node *node);
const char *proto_node_key(const proto_node *node); /* inside an object, else NULL */
const proto_node *proto_node_member(const proto_node *node,
                                    const char *key);       /* case-sensitive; NULL when absent */
const proto_node *proto_node_first(const proto_node *node); /* child of an array or object, NULL at the end */
const proto_node *proto_node_next(const proto_node *node);
const proto_node *proto_json_at(const proto_node *root, const char *pointer); /* RFC 6901 */
double proto_node_number(const proto_node *node, double fallback);
/* A whole number from 0 to 2^53, up to which doubles are exact; else false, and *out is as it was. */
bool proto_node_whole(const proto_node *node, uint64_t *out);
const char *proto_node_string(const proto_node *node, const char *fallback);
bool proto_node_bool(const proto_node *node, bool fallback);
/* Write a subtree back out, numbers exact. */
void proto_node_print(const proto_node *node, proto_text *out);

#endif
