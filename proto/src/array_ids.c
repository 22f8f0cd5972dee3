/*
 * Ids from arrays of text.
 */
#include "array.h"

#include "npy_convert.h"
#include "table_readers.h"
#include "utf8.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK (64u << 10)

const char *proto_id_fault(const char *id, size_t n)
{
    return n == 0                     ? "empty; expected an id"
           : n > PROTO_STRING_MAX     ? "too long; expected up to 256 bytes"
           : !proto_utf8_valid(id, n) ? "not UTF-8"
           : memchr(id, '\0', n)      ? "has a NUL inside"
                                      : NULL;
}
_Static_assert(PROTO_STRING_MAX == 256, "the message says so");

mi_status proto_ids_unique(const proto_string_list *ids, mi_error *err)
{
    bool repeated;
    uint64_t first, second;
    mi_status status = proto_string_list_repeated(ids, &repeated, &first, &second, err);
    if (status != MI_OK || !repeated)
        return status;
    char excerpt[PROTO_EXCERPT];
    size_t n;
    const char *id = proto_string_list_at(ids, second, &n);
    return mi_fail(err, MI_INVALID,
                   "row %" PRIu64 " (from 0): the id \"%s\" is already in row %" PRIu64
                   "; ids must be unique",
                   second, proto_excerpt(id, n, excerpt), first);
}

/* One character as UTF-8; 0: it is none. */
static size_t encode(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    const size_t n = c < 0x10000 ? 3 : 4;
    out[0] = (char)(n == 3 ? 0xe0 | c >> 12 : 0xf0 | c >> 18);
    if (n == 4)
        out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[n - 2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[n - 1] = (char)(0x80 | (c & 0x3f));
    return n;
}

/* UTF-32 in the machine's order to UTF-8 (out: as many bytes); the length, or SIZE_MAX. */
static size_t from_utf32(const unsigned char *text, size_t item, char *out)
{
    size_t n = 0;
    while (item >= 4 && memcmp(text + item - 4, "\0\0\0\0", 4) == 0)
        item -= 4;
    for (size_t i = 0; i < item; i += 4) {
        uint32_t c;
        memcpy(&c, text + i, sizeof c);
        const size_t length = encode(c, out + n);
        if (length == 0)
            return SIZE_MAX;
        n += length;
    }
    return n;
}

static mi_status take(const proto_array_header *h, const unsigned char *text, uint64_t row,
                      proto_string_list *out, mi_error *err)
{
    char id[PROTO_ARRAY_TEXT_MAX];
    const char *s = id;
    size_t n = h->item;
    if (h->kind == 'U') {
        n = from_utf32(text, n, id);
    } else {
        s = (const char *)text;
        while (n > 0 && s[n - 1] == '\0')
            n--;
    }
    const char *fault = n == SIZE_MAX ? "not text (UTF-32)" : proto_id_fault(s, n);
    if (fault)
        return mi_fail(err, MI_INVALID, "the id of row %" PRIu64 " (from 0): %s", row, fault);
    return proto_string_list_append(out, s, n, err);
}

mi_status proto_array_read_ids(const proto_array *array, proto_string_list *out, mi_error *err)
{
    const proto_array_header *h = &array->header;
    const uint64_t at_once = BLOCK / h->item;
    unsigned char *block = malloc(at_once * h->item);
    mi_status status = block ? MI_OK : mi_fail(err, MI_MEMORY, "no memory to read ids");
    for (uint64_t row = 0; row < h->rows && status == MI_OK; row += at_once) {
        const uint64_t rows = h->rows - row < at_once ? h->rows - row : at_once;
        status = array->source->read_at(array->source->ctx, h->data_at + row * h->item, block, rows * h->item,
                                        err);
        if (status == MI_OK && h->swapped && h->kind == 'U')
            proto_npy_swap(block, rows * h->item / 4, 4);
        for (uint64_t i = 0; i < rows && status == MI_OK; i++)
            status = take(h, block + i * h->item, row + i, out, err);
    }
    free(block);
    return status == MI_OK ? proto_ids_unique(out, err) : status;
}
