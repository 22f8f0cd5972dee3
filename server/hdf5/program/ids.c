#include "ids.h"

#include "failure.h"
#include "frames.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES (UINT64_C(1) << 20)
#define ID_MAX      4096u /* bytes; the daemon takes fewer, and says so */

typedef struct strings {
    const dataset *d;
    const char *name;
    hid_t type; /* in memory */
    bool variable;
    H5T_str_t padding;
    hsize_t at_once;
    void *block;       /* (at_once) strings of the item's bytes, or pointers */
    frame_buffer *out; /* one frame */
} strings;

/* Without its padding. */
static size_t length_of(const strings *s, const char *string)
{
    if (s->variable)
        return string ? strnlen(string, ID_MAX + 1) : 0;
    size_t n = strnlen(string, s->d->item);
    while (s->padding == H5T_STR_SPACEPAD && n > 0 && string[n - 1] == ' ')
        n--;
    return n;
}

static mi_status send_block(strings *s, hsize_t row, hsize_t rows, mi_error *err)
{
    for (hsize_t i = 0; i < rows; i++) {
        const char *string = s->variable ? ((char **)s->block)[i] : (const char *)s->block + i * s->d->item;
        const size_t n = length_of(s, string);
        if (n > ID_MAX)
            return mi_fail(err, MI_INVALID,
                           "\"%s\": the id of row %" PRIu64 " (from 0) is too long; expected up to 256 bytes",
                           s->name, (uint64_t)(row + i));
        frames_id(s->out, n > 0 ? string : "", n);
    }
    return MI_OK;
}

static mi_status read_block(strings *s, hsize_t row, hsize_t rows, mi_error *err)
{
    const hid_t space = H5Screate_simple(1, &rows, NULL);
    mi_status status = MI_OK;
    if (space < 0 || H5Sselect_hyperslab(s->d->space, H5S_SELECT_SET, &row, NULL, &rows, NULL) < 0 ||
        H5Dread(s->d->id, s->type, space, s->d->space, H5P_DEFAULT, s->block) < 0)
        status = failure_of_library(err, "the strings of \"%s\" cannot be read: they are damaged", s->name);
    if (status == MI_OK) {
        status = send_block(s, row, rows, err);
        if (s->variable)
            H5Dvlen_reclaim(s->type, space, H5P_DEFAULT, s->block);
    }
    if (space >= 0)
        H5Sclose(space);
    return status;
}

/* Of fixed length they are read as they lie; of variable length libhdf5 has to gather them. */
static mi_status prepare(strings *s, mi_error *err)
{
    const htri_t variable = H5Tis_variable_str(s->d->type);
    s->variable = variable > 0;
    s->padding = H5Tget_strpad(s->d->type);
    s->type = H5Tcopy(s->variable ? H5T_C_S1 : s->d->type);
    if (variable < 0 || s->type < 0 ||
        (s->variable &&
         (H5Tset_size(s->type, H5T_VARIABLE) < 0 || H5Tset_cset(s->type, H5Tget_cset(s->d->type)) < 0)))
        return failure_of_library(err, "the strings of \"%s\" are damaged", s->name);
    const size_t item = s->variable ? sizeof(char *) : s->d->item;
    s->at_once = item < BLOCK_BYTES ? BLOCK_BYTES / item : 1;
    if (!s->variable && s->d->item > BLOCK_BYTES)
        return mi_fail(err, MI_INVALID, "\"%s\": strings of %zu bytes; expected ids of up to 256", s->name,
                       s->d->item);
    s->block = malloc(s->at_once * item);
    s->out = malloc(sizeof *s->out);
    if (!s->block || !s->out)
        return mi_fail(err, MI_MEMORY, "no memory for ids");
    s->out->fill = 0;
    return MI_OK;
}

mi_status ids_send(const dataset *d, const char *name, mi_error *err)
{
    strings s = {.d = d, .name = name, .type = -1};
    hsize_t chunk_rows;
    mi_status status = dataset_check_storage(d, name, &chunk_rows, err);
    if (status == MI_OK)
        status = prepare(&s, err);
    for (hsize_t row = 0; row < d->dims[0] && status == MI_OK; row += s.at_once)
        status = read_block(&s, row, d->dims[0] - row < s.at_once ? d->dims[0] - row : s.at_once, err);
    if (status == MI_OK)
        frames_flush_ids(s.out);
    if (s.type >= 0)
        H5Tclose(s.type);
    free(s.block);
    free(s.out);
    return status;
}
