/*
 * npy to the canonical matrix.
 */
#include "array.h"
#include "npy_header.h"
#include "table_readers.h"

#include <inttypes.h>

mi_status proto_npy_check_size(const proto_array_header *h, uint64_t size, const proto_limits *limits,
                               mi_error *err)
{
    if (h->rows == 0 || h->cols == 0)
        return mi_fail(err, MI_INVALID, "npy: the array is empty: %" PRIu64 " x %" PRIu64, h->rows, h->cols);
    mi_status status = proto_table_check_shape(h->rows, h->cols, limits, err);
    if (status != MI_OK)
        return status;
    uint64_t needed = h->data_at + h->rows * h->cols * h->item;
    if (needed == size)
        return MI_OK;
    return mi_fail(err, MI_INVALID,
                   "npy: %" PRIu64 " x %" PRIu64 " values of dtype %s make a file of %" PRIu64
                   " bytes; found %" PRIu64 ": %" PRIu64 " bytes %s",
                   h->rows, h->cols, h->descr, needed, size, size < needed ? needed - size : size - needed,
                   size < needed ? "are missing" : "too many");
}

mi_status proto_table_read_npy(const proto_source *source, const proto_table_options *options,
                               const proto_limits *limits, const proto_output *out,
                               proto_dataset_record *record, mi_error *err)
{
    proto_array array = {.source = source};
    mi_status status = proto_npy_header_read(source, &array.header, err);
    if (status == MI_OK)
        status = proto_npy_check_size(&array.header, source->size, limits, err);
    return status == MI_OK ? proto_array_read(&array, NULL, options, out, record, err) : status;
}
