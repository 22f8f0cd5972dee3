/*
 * Files that become data sets: the body of an upload, and one below the server's data root.
 */
#include "data_root.h"
#include "handlers.h"
#include "hdf5/hdf5.h"
#include "proto/dataset_request.h"
#include "proto/pair_table.h"
#include "upload.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH_PIECE ((size_t)256 << 10)

typedef struct data_file {
    int fd; /* borrowed */
    uint64_t bytes;
} data_file;

/* A file of others may become shorter while it is read; ours, the body of an upload, does not. */
static mi_status read_at(void *ctx, uint64_t offset, void *buffer, size_t n, mi_error *err)
{
    const data_file *file = ctx;
    for (char *to = buffer; n > 0;) {
        ssize_t got = pread(file->fd, to, n, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return mi_fail(err, MI_IO, "reading a data file: %s", strerror(errno));
        if (got == 0)
            return mi_fail(err, MI_INVALID, "the file changed while it was read: it ends early");
        to += got;
        offset += (uint64_t)got;
        n -= (size_t)got;
    }
    return MI_OK;
}

/* By the reader of its format; HDF5's is a process apart. */
static mi_status read_matrix(const http_request *q, const proto_source *source, const data_file *file,
                             const proto_table_options *how, const proto_output *output,
                             proto_dataset_record *out, mi_error *err)
{
    const hdf5_file hdf5 = {
        .program = q->config->settings->hdf5_reader, .fd = file->fd, .bytes = file->bytes};
    proto_table_options known = *how;
    mi_status status = MI_OK;
    if (known.format == PROTO_FORMAT_AUTO)
        status = proto_table_detect(source, &known.format, err);
    if (status != MI_OK)
        return status;
    return known.format == PROTO_FORMAT_HDF5
               ? hdf5_read(&hdf5, &known, http_limits(q), output, out, err)
               : proto_table_read(source, &known, http_limits(q), output, out, err);
}

/* To a canonical blob and its description. */
static mi_status convert(const http_request *q, data_file *file, const proto_dataset_reading *how,
                         proto_dataset_record *out, mi_error *err)
{
    store_blob_writer *writer = NULL;
    const proto_source source = {read_at, file, file->bytes};
    mi_status status = store_blob_begin(q->config->store, &writer, err);
    if (status != MI_OK)
        return status;
    const proto_output output = store_blob_output(writer);
    status = how->pairs ? proto_pair_table_read(&source, &how->options, http_limits(q), &output, out, err)
                        : read_matrix(q, &source, file, &how->options, &output, out, err);
    if (status != MI_OK) {
        store_blob_abort(writer);
        return status;
    }
    return store_blob_commit(writer, out->matrix_sha256, err);
}

/* 201, 200 for the same again, 409 for anything else under that name. */
static void keep(const http_request *q, http_response *r, proto_dataset_record *dataset)
{
    mi_error err = {0};
    bool created = false;
    proto_dataset_record held = {0};
    mi_status status = store_dataset_put(q->config->store, dataset, &created, &err);
    if (status == MI_OK)
        status = store_dataset_get(q->config->store, dataset->name, &held, &err);
    if (status != MI_OK) {
        http_answer_error(r, q, &err);
    } else if (!created && strcmp(held.matrix_sha256, dataset->matrix_sha256) != 0) {
        http_refuse(r, q, PROTO_PROBLEM_CONFLICT,
                    "the name holds the same bytes, read with other options: a %s of %" PRIu64 " x %" PRIu64,
                    strcmp(held.kind, "pairs") == 0 ? "pair table" : "matrix", held.rows, held.cols);
        proto_dataset_record_fini(&held);
    } else {
        if (created)
            http_field_add(r, "Location", "/v1/datasets/%s", dataset->name);
        http_answer_dataset(r, q, created ? 201 : 200, &held);
    }
}

/* ---- PUT ---- */

/* From the query; false: refused. */
static bool parse_reading(const http_request *q, http_response *r, proto_dataset_reading *out)
{
    const http_target *target = q->target;
    for (size_t i = 0; i < target->n_query; i++) {
        bool known;
        const char *name = target->query[i].name, *value = target->query[i].value;
        const char *expected = proto_dataset_reading_take(out, name, value, &known);
        if (known && expected) {
            http_refuse(r, q, PROTO_PROBLEM_BAD_REQUEST, "query parameter \"%s\" is \"%.40s\"; expected %s",
                        name, value, expected);
            return false;
        }
    }
    return true;
}

void handle_dataset_put(const http_request *q, http_response *r)
{
    http_upload *u = q->upload;
    proto_dataset_reading how = {0};
    proto_dataset_record dataset = {0};
    mi_error err = {0};
    if (u->error.code != MI_OK) {
        http_answer_error(r, q, &u->error);
        return;
    }
    if (!proto_name_valid(q->name)) {
        http_refuse(r, q, PROTO_PROBLEM_BAD_REQUEST,
                    "a data set's name has 1 to %d characters of [A-Za-z0-9._-], the first a letter or digit",
                    PROTO_NAME_MAX);
        return;
    }
    if (!parse_reading(q, r, &how))
        return;
    if (u->bytes == 0) {
        http_refuse(r, q, PROTO_PROBLEM_BAD_DATA, "the body is empty; send the file's bytes");
        return;
    }
    data_file file = {u->fd, u->bytes};
    sha256_hex(&u->hash, dataset.sha256);
    if (convert(q, &file, &how, &dataset, &err) == MI_OK) {
        snprintf(dataset.name, sizeof dataset.name, "%s", q->name);
        dataset.bytes = u->bytes;
        dataset.created_ms = clock_unix_ms();
        keep(q, r, &dataset);
    } else {
        http_answer_error(r, q, &err);
    }
    proto_dataset_record_fini(&dataset);
}

/* ---- POST ---- */

static mi_status hash(data_file *file, char sha256[PROTO_SHA_HEX], mi_error *err)
{
    sha256_state state;
    unsigned char *piece = malloc(HASH_PIECE);
    mi_status status = piece ? MI_OK : mi_fail(err, MI_MEMORY, "no memory to read a file");
    sha256_init(&state);
    for (uint64_t at = 0; at < file->bytes && status == MI_OK; at += HASH_PIECE) {
        const uint64_t left = file->bytes - at;
        const size_t n = left < HASH_PIECE ? (size_t)left : HASH_PIECE;
        status = read_at(file, at, piece, n, err);
        if (status == MI_OK)
            sha256_update(&state, piece, n);
    }
    sha256_hex(&state, sha256);
    free(piece);
    return status;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* What was hashed is what was read, as far as the file's times tell. */
static mi_status register_file(const http_request *q, data_file *file, const proto_dataset_reading *how,
                               proto_dataset_record *out, mi_error *err)
{
    struct stat before, after;
    if (fstat(file->fd, &before) != 0)
        return mi_fail(err, MI_IO, "reading a data file: %s", strerror(errno));
    mi_status status = hash(file, out->sha256, err);
    if (status == MI_OK)
        status = convert(q, file, how, out, err);
    if (status != MI_OK)
        return status;
    if (fstat(file->fd, &after) != 0 || after.st_size != before.st_size ||
        !same_time(&before.st_mtim, &after.st_mtim) || !same_time(&before.st_ctim, &after.st_ctim))
        return mi_fail(err, MI_INVALID, "the file changed while it was read");
    return MI_OK;
}

void handle_dataset_post(const http_request *q, http_response *r)
{
    proto_dataset_request request;
    proto_dataset_record dataset = {0};
    proto_problem problem;
    mi_error err = {0};
    data_file file;
    if (proto_dataset_request_decode(&request, q->body ? q->body : "", q->n_body, &problem) != MI_OK) {
        http_answer_problem(r, q, &problem);
        return;
    }
    if (http_data_root_open(q, request.path, &file.fd, &file.bytes, r)) {
        if (register_file(q, &file, &request.reading, &dataset, &err) == MI_OK) {
            snprintf(dataset.name, sizeof dataset.name, "%s", request.name);
            dataset.bytes = file.bytes;
            dataset.created_ms = clock_unix_ms();
            keep(q, r, &dataset);
        } else {
            http_answer_error(r, q, &err);
        }
        close(file.fd);
    }
    proto_dataset_record_fini(&dataset);
    proto_dataset_request_fini(&request);
}
