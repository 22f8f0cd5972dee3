#include "pair_rows.h"

#include "table_readers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

uint64_t proto_pair_source_rows(const proto_pair_source *source)
{
    return source->table ? source->table->rows : source->x->n;
}

static uint32_t column_of(const proto_pair_source *source, int side)
{
    return side ? source->y_column : source->x_column;
}

const char *proto_pair_source_id(const proto_pair_source *source, int side, uint64_t row, size_t *n)
{
    return source->table ? proto_pair_table_cell(source->table, column_of(source, side), row, n)
                         : proto_string_list_at(side ? source->y : source->x, row, n);
}

/* A fault of one cell: with row (from 1) and column of a table, with the pointer of a list's item. */
static mi_status refuse(const proto_pair_source *source, uint64_t row, unsigned item, uint32_t column,
                        const char *fault, mi_error *err)
{
    char pointer[64], excerpt[PROTO_EXCERPT];
    size_t n;
    if (!source->table) {
        snprintf(pointer, sizeof pointer, "/data/%" PRIu64 "/%u", row, item);
        return mi_fail_at(err, MI_INVALID, pointer, "%s", fault);
    }
    const char *name = proto_pair_table_name(source->table, column, &n);
    return mi_fail(err, MI_INVALID, "row %" PRIu64 ", column \"%s\": %s", row + 1,
                   proto_excerpt(name, n, excerpt), fault);
}

static const char *id_fault(size_t n)
{
    return n == 0                 ? "empty; expected an id"
           : n > PROTO_STRING_MAX ? "too long for an id; expected up to 256 bytes"
                                  : NULL;
}
_Static_assert(PROTO_STRING_MAX == 256, "the message says so");

static bool is_word(const char *s, size_t n, const char *word)
{
    return strlen(word) == n && strncasecmp(s, word, n) == 0;
}

static mi_status take_label(const proto_pair_source *source, uint64_t row, bool *negative, mi_error *err)
{
    static const char *const words[][2] = {{"0", "1"}, {"false", "true"}, {"no", "yes"}};
    if (source->labels)
        *negative = source->labels[row] == 0;
    if (!source->table || source->label_column == PROTO_PAIR_NO_COLUMN)
        return MI_OK;
    size_t n;
    const char *cell = proto_pair_table_cell(source->table, source->label_column, row, &n);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        for (int label = 0; label < 2; label++)
            if (is_word(cell, n, words[i][label])) {
                *negative = label == 0;
                return MI_OK;
            }
    char fault[PROTO_EXCERPT + 64], excerpt[PROTO_EXCERPT];
    snprintf(fault, sizeof fault, "the label is \"%s\"; expected 0 or 1", proto_excerpt(cell, n, excerpt));
    return refuse(source, row, 2, source->label_column, fault, err);
}

mi_status proto_pair_source_take_id(const proto_pair_source *source, int side, uint64_t row, const char **id,
                                    size_t *n, mi_error *err)
{
    *id = proto_pair_source_id(source, side, row, n);
    const char *fault = id_fault(*n);
    return fault ? refuse(source, row, (unsigned)side, column_of(source, side), fault, err) : MI_OK;
}

mi_status proto_pair_row_get(const proto_pair_source *source, uint64_t row, proto_pair_row *out,
                             mi_error *err)
{
    *out = (proto_pair_row){.negative = false};
    mi_status status = proto_pair_source_take_id(source, 0, row, &out->x, &out->n_x, err);
    if (status == MI_OK)
        status = proto_pair_source_take_id(source, 1, row, &out->y, &out->n_y, err);
    return status == MI_OK ? take_label(source, row, &out->negative, err) : status;
}

mi_status proto_pair_row_conflict(const proto_pair_source *source, uint64_t row, uint64_t earlier,
                                  mi_error *err)
{
    char pointer[64] = "", x[PROTO_EXCERPT], y[PROTO_EXCERPT];
    size_t n_x, n_y;
    const char *id_x = proto_pair_source_id(source, 0, row, &n_x);
    const char *id_y = proto_pair_source_id(source, 1, row, &n_y);
    proto_excerpt(id_x, n_x, x);
    proto_excerpt(id_y, n_y, y);
    if (source->table)
        return mi_fail(err, MI_INVALID,
                       "the pair \"%s\", \"%s\" has one label in row %" PRIu64
                       " and the other in row %" PRIu64 "; expected one label for a pair",
                       x, y, earlier + 1, row + 1);
    snprintf(pointer, sizeof pointer, "/data/%" PRIu64, row);
    return mi_fail_at(err, MI_INVALID, pointer,
                      "the pair \"%s\", \"%s\" has the other label in item %" PRIu64
                      " (from 0); expected one label for a pair",
                      x, y, earlier);
}
