/*
 * Which of the file's data sets make the matrix.
 *
 *     a group of 1-D data sets of one length     a row each, in the order of their names, which are the ids
 *     one 2-D data set                           as it is; ids from the 1-D strings beside it that are as
 * many one 1-D data set                           one column; likewise
 */
#ifndef HDF5_LAYOUT_H
#define HDF5_LAYOUT_H

#include "mi/status.h"

#include <hdf5.h>
#include <stdint.h>

/* key, ids_key: paths from the root, or "". Sends everything but an error. MI_INVALID, MI_UNSUPPORTED,
 * MI_LIMIT, MI_MEMORY. */
mi_status layout_send(hid_t file, const char *key, const char *ids_key, uint64_t max_entries, mi_error *err);

#endif
