/*
 * "categorical" of x and y: which columns of a matrix are categories, said in the job.
 */
#include "job_fields.h"
#include "proto/matrix.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_columns(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Ascending, each once. */
static uint32_t sort_columns(uint32_t *columns, uint32_t n)
{
    uint32_t kept = 0;
    qsort(columns, n, sizeof *columns, compare_columns);
    for (uint32_t i = 0; i < n; i++)
        if (i == 0 || columns[i] != columns[i - 1])
            columns[kept++] = columns[i];
    return kept;
}

static void decode_list(proto_input *input, const proto_node *list, const char *pointer,
                        const proto_limits *limits, proto_problem *problem)
{
    char at[64], found[64];
    uint32_t n = 0;
    for (const proto_node *item = proto_node_first(list); item; item = proto_node_next(item))
        n++;
    if (n == 0)
        return;
    input->categorical = malloc(n * sizeof *input->categorical);
    if (!input->categorical) {
        proto_problem_set(problem, PROTO_PROBLEM_OUT_OF_MEMORY, "out of memory for a job");
        return;
    }
    n = 0;
    for (const proto_node *item = proto_node_first(list); item; item = proto_node_next(item), n++) {
        const double value = proto_node_number(item, -1);
        if (value >= 0 && value < (double)limits->max_columns && value == (double)(uint32_t)value) {
            input->categorical[n] = (uint32_t)value;
            continue;
        }
        input->categorical[n] = 0;
        snprintf(at, sizeof at, "%s/categorical/%" PRIu32, pointer, n);
        proto_problem_add(problem, at, "expected the number of a column, from 0, found %s",
                          proto_node_describe(item, found));
    }
    input->n_categorical = sort_columns(input->categorical, n);
}

void proto_input_decode_categorical(proto_input *input, const proto_node *node, const char *pointer,
                                    const proto_limits *limits, proto_problem *problem)
{
    const char *word = proto_node_string(node, NULL);
    char at[64], found[64];
    if (proto_node_kind(node) == PROTO_ARRAY) {
        decode_list(input, node, pointer, limits, problem);
    } else if (word && strcmp(word, "all") == 0) {
        input->all_categorical = true;
    } else {
        snprintf(at, sizeof at, "%s/categorical", pointer);
        proto_problem_add(problem, at,
                          "expected \"all\" or a list of column numbers such as [0, 3], found %s",
                          proto_node_describe(node, found));
    }
}

void proto_input_encode_categorical(const proto_input *input, proto_json_writer *w)
{
    if (input->all_categorical) {
        proto_write_string(w, "categorical", "all");
    } else if (input->n_categorical > 0) {
        proto_write_array(w, "categorical");
        for (uint32_t i = 0; i < input->n_categorical; i++)
            proto_write_u64(w, NULL, input->categorical[i]);
        proto_write_end_array(w);
    }
}

mi_status proto_input_columns(const proto_input *input, const proto_matrix_view *view, uint8_t **flags,
                              mi_error *err)
{
    const uint64_t cols = view->matrix.cols;
    const uint8_t *own = view->matrix.categorical;
    *flags = NULL;
    if (input->n_categorical > 0 && input->categorical[input->n_categorical - 1] >= cols)
        return mi_fail_at(err, MI_INVALID, "/categorical",
                          "column %" PRIu32 " of a matrix with %" PRIu64 " columns; they count from 0",
                          input->categorical[input->n_categorical - 1], cols);
    if (!own && !input->all_categorical && input->n_categorical == 0)
        return MI_OK;
    uint8_t *all = malloc(cols);
    if (!all)
        return mi_fail(err, MI_MEMORY, "no memory for the kinds of %" PRIu64 " columns", cols);
    memset(all, input->all_categorical, cols);
    for (uint64_t col = 0; col < cols && own; col++)
        all[col] |= own[col];
    for (uint32_t i = 0; i < input->n_categorical; i++)
        all[input->categorical[i]] = 1;
    *flags = all;
    return MI_OK;
}

mi_status proto_input_set_columns(proto_input *input, const uint8_t *flags, uint64_t cols, mi_error *err)
{
    uint32_t n = 0;
    for (uint64_t col = 0; col < cols && flags; col++)
        n += flags[col];
    uint32_t *columns = NULL;
    if (n > 0 && n < cols && !(columns = malloc(n * sizeof *columns)))
        return mi_fail(err, MI_MEMORY, "no memory for a list of %" PRIu32 " columns", n);
    free(input->categorical);
    input->categorical = columns;
    input->all_categorical = n > 0 && n == cols;
    input->n_categorical = 0;
    for (uint64_t col = 0; col < cols && columns; col++)
        if (flags[col])
            columns[input->n_categorical++] = (uint32_t)col;
    return MI_OK;
}
