/*
 * The values of data sets, out as rows.
 */
#ifndef HDF5_NUMBERS_H
#define HDF5_NUMBERS_H

#include "dataset.h"
#include "group.h"

/* A matrix, or a vector as one column. Its storage has been checked: chunk_rows is what that told. */
mi_status numbers_send(const dataset *d, const char *name, hsize_t chunk_rows, mi_error *err);
/* A group of vectors of `cols` values each, one a row, in the list's order. */
mi_status numbers_send_vectors(hid_t group, const entry_list *list, hsize_t cols, mi_error *err);

#endif
