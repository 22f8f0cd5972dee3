#include "download.h"

#include "format.h"
#include "output.h"
#include "progress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct target {
    cli *c;
    const char *file; /* NULL: stdout */
    char *temporary;  /* owned */
    FILE *stream;
    int error; /* errno of the first failure */
    bool first;
    progress progress;
    uint64_t bytes;
} target;

static bool open_target(target *t)
{
    mode_t mask;
    int fd;

    if (!t->file)
        return true;
    if (asprintf(&t->temporary, "%s.XXXXXX", t->file) < 0) {
        t->temporary = NULL;
        t->error = ENOMEM;
        return false;
    }
    fd = mkostemp(t->temporary, O_CLOEXEC);
    if (fd < 0) {
        t->error = errno;
        free(t->temporary);
        t->temporary = NULL;
        return false;
    }
    mask = umask(0); /* mkostemp makes it private; a result is as public as the user's other files */
    umask(mask);
    (void)fchmod(fd, 0666 & ~mask);
    t->stream = fdopen(fd, "wb");
    if (!t->stream) {
        t->error = errno;
        close(fd);
    }
    return t->stream != NULL;
}

/* Keep the file if all went well. */
static bool close_target(target *t, bool keep)
{
    if (t->stream && fclose(t->stream) != 0 && !t->error)
        t->error = errno;
    if (t->temporary) {
        keep = keep && !t->error;
        if (keep && rename(t->temporary, t->file) != 0)
            t->error = errno;
        if (!keep || t->error)
            unlink(t->temporary);
    }
    free(t->temporary);
    return !t->error;
}

static bool write_target(void *ctx, const char *bytes, size_t n)
{
    target *t = ctx;
    proto_text text;

    t->bytes += n;
    if (t->stream) {
        errno = 0;
        if (fwrite(bytes, 1, n, t->stream) != n)
            t->error = errno ? errno : EIO;
        return !t->error;
    }
    proto_text_init(&text, 8 * n + 64);
    if (t->c->out.tty)
        term_escape(&text, bytes, n, t->c->out.utf8, true);
    else
        proto_text_append(&text, bytes, n);
    output_text(&text);
    proto_text_fini(&text);
    return true;
}

static void on_tick(void *ctx, uint64_t sent)
{
    target *t = ctx;
    char number[FORMAT_SIZE];

    (void)sent;
    if (!t->file)
        return;
    snprintf(t->progress.view.extra, sizeof t->progress.view.extra, "%s",
             format_bytes(number, (double)t->bytes));
    progress_show(&t->progress);
}

static cli_exit finish_target(target *t, cli_exit code)
{
    char name[SAFE_SIZE];

    progress_end(&t->progress);
    if (close_target(t, code == CLI_OK))
        return code;
    say_error(t->c, "%s: %s", safe(t->c, name, t->file), strerror(t->error));
    return CLI_FAILED;
}

static void init_target(target *t, cli *c, const char *file)
{
    *t = (target){.c = c, .file = file};
    progress_start(&t->progress, c, "download");
    snprintf(t->progress.view.phase, sizeof t->progress.view.phase, "download");
}

static bool is_binary(const char *type)
{
    return strcmp(type, DOWNLOAD_NPY) == 0 || strcmp(type, DOWNLOAD_BYTES) == 0;
}

cli_exit download(cli *c, const char *path, const char *accept, const char *file)
{
    return download_by(c, &(http_request){.method = "GET", .path = path, .accept = accept}, file);
}

cli_exit download_by(cli *c, const http_request *asked, const char *file)
{
    http_request request = *asked;
    http_response response = {0};
    target t;
    cli_exit code = CLI_FAILED;

    if (!file && c->out.tty && is_binary(request.accept)) {
        say_error(c, "the answer is binary: name a file with --out, or redirect stdout");
        return CLI_USAGE;
    }
    init_target(&t, c, file);
    request.sink = write_target;
    request.tick = on_tick;
    request.ctx = &t;
    if (open_target(&t)) {
        code = api_call(c, &request, &response);
        http_response_fini(&response);
    }
    return finish_target(&t, code);
}

cli_exit download_write(cli *c, const char *bytes, size_t n, const char *file)
{
    target t;
    cli_exit code = CLI_FAILED;

    init_target(&t, c, file);
    if (open_target(&t) && write_target(&t, bytes, n))
        code = CLI_OK;
    return finish_target(&t, code);
}
