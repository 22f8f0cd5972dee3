#include "datafile.h"

#include "interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK    ((size_t)1 << 18)
#define NAME_HEX 12 /* of the hash, in a name */
#define STEM_MAX (DATAFILE_NAME_MAX - NAME_HEX - 1)

static mi_status hash_file(datafile *file, const char *path, mi_error *err)
{
    crypto_hash_sha256_state state;
    unsigned char digest[crypto_hash_sha256_BYTES], *chunk = malloc(CHUNK);
    uint64_t done = 0;
    ssize_t n = 0;
    mi_status status = MI_OK;

    if (!chunk)
        return mi_fail(err, MI_MEMORY, "out of memory");
    crypto_hash_sha256_init(&state);
    while (status == MI_OK && (n = pread(file->fd, chunk, CHUNK, (off_t)done)) > 0) {
        crypto_hash_sha256_update(&state, chunk, (unsigned long long)n);
        done += (uint64_t)n;
        if (interrupt_pending())
            status = mi_fail(err, MI_CANCELED, "interrupted");
    }
    if (status == MI_OK && n < 0)
        status = mi_fail(err, MI_INVALID, "%s: %s", path, strerror(errno));
    else if (status == MI_OK && done != file->size)
        status = mi_fail(err, MI_INVALID, "%s changed while it was read", path);
    crypto_hash_sha256_final(&state, digest);
    sodium_bin2hex(file->sha256, sizeof file->sha256, digest, sizeof digest);
    free(chunk);
    return status;
}

static bool ends_with(const char *path, size_t n, const char *suffix)
{
    size_t n_suffix = strlen(suffix);

    return n >= n_suffix && strncasecmp(path + n - n_suffix, suffix, n_suffix) == 0;
}

/* Text is told to be csv or tsv by its name, gzipped or not; the server knows all else by its first bytes. */
static const char *format_of(const char *path)
{
    size_t n = strlen(path);

    if (ends_with(path, n, ".gz"))
        n -= strlen(".gz");
    return ends_with(path, n, ".csv") ? "csv" : ends_with(path, n, ".tsv") ? "tsv" : NULL;
}

mi_status datafile_open(datafile *out, const char *path, mi_error *err)
{
    struct stat about;
    mi_status status;

    *out = (datafile){.fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (out->fd < 0)
        return mi_fail(err, errno == ENOENT ? MI_NOT_FOUND : MI_INVALID, "%s: %s%s", path, strerror(errno),
                       errno == ENOENT && !strchr(path, '/')
                           ? " (a data set on the server is written dataset:NAME)"
                           : "");
    if (fstat(out->fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        datafile_close(out);
        return mi_fail(err, MI_INVALID, "%s is not a regular file", path);
    }
    out->size = (uint64_t)about.st_size;
    out->format = format_of(path);
    status = hash_file(out, path, err);
    if (status != MI_OK)
        datafile_close(out);
    return status;
}

void datafile_close(datafile *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

static int is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Bytes of a file's name without its ending, and without one more before .gz. */
static size_t stem(const char *base)
{
    size_t n = strlen(base);

    for (int endings = ends_with(base, n, ".gz") ? 2 : 1; endings > 0; endings--) {
        size_t dot = n;

        while (dot > 0 && base[dot - 1] != '.')
            dot--;
        if (dot <= 1)
            break;
        n = dot - 1;
    }
    return n;
}

void datafile_name(char out[DATAFILE_NAME_MAX + 1], const char *path, const char *sha256)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    size_t n_base = stem(base), n = 0;

    for (size_t i = 0; i < n_base && n < STEM_MAX; i++) {
        char c = base[i];

        if (is_alnum(c) || (n > 0 && (c == '.' || c == '_')))
            out[n++] = c;
        else if (n > 0 && out[n - 1] != '-')
            out[n++] = '-';
    }
    while (n > 0 && !is_alnum(out[n - 1]))
        n--;
    if (n == 0) {
        memcpy(out, "data", 4);
        n = 4;
    }
    out[n++] = '-';
    memcpy(out + n, sha256, NAME_HEX);
    out[n + NAME_HEX] = '\0';
}

int datafile_name_valid(const char *name)
{
    size_t n = strlen(name);

    if (n == 0 || n > DATAFILE_NAME_MAX || !is_alnum(name[0]))
        return 0;
    for (size_t i = 0; i < n; i++)
        if (!is_alnum(name[i]) && !strchr("._-", name[i]))
            return 0;
    return 1;
}
