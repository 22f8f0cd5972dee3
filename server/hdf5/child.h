/*
 * One process of mutuald-hdf5: started, read from until a deadline, killed and reaped.
 */
#ifndef HDF5_CHILD_H
#define HDF5_CHILD_H

#include "hdf5/hdf5.h"

#include <stdbool.h>
#include <sys/types.h>

typedef enum hdf5_pipe_state {
    HDF5_PIPE_OPEN,
    HDF5_PIPE_ENDED,
    HDF5_PIPE_LATE,
    HDF5_PIPE_FAILED
} hdf5_pipe_state;

typedef struct hdf5_child {
    pid_t pid;
    int pipe;              /* the read end */
    int64_t deadline_ms;   /* monotonic */
    hdf5_pipe_state state; /* why reading stopped, when it did */
} hdf5_child;

/*
 * argv: of the program, NULL-terminated. The child has `fd` anew as HDF5_FILE_FD, read-only and with an
 * offset of its own. MI_NOT_FOUND: there is no such program; MI_INTERNAL.
 */
mi_status hdf5_child_start(hdf5_child *child, const char *program, char *const *argv, int fd, uint32_t wall_s,
                           mi_error *err);
/* Exactly n bytes; a proto_hdf5_stream's read. MI_CORRUPT at the end of the pipe, MI_TIMEOUT, MI_IO. */
mi_status hdf5_child_read(void *child, void *buffer, size_t n, mi_error *err);
/* Kill and reap it. *status: as of waitpid; if it had ended its pipe by itself, how it left. */
void hdf5_child_end(hdf5_child *child, int *status);

#endif
