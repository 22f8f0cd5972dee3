#include "screen_part.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(mi_screen_pair) == 12 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "pairs are their bytes");

mi_status screen_part_pack(const mi_screen_result *result, const mi_screen_pair *above, uint64_t n_above,
                           size_t room, char **out, size_t *n, mi_error *err)
{
    const uint64_t packed = result ? mi_screen_result_pack(result, NULL, 0) : 0;
    const size_t n_pairs = (size_t)n_above * sizeof *above;
    *n = room + sizeof packed + packed + n_pairs;
    *out = malloc(*n);
    if (!*out)
        return mi_fail(err, MI_MEMORY, "a part of a screen, of %zu bytes", *n);
    char *at = *out + room;
    memcpy(at, &packed, sizeof packed);
    if (result)
        mi_screen_result_pack(result, at + sizeof packed, packed);
    if (n_pairs > 0)
        memcpy(at + sizeof packed + packed, above, n_pairs);
    return MI_OK;
}

mi_status screen_part_unpack(mi_screen_result **result, const void **above, uint64_t *n_above,
                             const void *bytes, size_t n, mi_error *err)
{
    const char *at = bytes;
    uint64_t packed = 0;
    *result = NULL;
    *above = NULL;
    *n_above = 0;
    if (n < sizeof packed)
        return mi_fail(err, MI_CORRUPT, "a part of a screen is cut short");
    memcpy(&packed, at, sizeof packed);
    at += sizeof packed;
    n -= sizeof packed;
    if (packed > n || (n - packed) % sizeof(mi_screen_pair) != 0)
        return mi_fail(err, MI_CORRUPT, "a part of a screen has other bytes than it says");
    *above = at + packed;
    *n_above = (n - packed) / sizeof(mi_screen_pair);
    if (packed == 0)
        return *n_above == 0 ? MI_OK : mi_fail(err, MI_CORRUPT, "a part of a screen has pairs and no rows");
    const mi_status status = mi_screen_result_unpack(result, at, packed, err);
    if (status == MI_OK && (*result)->n_above != *n_above) {
        mi_screen_result_free(*result);
        *result = NULL;
        return mi_fail(err, MI_CORRUPT, "a part of a screen has other pairs than it says");
    }
    return status;
}

mi_status screen_too_many(const screen_subject *subject, mi_error *err)
{
    return mi_fail_at(
        err, MI_LIMIT, "/max_above",
        "more than %llu pairs reach the threshold; ask for a higher one (a larger pmi, a smaller fpr or "
        "fdr), for fewer rows, or for a larger max_above",
        (unsigned long long)subject->spec.max_above);
}
