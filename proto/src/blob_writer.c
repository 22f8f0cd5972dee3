#include "blob_writer.h"

#include "matrix_layout.h"

#include <string.h>

mi_status proto_blob_flush(proto_blob_writer *writer, mi_error *err)
{
    size_t n = writer->gathered;
    writer->gathered = 0;
    return n > 0 ? writer->output->write(writer->output->ctx, writer->gather, n, err) : MI_OK;
}

mi_status proto_blob_put(proto_blob_writer *writer, const void *bytes, size_t n, mi_error *err)
{
    mi_status status = MI_OK;
    if (n > PROTO_BLOB_GATHER - writer->gathered)
        status = proto_blob_flush(writer, err);
    if (status != MI_OK || n == 0)
        return status;
    writer->written += n;
    if (n >= PROTO_BLOB_GATHER)
        return writer->output->write(writer->output->ctx, bytes, n, err);
    memcpy(writer->gather + writer->gathered, bytes, n);
    writer->gathered += n;
    return MI_OK;
}

mi_status proto_blob_pad(proto_blob_writer *writer, mi_error *err)
{
    static const unsigned char zeros[8];
    return proto_blob_put(writer, zeros, (size_t)(proto_matrix_align(writer->written) - writer->written),
                          err);
}
