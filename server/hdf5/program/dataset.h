/*
 * One data set of the file: what it holds, and whether it may be read at all.
 */
#ifndef HDF5_DATASET_H
#define HDF5_DATASET_H

#include "mi/status.h"
#include "npy_convert.h"

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum dataset_content { DATASET_NUMBERS, DATASET_STRINGS, DATASET_OTHER } dataset_content;

typedef struct dataset {
    hid_t id, type, space; /* type: in the file, and for reading: nothing is converted by libhdf5 */
    dataset_content content;
    int rank;
    hsize_t dims[2];           /* of ranks 1 and 2; (n, 1) for rank 1 */
    size_t item;               /* bytes of a value */
    bool swapped;              /* numbers: big-endian */
    proto_npy_convert convert; /* numbers */
} dataset;

/* Takes `id`. The file's own words: nothing is read. MI_INVALID. */
mi_status dataset_describe(hid_t id, const char *name, dataset *out, mi_error *err);
void dataset_close(dataset *d);

/*
 * Its values lie in this very file, whole, as bytes or as chunks packed by deflate, shuffle and fletcher32.
 * Before any read. *chunk_rows: 1 unless chunked. MI_INVALID, MI_UNSUPPORTED.
 */
mi_status dataset_check_storage(const dataset *d, const char *name, hsize_t *chunk_rows, mi_error *err);

#endif
