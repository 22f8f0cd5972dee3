/*
 * An array to the canonical matrix, a block of rows at a time. In C order a block is one stretch of the file.
 * In Fortran order it is a segment of each column: segments are read column by column and turned by tiles, so
 * that a tile's rows are written a cache line at a time.
 */
#include "array.h"

#include "matrix_writer.h"
#include "npy_convert.h"
#include "table_readers.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define C_BLOCK       (128u << 10) /* values; fits the L2 cache as float32 */
#define FORTRAN_BLOCK (1u << 20)   /* values: wide segments, few reads */
#define FORTRAN_ROWS  16384u
#define FORWARD_BLOCK                                                                    \
    (8u << 20) /* values: for each block, a file that is only read forwards is read anew \
                */
#define FORWARD_BYTES (UINT64_C(4) << 30) /* of such a file, in all */
#define TILE          16u                 /* columns: 64 bytes of float32 */

typedef struct array_reader {
    const proto_source *source;
    proto_array_header h;
    bool forward;
    proto_npy_convert convert;
    proto_matrix_writer *writer;
    uint64_t block_rows;
    unsigned char *raw; /* (raw values) as in the file */
    float *tile;        /* (TILE, block_rows), Fortran order only */
    float *block;       /* (block_rows, cols) */
    proto_levels levels;
} array_reader;

/* n values, from the index-th of the file on, as float32. */
static mi_status read_values(const array_reader *r, uint64_t index, size_t n, float *out, mi_error *err)
{
    uint64_t at = r->h.data_at + index * r->h.item;
    bool as_is = r->h.kind == 'f' && r->h.item == sizeof *out;
    unsigned char *raw = as_is ? (unsigned char *)out : r->raw;
    mi_status status = r->source->read_at(r->source->ctx, at, raw, n * r->h.item, err);
    if (status != MI_OK)
        return status;
    if (r->h.swapped)
        proto_npy_swap(raw, n, r->h.item);
    if (!as_is)
        r->convert(raw, n, out);
    return MI_OK;
}

/* The value at (row, col) is not finite in float32: say what it was. */
static mi_status refuse_value(const array_reader *r, uint64_t row, uint64_t col, float value, mi_error *err)
{
    uint64_t index = r->h.fortran ? col * r->h.rows + row : row * r->h.cols + col;
    const char *what = isnan(value) ? "NaN" : value < 0 ? "-infinity" : "infinity";
    if (r->h.kind == 'f' && r->h.item == sizeof(double)) {
        unsigned char bytes[sizeof(double)];
        double original;
        mi_status status =
            r->source->read_at(r->source->ctx, r->h.data_at + index * r->h.item, bytes, sizeof bytes, err);
        if (status != MI_OK)
            return status;
        if (r->h.swapped)
            proto_npy_swap(bytes, 1, sizeof bytes);
        memcpy(&original, bytes, sizeof original);
        if (isfinite(original))
            return mi_fail(err, MI_INVALID,
                           "row %" PRIu64 ", column %" PRIu64 " (from 0): %.17g is over float32's range", row,
                           col, original);
    }
    return mi_fail(err, MI_INVALID,
                   "row %" PRIu64 ", column %" PRIu64 " (from 0): %s; expected a finite number", row, col,
                   what);
}

/* Categorical columns hold codes; the first value of these rows that is none is refused. */
static mi_status check_codes(const array_reader *r, uint64_t row, uint64_t rows, mi_error *err)
{
    for (uint64_t i = 0; i < rows; i++)
        for (uint64_t col = 0; col < r->h.cols; col++) {
            const float value = r->block[i * r->h.cols + col];
            if (r->levels.categorical[col] && !mi_is_category(value))
                return mi_fail(
                    err, MI_INVALID,
                    "row %" PRIu64 ", column %" PRIu64
                    " (from 0): %.9g in a categorical column; expected a whole number from 0 to %u",
                    row + i, col, (double)value, MI_MAX_CATEGORY);
        }
    return MI_OK;
}

static mi_status write_block(const array_reader *r, uint64_t row, uint64_t rows, mi_error *err)
{
    size_t n = rows * r->h.cols, bad = proto_first_not_finite(r->block, n);
    if (bad < n)
        return refuse_value(r, row + bad / r->h.cols, bad % r->h.cols, r->block[bad], err);
    mi_status status = r->levels.n_categorical > 0 ? check_codes(r, row, rows, err) : MI_OK;
    if (status != MI_OK)
        return status;
    return proto_matrix_writer_rows(r->writer, r->block, rows, err);
}

/* Rows [row, row + rows) of a Fortran-order file into the block. */
static mi_status gather_columns(const array_reader *r, uint64_t row, uint64_t rows, mi_error *err)
{
    for (uint64_t first = 0; first < r->h.cols; first += TILE) {
        uint64_t width = r->h.cols - first < TILE ? r->h.cols - first : TILE;
        for (uint64_t c = 0; c < width; c++) {
            mi_status status =
                read_values(r, (first + c) * r->h.rows + row, rows, r->tile + c * r->block_rows, err);
            if (status != MI_OK)
                return status;
        }
        for (uint64_t i = 0; i < rows; i++)
            for (uint64_t c = 0; c < width; c++)
                r->block[i * r->h.cols + first + c] = r->tile[c * r->block_rows + i];
    }
    return MI_OK;
}

static mi_status convert_rows(const array_reader *r, mi_error *err)
{
    mi_status status = MI_OK;
    for (uint64_t row = 0; row < r->h.rows && status == MI_OK; row += r->block_rows) {
        uint64_t rows = r->h.rows - row < r->block_rows ? r->h.rows - row : r->block_rows;
        if (r->h.fortran)
            status = gather_columns(r, row, rows, err);
        else
            status = read_values(r, row * r->h.cols, rows * r->h.cols, r->block, err);
        if (status == MI_OK)
            status = write_block(r, row, rows, err);
    }
    return status;
}

static mi_status allocate(array_reader *r, mi_error *err)
{
    const bool back = r->h.fortran && r->forward;
    uint64_t cols = r->h.cols, cells = back ? FORWARD_BLOCK : r->h.fortran ? FORTRAN_BLOCK : C_BLOCK;
    uint64_t rows = cols < cells ? cells / cols : 1;
    if (r->h.fortran && !back && rows > FORTRAN_ROWS)
        rows = FORTRAN_ROWS;
    if (back && (r->h.rows + rows - 1) / rows > FORWARD_BYTES / (r->h.rows * cols * r->h.item))
        return mi_fail(err, MI_LIMIT,
                       "%" PRIu64 " x %" PRIu64
                       " compressed values in Fortran order are too many to be turned; save "
                       "them in C order (numpy.ascontiguousarray), or uncompressed",
                       r->h.rows, cols);
    r->block_rows = rows < r->h.rows ? rows : r->h.rows;
    size_t n = r->block_rows * cols;
    r->block = malloc(n * sizeof *r->block);
    r->tile = r->h.fortran ? malloc((cols < TILE ? cols : TILE) * r->block_rows * sizeof *r->tile) : NULL;
    r->raw = malloc((r->h.fortran ? r->block_rows : n) * r->h.item);
    if (!r->block || !r->raw || (r->h.fortran && !r->tile))
        return mi_fail(err, MI_MEMORY, "no memory to read an array of %" PRIu64 " columns", cols);
    return MI_OK;
}

mi_status proto_array_read(const proto_array *array, const proto_string_list *ids,
                           const proto_table_options *options, const proto_output *out,
                           proto_dataset_record *record, mi_error *err)
{
    const proto_string_list no_names = {0};
    array_reader r = {.source = array->source, .h = array->header, .forward = array->forward};
    if (r.h.rows == 1 || r.h.cols == 1)
        r.h.fortran = false; /* both orders are the same bytes */
    r.convert = proto_npy_converter(r.h.kind, r.h.item);
    mi_status status = allocate(&r, err);
    if (status != MI_OK)
        goto out;
    if ((status = proto_levels_init(&r.levels, r.h.cols, err)) != MI_OK)
        goto out;
    if ((status = proto_levels_choose(&r.levels, options->categorical, &no_names, err)) != MI_OK)
        goto out;
    status = proto_matrix_writer_new(&r.writer, out, r.h.cols, err);
    if (status != MI_OK)
        goto out;
    status = convert_rows(&r, err);
    if (status == MI_OK) {
        proto_matrix_writer_levels(r.writer, &r.levels);
        status = proto_matrix_writer_finish(r.writer, ids, NULL, record, err);
    }
out:
    proto_levels_fini(&r.levels);
    proto_matrix_writer_free(r.writer);
    free(r.block);
    free(r.tile);
    free(r.raw);
    return status;
}
