#include "internal.h"

#include <stdlib.h>
#include <string.h>

static void free_kept(cache_item *item)
{
    kept_blob *kept = (kept_blob *)item;
    kept->kind->free(kept);
    if (kept->mapping.bytes)
        store_blob_unmap(kept->owner->store, &kept->mapping);
    free(kept);
}

mi_status kept_blob_open(models *m, const kept_kind *kind, const char *sha256, kept_blob **out, mi_error *err)
{
    cache_key key = {.kind = kind->of};
    memcpy(key.sha256, sha256, strnlen(sha256, sizeof key.sha256 - 1));
    *out = (kept_blob *)cache_find(&m->cache, &key);
    if (*out)
        return MI_OK;
    kept_blob *kept = calloc(1, kind->size);
    if (!kept)
        return mi_fail(err, MI_MEMORY, "no memory for what came of a blob");
    kept->kind = kind;
    kept->owner = m;
    kept->item = (cache_item){.key = key, .free = free_kept};
    mi_status status = store_blob_map(m->store, sha256, &kept->mapping, err);
    if (status == MI_OK)
        status = kind->load(kept, err);
    if (status != MI_OK) {
        free_kept(&kept->item);
        return status;
    }
    *out = (kept_blob *)cache_add(&m->cache, &kept->item);
    return MI_OK;
}
