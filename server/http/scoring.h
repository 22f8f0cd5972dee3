/*
 * What routes that score by a model have in common: the model of the path, and the data that stand on its
 * sides.
 */
#ifndef HTTP_SCORING_H
#define HTTP_SCORING_H

#include "handlers.h"
#include "models/models.h"
#include "proto/pairs_input.h"

typedef struct http_scoring {
    proto_model_record record;
    models_model *model;
    models_matrix *matrix[2]; /* of x and y; NULL until asked for */
    store_mapping table_mapping;
    proto_pair_table_view table;
} http_scoring;

/* The model that the path names, opened; false: refused. */
bool http_scoring_open(const http_request *q, http_response *r, http_scoring *out);
void http_scoring_close(const http_request *q, http_scoring *s);
/*
 * The matrices of x and y: data sets by name, or, "", those that the model was trained on. They have ids.
 * false: refused.
 */
bool http_scoring_sides(const http_request *q, http_response *r, http_scoring *s, const char *x,
                        const char *y);
/* The pairs of a request as rows of ids, of which there are at most `most`; false: refused. */
bool http_scoring_pairs(const http_request *q, http_response *r, http_scoring *s,
                        const proto_pairs_input *input, uint64_t most, proto_pair_source *out);
/* A refusal of one field. */
void http_refuse_at(http_response *r, const http_request *q, const char *pointer, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* What failed is the pairs of a request: the pointer stands below "/pairs" when they are what is wrong. */
void http_refuse_pairs(http_response *r, const http_request *q, const mi_error *err);

#endif
