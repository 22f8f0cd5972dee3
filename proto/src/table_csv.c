/*
 * csv and tsv to the canonical matrix: the layout from the first records, then one pass, a row at a time. A
 * file with categorical columns is read once more before that, for their levels.
 */
#include "csv_layout.h"
#include "matrix_writer.h"
#include "number.h"
#include "table_readers.h"
#include "utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ids and names are kept in memory until the matrix is written. */
#define IDS_MAX   (512u << 20)
#define NAMES_MAX (16u << 20)

typedef struct text_reader {
    proto_csv_scanner *scanner;
    const proto_limits *limits;
    proto_csv_layout layout;
    proto_string_list ids, names;
    proto_levels levels;
    bool collecting;     /* the pass for the levels */
    uint8_t *supposed;   /* (cols) 1: categorical by its first value alone, which nobody said it was */
    uint64_t first_line; /* of the first row */
    uint64_t rows;
    float *row; /* (cols) */
    proto_matrix_writer *writer;
} text_reader;

/* A field's column in the matrix, when it is not the ids'. */
static uint64_t column_of(const text_reader *r, uint64_t field)
{
    return field - (r->layout.ids && field > r->layout.id_field);
}

static bool is_id(const text_reader *r, uint64_t field)
{
    return r->layout.ids && field == r->layout.id_field;
}

/* "line 18, row 17, column 3 (\"height\")"; lines, rows and columns count from 1, the id's column too. */
static const char *place(const text_reader *r, uint64_t line, uint64_t field, char buffer[160])
{
    char name[PROTO_EXCERPT + 5] = "";
    uint64_t col = column_of(r, field);
    if (is_id(r, field)) {
        strcpy(name, " (the ids)");
    } else if (col < r->names.n) {
        char excerpt[PROTO_EXCERPT];
        size_t n;
        const char *s = proto_string_list_at(&r->names, col, &n);
        snprintf(name, sizeof name, " (\"%s\")", proto_excerpt(s, n, excerpt));
    }
    snprintf(buffer, 160, "line %" PRIu64 ", row %" PRIu64 ", column %" PRIu64 "%s", line, r->rows + 1,
             field + 1, name);
    return buffer;
}

static mi_status refuse_number(const text_reader *r, const proto_csv_field *field, uint64_t index,
                               proto_number_kind kind, mi_error *err)
{
    char where[160], excerpt[PROTO_EXCERPT];
    place(r, field->line, index, where);
    proto_excerpt(field->s, field->n, excerpt);
    if (kind == PROTO_NUMBER_NAN)
        return mi_fail(err, MI_INVALID, "%s: NaN; expected a finite number", where);
    if (kind == PROTO_NUMBER_INFINITE)
        return mi_fail(err, MI_INVALID, "%s: infinity; expected a finite number", where);
    if (kind != PROTO_NUMBER_NONE)
        return mi_fail(err, MI_INVALID, "%s: %s is over float32's range", where, excerpt);
    if (strspn(excerpt, " \t") == strlen(excerpt))
        return mi_fail(err, MI_INVALID, "%s: empty; expected a number", where);
    bool hint = index == 0 && !r->layout.ids;
    return mi_fail(err, MI_INVALID, "%s: found \"%s\"; expected a number%s", where, excerpt,
                   hint ? " (if this column holds ids, set ids to yes)" : "");
}

/* Why a field cannot be an id or a name, which JSON and csv have to carry; NULL when it can. */
static const char *string_fault(const proto_csv_field *field)
{
    if (field->n > PROTO_STRING_MAX)
        return "too long; expected up to 256 bytes";
    return proto_utf8_valid(field->s, field->n) ? NULL : "not UTF-8";
}
_Static_assert(PROTO_STRING_MAX == 256, "the message says so");

static mi_status read_header(text_reader *r, mi_error *err)
{
    proto_csv_field field = {0};
    bool end;
    for (uint64_t index = 0; !field.last; index++) {
        mi_status status = proto_csv_next(r->scanner, &field, &end, err);
        if (status != MI_OK || end)
            return status;
        if (is_id(r, index))
            continue;
        const char *fault = string_fault(&field);
        if (fault)
            return mi_fail(err, MI_INVALID, "line %" PRIu64 ", the name of column %" PRIu64 ": %s",
                           field.line, index + 1, fault);
        status = proto_string_list_append(&r->names, field.s, field.n, err);
        if (status != MI_OK)
            return status;
    }
    return MI_OK;
}

static mi_status take_id(text_reader *r, const proto_csv_field *field, mi_error *err)
{
    const char *fault = field->n == 0 ? "empty; expected an id" : string_fault(field);
    char where[160];
    if (fault)
        return mi_fail(err, MI_INVALID, "%s: %s", place(r, field->line, r->layout.id_field, where), fault);
    return proto_string_list_append(&r->ids, field->s, field->n, err);
}

static mi_status collect_level(text_reader *r, const proto_csv_field *field, uint64_t index, uint64_t col,
                               mi_error *err)
{
    const char *fault = field->n == 0 ? "empty; expected a category" : string_fault(field);
    char where[160], excerpt[PROTO_EXCERPT];
    if (fault)
        return mi_fail(err, MI_INVALID, "%s: %s", place(r, field->line, index, where), fault);
    if (proto_levels_find(&r->levels, col, field->s, field->n) >= 0)
        return MI_OK;
    if (r->levels.sets[col].n == MI_MAX_LEVELS)
        return mi_fail(
            err, MI_INVALID, "%s: \"%s\" is one category more than the %u that a column may have%s",
            place(r, field->line, index, where), proto_excerpt(field->s, field->n, excerpt), MI_MAX_LEVELS,
            r->supposed[col]
                ? " (it is categorical since its first value is not a number; a table of pairs of "
                  "ids is uploaded with kind=pairs)"
                : "");
    return proto_levels_add(&r->levels, col, field->s, field->n, err);
}

static mi_status take_level(text_reader *r, const proto_csv_field *field, uint64_t index, uint64_t col,
                            mi_error *err)
{
    const proto_csv_field level = proto_csv_trimmed(*field);
    if (r->collecting)
        return collect_level(r, &level, index, col, err);
    const int code = proto_levels_find(&r->levels, col, level.s, level.n);
    if (code < 0)
        return mi_fail(err, MI_IO, "the file changed while it was read");
    r->row[col] = (float)code;
    return MI_OK;
}

static mi_status take_field(text_reader *r, const proto_csv_field *field, uint64_t index, mi_error *err)
{
    if (is_id(r, index))
        return r->collecting ? MI_OK : take_id(r, field, err);
    const uint64_t col = column_of(r, index);
    if (r->levels.categorical[col])
        return take_level(r, field, index, col, err);
    if (r->collecting)
        return MI_OK;
    double value;
    proto_number_kind kind = proto_parse_csv_number(field->s, field->n, &value);
    if (kind != PROTO_NUMBER_FINITE)
        return refuse_number(r, field, index, kind, err);
    float narrow = (float)value;
    if (!isfinite(narrow))
        return refuse_number(r, field, index, PROTO_NUMBER_RANGE, err);
    r->row[col] = narrow;
    return MI_OK;
}

/* Read to the end of a record that has more or fewer fields than the first, to say how many. */
static mi_status refuse_ragged(text_reader *r, proto_csv_field *field, uint64_t fields, mi_error *err)
{
    uint64_t line = field->line;
    bool end;
    for (; !field->last; fields++) {
        mi_status status = proto_csv_next(r->scanner, field, &end, err);
        if (status != MI_OK)
            return status;
    }
    return mi_fail(err, MI_INVALID,
                   "line %" PRIu64 ", row %" PRIu64 ": %" PRIu64 " fields; expected %" PRIu64, line,
                   r->rows + 1, fields, r->layout.fields);
}

static mi_status read_row(text_reader *r, bool *end, mi_error *err)
{
    proto_csv_field field = {0};
    for (uint64_t index = 0; !field.last; index++) {
        mi_status status = proto_csv_next(r->scanner, &field, end, err);
        if (status != MI_OK || *end)
            return status;
        if (field.last != (index + 1 == r->layout.fields))
            return refuse_ragged(r, &field, index + 1, err);
        status = take_field(r, &field, index, err);
        if (status != MI_OK)
            return status;
    }
    return MI_OK;
}

/* To the first row again. */
static mi_status begin_rows(text_reader *r, mi_error *err)
{
    proto_csv_field field = {.last = !r->layout.header};
    mi_status status = MI_OK;
    bool end = false;
    r->rows = 0;
    proto_csv_again(r->scanner);
    while (status == MI_OK && !field.last && !end)
        status = proto_csv_next(r->scanner, &field, &end, err);
    return status;
}

static mi_status read_rows(text_reader *r, mi_error *err)
{
    for (;;) {
        bool end;
        mi_status status = read_row(r, &end, err);
        if (status == MI_OK && end)
            break;
        if (status == MI_OK && !r->collecting)
            status = proto_matrix_writer_rows(r->writer, r->row, 1, err);
        if (status == MI_OK)
            status = proto_table_check_shape(++r->rows, r->layout.cols, r->limits, err);
        if (status != MI_OK)
            return status;
    }
    return r->rows > 0 ? MI_OK : mi_fail(err, MI_INVALID, "the file holds no data: a header and no rows");
}

/* The lines of two rows, found by reading again: cheaper than keeping a line number for every row. */
static mi_status find_lines(text_reader *r, const uint64_t rows[2], uint64_t lines[2], mi_error *err)
{
    proto_csv_field field = {0};
    bool end = false;
    proto_csv_again(r->scanner);
    for (uint64_t record = 0, found = 0; found < 2 && !end;) {
        mi_status status = proto_csv_next(r->scanner, &field, &end, err);
        if (status != MI_OK)
            return status;
        if (field.first && record == rows[found] + r->layout.header)
            lines[found++] = field.line;
        record += field.last;
    }
    return MI_OK;
}

static mi_status check_ids_unique(text_reader *r, mi_error *err)
{
    uint64_t rows[2], lines[2] = {0};
    bool repeated;
    mi_status status = proto_string_list_repeated(&r->ids, &repeated, &rows[0], &rows[1], err);
    if (status != MI_OK || !repeated)
        return status;
    status = find_lines(r, rows, lines, err);
    if (status != MI_OK)
        return status;
    char excerpt[PROTO_EXCERPT];
    size_t n;
    const char *id = proto_string_list_at(&r->ids, rows[1], &n);
    return mi_fail(
        err, MI_INVALID,
        "line %" PRIu64 ", row %" PRIu64 ": the id \"%s\" is already on line %" PRIu64 ", row %" PRIu64
        "; ids must be unique (if this column holds categories, set ids to no; a table of pairs of ids is "
        "uploaded with kind=pairs)",
        lines[1], rows[1] + 1, proto_excerpt(id, n, excerpt), lines[0], rows[0] + 1);
}

/* From the first row: a column whose value there is a string is supposed to be categorical. */
static mi_status suppose_categorical(text_reader *r, mi_error *err)
{
    proto_csv_field field = {0};
    bool end = false;
    for (uint64_t index = 0; !field.last && index < r->layout.fields; index++) {
        mi_status status = proto_csv_next(r->scanner, &field, &end, err);
        if (status != MI_OK || end)
            return status;
        if (index == 0)
            r->first_line = field.line;
        const uint64_t col = column_of(r, index);
        const proto_csv_field value = proto_csv_trimmed(field);
        double number;
        if (!is_id(r, index) && !r->levels.categorical[col] && value.n > 0 &&
            proto_parse_csv_number(value.s, value.n, &number) == PROTO_NUMBER_NONE) {
            proto_levels_declare(&r->levels, col);
            r->supposed[col] = 1;
        }
    }
    return MI_OK;
}

/* A column of numbers that begins with "NA", or with a slip, must not pass for one of categories. */
static mi_status check_supposed(text_reader *r, mi_error *err)
{
    for (uint64_t index = 0; index < r->layout.fields; index++) {
        const uint64_t col = column_of(r, index);
        uint32_t n_strings = 0, string = 0;
        size_t n;
        if (is_id(r, index) || !r->supposed[col])
            continue;
        for (uint32_t code = 0; code < r->levels.sets[col].n; code++) {
            double number;
            const char *name = proto_levels_name(&r->levels, col, code, &n);
            if (proto_parse_csv_number(name, n, &number) == PROTO_NUMBER_NONE) {
                n_strings++;
                string = code;
            }
        }
        if (n_strings > 1 || r->levels.sets[col].n == 1)
            continue;
        char where[160], excerpt[PROTO_EXCERPT];
        const char *name = proto_levels_name(&r->levels, col, string, &n);
        r->rows = 0;
        return mi_fail(err, MI_INVALID,
                       "%s: found \"%s\"; expected a number, as in other rows (if this column holds "
                       "categories, say so in categorical%s)",
                       place(r, r->first_line, index, where), proto_excerpt(name, n, excerpt),
                       index == 0 && !r->layout.ids ? "; if it holds ids, set ids to yes" : "");
    }
    return MI_OK;
}

/* Which columns are categorical, and their levels. */
static mi_status find_levels(text_reader *r, const char *listed, mi_error *err)
{
    mi_status status = proto_levels_init(&r->levels, r->layout.cols, err);
    if (status == MI_OK && !(r->supposed = calloc(r->layout.cols, sizeof *r->supposed)))
        status = mi_fail(err, MI_MEMORY, "no memory for a row of %" PRIu64 " columns", r->layout.cols);
    if (status == MI_OK) {
        proto_csv_again(r->scanner);
        status = r->layout.header ? read_header(r, err) : MI_OK;
    }
    if (status == MI_OK)
        status = proto_levels_choose(&r->levels, listed, &r->names, err);
    if (status == MI_OK)
        status = suppose_categorical(r, err);
    if (status != MI_OK || r->levels.n_categorical == 0)
        return status;
    r->collecting = true;
    if ((status = begin_rows(r, err)) == MI_OK)
        status = read_rows(r, err);
    r->collecting = false;
    return status == MI_OK ? check_supposed(r, err) : status;
}

static mi_status read_table(text_reader *r, const char *categorical, const proto_output *out,
                            proto_dataset_record *record, mi_error *err)
{
    r->row = malloc(r->layout.cols * sizeof *r->row);
    if (!r->row)
        return mi_fail(err, MI_MEMORY, "no memory for a row of %" PRIu64 " columns", r->layout.cols);
    mi_status status = proto_table_check_shape(1, r->layout.cols, r->limits, err);
    if (status == MI_OK)
        status = find_levels(r, categorical, err);
    if (status == MI_OK)
        status = proto_matrix_writer_new(&r->writer, out, r->layout.cols, err);
    if (status == MI_OK)
        status = begin_rows(r, err);
    if (status == MI_OK)
        status = read_rows(r, err);
    if (status == MI_OK)
        status = check_ids_unique(r, err);
    if (status != MI_OK)
        return status;
    proto_matrix_writer_levels(r->writer, &r->levels);
    return proto_matrix_writer_finish(r->writer, &r->ids, &r->names, record, err);
}

mi_status proto_table_read_text(const proto_source *source, char separator,
                                const proto_table_options *options, const proto_limits *limits,
                                const proto_output *out, proto_dataset_record *record, mi_error *err)
{
    proto_inflater *inflater = NULL;
    text_reader r = {.limits = limits};
    proto_string_list_init(&r.ids, IDS_MAX);
    proto_string_list_init(&r.names, NAMES_MAX);
    mi_status status = proto_table_inflater(&inflater, source, limits, err);
    if (status != MI_OK)
        goto out;
    r.scanner = malloc(sizeof *r.scanner);
    if (!r.scanner) {
        status = mi_fail(err, MI_MEMORY, "no memory to read text");
        goto out;
    }
    proto_csv_begin(r.scanner, source, inflater, separator);
    status = proto_csv_layout_find(r.scanner, options, limits, &r.layout, err);
    if (status != MI_OK)
        goto out;
    status = read_table(&r, options->categorical, out, record, err);
out:
    proto_matrix_writer_free(r.writer);
    proto_string_list_fini(&r.ids);
    proto_string_list_fini(&r.names);
    proto_levels_fini(&r.levels);
    free(r.supposed);
    free(r.row);
    free(r.scanner);
    proto_inflater_free(inflater);
    return status;
}
