#include "run_envelope.h"

#include <math.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the header is written as it lies in memory");

static const char magic[8] = "MURUN1\0";

void run_envelope_write(void *out, double train_s)
{
    memcpy(out, magic, sizeof magic);
    memcpy((char *)out + sizeof magic, &train_s, sizeof train_s);
}

mi_status run_envelope_open(double *train_s, const void **payload, size_t *n_payload, const void *bytes,
                            size_t n, mi_error *err)
{
    if (n < RUN_ENVELOPE_BYTES || memcmp(bytes, magic, sizeof magic) != 0)
        return mi_fail(err, MI_CORRUPT, "not bytes of a run, or of another version of them");
    memcpy(train_s, (const char *)bytes + sizeof magic, sizeof *train_s);
    if (!isfinite(*train_s) || *train_s < 0.0)
        return mi_fail(err, MI_CORRUPT, "bytes of a run with a bad header");
    *payload = (const char *)bytes + RUN_ENVELOPE_BYTES;
    *n_payload = n - RUN_ENVELOPE_BYTES;
    return MI_OK;
}
