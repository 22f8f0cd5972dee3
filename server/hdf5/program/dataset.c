#include "dataset.h"

#include "failure.h"

#include <string.h>

#define CHUNK_BYTES_MAX (UINT64_C(64) << 20)
#define FILTERS_MAX     8

/* ---- what it holds ---- */

/* IEEE 754's own formats and no other: the library's conversions are not used. */
static bool is_ieee(hid_t type, size_t item)
{
    static const struct {
        size_t item, exponent_bits, bias;
    } formats[] = {{2, 5, 15}, {4, 8, 127}, {8, 11, 1023}};
    size_t sign, exponent_at, exponent_bits, fraction_at, fraction_bits;
    if (H5Tget_fields(type, &sign, &exponent_at, &exponent_bits, &fraction_at, &fraction_bits) < 0)
        return false;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i].item == item)
            return sign == 8 * item - 1 && exponent_bits == formats[i].exponent_bits &&
                   exponent_at == sign - exponent_bits && fraction_at == 0 && fraction_bits == exponent_at &&
                   H5Tget_ebias(type) == formats[i].bias && H5Tget_norm(type) == H5T_NORM_IMPLIED;
    return false;
}

static void describe_numbers(dataset *d, H5T_class_t class)
{
    const H5T_order_t order = H5Tget_order(d->type);
    if (H5Tget_precision(d->type) != 8 * d->item || H5Tget_offset(d->type) != 0 ||
        (order != H5T_ORDER_LE && order != H5T_ORDER_BE) ||
        (class == H5T_FLOAT && !is_ieee(d->type, d->item)))
        return;
    const char kind = class == H5T_FLOAT ? 'f' : H5Tget_sign(d->type) == H5T_SGN_2 ? 'i' : 'u';
    d->convert = proto_npy_converter(kind, (unsigned)d->item);
    d->swapped = order == H5T_ORDER_BE && d->item > 1;
    if (d->convert)
        d->content = DATASET_NUMBERS;
}

static void describe_type(dataset *d)
{
    const H5T_class_t class = H5Tget_class(d->type);
    d->item = H5Tget_size(d->type);
    d->content = DATASET_OTHER;
    if (class == H5T_FLOAT || class == H5T_INTEGER)
        describe_numbers(d, class);
    else if (class == H5T_STRING && d->item > 0)
        d->content = DATASET_STRINGS;
}

mi_status dataset_describe(hid_t id, const char *name, dataset *out, mi_error *err)
{
    *out = (dataset){.id = id, .type = H5Dget_type(id), .space = H5Dget_space(id), .content = DATASET_OTHER};
    if (out->type >= 0 && out->space >= 0 && H5Sget_simple_extent_type(out->space) == H5S_SIMPLE)
        out->rank = H5Sget_simple_extent_ndims(out->space);
    out->dims[1] = 1;
    if (out->type < 0 || out->space < 0 || out->rank < 0 ||
        ((out->rank == 1 || out->rank == 2) && H5Sget_simple_extent_dims(out->space, out->dims, NULL) < 0)) {
        mi_status status = failure_of_library(err, "the data set \"%s\" is damaged", name);
        dataset_close(out);
        return status;
    }
    describe_type(out);
    return MI_OK;
}

void dataset_close(dataset *d)
{
    if (d->space >= 0)
        H5Sclose(d->space);
    if (d->type >= 0)
        H5Tclose(d->type);
    H5Dclose(d->id);
}

/* ---- whether it may be read ---- */

static mi_status check_filters(hid_t plist, const char *name, mi_error *err)
{
    const int n = H5Pget_nfilters(plist);
    if (n < 0 || n > FILTERS_MAX)
        return mi_fail(err, MI_INVALID, "the data set \"%s\" has %d filters; expected up to %d", name, n,
                       FILTERS_MAX);
    for (int i = 0; i < n; i++) {
        unsigned flags;
        size_t n_values = 0;
        const H5Z_filter_t filter =
            H5Pget_filter2(plist, (unsigned)i, &flags, &n_values, NULL, 0, NULL, NULL);
        if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
            return mi_fail(
                err, MI_UNSUPPORTED,
                "the data set \"%s\" is packed with HDF5 filter %d; read are gzip (deflate), shuffle "
                "and fletcher32",
                name, (int)filter);
    }
    return MI_OK;
}

static mi_status refuse_unwritten(const char *name, mi_error *err)
{
    return mi_fail(err, MI_INVALID,
                   "the data set \"%s\" was never written in full: parts of its values are missing", name);
}

/* Chunks: of a bearable size, and all there. */
static mi_status check_chunks(const dataset *d, hid_t plist, const char *name, hsize_t *chunk_rows,
                              mi_error *err)
{
    hsize_t chunk[2] = {1, 1}, bytes = d->item, expected = 1, found = 0;
    if (H5Pget_chunk(plist, 2, chunk) != d->rank)
        return failure_of_library(err, "the data set \"%s\" is damaged: its chunks", name);
    for (int i = 0; i < d->rank; i++) {
        if (chunk[i] == 0 || __builtin_mul_overflow(bytes, chunk[i], &bytes) || bytes > CHUNK_BYTES_MAX)
            return mi_fail(err, MI_UNSUPPORTED,
                           "the data set \"%s\" has chunks of more than 64 MiB; write it with smaller ones",
                           name);
        const hsize_t n = d->dims[i] / chunk[i] + (d->dims[i] % chunk[i] != 0);
        if (__builtin_mul_overflow(expected, n, &expected))
            return refuse_unwritten(name, err);
    }
    if (H5Dget_num_chunks(d->id, d->space, &found) < 0)
        return failure_of_library(err, "the data set \"%s\" is damaged: its chunks", name);
    *chunk_rows = chunk[0];
    return found == expected ? MI_OK : refuse_unwritten(name, err);
}
_Static_assert(CHUNK_BYTES_MAX == UINT64_C(64) << 20, "the message says so");

static mi_status check_bytes(const dataset *d, H5D_layout_t layout, const char *name, mi_error *err)
{
    hsize_t needed;
    if (__builtin_mul_overflow(d->dims[0], d->dims[1], &needed) ||
        __builtin_mul_overflow(needed, (hsize_t)d->item, &needed) ||
        (layout == H5D_CONTIGUOUS && H5Dget_offset(d->id) == HADDR_UNDEF) ||
        H5Dget_storage_size(d->id) < needed)
        return refuse_unwritten(name, err);
    return MI_OK;
}

static mi_status check_plist(const dataset *d, hid_t plist, const char *name, hsize_t *chunk_rows,
                             mi_error *err)
{
    const H5D_layout_t layout = H5Pget_layout(plist);
    *chunk_rows = 1;
    if (layout == H5D_VIRTUAL)
        return mi_fail(err, MI_UNSUPPORTED,
                       "the data set \"%s\" is virtual: its values lie in other files, which are not read",
                       name);
    if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED)
        return failure_of_library(err, "the data set \"%s\" is damaged: its layout", name);
    const int external = H5Pget_external_count(plist);
    if (external != 0)
        return mi_fail(err, MI_UNSUPPORTED,
                       "the data set \"%s\" keeps its values in another file, which is not read", name);
    mi_status status = check_filters(plist, name, err);
    if (status != MI_OK)
        return status;
    return layout == H5D_CHUNKED ? check_chunks(d, plist, name, chunk_rows, err)
                                 : check_bytes(d, layout, name, err);
}

mi_status dataset_check_storage(const dataset *d, const char *name, hsize_t *chunk_rows, mi_error *err)
{
    const hid_t plist = H5Dget_create_plist(d->id);
    if (plist < 0)
        return failure_of_library(err, "the data set \"%s\" is damaged", name);
    mi_status status = check_plist(d, plist, name, chunk_rows, err);
    H5Pclose(plist);
    return status;
}
