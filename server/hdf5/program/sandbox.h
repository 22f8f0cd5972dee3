/*
 * What the process may still do: compute, read the file that is open, write to its pipe. It cannot open a
 * file, make a socket or a process, or change a file that is open.
 */
#ifndef HDF5_SANDBOX_H
#define HDF5_SANDBOX_H

#include "mi/status.h"

#include <stdint.h>
#include <sys/types.h>

/* Before the first byte of the file is read. parent: the process that this one must not outlive. MI_INTERNAL.
 */
mi_status sandbox_enter(pid_t parent, uint64_t memory_bytes, uint64_t cpu_s, mi_error *err);

#endif
