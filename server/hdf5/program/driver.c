#include "driver.h"

#include "failure.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "upload"

#define METADATA_CACHE     ((size_t)4 << 20)
#define METADATA_CACHE_MAX ((size_t)16 << 20)
#define CHUNK_CACHE        ((size_t)32 << 20) /* of the data set that is open */
#define CHUNK_SLOTS        1009u

typedef struct driver_file {
    H5FD_t base; /* libhdf5's own part, first */
    int fd;
    haddr_t end, claimed; /* of the file; where libhdf5 takes its addresses to end */
} driver_file;

/* The one file; taken by its one opening. libhdf5's driver calls carry nothing of ours. */
static int upload = -1;

static H5FD_t *driver_open(const char *name, unsigned flags, hid_t access, haddr_t max_address)
{
    (void)access;
    (void)max_address;
    const off_t end = lseek(upload, 0, SEEK_END);
    if (end < 0 || flags != H5F_ACC_RDONLY || strcmp(name, NAME) != 0)
        return NULL;
    driver_file *file = calloc(1, sizeof *file);
    if (!file)
        return NULL;
    file->fd = upload;
    file->end = (haddr_t)end;
    upload = -1;
    return &file->base;
}

static herr_t driver_close(H5FD_t *file)
{
    free(file);
    return 0;
}

static herr_t driver_query(const H5FD_t *file, unsigned long *flags)
{
    (void)file;
    *flags = H5FD_FEAT_ACCUMULATE_METADATA_READ | H5FD_FEAT_DATA_SIEVE;
    return 0;
}

static haddr_t driver_get_eoa(const H5FD_t *file, H5FD_mem_t type)
{
    (void)type;
    return ((const driver_file *)file)->claimed;
}

static herr_t driver_set_eoa(H5FD_t *file, H5FD_mem_t type, haddr_t address)
{
    (void)type;
    ((driver_file *)file)->claimed = address;
    return 0;
}

static haddr_t driver_get_eof(const H5FD_t *file, H5FD_mem_t type)
{
    (void)type;
    return ((const driver_file *)file)->end;
}

/* Beyond the end there are no zeros: a file that is cut off is refused, not filled up. */
static herr_t driver_read(H5FD_t *base, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t n, void *out)
{
    const driver_file *file = (const driver_file *)base;
    (void)type;
    (void)transfer;
    if (address > file->end || n > file->end - address)
        return -1;
    for (char *to = out; n > 0;) {
        const ssize_t got = pread(file->fd, to, n, (off_t)address);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -1;
        to += got;
        address += (haddr_t)got;
        n -= (size_t)got;
    }
    return 0;
}

static herr_t driver_write(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t n,
                           const void *bytes)
{
    (void)file;
    (void)type;
    (void)transfer;
    (void)address;
    (void)n;
    (void)bytes;
    return -1;
}

static const H5FD_class_t driver = {
    .name = "descriptor",
    .maxaddr = ((haddr_t)1 << 62) - 1,
    .fc_degree = H5F_CLOSE_WEAK,
    .open = driver_open,
    .close = driver_close,
    .query = driver_query,
    .get_eoa = driver_get_eoa,
    .set_eoa = driver_set_eoa,
    .get_eof = driver_get_eof,
    .read = driver_read,
    .write = driver_write,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

/* The cache counts an object by its bytes in the file, where it may be an eighth of what it is in memory:
 * with many small data sets the usual 32 MB are a quarter of a gigabyte. It has to take in all names of a
 * group as one object, though, or each look-up reads them anew: for that it grows. */
static bool bound_caches(hid_t access)
{
    H5AC_cache_config_t metadata = {.version = H5AC__CURR_CACHE_CONFIG_VERSION};
    if (H5Pget_mdc_config(access, &metadata) < 0)
        return false;
    metadata.set_initial_size = true;
    metadata.initial_size = metadata.min_size = METADATA_CACHE;
    metadata.max_size = METADATA_CACHE_MAX;
    metadata.incr_mode = H5C_incr__off;
    metadata.decr_mode = H5C_decr__off;
    return H5Pset_mdc_config(access, &metadata) >= 0 &&
           H5Pset_cache(access, 0, CHUNK_SLOTS, CHUNK_CACHE, 1.0) >= 0;
}

mi_status driver_open_file(int fd, hid_t *out, mi_error *err)
{
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS), id = H5FDregister(&driver);
    if (access < 0 || id < 0 || H5Pset_driver(access, id, NULL) < 0 || !bound_caches(access))
        return mi_fail(err, MI_INTERNAL, "libhdf5 does not take the driver");
    upload = fd;
    *out = H5Fopen(NAME, H5F_ACC_RDONLY, access);
    mi_status status = *out < 0 ? failure_of_library(err, "the file is not HDF5, or is damaged") : MI_OK;
    H5Pclose(access);
    return status;
}
