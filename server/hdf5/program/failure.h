/*
 * Why a call of libhdf5 failed, as far as it says.
 */
#ifndef HDF5_FAILURE_H
#define HDF5_FAILURE_H

#include "mi/status.h"

#include <stddef.h>

/* "<what> (<libhdf5's innermost reason>)". MI_INVALID; that memory ran out is said so. At once: the next call
 * of libhdf5 forgets why the last one failed. */
mi_status failure_of_library(mi_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Names of a file as a message may show them: at most 60 bytes, control and bad bytes as '?'. */
#define FAILURE_NAME 64
const char *failure_name(const char *name, size_t n, char buffer[FAILURE_NAME]);

#endif
