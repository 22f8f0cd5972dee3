#include "data_root.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The path below `root`, or NULL when it is absolute and elsewhere. */
static const char *below(const char *root, const char *path)
{
    size_t n = strlen(root);
    while (n > 0 && root[n - 1] == '/')
        n--;
    if (path[0] != '/')
        return path;
    if (strncmp(path, root, n) != 0 || (path[n] != '/' && path[n] != '\0'))
        return NULL;
    return path + n + strspn(path + n, "/");
}

/* Absolute paths may name the root as it is set, or as it is without links. */
static const char *relative(const char *root, const char *path)
{
    const char *found = below(root, path);
    char *real = found ? NULL : realpath(root, NULL);
    if (real)
        found = below(real, path);
    free(real);
    return found;
}

/* -1 with errno. */
static int open_below(const char *root, const char *path)
{
    const struct open_how how = {
        .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    int folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -1;
    int fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
    const int why = errno;
    close(folder);
    errno = why;
    return fd;
}

static void refuse(const http_request *q, http_response *r, proto_problem_code code, const char *detail)
{
    proto_problem problem;
    proto_problem_init(&problem);
    proto_problem_set(&problem, code, "%s", detail);
    proto_problem_add(&problem, "/path", "%s", detail);
    http_answer_problem(r, q, &problem);
}

static void refuse_errno(const http_request *q, http_response *r)
{
    mi_error err;
    switch (errno) {
    case EXDEV:
        refuse(q, r, PROTO_PROBLEM_FORBIDDEN, "the path leaves the server's data root");
        break;
    case ELOOP:
        refuse(q, r, PROTO_PROBLEM_FORBIDDEN, "symbolic links are not followed below the server's data root");
        break;
    case EACCES:
    case EPERM:
        refuse(q, r, PROTO_PROBLEM_FORBIDDEN, "the server may not read that file");
        break;
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
        refuse(q, r, PROTO_PROBLEM_NOT_FOUND, "there is no such file below the server's data root");
        break;
    case ENXIO: /* a socket */
        refuse(q, r, PROTO_PROBLEM_BAD_DATA, "that is no regular file");
        break;
    default:
        mi_fail(&err, MI_IO, "opening a file below the data root: %s", strerror(errno));
        http_answer_error(r, q, &err);
    }
}

static bool check(const http_request *q, const struct stat *about, http_response *r)
{
    const uint64_t most = http_limits(q)->max_body_bytes;
    if (!S_ISREG(about->st_mode)) {
        refuse(q, r, PROTO_PROBLEM_BAD_DATA, "that is no regular file");
    } else if (about->st_size == 0) {
        refuse(q, r, PROTO_PROBLEM_BAD_DATA, "the file is empty");
    } else if ((uint64_t)about->st_size > most) {
        http_refuse(r, q, PROTO_PROBLEM_TOO_LARGE,
                    "the file has %" PRIu64 " bytes; at most %" PRIu64 " are taken here",
                    (uint64_t)about->st_size, most);
    } else {
        return true;
    }
    return false;
}

bool http_data_root_open(const http_request *q, const char *path, int *fd, uint64_t *bytes, http_response *r)
{
    const char *root = q->config->settings->data_root;
    struct stat about;
    *fd = -1;
    if (root[0] == '\0') {
        http_refuse(
            r, q, PROTO_PROBLEM_FORBIDDEN,
            "this server registers no files of its machine; it would below a folder that it is started with: "
            "--data-root FOLDER, or MUTUALD_DATA_ROOT");
        return false;
    }
    const char *inside = relative(root, path);
    if (!inside) {
        refuse(q, r, PROTO_PROBLEM_FORBIDDEN, "the path is not below the server's data root");
        return false;
    }
    *fd = inside[0] != '\0' ? open_below(root, inside) : open_below(root, ".");
    if (*fd < 0) {
        refuse_errno(q, r);
        return false;
    }
    if (fstat(*fd, &about) == 0 && check(q, &about, r)) {
        *bytes = (uint64_t)about.st_size;
        return true;
    }
    if (r->status == 0)
        refuse_errno(q, r);
    close(*fd);
    *fd = -1;
    return false;
}
