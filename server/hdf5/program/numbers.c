#include "numbers.h"

#include "failure.h"
#include "frames.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES     (UINT64_C(4) << 20)  /* of rows at a time, when nothing asks for more */
#define BLOCK_BYTES_MAX (UINT64_C(64) << 20) /* so that chunks are unpacked once */

typedef struct block {
    unsigned char *raw; /* as in the file */
    float *values;
} block;

static mi_status block_init(block *b, uint64_t n, size_t item, mi_error *err)
{
    b->raw = malloc(n * item);
    b->values = malloc(n * sizeof *b->values);
    if (b->raw && b->values)
        return MI_OK;
    return mi_fail(err, MI_MEMORY, "no memory for a block of rows");
}

static void block_fini(block *b)
{
    free(b->raw);
    free(b->values);
}

static void convert(const dataset *d, block *b, uint64_t n)
{
    if (d->swapped)
        proto_npy_swap(b->raw, n, (unsigned)d->item);
    d->convert(b->raw, n, b->values);
}

/* Rows of one read: whole chunks, where that is bearable. */
static hsize_t rows_at_once(const dataset *d, hsize_t chunk_rows)
{
    const uint64_t row_bytes = d->dims[1] * (d->item > sizeof(float) ? d->item : sizeof(float));
    hsize_t rows = row_bytes < BLOCK_BYTES ? BLOCK_BYTES / row_bytes : 1;
    if (chunk_rows > 1 && chunk_rows <= BLOCK_BYTES_MAX / row_bytes)
        rows = rows > chunk_rows ? rows - rows % chunk_rows : chunk_rows;
    return rows < d->dims[0] ? rows : d->dims[0];
}

static mi_status read_rows(const dataset *d, const char *name, hsize_t row, hsize_t rows, block *b,
                           mi_error *err)
{
    const hsize_t start[2] = {row, 0}, count[2] = {rows, d->dims[1]};
    const hid_t space = H5Screate_simple(d->rank, count, NULL);
    const bool ok = space >= 0 &&
                    H5Sselect_hyperslab(d->space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
                    H5Dread(d->id, d->type, space, d->space, H5P_DEFAULT, b->raw) >= 0;
    mi_status status =
        ok ? MI_OK : failure_of_library(err, "the values of \"%s\" cannot be read: they are damaged", name);
    if (space >= 0)
        H5Sclose(space);
    return status;
}

mi_status numbers_send(const dataset *d, const char *name, hsize_t chunk_rows, mi_error *err)
{
    const hsize_t at_once = rows_at_once(d, chunk_rows);
    block b = {0};
    mi_status status = block_init(&b, at_once * d->dims[1], d->item, err);
    for (hsize_t row = 0; row < d->dims[0] && status == MI_OK; row += at_once) {
        const hsize_t rows = d->dims[0] - row < at_once ? d->dims[0] - row : at_once;
        if ((status = read_rows(d, name, row, rows, &b, err)) == MI_OK) {
            convert(d, &b, rows * d->dims[1]);
            frames_rows(b.values, rows, d->dims[1]);
        }
    }
    block_fini(&b);
    return status;
}

/* ---- one vector a row ---- */

/* The vector called `name`, into the row of `out`. raw: (cols) of the widest type. */
static mi_status read_vector(hid_t group, const char *name, hsize_t cols, block *b, mi_error *err)
{
    char shown[FAILURE_NAME];
    hsize_t chunk_rows;
    dataset d;
    failure_name(name, strlen(name), shown);
    const hid_t id = H5Dopen2(group, name, H5P_DEFAULT);
    if (id < 0)
        return failure_of_library(err, "the data set \"%s\" is damaged", shown);
    mi_status status = dataset_describe(id, shown, &d, err);
    if (status != MI_OK)
        return status;
    if (d.content != DATASET_NUMBERS || d.rank != 1 || d.dims[0] != cols)
        status = mi_fail(err, MI_INVALID, "the data set \"%s\" is damaged", shown);
    if (status == MI_OK)
        status = dataset_check_storage(&d, shown, &chunk_rows, err);
    if (status == MI_OK && H5Dread(d.id, d.type, H5S_ALL, H5S_ALL, H5P_DEFAULT, b->raw) < 0)
        status = failure_of_library(err, "the values of \"%s\" cannot be read: they are damaged", shown);
    if (status == MI_OK)
        convert(&d, b, cols);
    dataset_close(&d);
    return status;
}

mi_status numbers_send_vectors(hid_t group, const entry_list *list, hsize_t cols, mi_error *err)
{
    const uint64_t row_bytes = cols * sizeof(float);
    const uint64_t at_once = row_bytes < PROTO_HDF5_PAYLOAD ? PROTO_HDF5_PAYLOAD / row_bytes : 1;
    float *rows = malloc(at_once * row_bytes);
    block b = {0};
    uint64_t filled = 0;
    mi_status status = block_init(&b, cols, sizeof(double), err);
    if (status == MI_OK && !rows)
        status = mi_fail(err, MI_MEMORY, "no memory for a block of rows");
    for (uint64_t i = 0; i < list->names.n && status == MI_OK; i++) {
        if ((status = read_vector(group, group_name(list, i), cols, &b, err)) != MI_OK)
            break;
        memcpy(rows + filled * cols, b.values, row_bytes);
        if (++filled == at_once || i + 1 == list->names.n) {
            frames_rows(rows, filled, cols);
            filled = 0;
        }
    }
    free(rows);
    block_fini(&b);
    return status;
}
