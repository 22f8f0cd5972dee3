/*
 * HDF5 files, read in a process of their own.
 *
 * DESIGN
 * libhdf5 does not hold against hostile files: they crash it, hang it, and have it read other files of the
 * server. So the daemon does not link it. A small program, mutuald-hdf5, does (program/): it is started for
 * each upload with the file already open, nothing else inherited, an empty environment, little memory and
 * processor time and a system call filter under which no file can be opened; it writes what it finds to a
 * pipe (proto/hdf5.h). This side believes nothing of that: proto_hdf5_read checks every frame, a clock runs,
 * and at the end the process is killed and reaped whatever it did.
 */
#ifndef HDF5_READER_H
#define HDF5_READER_H

#include "proto/table.h"

#define HDF5_PROGRAM "mutuald-hdf5"

/* Arguments of the program, all present: see hdf5_argument. */
typedef enum hdf5_argument {
    HDF5_ARGUMENT_PARENT = 1, /* process id that must not die first */
    HDF5_ARGUMENT_MEMORY,     /* bytes of address space */
    HDF5_ARGUMENT_CPU,        /* seconds of processor time */
    HDF5_ARGUMENT_ROWS,       /* entries of a group, at most */
    HDF5_ARGUMENT_KEY,        /* as in proto_table_options */
    HDF5_ARGUMENT_IDS_KEY,
    HDF5_ARGUMENT_COUNT
} hdf5_argument;

/* Its descriptors: the stream goes to standard output, 0 and 2 are /dev/null. */
#define HDF5_FILE_FD 3
/* Exit status when it could not shut itself in. */
#define HDF5_EXIT_SANDBOX 3

typedef struct hdf5_file {
    const char *program;    /* path of mutuald-hdf5; "": the one beside this process's own executable */
    int fd;                 /* open for reading, seekable; its offset is not used */
    uint64_t bytes;         /* of the file */
    uint32_t cpu_s, wall_s; /* 0: by the file's size */
} hdf5_file;

/*
 * As proto_table_read, and of its options key, ids_key and categorical. MI_INVALID also: the file crashed the
 * reader, or took too much time or memory; MI_UNSUPPORTED also: the program is not installed; MI_INTERNAL: it
 * cannot be started or shut in. Blocks as long as the file takes, at most wall_s. Thread: any, also several
 * at a time.
 */
mi_status hdf5_read(const hdf5_file *file, const proto_table_options *options, const proto_limits *limits,
                    const proto_output *out, proto_dataset_record *record, mi_error *err);

#endif
