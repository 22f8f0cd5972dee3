#include "resolve.h"

#include "proto/pairs_input.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct resolver {
    store *store;
    proto_problem *problem;
    mi_error *err; /* of the store: not the client's fault */
} resolver;

static void complain(const resolver *to, const char *side, const char *member, const char *detail)
{
    char pointer[32];
    snprintf(pointer, sizeof pointer, "/%s/%s", side, member);
    proto_problem_add(to->problem, pointer, "%s", detail);
}

/* A resolved spec says what it was resolved to; when it is posted again, that must still hold. */
static void check_unchanged(const resolver *to, const char *side, const proto_input *said, const char *sha256,
                            uint64_t rows, uint64_t cols)
{
    char detail[128];
    if (said->sha256[0] != '\0' && strcmp(said->sha256, sha256) != 0)
        complain(to, side, "sha256", "the data set's content is another now");
    snprintf(detail, sizeof detail, "the matrix has %" PRIu64 " rows and %" PRIu64 " columns", rows, cols);
    if (said->rows != 0 && said->rows != rows)
        complain(to, side, "rows", detail);
    if (said->cols != 0 && said->cols != cols)
        complain(to, side, "columns", detail);
}

/* The data set of that name and kind; *found: there is one, and the caller finis it. */
static mi_status find_dataset(const resolver *to, const char *side, const char *name, const char *kind,
                              proto_dataset_record *record, bool *found)
{
    mi_status status = store_dataset_get(to->store, name, record, to->err);
    *found = status == MI_OK && strcmp(record->kind, kind) == 0;
    if (status == MI_NOT_FOUND) {
        complain(to, side, "dataset", "there is no data set of that name");
        return MI_OK;
    }
    if (status != MI_OK || *found)
        return status;
    complain(to, side, "dataset",
             strcmp(record->kind, "pairs") == 0
                 ? "this is a pair table; expected a matrix"
                 : "this is a matrix; expected a pair table (uploaded with ?kind=pairs)");
    proto_dataset_record_fini(record);
    return MI_OK;
}

static mi_status resolve_dataset(const resolver *to, const char *side, proto_input *input)
{
    proto_dataset_record record = {0};
    bool found = false;
    mi_status status = find_dataset(to, side, input->dataset, "matrix", &record, &found);
    if (status != MI_OK || !found)
        return status;
    check_unchanged(to, side, input, record.matrix_sha256, record.rows, record.cols);
    snprintf(input->sha256, sizeof input->sha256, "%s", record.matrix_sha256);
    input->rows = record.rows;
    input->cols = record.cols;
    proto_dataset_record_fini(&record);
    return MI_OK;
}

static mi_status resolve_content(const resolver *to, const char *side, proto_input *input)
{
    store_mapping mapping;
    proto_matrix_view view;
    mi_status status = store_blob_map(to->store, input->sha256, &mapping, to->err);
    if (status == MI_NOT_FOUND) {
        complain(to, side, "sha256", "the server holds no matrix of that content");
        return MI_OK;
    }
    if (status != MI_OK)
        return status;
    if (proto_matrix_open(&view, mapping.bytes, mapping.n, NULL) == MI_OK) {
        check_unchanged(to, side, input, input->sha256, view.matrix.rows, view.matrix.cols);
        input->rows = view.matrix.rows;
        input->cols = view.matrix.cols;
    } else {
        complain(to, side, "sha256", "the content of that hash is not a matrix");
    }
    store_blob_unmap(to->store, &mapping);
    return MI_OK;
}

static mi_status resolve_inline(const resolver *to, const char *side, proto_input *input)
{
    store_blob_writer *writer = NULL;
    const mi_matrix matrix = {input->inline_data, input->rows, input->cols};
    mi_status status = store_blob_begin(to->store, &writer, to->err);
    if (status != MI_OK)
        return status;
    const proto_output output = store_blob_output(writer);
    status = proto_matrix_write(matrix, &output, to->err);
    if (status != MI_OK) {
        store_blob_abort(writer);
        if (status != MI_INVALID)
            return status;
        complain(to, side, "data", to->err->message);
        return MI_OK;
    }
    status = store_blob_commit(writer, input->sha256, to->err);
    free(input->inline_data);
    input->inline_data = NULL;
    return status;
}

static mi_status resolve(const resolver *to, const char *side, proto_input *input)
{
    if (input->inline_data)
        return resolve_inline(to, side, input);
    return input->dataset[0] != '\0' ? resolve_dataset(to, side, input) : resolve_content(to, side, input);
}

/* What its columns are, now that the store holds it: the spec is to say it, the plan needs their number. */
static mi_status inspect(const resolver *to, const char *side, proto_input *input)
{
    store_mapping mapping;
    proto_matrix_view view;
    uint8_t *flags = NULL;
    mi_status status = store_blob_map(to->store, input->sha256, &mapping, to->err);
    if (status != MI_OK)
        return status;
    status = proto_matrix_open(&view, mapping.bytes, mapping.n, to->err);
    if (status == MI_OK && (status = proto_input_columns(input, &view, &flags, to->err)) == MI_OK) {
        view.matrix.categorical = flags;
        status = mi_matrix_width(view.matrix, &input->width, to->err);
    }
    if (status == MI_OK)
        status = proto_input_set_columns(input, flags, view.matrix.cols, to->err);
    store_blob_unmap(to->store, &mapping);
    free(flags);
    if (status != MI_INVALID && status != MI_LIMIT)
        return status;
    complain(to, side, "categorical", to->err->message);
    return MI_OK;
}

/* ---- pairs ---- */

static void check_table_unchanged(const resolver *to, const proto_pairs_input *said, const char *sha256,
                                  uint64_t rows)
{
    char detail[64];
    if (said->sha256[0] != '\0' && strcmp(said->sha256, sha256) != 0)
        complain(to, "pairs", "sha256", "the data set's content is another now");
    snprintf(detail, sizeof detail, "the table has %" PRIu64 " rows", rows);
    if (said->rows != 0 && said->rows != rows)
        complain(to, "pairs", "rows", detail);
}

static mi_status resolve_table(const resolver *to, proto_pairs_input *pairs)
{
    proto_dataset_record record = {0};
    bool found = false;
    mi_status status = find_dataset(to, "pairs", pairs->dataset, "pairs", &record, &found);
    if (status != MI_OK || !found)
        return status;
    check_table_unchanged(to, pairs, record.matrix_sha256, record.rows);
    snprintf(pairs->sha256, sizeof pairs->sha256, "%s", record.matrix_sha256);
    pairs->rows = record.rows;
    proto_dataset_record_fini(&record);
    return MI_OK;
}

static mi_status resolve_table_content(const resolver *to, proto_pairs_input *pairs)
{
    store_mapping mapping;
    proto_pair_table_view view;
    mi_status status = store_blob_map(to->store, pairs->sha256, &mapping, to->err);
    if (status == MI_NOT_FOUND) {
        complain(to, "pairs", "sha256", "the server holds no pair table of that content");
        return MI_OK;
    }
    if (status != MI_OK)
        return status;
    if (proto_pair_table_open(&view, mapping.bytes, mapping.n, NULL) == MI_OK) {
        check_table_unchanged(to, pairs, pairs->sha256, view.rows);
        pairs->rows = view.rows;
    } else {
        complain(to, "pairs", "sha256", "the content of that hash is not a pair table");
    }
    store_blob_unmap(to->store, &mapping);
    return MI_OK;
}

/* Workers map a list like any other table. */
static mi_status resolve_list(const resolver *to, proto_pairs_input *pairs)
{
    store_blob_writer *writer = NULL;
    mi_status status = store_blob_begin(to->store, &writer, to->err);
    if (status != MI_OK)
        return status;
    const proto_output output = store_blob_output(writer);
    status = proto_pair_table_write(&pairs->x, &pairs->y, pairs->labels, &output, to->err);
    if (status != MI_OK) {
        store_blob_abort(writer);
        return status;
    }
    pairs->rows = pairs->x.n;
    status = store_blob_commit(writer, pairs->sha256, to->err);
    proto_pairs_input_drop_list(pairs);
    return status;
}

static mi_status resolve_pairs(const resolver *to, proto_pairs_input *pairs)
{
    if (pairs->x.n > 0)
        return resolve_list(to, pairs);
    return pairs->dataset[0] != '\0' ? resolve_table(to, pairs) : resolve_table_content(to, pairs);
}

mi_status http_resolve_inputs(store *s, proto_job *job, proto_problem *problem, mi_error *err)
{
    const resolver to = {s, problem, err};
    mi_status status = resolve(&to, "x", &job->x);
    if (status == MI_OK)
        status = resolve(&to, "y", &job->y);
    if (status == MI_OK && job->has_pairs)
        status = resolve_pairs(&to, &job->pairs);
    if (status == MI_OK && !proto_problem_any(problem) && (status = inspect(&to, "x", &job->x)) == MI_OK)
        status = inspect(&to, "y", &job->y);
    return status;
}

mi_status http_resolve_side(store *s, const char *side, proto_input *input, proto_problem *problem,
                            mi_error *err)
{
    const resolver to = {s, problem, err};
    return resolve(&to, side, input);
}
