/*
 * A file driver for libhdf5 that reads one descriptor, open before the process shut itself in, and nothing
 * else: whatever other file a file names, there is no opening it.
 */
#ifndef HDF5_DRIVER_H
#define HDF5_DRIVER_H

#include "mi/status.h"

#include <hdf5.h>

/* Once in a process. MI_INTERNAL; MI_INVALID: not HDF5, or damaged. */
mi_status driver_open_file(int fd, hid_t *out, mi_error *err);

#endif
