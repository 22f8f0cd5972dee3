#include "run_payload.h"

#include "store/store.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static size_t aligned(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

mi_status run_payload_make(const mi_run *run, const mi_run_result *result, bool with_member, size_t room,
                           char **out, size_t *n, mi_error *err)
{
    mi_tensor tensors[MI_MEMBER_TENSORS];
    const uint32_t n_tensors = with_member ? mi_run_tensors(run, tensors) : 0;
    const size_t n_result = mi_run_result_pack(result, NULL, 0),
                 n_member = with_member ? mi_tensors_pack(tensors, n_tensors, NULL, 0) : 0,
                 ahead = with_member ? sizeof(uint64_t) : 0,
                 member_at = with_member ? ahead + aligned(n_result) : n_result;
    *n = room + member_at + n_member;
    if (with_member && *n > STORE_RESULT_MAX)
        return mi_fail_at(err, MI_LIMIT, "/outputs/model",
                          "a run with its member of the model takes %zu MiB; at most %zu MiB are kept "
                          "(fewer pairs or columns, or /prepare/transform \"zscore\", need less)",
                          *n >> 20, STORE_RESULT_MAX >> 20);
    *out = calloc(1, *n);
    if (!*out)
        return mi_fail(err, MI_MEMORY, "a run's result of %zu bytes", *n);
    char *at = *out + room;
    if (with_member)
        memcpy(at, &(uint64_t){n_result}, sizeof(uint64_t));
    mi_run_result_pack(result, at + ahead, n_result);
    if (with_member)
        mi_tensors_pack(tensors, n_tensors, at + member_at, n_member);
    return MI_OK;
}

mi_status run_payload_open(run_payload *out, const void *bytes, size_t n, bool with_member, mi_error *err)
{
    uint64_t n_result = n;
    *out = (run_payload){.result = bytes, .n_result = n};
    if (!with_member)
        return MI_OK;
    if (n >= sizeof n_result)
        memcpy(&n_result, bytes, sizeof n_result);
    if (n < sizeof n_result || n_result > n || sizeof n_result + aligned(n_result) > n)
        return mi_fail(err, MI_CORRUPT, "the result of a run is damaged or of another version");
    const size_t member_at = sizeof n_result + aligned(n_result);
    out->result = (const char *)bytes + sizeof n_result;
    out->n_result = n_result;
    out->member = (const char *)bytes + member_at;
    out->n_member = n - member_at;
    return MI_OK;
}
