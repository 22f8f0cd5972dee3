#include "group.h"

#include "dataset.h"
#include "failure.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_BYTES (256u << 20)
#define PART_MAX    256 /* bytes of a path's part */
#define SHOWN       5

/* ---- names for messages ---- */

/* False: no room for it. */
static bool add_name(char buffer[GROUP_NAMES], const char *name)
{
    char shown[FAILURE_NAME];
    const size_t used = strlen(buffer);
    failure_name(name, strlen(name), shown);
    if (used + strlen(shown) + sizeof ", \"\", ..." > GROUP_NAMES)
        return false;
    snprintf(buffer + used, GROUP_NAMES - used, "%s\"%s\"", used > 0 ? ", " : "", shown);
    return true;
}

static void add_more(char buffer[GROUP_NAMES])
{
    strncat(buffer, ", ...", GROUP_NAMES - 1 - strlen(buffer));
}

const char *group_names(const entry_list *list, entry_sort sort, char buffer[GROUP_NAMES])
{
    uint64_t shown = 0;
    buffer[0] = '\0';
    for (uint64_t i = 0; i < list->names.n && shown < SHOWN; i++)
        if (list->entries[i].sort == sort) {
            if (!add_name(buffer, group_name(list, i)))
                break;
            shown++;
        }
    if (shown < list->n_of[sort])
        add_more(buffer);
    return buffer;
}

typedef struct showing {
    char *buffer;
    unsigned shown;
} showing;

static herr_t show(hid_t group, const char *name, const H5L_info_t *info, void *ctx)
{
    showing *s = ctx;
    (void)group;
    (void)info;
    if (s->shown++ < SHOWN && add_name(s->buffer, name))
        return 0;
    add_more(s->buffer);
    return 1;
}

/* ---- the way to an object ---- */

static mi_status refuse_missing(hid_t group, const char *path, const char *part, const char *option,
                                mi_error *err)
{
    char names[GROUP_NAMES] = "", shown[FAILURE_NAME];
    showing s = {names, 0};
    H5Eclear2(H5E_DEFAULT);
    H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, show, &s);
    H5Eclear2(H5E_DEFAULT);
    return mi_fail(err, MI_INVALID, "%s: the file has no \"%s\"; %s %s", option,
                   failure_name(path, (size_t)(part - path) + strcspn(part, "/"), shown),
                   names[0] ? "there it has" : "that group is empty", names);
}

/* One part of a path, NUL-terminated in `name`. */
static mi_status open_part(hid_t group, const char *path, const char *part, const char *name,
                           const char *option, hid_t *out, mi_error *err)
{
    H5L_info_t info;
    char shown[FAILURE_NAME];
    if (H5Iget_type(group) != H5I_GROUP)
        return mi_fail(err, MI_INVALID, "%s: \"%s\" is no group; there is nothing below it", option,
                       failure_name(path, (size_t)(part - path), shown));
    if (H5Lget_info(group, name, &info, H5P_DEFAULT) < 0)
        return refuse_missing(group, path, part, option, err);
    failure_name(path, (size_t)(part - path) + strlen(name), shown);
    if (info.type != H5L_TYPE_HARD)
        return mi_fail(err, MI_UNSUPPORTED,
                       "%s: \"%s\" is a link to another place or file; only what lies there itself is read",
                       option, shown);
    *out = H5Oopen(group, name, H5P_DEFAULT);
    return *out < 0 ? failure_of_library(err, "%s: \"%s\" is damaged", option, shown) : MI_OK;
}

mi_status group_open_path(hid_t root, const char *path, const char *option, hid_t *out, mi_error *err)
{
    hid_t at = H5Gopen2(root, "/", H5P_DEFAULT);
    if (at < 0)
        return failure_of_library(err, "the file is damaged: its root group");
    for (const char *part = path + strspn(path, "/"); *part;) {
        char name[PART_MAX];
        const size_t n = strcspn(part, "/");
        hid_t next = -1;
        mi_status status = MI_OK;
        if (n >= sizeof name)
            status = mi_fail(err, MI_INVALID, "%s: a name of more than %d bytes", option, PART_MAX - 1);
        if (status == MI_OK) {
            memcpy(name, part, n);
            name[n] = '\0';
            status = open_part(at, path, part, name, option, &next, err);
        }
        H5Oclose(at);
        if (status != MI_OK)
            return status;
        at = next;
        part += n;
        part += strspn(part, "/");
    }
    *out = at;
    return MI_OK;
}

/* ---- what a group holds ---- */

typedef struct listing {
    entry_list *list;
    uint64_t max, capacity;
    mi_status status;
    mi_error *err;
} listing;

static mi_status add_entry(listing *l, const char *name, H5L_type_t link)
{
    entry_list *list = l->list;
    const size_t n = strlen(name);
    char shown[FAILURE_NAME];
    if (list->names.n == l->max)
        return mi_fail(l->err, MI_LIMIT,
                       "a group of more than %" PRIu64 " entries; this server takes up to that", l->max);
    if (n > PROTO_STRING_MAX)
        return mi_fail(l->err, MI_INVALID, "the name \"%s\" is too long; expected up to 256 bytes",
                       failure_name(name, n, shown));
    if (list->names.n > 0 && strcmp(group_name(list, list->names.n - 1), name) >= 0)
        return mi_fail(l->err, MI_INVALID, "the file is damaged: \"%s\" is out of order in its group",
                       failure_name(name, n, shown));
    if (list->names.n == l->capacity) {
        const uint64_t capacity = l->capacity ? 2 * l->capacity : 256;
        entry *grown = realloc(list->entries, capacity * sizeof *grown);
        if (!grown)
            return mi_fail(l->err, MI_LIMIT, "too many entries in a group");
        list->entries = grown;
        l->capacity = capacity;
    }
    list->entries[list->names.n] = (entry){.sort = link == H5L_TYPE_HARD ? ENTRY_OTHER : ENTRY_LINK};
    return proto_string_list_append(&list->names, name, n + 1, l->err);
}

static herr_t on_link(hid_t group, const char *name, const H5L_info_t *info, void *ctx)
{
    listing *l = ctx;
    (void)group;
    l->status = add_entry(l, name, info->type);
    return l->status == MI_OK ? 0 : 1;
}

static void classify(entry *e, const dataset *d)
{
    if (d->content == DATASET_NUMBERS && d->rank == 2)
        e->sort = ENTRY_MATRIX;
    else if (d->rank == 1 && d->content != DATASET_OTHER)
        e->sort = d->content == DATASET_NUMBERS ? ENTRY_VECTOR : ENTRY_STRINGS;
    memcpy(e->dims, d->dims, sizeof e->dims);
}

static mi_status look_at(hid_t group, const char *name, entry *e, mi_error *err)
{
    char shown[FAILURE_NAME];
    dataset d;
    if (e->sort == ENTRY_LINK)
        return MI_OK;
    failure_name(name, strlen(name), shown);
    const hid_t id = H5Oopen(group, name, H5P_DEFAULT);
    if (id < 0)
        return failure_of_library(err, "\"%s\" is damaged", shown);
    const H5I_type_t type = H5Iget_type(id);
    if (type != H5I_DATASET) {
        e->sort = type == H5I_GROUP ? ENTRY_GROUP : ENTRY_OTHER;
        H5Oclose(id);
        return MI_OK;
    }
    mi_status status = dataset_describe(id, shown, &d, err);
    if (status != MI_OK)
        return status;
    classify(e, &d);
    dataset_close(&d);
    return MI_OK;
}

mi_status group_list(hid_t group, uint64_t max, entry_list *out, mi_error *err)
{
    memset(out, 0, sizeof *out);
    proto_string_list_init(&out->names, NAMES_BYTES);
    listing l = {.list = out, .max = max, .err = err};
    const herr_t done = H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, on_link, &l);
    if (l.status != MI_OK)
        return l.status;
    if (done < 0)
        return failure_of_library(err, "the file is damaged: the entries of a group");
    for (uint64_t i = 0; i < out->names.n; i++) {
        mi_status status = look_at(group, group_name(out, i), &out->entries[i], err);
        if (status != MI_OK)
            return status;
        const entry_sort sort = out->entries[i].sort;
        if (out->n_of[sort]++ == 0)
            out->first_of[sort] = i;
    }
    return MI_OK;
}

void group_list_fini(entry_list *list)
{
    proto_string_list_fini(&list->names);
    free(list->entries);
}

const char *group_name(const entry_list *list, uint64_t i)
{
    size_t n;
    return proto_string_list_at(&list->names, i, &n);
}
