#include "proto/pairs_input.h"
#include "job_fields.h"
#include "table_readers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a node is wanted for: at is its pointer. */
typedef struct decoding {
    proto_pairs_input *out;
    const char *pointer;
    const proto_limits *limits;
    proto_problem *problem;
    bool of_job; /* what a resolved spec says of stored content may be there */
} decoding;

static void expected(const decoding *d, const char *at, const proto_node *node, const char *what)
{
    proto_problem_expected(d->problem, at, NULL, node, what);
}

static void decode_column(const decoding *d, const char *at, const proto_node *node,
                          char out[PROTO_STRING_MAX + 1])
{
    const char *name = proto_node_string(node, "");
    if (name[0] != '\0' && strlen(name) <= PROTO_STRING_MAX)
        snprintf(out, PROTO_STRING_MAX + 1, "%s", name);
    else
        expected(d, at, node, "the name of a column");
}

static void out_of_memory(const decoding *d)
{
    proto_problem_set(d->problem, PROTO_PROBLEM_OUT_OF_MEMORY, "out of memory for a list of pairs");
}

/* An id of a pair, into its list. */
static bool take_id(const decoding *d, proto_string_list *list, const proto_node *node, const char *at,
                    int side)
{
    char here[352];
    const char *id = proto_node_string(node, "");
    const size_t n = strlen(id);
    if (n == 0 || n > PROTO_STRING_MAX) {
        snprintf(here, sizeof here, "%s/%d", at, side);
        expected(d, here, node, "an id, a string of 1 to 256 bytes");
        return false;
    }
    if (proto_string_list_append(list, id, n, NULL) == MI_OK)
        return true;
    out_of_memory(d);
    return false;
}

static bool take_label(const decoding *d, uint8_t *out, const proto_node *node, const char *at)
{
    char here[352];
    const double value = proto_node_number(node, -1);
    if (value == 0 || value == 1) {
        *out = value == 1;
        return true;
    }
    snprintf(here, sizeof here, "%s/2", at);
    expected(d, here, node, "the label 0 or 1");
    return false;
}

static uint64_t count_items(const proto_node *list)
{
    uint64_t n = 0;
    for (const proto_node *item = proto_node_first(list); item; item = proto_node_next(item))
        n++;
    return n;
}

/* size: items of each pair, 2 or 3. */
static bool take_pair(const decoding *d, const proto_node *pair, uint64_t index, uint64_t size,
                      const char *list_at)
{
    char at[320];
    snprintf(at, sizeof at, "%s/%" PRIu64, list_at, index);
    if (proto_node_kind(pair) != PROTO_ARRAY || count_items(pair) != size) {
        expected(d, at, pair,
                 size == 3 ? "a pair with its label, such as [\"P01135\", \"P00533\", 1]"
                           : "a pair of ids, such as [\"P01135\", \"P00533\"]");
        return false;
    }
    const proto_node *x = proto_node_first(pair), *y = proto_node_next(x);
    return take_id(d, &d->out->x, x, at, 0) && take_id(d, &d->out->y, y, at, 1) &&
           (size == 2 || take_label(d, &d->out->labels[index], proto_node_next(y), at));
}

static void decode_list(const decoding *d, const char *at, const proto_node *list, bool may_have_labels)
{
    const uint64_t n = count_items(list), most = d->limits->max_inline_numbers;
    if (proto_node_kind(list) != PROTO_ARRAY || n == 0) {
        expected(d, at, list, "an array of pairs, at least one");
        return;
    }
    if (n > most) {
        proto_problem_add(d->problem, at, "has %" PRIu64 " pairs; at most %" PRIu64 " are accepted", n, most);
        proto_problem_set(d->problem, PROTO_PROBLEM_TOO_LARGE, "a list has at most %" PRIu64 " pairs", most);
        return;
    }
    const proto_node *pair = proto_node_first(list);
    const uint64_t size = may_have_labels && count_items(pair) == 3 ? 3 : 2;
    if (size == 3 && !(d->out->labels = calloc(n, 1))) {
        out_of_memory(d);
        return;
    }
    for (uint64_t i = 0; pair; i++, pair = proto_node_next(pair))
        if (!take_pair(d, pair, i, size, at) && d->problem->n_more > 0)
            return; /* so many are wrong that no more is told */
}

static void decode_member(const decoding *d, const proto_node *node)
{
    static const char *const members[] = {"dataset", "x_id", "y_id", "label", "symmetric", "data", NULL};
    const char *key = proto_node_key(node), *nearest;
    char at[256];
    proto_pointer_join(at, sizeof at, d->pointer, key);
    if (strcmp(key, "dataset") == 0)
        proto_dataset_name_decode(d->out->dataset, node, at, NULL, d->problem);
    else if (strcmp(key, "x_id") == 0)
        decode_column(d, at, node, d->out->x_id);
    else if (strcmp(key, "y_id") == 0)
        decode_column(d, at, node, d->out->y_id);
    else if (strcmp(key, "label") == 0)
        decode_column(d, at, node, d->out->label);
    else if (strcmp(key, "data") == 0)
        decode_list(d, at, node, true);
    else if (strcmp(key, "symmetric") == 0 && proto_node_kind(node) == PROTO_BOOL)
        d->out->symmetric = proto_node_bool(node, false);
    else if (strcmp(key, "symmetric") == 0)
        expected(d, at, node, "true or false");
    else if (d->of_job && strcmp(key, "sha256") == 0) {
        if (!proto_sha256_decode(d->out->sha256, node))
            expected(d, at, node, PROTO_SHA256_EXPECTED);
    } else if (d->of_job && strcmp(key, "rows") == 0) {
        if (!proto_extent_decode(&d->out->rows, node))
            expected(d, at, node, PROTO_EXTENT_EXPECTED);
    } else if ((nearest = proto_name_nearest(key, members)))
        proto_problem_add(d->problem, at, "unknown field; did you mean \"%s\"?", nearest);
    else
        proto_problem_add(
            d->problem, at,
            "unknown field; known are dataset, x_id, y_id, label and symmetric, or data and symmetric");
}

static void check_together(const decoding *d, const proto_node *node)
{
    static const char *const columns[] = {"x_id", "y_id", "label"};
    const bool list = proto_node_member(node, "data"),
               table = proto_node_member(node, "dataset") || (d->of_job && proto_node_member(node, "sha256"));
    char at[256];
    if (list && table)
        proto_problem_add(d->problem, d->pointer,
                          "has data of its own and names a data set; give one of them");
    else if (!list && !table)
        proto_problem_add(d->problem, d->pointer, "needs \"dataset\" or \"data\"");
    for (int i = 0; list && !table && i < 3; i++) {
        if (!proto_node_member(node, columns[i]))
            continue;
        proto_pointer_join(at, sizeof at, d->pointer, columns[i]);
        proto_problem_add(d->problem, at, "names a column of a data set; a list has none");
    }
}

static void decode(proto_pairs_input *out, const proto_node *node, const char *pointer, bool of_job,
                   const proto_limits *limits, proto_problem *problem)
{
    const decoding d = {out, pointer, limits, problem, of_job};
    *out = (proto_pairs_input){.dataset = ""};
    proto_string_list_init(&out->x, limits->max_job_bytes);
    proto_string_list_init(&out->y, limits->max_job_bytes);
    if (proto_node_kind(node) != PROTO_OBJECT) {
        expected(&d, pointer, node, "an object such as {\"dataset\": \"name\"}");
        return;
    }
    for (const proto_node *child = proto_node_first(node); child; child = proto_node_next(child))
        decode_member(&d, child);
    check_together(&d, node);
}

void proto_pairs_input_decode(proto_pairs_input *out, const proto_node *node, const char *pointer,
                              const proto_limits *limits, proto_problem *problem)
{
    decode(out, node, pointer, false, limits, problem);
}

void proto_pairs_input_decode_job(proto_pairs_input *out, const proto_node *node, const char *pointer,
                                  const proto_limits *limits, proto_problem *problem)
{
    decode(out, node, pointer, true, limits, problem);
}

static void encode_list(const proto_pairs_input *input, proto_json_writer *w)
{
    const proto_string_list *sides[2] = {&input->x, &input->y};
    proto_write_array(w, "data");
    for (uint64_t i = 0; i < input->x.n; i++) {
        proto_write_array(w, NULL);
        for (int side = 0; side < 2; side++) {
            size_t n;
            const char *id = proto_string_list_at(sides[side], i, &n);
            proto_write_string_n(w, NULL, id, n);
        }
        if (input->labels)
            proto_write_u64(w, NULL, input->labels[i]);
        proto_write_end_array(w);
    }
    proto_write_end_array(w);
}

void proto_pairs_input_encode(const proto_pairs_input *input, const char *key, proto_json_writer *w)
{
    const struct {
        const char *key, *value;
    } texts[] = {{"dataset", input->dataset},
                 {"sha256", input->sha256},
                 {"x_id", input->x_id},
                 {"y_id", input->y_id},
                 {"label", input->label}};
    proto_write_object(w, key);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].value[0] != '\0')
            proto_write_string(w, texts[i].key, texts[i].value);
    if (input->rows > 0)
        proto_write_u64(w, "rows", input->rows);
    proto_write_bool(w, "symmetric", input->symmetric);
    if (input->x.n > 0 && input->sha256[0] == '\0')
        encode_list(input, w);
    proto_write_end_object(w);
}

void proto_pairs_input_decode_list(proto_pairs_input *out, const proto_node *node, const char *pointer,
                                   const proto_limits *limits, proto_problem *problem)
{
    const decoding d = {.out = out, .pointer = pointer, .limits = limits, .problem = problem};
    *out = (proto_pairs_input){.dataset = ""};
    proto_string_list_init(&out->x, limits->max_job_bytes);
    proto_string_list_init(&out->y, limits->max_job_bytes);
    decode_list(&d, pointer, node, false);
}

void proto_pairs_input_drop_list(proto_pairs_input *input)
{
    proto_string_list_fini(&input->x);
    proto_string_list_fini(&input->y);
    free(input->labels);
    input->labels = NULL;
}

void proto_pairs_input_fini(proto_pairs_input *input)
{
    proto_pairs_input_drop_list(input);
    *input = (proto_pairs_input){.dataset = ""};
}

/* "the table has a, b, c", cut where it gets long. */
static void list_columns(const proto_pair_table_view *table, char *out, size_t size)
{
    size_t used = 0;
    for (uint32_t column = 0; column < table->cols; column++) {
        char excerpt[PROTO_EXCERPT];
        size_t n;
        const char *name = proto_pair_table_name(table, column, &n);
        const int wrote = snprintf(out + used, size - used, "%s\"%s\"", column > 0 ? ", " : "",
                                   proto_excerpt(name, n, excerpt));
        if (wrote < 0 || (size_t)wrote >= size - used - sizeof ", ...") {
            snprintf(out + used, size - used, "%s...", column > 0 ? ", " : "");
            return;
        }
        used += (size_t)wrote;
    }
}

static mi_status find_column(uint32_t *out, const proto_pair_table_view *table, const char *name,
                             const char *pointer, mi_error *err)
{
    char columns[128], excerpt[PROTO_EXCERPT];
    *out = proto_pair_table_find(table, name);
    if (*out != PROTO_PAIR_NO_COLUMN)
        return MI_OK;
    list_columns(table, columns, sizeof columns);
    return mi_fail_at(err, MI_INVALID, pointer, "the pair table has no column \"%s\"; it has %s",
                      proto_excerpt(name, strlen(name), excerpt), columns);
}

mi_status proto_pairs_input_source(proto_pair_source *out, const proto_pairs_input *input,
                                   const proto_pair_table_view *table, mi_error *err)
{
    mi_status status = MI_OK;
    *out = (proto_pair_source){.table = table,
                               .x_column = 0,
                               .y_column = 1,
                               .label_column = PROTO_PAIR_NO_COLUMN,
                               .symmetric = input->symmetric};
    if (!table) {
        out->x = &input->x;
        out->y = &input->y;
        out->labels = input->labels;
        return MI_OK;
    }
    if (input->x_id[0] != '\0')
        status = find_column(&out->x_column, table, input->x_id, "/x_id", err);
    if (status == MI_OK && input->y_id[0] != '\0')
        status = find_column(&out->y_column, table, input->y_id, "/y_id", err);
    if (status != MI_OK)
        return status;
    if (input->label[0] != '\0')
        return find_column(&out->label_column, table, input->label, "/label", err);
    out->label_column = proto_pair_table_find(table, "label");
    return MI_OK;
}

/* A name that JSON can carry: else the default that found the column does so again. */
static void set_column(char out[PROTO_STRING_MAX + 1], const proto_pair_table_view *table, uint32_t column)
{
    size_t n;
    if (column == PROTO_PAIR_NO_COLUMN)
        return;
    const char *name = proto_pair_table_name(table, column, &n);
    if (n > PROTO_STRING_MAX || memchr(name, '\0', n))
        return;
    memcpy(out, name, n);
    out[n] = '\0';
}

static void set_columns(proto_pairs_input *input, const proto_pair_source *source)
{
    set_column(input->x_id, source->table, source->x_column);
    set_column(input->y_id, source->table, source->y_column);
    set_column(input->label, source->table, source->label_column);
}

/* What is wrong with the pairs themselves has a pointer below them; x and y stand beside them. */
static mi_status below_pairs(mi_status status, mi_error *err)
{
    char below[sizeof err->pointer];
    if (status == MI_OK || !err || strcmp(err->pointer, "/x") == 0 || strcmp(err->pointer, "/y") == 0)
        return status;
    memcpy(below, err->pointer, sizeof below);
    snprintf(err->pointer, sizeof err->pointer, "/pairs%.*s", (int)(sizeof below - sizeof "/pairs"), below);
    return status;
}

mi_status proto_job_join(proto_pairs *out, proto_job *job, const void *bytes, size_t n,
                         const proto_matrix_view *x, const proto_matrix_view *y, mi_error *err)
{
    proto_pair_table_view table;
    proto_pair_source source;
    *out = (proto_pairs){0};
    mi_status status = proto_pair_table_open(&table, bytes, n, err);
    if (status == MI_OK)
        status = proto_pairs_input_source(&source, &job->pairs, &table, err);
    if (status == MI_OK)
        status = proto_pairs_join(out, &source, x, y, err);
    if (status == MI_OK)
        set_columns(&job->pairs, &source);
    return below_pairs(status, err);
}
