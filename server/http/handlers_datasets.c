#include "handlers.h"
#include "hdf5/hdf5.h"
#include "proto/pair_table.h"
#include "upload.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIST_MAX     200
#define LIST_DEFAULT 50

static void answer_dataset(http_response *r, const http_request *q, int status, proto_dataset_record *dataset)
{
    proto_text text;
    proto_json_writer w;
    proto_text_init(&text, HTTP_ANSWER_MAX);
    proto_write_init(&w, &text);
    proto_dataset_record_encode(dataset, false, &w, NULL);
    http_answer(r, q, status, HTTP_JSON_TYPE, &text);
    proto_dataset_record_fini(dataset);
}

static bool name_known_form(const http_request *q, http_response *r)
{
    if (proto_name_valid(q->name))
        return true;
    http_refuse(r, q, PROTO_PROBLEM_NOT_FOUND, "there is no data set of that name");
    return false;
}

void handle_dataset_get(const http_request *q, http_response *r)
{
    proto_dataset_record dataset = {0};
    mi_error err = {0};
    if (!name_known_form(q, r))
        return;
    if (store_dataset_get(q->config->store, q->name, &dataset, &err) == MI_OK)
        answer_dataset(r, q, 200, &dataset);
    else
        http_answer_error(r, q, &err);
}

void handle_dataset_delete(const http_request *q, http_response *r)
{
    mi_error err = {0};
    if (!name_known_form(q, r))
        return;
    if (store_dataset_delete(q->config->store, q->name, &err) == MI_OK)
        http_answer_empty(r, 204);
    else
        http_answer_error(r, q, &err);
}

static void encode_dataset(const void *records, size_t i, proto_json_writer *w)
{
    proto_dataset_record_encode((const proto_dataset_record *)records + i, true, w, NULL);
}

void handle_dataset_list(const http_request *q, http_response *r)
{
    mi_error err = {0};
    uint64_t limit;
    const char *after = http_query_text(q, "after");
    if (!http_query_u64(q, "limit", 1, LIST_MAX, LIST_DEFAULT, &limit, r))
        return;
    if (after && !proto_name_valid(after)) {
        http_refuse(r, q, PROTO_PROBLEM_BAD_REQUEST,
                    "query parameter \"after\" is not a cursor of this list");
        return;
    }
    size_t n = (size_t)limit + 1; /* one more tells whether there is a next page */
    proto_dataset_record *found = calloc(n, sizeof *found);
    mi_status status = found ? store_dataset_list(q->config->store, after ? after : "", found, &n, &err)
                             : mi_fail(&err, MI_MEMORY, "list");
    if (status != MI_OK) {
        http_answer_error(r, q, &err);
        free(found);
        return;
    }
    const size_t shown = n < limit ? n : (size_t)limit;
    http_answer_page(r, q, found, shown, encode_dataset, n > shown ? found[shown - 1].name : NULL);
    for (size_t i = 0; i < n; i++)
        proto_dataset_record_fini(&found[i]);
    free(found);
}

/* ---- upload ---- */

static bool refuse_option(const http_request *q, http_response *r, const char *name, const char *expected)
{
    http_refuse(r, q, PROTO_PROBLEM_BAD_REQUEST, "query parameter \"%s\" is \"%.40s\"; expected %s", name,
                http_query_text(q, name), expected);
    return false;
}

static bool parse_choice(const http_request *q, http_response *r, const char *name, proto_choice *out)
{
    static const struct {
        const char *text;
        proto_choice choice;
    } choices[] = {{"auto", PROTO_CHOICE_AUTO},
                   {"yes", PROTO_CHOICE_YES},
                   {"true", PROTO_CHOICE_YES},
                   {"no", PROTO_CHOICE_NO},
                   {"false", PROTO_CHOICE_NO}};
    const char *text = http_query_text(q, name);
    *out = PROTO_CHOICE_AUTO;
    if (!text)
        return true;
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        if (strcmp(text, choices[i].text) == 0) {
            *out = choices[i].choice;
            return true;
        }
    return refuse_option(q, r, name, "auto, yes or no");
}

/* An optional text of up to size - 1 bytes; "" when absent. */
static bool parse_text(const http_request *q, http_response *r, const char *name, char *out, size_t size,
                       const char *expected)
{
    const char *text = http_query_text(q, name);
    if (text && (text[0] == '\0' || strlen(text) >= size))
        return refuse_option(q, r, name, expected);
    snprintf(out, size, "%s", text ? text : "");
    return true;
}

/* What the file is read as. */
typedef struct reading {
    bool pairs; /* a pair table; else a matrix */
    proto_table_options options;
} reading;

static bool parse_kind(const http_request *q, http_response *r, bool *pairs)
{
    const char *kind = http_query_text(q, "kind");
    *pairs = kind && strcmp(kind, "pairs") == 0;
    return !kind || *pairs || strcmp(kind, "matrix") == 0 || refuse_option(q, r, "kind", "matrix or pairs");
}

static bool parse_options(const http_request *q, http_response *r, proto_table_options *out)
{
    const char *format = http_query_text(q, "format");
    memset(out, 0, sizeof *out);
    if (format && !proto_format_parse(format, &out->format))
        return refuse_option(q, r, "format", "auto, npy, npz, csv, tsv, safetensors or hdf5");
    if (!parse_choice(q, r, "header", &out->header) || !parse_choice(q, r, "ids", &out->ids))
        return false;
    if (!parse_text(q, r, "id_column", out->id_column, sizeof out->id_column, "the name of a column") ||
        !parse_text(q, r, http_query_text(q, "member") ? "member" : "key", out->key, sizeof out->key,
                    "the name of an array in the file") ||
        !parse_text(q, r, "ids_key", out->ids_key, sizeof out->ids_key, "the name of an array in the file"))
        return false;
    out->categorical = http_query_text(q, "categorical");
    return true;
}

static mi_status read_at(void *ctx, uint64_t offset, void *buffer, size_t n, mi_error *err)
{
    const http_upload *u = ctx;
    for (char *to = buffer; n > 0;) {
        ssize_t got = pread(u->fd, to, n, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return mi_fail(err, MI_IO, "reading the upload: %s",
                           got == 0 ? "it ends early" : strerror(errno));
        to += got;
        offset += (uint64_t)got;
        n -= (size_t)got;
    }
    return MI_OK;
}

/* By the reader of its format; HDF5's is a process apart. */
static mi_status read_matrix(const http_request *q, const proto_source *source,
                             const proto_table_options *how, const proto_output *output,
                             proto_dataset_record *out, mi_error *err)
{
    const hdf5_file file = {
        .program = q->config->settings->hdf5_reader, .fd = q->upload->fd, .bytes = q->upload->bytes};
    proto_table_options known = *how;
    mi_status status = MI_OK;
    if (known.format == PROTO_FORMAT_AUTO)
        status = proto_table_detect(source, &known.format, err);
    if (status != MI_OK)
        return status;
    return known.format == PROTO_FORMAT_HDF5
               ? hdf5_read(&file, &known, http_limits(q), output, out, err)
               : proto_table_read(source, &known, http_limits(q), output, out, err);
}

/* From the scratch file to a canonical blob and its description. */
static mi_status convert(const http_request *q, const reading *how, proto_dataset_record *out, mi_error *err)
{
    http_upload *u = q->upload;
    store_blob_writer *writer = NULL;
    const proto_source source = {read_at, u, u->bytes};
    mi_status status = store_blob_begin(q->config->store, &writer, err);
    if (status != MI_OK)
        return status;
    const proto_output output = store_blob_output(writer);
    status = how->pairs ? proto_pair_table_read(&source, &how->options, http_limits(q), &output, out, err)
                        : read_matrix(q, &source, &how->options, &output, out, err);
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
        answer_dataset(r, q, created ? 201 : 200, &held);
    }
}

void handle_dataset_put(const http_request *q, http_response *r)
{
    http_upload *u = q->upload;
    reading how = {0};
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
    if (!parse_kind(q, r, &how.pairs) || !parse_options(q, r, &how.options))
        return;
    if (u->bytes == 0) {
        http_refuse(r, q, PROTO_PROBLEM_BAD_DATA, "the body is empty; send the file's bytes");
        return;
    }
    sha256_hex(&u->hash, dataset.sha256);
    if (convert(q, &how, &dataset, &err) == MI_OK) {
        snprintf(dataset.name, sizeof dataset.name, "%s", q->name);
        dataset.bytes = u->bytes;
        dataset.created_ms = clock_unix_ms();
        keep(q, r, &dataset);
    } else {
        http_answer_error(r, q, &err);
    }
    proto_dataset_record_fini(&dataset);
}
