/*
 * npz, a zip archive of npy files: one array as the matrix, another, of text, as its ids.
 */
#include "array.h"
#include "member_choice.h"
#include "npy_header.h"
#include "table_readers.h"
#include "zip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX  ".npy"
#define IDS_MAX (512u << 20) /* bytes */

typedef struct npz {
    proto_zip zip;
    const proto_limits *limits;
    size_t n;                            /* members that are npy files */
    size_t *index;                       /* (n) in the archive */
    char (*names)[PROTO_STRING_MAX + 1]; /* (n) without the suffix, as numpy has them */
    proto_member *members;               /* (n) */
} npz;

static bool is_npy(const char *name)
{
    const size_t n = strlen(name), suffix = sizeof SUFFIX - 1;
    return n > suffix && strcmp(name + n - suffix, SUFFIX) == 0;
}

/* What a member is. One that cannot be read is no candidate, and says why when it is asked for by its name.
 */
static mi_status look_at(const npz *z, size_t index, proto_member *m, mi_error *err)
{
    proto_zip_file file;
    proto_array_header h;
    mi_error ignored = {0};
    mi_status status = proto_zip_file_open(&file, &z->zip, index, err);
    if (status != MI_OK)
        return status;
    status = proto_npy_header_read_any(&file.source, &h, &ignored);
    if (status == MI_OK) {
        snprintf(m->descr, sizeof m->descr, "%s", h.descr);
        m->text = (h.kind == 'U' || h.kind == 'S') && h.dims == 1;
        m->numbers = h.kind != 'U' && h.kind != 'S';
        m->dims = h.dims;
        m->rows = h.rows;
        m->cols = h.cols;
    }
    proto_zip_file_close(&file);
    return status == MI_MEMORY || status == MI_IO ? mi_fail(err, status, "%s", ignored.message) : MI_OK;
}

static mi_status look_at_all(npz *z, mi_error *err)
{
    z->index = calloc(z->zip.n + 1, sizeof *z->index);
    z->names = calloc(z->zip.n + 1, sizeof *z->names);
    z->members = calloc(z->zip.n + 1, sizeof *z->members);
    if (!z->index || !z->names || !z->members)
        return mi_fail(err, MI_MEMORY, "no memory to read an npz");
    mi_status status = MI_OK;
    for (size_t i = 0; i < z->zip.n && status == MI_OK; i++) {
        const char *name = z->zip.members[i].name;
        if (!is_npy(name))
            continue;
        memcpy(z->names[z->n], name, strlen(name) - (sizeof SUFFIX - 1));
        z->index[z->n] = i;
        z->members[z->n].name = z->names[z->n];
        status = look_at(z, i, &z->members[z->n++], err);
    }
    if (status == MI_OK && z->n == 0)
        return mi_fail(
            err, MI_UNSUPPORTED,
            "the file is a zip archive without npy files; expected an npz, or send the file inside it");
    return status;
}

static void release(npz *z)
{
    proto_zip_close(&z->zip);
    free(z->index);
    free(z->names);
    free(z->members);
}

/* key may be the file's name in the archive as well. */
static void without_suffix(const char *key, char out[sizeof((proto_table_options *)0)->key])
{
    const size_t n = strlen(key) - (is_npy(key) ? sizeof SUFFIX - 1 : 0);
    memcpy(out, key, n);
    out[n] = '\0';
}

/* Open an array, check its size, let `use` read it, check it as a whole. */
static mi_status open_array(const npz *z, size_t i, bool text, proto_zip_file *file, proto_array *array,
                            mi_error *err)
{
    mi_status status = proto_zip_file_open(file, &z->zip, z->index[i], err);
    if (status != MI_OK)
        return status;
    array->source = &file->source;
    array->forward = file->inflater != NULL;
    status = text ? proto_npy_header_read_any(&file->source, &array->header, err)
                  : proto_npy_header_read(&file->source, &array->header, err);
    if (status == MI_OK)
        status = proto_npy_check_size(&array->header, file->source.size, z->limits, err);
    return status == MI_OK ? proto_zip_check_ratio(file->member, err) : status;
}

static mi_status read_ids(const npz *z, size_t i, proto_string_list *ids, mi_error *err)
{
    proto_zip_file file = {0};
    proto_array array = {0};
    mi_status status = open_array(z, i, true, &file, &array, err);
    if (status == MI_OK)
        status = proto_array_read_ids(&array, ids, err);
    if (status == MI_OK)
        status = proto_zip_file_check(&file, err);
    proto_zip_file_close(&file);
    return status;
}

static mi_status read_matrix(const npz *z, size_t i, const proto_table_options *options,
                             const proto_output *out, proto_dataset_record *record, mi_error *err)
{
    char ids_key[sizeof options->ids_key];
    proto_zip_file file = {0};
    proto_array array = {0};
    proto_string_list ids;
    size_t ids_at = z->n;
    proto_string_list_init(&ids, IDS_MAX);
    without_suffix(options->ids_key, ids_key);
    mi_status status = open_array(z, i, false, &file, &array, err);
    if (status == MI_OK)
        status = proto_member_choose_ids(z->members, z->n, ids_key, array.header.rows, "npz", &ids_at, err);
    if (status == MI_OK && ids_at < z->n)
        status = read_ids(z, ids_at, &ids, err);
    if (status == MI_OK)
        status = proto_array_read(&array, &ids, options, out, record, err);
    if (status == MI_OK && (status = proto_zip_file_check(&file, err)) != MI_OK)
        proto_dataset_record_fini(record);
    proto_zip_file_close(&file);
    proto_string_list_fini(&ids);
    return status;
}

mi_status proto_table_read_npz(const proto_source *source, const proto_table_options *options,
                               const proto_limits *limits, const proto_output *out,
                               proto_dataset_record *record, mi_error *err)
{
    npz z = {.limits = limits};
    char key[sizeof options->key];
    size_t chosen = 0;
    without_suffix(options->key, key);
    mi_status status = proto_zip_open(&z.zip, source, err);
    if (status == MI_OK)
        status = look_at_all(&z, err);
    if (status == MI_OK)
        status = proto_member_choose(z.members, z.n, key, "npz", &chosen, err);
    if (status == MI_OK)
        status = read_matrix(&z, chosen, options, out, record, err);
    release(&z);
    return status;
}
