#include "port_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

mi_status port_file_write(const char *path, uint16_t port, mi_error *err)
{
    char beside[600];
    snprintf(beside, sizeof beside, "%s.%ld", path, (long)getpid());
    FILE *file = fopen(beside, "we");
    if (!file)
        return mi_fail(err, MI_IO, "port file %.200s: %s", path, strerror(errno));
    int failed = fprintf(file, "%u\n", (unsigned)port) < 0;
    failed |= fclose(file) != 0;
    if (failed || rename(beside, path) != 0) {
        mi_fail(err, MI_IO, "port file %.200s: %s", path, strerror(errno));
        unlink(beside);
        return MI_IO;
    }
    return MI_OK;
}
