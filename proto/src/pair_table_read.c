/*
 * csv and tsv to the canonical pair table, in two passes: the first writes the cells' bytes, the second their
 * offsets, so that neither is held in memory.
 */
#include "blob_writer.h"
#include "csv_scan.h"
#include "pair_table_layout.h"
#include "proto/pair_table.h"
#include "proto/string_list.h"
#include "table_readers.h"
#include "utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX   ((PROTO_PAIR_COLUMNS_MAX + 1) * PROTO_STRING_MAX)
#define SUMMARY_MAX (1u << 20)

typedef struct pair_reader {
    const proto_limits *limits;
    bool header;
    proto_string_list names;
    uint64_t rows;
    uint64_t empty[PROTO_PAIR_COLUMNS_MAX]; /* cells of each column */
    uint64_t end;                           /* second pass: where the last cell's bytes end */
    proto_blob_writer blob;
    proto_csv_scanner scanner;
} pair_reader;

static mi_status append_name(pair_reader *r, const char *name, size_t n, uint64_t line, mi_error *err)
{
    char excerpt[PROTO_EXCERPT];
    for (uint64_t i = 0; i < r->names.n; i++) {
        size_t n_other;
        const char *other = proto_string_list_at(&r->names, i, &n_other);
        if (n_other == n && memcmp(other, name, n) == 0)
            return mi_fail(err, MI_INVALID,
                           "line %" PRIu64 ": columns %" PRIu64 " and %" PRIu64
                           " are both named \"%s\"; names of columns must be unique",
                           line, i + 1, r->names.n + 1, proto_excerpt(name, n, excerpt));
    }
    return proto_string_list_append(&r->names, name, n, err);
}

static mi_status take_name(pair_reader *r, const proto_csv_field *field, mi_error *err)
{
    const proto_csv_field name = proto_csv_trimmed(*field);
    const char *fault = name.n > PROTO_STRING_MAX           ? "too long; expected up to 256 bytes"
                        : !proto_utf8_valid(name.s, name.n) ? "not UTF-8"
                                                            : NULL;
    if (r->names.n == PROTO_PAIR_COLUMNS_MAX)
        return mi_fail(err, MI_LIMIT, "line %" PRIu64 ": a pair table of more than %d columns", field->line,
                       PROTO_PAIR_COLUMNS_MAX);
    if (fault && r->header)
        return mi_fail(err, MI_INVALID, "line %" PRIu64 ", the name of column %" PRIu64 ": %s", field->line,
                       r->names.n + 1, fault);
    if (r->header)
        return append_name(r, name.s, name.n, field->line, err);
    char number[24];
    return append_name(r, number, (size_t)snprintf(number, sizeof number, "%" PRIu64, r->names.n),
                       field->line, err);
}

/* The first record gives the names, or at least how many columns there are. */
static mi_status read_names(pair_reader *r, mi_error *err)
{
    proto_csv_field field = {0};
    bool end;
    while (!field.last) {
        mi_status status = proto_csv_next(&r->scanner, &field, &end, err);
        if (status == MI_OK && end)
            return mi_fail(err, MI_INVALID, "the file holds no data: all its lines are blank");
        if (status == MI_OK)
            status = take_name(r, &field, err);
        if (status != MI_OK)
            return status;
    }
    if (r->names.n < 2)
        return mi_fail(err, MI_INVALID,
                       "line %" PRIu64 ": one column; a pair table has at least two, separated by %s",
                       field.line, r->scanner.separator == '\t' ? "tabs" : "commas (or tabs)");
    return proto_table_check_shape(1, r->names.n, r->limits, err);
}

static mi_status refuse_cell(const pair_reader *r, const proto_csv_field *cell, uint64_t column,
                             const char *fault, mi_error *err)
{
    char excerpt[PROTO_EXCERPT];
    size_t n;
    const char *name = proto_string_list_at(&r->names, column, &n);
    return mi_fail(err, MI_INVALID, "line %" PRIu64 ", row %" PRIu64 ", column %" PRIu64 " (\"%s\"): %s",
                   cell->line, r->rows + 1, column + 1, proto_excerpt(name, n, excerpt), fault);
}

/* Either pass. */
static mi_status take_cell(pair_reader *r, const proto_csv_field *field, uint64_t column, bool offsets,
                           mi_error *err)
{
    const proto_csv_field cell = proto_csv_trimmed(*field);
    if (offsets) {
        const uint64_t begin = r->end;
        r->end += cell.n;
        return proto_blob_put(&r->blob, &begin, sizeof begin, err);
    }
    if (!proto_utf8_valid(cell.s, cell.n))
        return refuse_cell(r, &cell, column, "not UTF-8", err);
    r->empty[column] += cell.n == 0;
    return proto_blob_put(&r->blob, cell.s, cell.n, err);
}
_Static_assert(PROTO_CSV_FIELD_MAX == PROTO_PAIR_CELL_MAX, "the scanner refuses a longer cell");

/* Read on to the end of a record of other length, to say how many fields it has. */
static mi_status refuse_ragged(pair_reader *r, proto_csv_field *field, uint64_t fields, mi_error *err)
{
    const uint64_t line = field->line;
    bool end;
    for (; !field->last; fields++) {
        mi_status status = proto_csv_next(&r->scanner, field, &end, err);
        if (status != MI_OK)
            return status;
    }
    return mi_fail(err, MI_INVALID,
                   "line %" PRIu64 ", row %" PRIu64 ": %" PRIu64 " fields; expected %" PRIu64, line,
                   r->rows + 1, fields, r->names.n);
}

static mi_status read_row(pair_reader *r, bool offsets, bool *end, mi_error *err)
{
    proto_csv_field field = {0};
    for (uint64_t column = 0; !field.last; column++) {
        mi_status status = proto_csv_next(&r->scanner, &field, end, err);
        if (status != MI_OK || *end)
            return status;
        if (field.last != (column + 1 == r->names.n))
            return refuse_ragged(r, &field, column + 1, err);
        status = take_cell(r, &field, column, offsets, err);
        if (status != MI_OK)
            return status;
    }
    return MI_OK;
}

/* All rows, from the first on. */
static mi_status read_rows(pair_reader *r, bool offsets, mi_error *err)
{
    proto_csv_field field = {.last = !r->header};
    mi_status status = MI_OK;
    bool end = false;
    proto_csv_again(&r->scanner);
    while (status == MI_OK && !field.last && !end)
        status = proto_csv_next(&r->scanner, &field, &end, err);
    for (r->rows = 0; status == MI_OK;) {
        status = read_row(r, offsets, &end, err);
        if (status != MI_OK || end)
            break;
        status = proto_table_check_shape(++r->rows, r->names.n, r->limits, err);
    }
    if (status == MI_OK && r->rows == 0)
        return mi_fail(err, MI_INVALID, "the file holds no data: a header and no rows");
    return status;
}

static mi_status write_tail(pair_reader *r, proto_pair_footer *footer, mi_error *err)
{
    footer->names_at = r->blob.written;
    footer->rows = r->rows;
    footer->cols = r->names.n;
    memcpy(footer->magic, PROTO_PAIR_MAGIC, sizeof footer->magic);
    mi_status status =
        proto_blob_put(&r->blob, r->names.offsets, (r->names.n + 1) * sizeof *r->names.offsets, err);
    if (status == MI_OK)
        status = proto_blob_put(&r->blob, r->names.bytes, r->names.offsets[r->names.n], err);
    if (status == MI_OK)
        status = proto_blob_pad(&r->blob, err);
    if (status == MI_OK)
        status = proto_blob_put(&r->blob, footer, sizeof *footer, err);
    return status == MI_OK ? proto_blob_flush(&r->blob, err) : status;
}

static mi_status write_table(pair_reader *r, mi_error *err)
{
    proto_pair_footer footer = {0};
    mi_status status = read_rows(r, false, err);
    const uint64_t rows = r->rows, bytes = r->blob.written;
    if (status == MI_OK)
        status = proto_blob_pad(&r->blob, err);
    footer.cells_at = r->blob.written;
    if (status == MI_OK)
        status = read_rows(r, true, err);
    if (status == MI_OK && (r->rows != rows || r->end != bytes))
        return mi_fail(err, MI_IO, "the file changed while it was read");
    if (status == MI_OK)
        status = proto_blob_put(&r->blob, &r->end, sizeof r->end, err);
    return status == MI_OK ? write_tail(r, &footer, err) : status;
}

/* [{"name","kind":"text","empty"}, ...] */
static mi_status describe(const pair_reader *r, proto_dataset_record *record, mi_error *err)
{
    proto_text text;
    proto_json_writer w;
    proto_text_init(&text, SUMMARY_MAX);
    proto_write_init(&w, &text);
    proto_write_array(&w, NULL);
    for (uint64_t column = 0; column < r->names.n; column++) {
        size_t n;
        const char *name = proto_string_list_at(&r->names, column, &n);
        proto_write_object(&w, NULL);
        proto_write_string_n(&w, "name", name, n);
        proto_write_string(&w, "kind", "text");
        proto_write_u64(&w, "empty", r->empty[column]);
        proto_write_end_object(&w);
    }
    proto_write_end_array(&w);
    free(record->columns);
    record->columns = proto_text_take(&text, NULL);
    if (!record->columns)
        return mi_fail(err, MI_MEMORY, "no memory for the summary of %" PRIu64 " columns", r->names.n);
    record->rows = r->rows;
    record->cols = r->names.n;
    record->has_ids = false;
    snprintf(record->kind, sizeof record->kind, "pairs");
    return MI_OK;
}

static mi_status check_options(const proto_table_options *options, mi_error *err)
{
    if (options->ids != PROTO_CHOICE_AUTO || options->id_column[0] != '\0')
        return mi_fail(err, MI_INVALID,
                       "a pair table has no ids of its own; leave ids and id_column out, and name the "
                       "columns of ids in the job's pairs");
    if (options->categorical && options->categorical[0] != '\0')
        return mi_fail(err, MI_INVALID, "a pair table has text columns only; leave categorical out");
    return MI_OK;
}

mi_status proto_pair_table_read(const proto_source *source, const proto_table_options *options,
                                const proto_limits *limits, const proto_output *out,
                                proto_dataset_record *record, mi_error *err)
{
    proto_inflater *inflater = NULL;
    proto_format format = options->format;
    mi_status status = check_options(options, err);
    if (status == MI_OK && source->size == 0)
        status = mi_fail(err, MI_INVALID, "the file is empty");
    if (status == MI_OK && format == PROTO_FORMAT_AUTO)
        status = proto_table_detect(source, &format, err);
    if (status == MI_OK && format != PROTO_FORMAT_CSV && format != PROTO_FORMAT_TSV)
        status = mi_fail(err, MI_UNSUPPORTED, "a pair table is csv or tsv; the file is %s",
                         proto_format_name(format));
    if (status != MI_OK)
        return status;
    pair_reader *r = calloc(1, sizeof *r);
    if (!r)
        return mi_fail(err, MI_MEMORY, "no memory to read text");
    r->limits = limits;
    r->header = options->header != PROTO_CHOICE_NO;
    r->blob.output = out;
    proto_string_list_init(&r->names, NAMES_MAX);
    status = proto_table_inflater(&inflater, source, limits, err);
    if (status == MI_OK) {
        proto_csv_begin(&r->scanner, source, inflater, format == PROTO_FORMAT_TSV ? '\t' : ',');
        status = read_names(r, err);
    }
    if (status == MI_OK)
        status = write_table(r, err);
    if (status == MI_OK)
        status = describe(r, record, err);
    if (status == MI_OK)
        snprintf(record->format, sizeof record->format, "%s", proto_format_name(format));
    proto_string_list_fini(&r->names);
    proto_inflater_free(inflater);
    free(r);
    return status;
}
