/*
 * mutuald-hdf5: one HDF5 file from a stranger to rows of float32, and then the end. Started by mutuald, for
 * each upload anew; hdf5/hdf5.h says with what, proto/hdf5.h what comes out.
 *
 * Whatever the file does to libhdf5 happens behind sandbox_enter: the file's first byte is read after it.
 */
#include "driver.h"
#include "failure.h"
#include "frames.h"
#include "hdf5/hdf5.h"
#include "layout.h"
#include "sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* No messages, no plug-ins, and no clean-up at the end: the process just ends. */
static mi_status set_up_library(mi_error *err)
{
    if (H5dont_atexit() < 0 || H5open() < 0 || H5Eset_auto2(H5E_DEFAULT, NULL, NULL) < 0 ||
        H5PLset_loading_state(0) < 0)
        return mi_fail(err, MI_INTERNAL, "libhdf5 does not start");
    return MI_OK;
}

static mi_status run(char **argv, mi_error *err)
{
    hid_t file;
    mi_status status = sandbox_enter((pid_t)strtoll(argv[HDF5_ARGUMENT_PARENT], NULL, 10),
                                     strtoull(argv[HDF5_ARGUMENT_MEMORY], NULL, 10),
                                     strtoull(argv[HDF5_ARGUMENT_CPU], NULL, 10), err);
    if (status == MI_OK)
        status = set_up_library(err);
    if (status == MI_OK)
        status = driver_open_file(HDF5_FILE_FD, &file, err);
    if (status == MI_OK)
        status = layout_send(file, argv[HDF5_ARGUMENT_KEY], argv[HDF5_ARGUMENT_IDS_KEY],
                             strtoull(argv[HDF5_ARGUMENT_ROWS], NULL, 10), err);
    return status;
}

int main(int argc, char **argv)
{
    mi_error err = {0};
    if (argc != HDF5_ARGUMENT_COUNT) {
        fprintf(stderr, "mutuald-hdf5 is started by mutuald, for HDF5 uploads; it has no use by itself\n");
        return EXIT_FAILURE;
    }
    const mi_status status = run(argv, &err);
    if (status == MI_OK)
        frames_end();
    else if (status == MI_INTERNAL)
        _exit(HDF5_EXIT_SANDBOX);
    else if (status == MI_MEMORY)
        mi_fail(&err, MI_INVALID, "reading the file takes more memory than an upload may");
    if (status != MI_OK)
        frames_error(&err);
    _exit(EXIT_SUCCESS);
}
