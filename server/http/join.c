#include "join.h"

#include "proto/pairs_input.h"

#include <string.h>

enum { MAP_X, MAP_Y, MAP_PAIRS, N_MAPS };

static mi_status open_and_join(proto_job *job, const store_mapping maps[N_MAPS], proto_pairs *out,
                               mi_error *err)
{
    proto_matrix_view x, y;
    mi_status status = proto_matrix_open(&x, maps[MAP_X].bytes, maps[MAP_X].n, err);
    if (status == MI_OK)
        status = proto_matrix_open(&y, maps[MAP_Y].bytes, maps[MAP_Y].n, err);
    if (status != MI_OK)
        return status;
    const bool same = strcmp(job->x.sha256, job->y.sha256) == 0;
    return proto_job_join(out, job, maps[MAP_PAIRS].bytes, maps[MAP_PAIRS].n, &x, same ? &x : &y, err);
}

mi_status http_join(store *s, proto_job *job, proto_pairs *out, mi_error *err)
{
    const char *const sha256[N_MAPS] = {job->x.sha256, job->y.sha256, job->pairs.sha256};
    store_mapping maps[N_MAPS] = {{0}};
    mi_status status = MI_OK;
    *out = (proto_pairs){0};
    for (int i = 0; i < N_MAPS && status == MI_OK; i++)
        status = store_blob_map(s, sha256[i], &maps[i], err);
    if (status == MI_OK)
        status = open_and_join(job, maps, out, err);
    for (int i = 0; i < N_MAPS; i++)
        if (maps[i].bytes)
            store_blob_unmap(s, &maps[i]);
    return status;
}
