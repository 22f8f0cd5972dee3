#include "csv_layout.h"

#include "levels.h"
#include "number.h"
#include "table_readers.h"

#include <inttypes.h>
#include <string.h>

/* The first record, as far as the decisions need it. */
typedef struct first_record {
    uint64_t fields;
    bool first_is_number, others_are_numbers;
    bool first_is_categorical; /* options->categorical lists the first field */
    uint64_t named, named_at;  /* fields that equal options->id_column, and the last of them */
} first_record;

/* NaN and the like are numbers here: they are refused as values, with their place. */
static bool is_number(const proto_csv_field *field)
{
    double value;
    return proto_parse_csv_number(field->s, field->n, &value) != PROTO_NUMBER_NONE;
}

static mi_status read_first(proto_csv_scanner *scanner, const proto_table_options *options,
                            const proto_limits *limits, first_record *out, mi_error *err)
{
    const char *id_column = options->id_column;
    proto_csv_field field = {0};
    bool end;
    *out = (first_record){.others_are_numbers = true};
    while (!field.last) {
        mi_status status = proto_csv_next(scanner, &field, &end, err);
        if (status != MI_OK)
            return status;
        if (end)
            return mi_fail(err, MI_INVALID, "the file holds no data: all its lines are blank");
        if (out->fields == 0) {
            out->first_is_number = is_number(&field);
            out->first_is_categorical = proto_levels_listed(options->categorical, field.s, field.n);
        } else if (out->others_are_numbers) {
            out->others_are_numbers = is_number(&field);
        }
        if (field.n == strlen(id_column) && memcmp(field.s, id_column, field.n) == 0) {
            out->named++;
            out->named_at = out->fields;
        }
        out->fields++;
        if (out->fields - 1 > limits->max_columns) /* one field may be the id */
            return mi_fail(err, MI_LIMIT, "line %" PRIu64 ": more than %" PRIu64 " columns", field.line,
                           limits->max_columns);
    }
    return MI_OK;
}

static mi_status find_id_column(const proto_table_options *options, const first_record *first,
                                proto_csv_layout *out, mi_error *err)
{
    char name[PROTO_EXCERPT];
    proto_excerpt(options->id_column, strlen(options->id_column), name);
    if (options->ids == PROTO_CHOICE_NO)
        return mi_fail(err, MI_INVALID, "an id column (\"%s\") is named, but ids are declined", name);
    if (options->header == PROTO_CHOICE_NO)
        return mi_fail(err, MI_INVALID, "an id column (\"%s\") is named, but a header is declined", name);
    if (first->named != 1)
        return mi_fail(err, MI_INVALID, "%s column of the header is named \"%s\"; expected one",
                       first->named == 0 ? "no" : "more than one", name);
    out->header = out->ids = true;
    out->id_field = first->named_at;
    return MI_OK;
}

static bool chosen(proto_choice choice, bool otherwise)
{
    return choice == PROTO_CHOICE_AUTO ? otherwise : choice == PROTO_CHOICE_YES;
}

/*
 * The first field may be an id, so that it tells nothing about a header, unless there is no other, or no ids
 * are wanted. The first column holds ids when its first value is not a number, unless it is said to be
 * categorical.
 */
static mi_status guess(proto_csv_scanner *scanner, const proto_table_options *options,
                       const first_record *first, proto_csv_layout *out, mi_error *err)
{
    const bool named = first->first_is_categorical && options->header != PROTO_CHOICE_NO;
    const bool may_be_ids = first->fields > 1 && !named;
    bool first_tells = options->ids == PROTO_CHOICE_NO || (options->ids == PROTO_CHOICE_AUTO && !may_be_ids);
    out->header =
        chosen(options->header, !first->others_are_numbers || (first_tells && !first->first_is_number));
    bool value_is_number = first->first_is_number;
    if (out->header) {
        proto_csv_field field = {0};
        bool end;
        mi_status status = proto_csv_next(scanner, &field, &end, err);
        if (status != MI_OK)
            return status;
        if (end)
            return mi_fail(err, MI_INVALID, "the file holds no data: a header and no rows");
        value_is_number = is_number(&field);
    }
    out->ids = chosen(options->ids, !value_is_number && may_be_ids);
    return MI_OK;
}

mi_status proto_csv_layout_find(proto_csv_scanner *scanner, const proto_table_options *options,
                                const proto_limits *limits, proto_csv_layout *out, mi_error *err)
{
    first_record first;
    mi_status status = read_first(scanner, options, limits, &first, err);
    if (status != MI_OK)
        return status;
    *out = (proto_csv_layout){.fields = first.fields};
    if (options->id_column[0] != '\0')
        status = find_id_column(options, &first, out, err);
    else
        status = guess(scanner, options, &first, out, err);
    if (status != MI_OK)
        return status;
    out->cols = out->fields - out->ids;
    if (out->cols == 0)
        return mi_fail(err, MI_INVALID, "the file holds ids and no other columns");
    return MI_OK;
}
