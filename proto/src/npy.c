#include "proto/result.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "arrays are written as they lie in memory");

void proto_npy_header_f8(uint64_t rows, uint64_t cols, proto_text *out)
{
    static const char magic[] = "\x93NUMPY\x01\x00";
    char header[118]; /* with magic and length 128, a multiple of 64 as the format asks */
    int n = snprintf(header, sizeof header,
                     "{'descr': '<f8', 'fortran_order': False, 'shape': (%" PRIu64 ", %" PRIu64 "), }", rows,
                     cols);
    memset(header + n, ' ', sizeof header - (size_t)n);
    header[sizeof header - 1] = '\n';
    proto_text_append(out, magic, 8);
    proto_text_append(out, (const char[]){(char)sizeof header, 0}, 2);
    proto_text_append(out, header, sizeof header);
}
