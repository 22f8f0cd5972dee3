#include "layout.h"

#include "dataset.h"
#include "failure.h"
#include "frames.h"
#include "group.h"
#include "ids.h"
#include "numbers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct request {
    hid_t file;
    const char *key, *ids_key;
    uint64_t max_entries;
} request;

/* ---- one data set ---- */

/* The strings that ids_key names; rows of them. */
static mi_status open_named_ids(const request *q, hsize_t rows, dataset *out, mi_error *err)
{
    hid_t id;
    char shown[FAILURE_NAME];
    mi_status status = group_open_path(q->file, q->ids_key, "ids_key", &id, err);
    if (status != MI_OK)
        return status;
    failure_name(q->ids_key, strlen(q->ids_key), shown);
    if (H5Iget_type(id) != H5I_DATASET) {
        H5Oclose(id);
        return mi_fail(err, MI_INVALID, "ids_key: \"%s\" is no data set; expected one of strings", shown);
    }
    if ((status = dataset_describe(id, shown, out, err)) != MI_OK)
        return status;
    if (out->content == DATASET_STRINGS && out->rank == 1 && out->dims[0] == rows)
        return MI_OK;
    status = mi_fail(err, MI_INVALID,
                     "ids_key: \"%s\" is no list of %" PRIu64 " strings, as many as there are rows", shown,
                     (uint64_t)rows);
    dataset_close(out);
    return status;
}

/* The only strings of the group that are as many as there are rows. *found false: there are none, or several.
 */
static mi_status find_ids(hid_t group, const entry_list *list, hsize_t rows, dataset *out, bool *found,
                          mi_error *err)
{
    uint64_t at = 0, n = 0;
    char shown[FAILURE_NAME];
    for (uint64_t i = 0; i < list->names.n; i++)
        if (list->entries[i].sort == ENTRY_STRINGS && list->entries[i].dims[0] == rows) {
            at = i;
            n++;
        }
    *found = n == 1;
    if (n != 1)
        return MI_OK;
    const char *name = group_name(list, at);
    failure_name(name, strlen(name), shown);
    const hid_t id = H5Dopen2(group, name, H5P_DEFAULT);
    return id < 0 ? failure_of_library(err, "the data set \"%s\" is damaged", shown)
                  : dataset_describe(id, shown, out, err);
}

/* list: of the group that d lies in. */
static mi_status send_dataset(const request *q, hid_t group, const entry_list *list, const dataset *d,
                              const char *name, mi_error *err)
{
    char shown[FAILURE_NAME];
    hsize_t chunk_rows;
    bool has_ids = true;
    dataset ids;
    failure_name(name, strlen(name), shown);
    if (d->content != DATASET_NUMBERS || d->rank < 1 || d->rank > 2)
        return mi_fail(
            err, MI_INVALID,
            "\"%s\" is no matrix; expected a data set of one or two dimensions, of floats (16, 32 or 64 "
            "bit) or integers",
            shown);
    if (d->dims[0] == 0 || d->dims[1] == 0)
        return mi_fail(err, MI_INVALID, "\"%s\" is empty: %" PRIu64 " x %" PRIu64, shown,
                       (uint64_t)d->dims[0], (uint64_t)d->dims[1]);
    mi_status status = q->ids_key[0] ? open_named_ids(q, d->dims[0], &ids, err)
                                     : find_ids(group, list, d->dims[0], &ids, &has_ids, err);
    if (status != MI_OK)
        return status;
    /* First, so that a shape beyond the daemon's limits is refused as that. */
    frames_shape(d->dims[0], d->dims[1], has_ids);
    status = dataset_check_storage(d, shown, &chunk_rows, err);
    if (has_ids) {
        if (status == MI_OK)
            status = ids_send(&ids, q->ids_key[0] ? "ids_key" : "the ids", err);
        dataset_close(&ids);
    }
    return status == MI_OK ? numbers_send(d, shown, chunk_rows, err) : status;
}

static mi_status send_entry(const request *q, hid_t group, const entry_list *list, uint64_t i, mi_error *err)
{
    char shown[FAILURE_NAME];
    const char *name = group_name(list, i);
    dataset d;
    failure_name(name, strlen(name), shown);
    const hid_t id = H5Dopen2(group, name, H5P_DEFAULT);
    mi_status status = id < 0 ? failure_of_library(err, "the data set \"%s\" is damaged", shown)
                              : dataset_describe(id, shown, &d, err);
    if (status != MI_OK)
        return status;
    status = send_dataset(q, group, list, &d, name, err);
    dataset_close(&d);
    return status;
}

/* ---- a group ---- */

/* UniProt's per-protein embeddings. Its only entries are vectors, of one length. */
static mi_status send_vectors(const request *q, hid_t group, const entry_list *list, mi_error *err)
{
    const hsize_t cols = list->entries[0].dims[0];
    frame_buffer *names;
    char first[FAILURE_NAME], other[FAILURE_NAME];
    const char *name = group_name(list, 0);
    failure_name(name, strlen(name), first);
    for (uint64_t i = 1; i < list->names.n; i++)
        if (list->entries[i].dims[0] != cols) {
            name = group_name(list, i);
            return mi_fail(err, MI_INVALID,
                           "\"%s\" has %" PRIu64 " values and \"%s\" has %" PRIu64
                           "; expected data sets of one length, a row each (or name one of them by key)",
                           first, (uint64_t)cols, failure_name(name, strlen(name), other),
                           (uint64_t)list->entries[i].dims[0]);
        }
    if (q->ids_key[0])
        return mi_fail(err, MI_INVALID,
                       "ids_key: every data set of the group is a row here, and its name the id");
    if (cols == 0)
        return mi_fail(err, MI_INVALID, "\"%s\" is empty; expected values", first);
    if (!(names = malloc(sizeof *names)))
        return mi_fail(err, MI_MEMORY, "no memory for ids");
    frames_shape(list->names.n, cols, true);
    names->fill = 0;
    for (uint64_t i = 0; i < list->names.n; i++) {
        name = group_name(list, i);
        frames_id(names, name, strlen(name));
    }
    frames_flush_ids(names);
    free(names);
    return numbers_send_vectors(group, list, cols, err);
}

/* Matrices of one width and of several heights, and nothing else: one a protein, one row a residue. */
static bool is_per_residue(const entry_list *list)
{
    bool heights_differ = false;
    for (uint64_t i = 0; i < list->names.n; i++) {
        if (list->entries[i].sort != ENTRY_MATRIX || list->entries[i].dims[1] != list->entries[0].dims[1])
            return false;
        heights_differ = heights_differ || list->entries[i].dims[0] != list->entries[0].dims[0];
    }
    return heights_differ;
}

static mi_status refuse_matrices(const entry_list *list, mi_error *err)
{
    char names[GROUP_NAMES];
    group_names(list, ENTRY_MATRIX, names);
    if (is_per_residue(list))
        return mi_fail(err, MI_INVALID,
                       "%" PRIu64
                       " matrices of different heights: embeddings per residue, it seems; a row must be a "
                       "protein: send the per-protein file (per-protein.h5), or name one matrix by key: %s",
                       list->n_of[ENTRY_MATRIX], names);
    return mi_fail(err, MI_INVALID, "%" PRIu64 " data sets of two dimensions; name one by key: %s",
                   list->n_of[ENTRY_MATRIX], names);
}

static mi_status refuse_mixture(const entry_list *list, mi_error *err)
{
    static const struct {
        entry_sort sort;
        const char *what;
    } odd[] = {{ENTRY_LINK, "a link to another place or file, which is not followed"},
               {ENTRY_GROUP, "a group"},
               {ENTRY_STRINGS, "a list of strings"},
               {ENTRY_OTHER, "no data set of numbers in one or two dimensions"}};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        if (list->n_of[odd[i].sort] > 0) {
            char shown[FAILURE_NAME], vectors[GROUP_NAMES];
            const char *name = group_name(list, list->first_of[odd[i].sort]);
            return mi_fail(
                err, MI_INVALID,
                "\"%s\" is %s; expected data sets of one length alone, a row each; or name one of them by "
                "key: %s",
                failure_name(name, strlen(name), shown), odd[i].what,
                group_names(list, ENTRY_VECTOR, vectors));
        }
    return mi_fail(err, MI_INVALID, "no data set of numbers");
}

static mi_status refuse_nothing(const request *q, const entry_list *list, mi_error *err)
{
    char where[FAILURE_NAME], names[GROUP_NAMES], links[GROUP_NAMES];
    failure_name(q->key[0] ? q->key : "/", strlen(q->key[0] ? q->key : "/"), where);
    group_names(list, ENTRY_GROUP, names);
    if (list->n_of[ENTRY_GROUP] > 0)
        return mi_fail(
            err, MI_INVALID,
            "the group \"%s\" holds no data set of numbers; name one, or a group of them, by key; groups "
            "there: %s",
            where, names);
    if (list->n_of[ENTRY_LINK] > 0)
        return mi_fail(err, MI_UNSUPPORTED,
                       "the group \"%s\" holds links to other places or files, which are not followed: %s",
                       where, group_names(list, ENTRY_LINK, links));
    return mi_fail(err, MI_INVALID,
                   "the group \"%s\" holds no data set of numbers (floats of 16, 32 or 64 bit, or integers)",
                   where);
}

static mi_status send_group(const request *q, hid_t group, mi_error *err)
{
    entry_list list;
    mi_status status = group_list(group, q->max_entries, &list, err);
    const uint64_t matrices = list.n_of[ENTRY_MATRIX], vectors = list.n_of[ENTRY_VECTOR];
    if (status != MI_OK)
        ;
    else if (matrices == 1)
        status = send_entry(q, group, &list, list.first_of[ENTRY_MATRIX], err);
    else if (matrices > 1)
        status = refuse_matrices(&list, err);
    else if (vectors == 1)
        status = send_entry(q, group, &list, list.first_of[ENTRY_VECTOR], err);
    else if (vectors > 1)
        status = vectors == list.names.n ? send_vectors(q, group, &list, err) : refuse_mixture(&list, err);
    else
        status = refuse_nothing(q, &list, err);
    group_list_fini(&list);
    return status;
}

/* ---- what key names ---- */

/* The group that the object at `path` lies in. */
static mi_status open_parent(const request *q, hid_t *out, mi_error *err)
{
    char parent[512];
    size_t n = strlen(q->key);
    while (n > 0 && q->key[n - 1] == '/')
        n--;
    while (n > 0 && q->key[n - 1] != '/')
        n--;
    if (n >= sizeof parent)
        return mi_fail(err, MI_INVALID, "key: too long");
    memcpy(parent, q->key, n);
    parent[n] = '\0';
    return group_open_path(q->file, parent, "key", out, err);
}

/* Ids are looked for beside it only when none are named: the list costs a look at every entry. */
static mi_status send_named(const request *q, const dataset *d, mi_error *err)
{
    hid_t group = -1;
    entry_list list = {0};
    mi_status status = MI_OK;
    if (!q->ids_key[0]) {
        status = open_parent(q, &group, err);
        if (status == MI_OK)
            status = group_list(group, q->max_entries, &list, err);
    }
    if (status == MI_OK)
        status = send_dataset(q, group, &list, d, q->key, err);
    group_list_fini(&list);
    if (group >= 0)
        H5Oclose(group);
    return status;
}

mi_status layout_send(hid_t file, const char *key, const char *ids_key, uint64_t max_entries, mi_error *err)
{
    const request q = {.file = file, .key = key, .ids_key = ids_key, .max_entries = max_entries};
    char shown[FAILURE_NAME];
    dataset d;
    hid_t object;
    mi_status status = group_open_path(file, key, "key", &object, err);
    if (status != MI_OK)
        return status;
    failure_name(key, strlen(key), shown);
    switch (H5Iget_type(object)) {
    case H5I_GROUP:
        status = send_group(&q, object, err);
        H5Oclose(object);
        return status;
    case H5I_DATASET:
        if ((status = dataset_describe(object, shown, &d, err)) != MI_OK)
            return status;
        status = send_named(&q, &d, err);
        dataset_close(&d);
        return status;
    default:
        H5Oclose(object);
        return mi_fail(err, MI_INVALID, "key: \"%s\" is neither a group nor a data set", shown);
    }
}
