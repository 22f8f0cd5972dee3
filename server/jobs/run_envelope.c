#include "run_envelope.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the header is written as it lies in memory");

#define MAGIC_BYTES 8
#define OLD_BYTES   16

static const char magic[MAGIC_BYTES] = "MURUN2\0", old_magic[MAGIC_BYTES] = "MURUN1\0";

typedef struct header {
    char magic[MAGIC_BYTES];
    double train_s, run_s;
    int64_t status;
} header;

_Static_assert(sizeof(header) == RUN_ENVELOPE_BYTES, "no padding");

void run_envelope_write(void *out, const run_envelope *envelope)
{
    header h = {.train_s = envelope->train_s, .run_s = envelope->run_s, .status = envelope->status};
    memcpy(h.magic, magic, sizeof magic);
    memcpy(out, &h, sizeof h);
}

mi_status run_envelope_open(run_envelope *out, const void **payload, size_t *n_payload, const void *bytes,
                            size_t n, mi_error *err)
{
    header h = {.status = MI_OK};
    size_t length = RUN_ENVELOPE_BYTES;
    if (n >= OLD_BYTES && memcmp(bytes, old_magic, sizeof old_magic) == 0) {
        length = OLD_BYTES;
        memcpy(&h, bytes, length);
        h.run_s = h.train_s;
    } else if (n >= RUN_ENVELOPE_BYTES && memcmp(bytes, magic, sizeof magic) == 0) {
        memcpy(&h, bytes, length);
    } else {
        return mi_fail(err, MI_CORRUPT, "not bytes of a run, or of another version of them");
    }
    if (!isfinite(h.train_s) || h.train_s < 0.0 || !isfinite(h.run_s) || h.run_s < 0.0 || h.status > 0 ||
        h.status < MI_INTERNAL)
        return mi_fail(err, MI_CORRUPT, "bytes of a run with a bad header");
    *out = (run_envelope){h.train_s, h.run_s, (mi_status)h.status};
    *payload = (const char *)bytes + length;
    *n_payload = n - length;
    return MI_OK;
}
