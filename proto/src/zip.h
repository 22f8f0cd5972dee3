/*
 * A zip archive (APPNOTE.TXT, with its 64-bit extensions) read strictly by its central directory: one disk,
 * nothing before, between the directory and its end, or behind it; members stored or deflated, not encrypted,
 * their names unique UTF-8, their bytes apart from each other. All sizes are known before a byte is inflated.
 */
#ifndef PROTO_ZIP_H
#define PROTO_ZIP_H

#include "inflater.h"
#include "proto/string_list.h"

#define PROTO_ZIP_MEMBERS_MAX   1024
#define PROTO_ZIP_DIRECTORY_MAX (1u << 20) /* bytes */

typedef struct proto_zip_member {
    char name[PROTO_STRING_MAX + 1];
    uint64_t header_at, data_at, compressed, size; /* bytes; data_at: in the archive */
    uint32_t crc;
    bool deflated;
} proto_zip_member;

typedef struct proto_zip {
    const proto_source *file; /* borrowed */
    proto_zip_member *members;
    size_t n;
} proto_zip;

/* MI_INVALID, MI_UNSUPPORTED, MI_LIMIT, MI_IO, MI_MEMORY. After a failure close is harmless. */
mi_status proto_zip_open(proto_zip *out, const proto_source *file, mi_error *err);
void proto_zip_close(proto_zip *zip);

/* That a member does not inflate out of proportion (proto_inflate_limit). MI_LIMIT. */
mi_status proto_zip_check_ratio(const proto_zip_member *member, mi_error *err);

/* A member's bytes as a source: what is deflated is read forwards, and anew from the front for an earlier
 * place. */
typedef struct proto_zip_file {
    proto_source source; /* ctx is this object: do not move it */
    const proto_zip *zip;
    const proto_zip_member *member;
    proto_inflater *inflater; /* NULL: stored */
} proto_zip_file;

mi_status proto_zip_file_open(proto_zip_file *out, const proto_zip *zip, size_t index, mi_error *err);
/* After its last byte was read: its size and check sum are right. MI_INVALID. */
mi_status proto_zip_file_check(proto_zip_file *file, mi_error *err);
void proto_zip_file_close(proto_zip_file *file);

#endif
