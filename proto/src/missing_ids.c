#include "proto/pairs.h"

void proto_missing_ids_encode(const proto_string_list *ids, const char *key, proto_json_writer *w)
{
    proto_write_object(w, key);
    proto_write_u64(w, "count", ids->n);
    proto_write_array(w, "ids");
    for (uint64_t i = 0; i < ids->n && i < PROTO_MISSING_IDS; i++) {
        size_t n;
        const char *id = proto_string_list_at(ids, i, &n);
        proto_write_string_n(w, NULL, id, n);
    }
    proto_write_end_array(w);
    proto_write_end_object(w);
}
