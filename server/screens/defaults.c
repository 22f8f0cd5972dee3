/*
 * Where a screen's data come from when it does not say.
 */
#include "screens/subject.h"

#include <string.h>

static mi_status default_side(store *s, int side, const proto_input *own, proto_input *input, mi_error *err)
{
    proto_dataset_record record = {0};
    store_mapping mapping;
    if (input->dataset[0] != '\0' || input->sha256[0] != '\0')
        return MI_OK;
    mi_status status = store_blob_map(s, own->sha256, &mapping, err);
    if (status == MI_NOT_FOUND)
        return mi_fail_at(err, MI_NOT_FOUND, side ? "/y" : "/x",
                          "the data that the model was trained on are not here any more; name a data set");
    if (status != MI_OK)
        return status;
    store_blob_unmap(s, &mapping);
    memcpy(input->sha256, own->sha256, sizeof input->sha256);
    if (own->dataset[0] != '\0' && store_dataset_get(s, own->dataset, &record, NULL) == MI_OK) {
        if (strcmp(record.matrix_sha256, own->sha256) == 0)
            memcpy(input->dataset, own->dataset, sizeof input->dataset);
        proto_dataset_record_fini(&record);
    }
    return MI_OK;
}

mi_status screen_default_sides(store *s, const char *model_sha256, proto_job *job, mi_error *err)
{
    store_mapping map;
    proto_model_view model;
    mi_status status = store_blob_map(s, model_sha256, &map, err);
    if (status == MI_NOT_FOUND)
        return mi_fail_at(err, MI_CORRUPT, "/model", "its data are gone");
    if (status != MI_OK)
        return status;
    status = proto_model_open(&model, map.bytes, map.n, err);
    if (status == MI_OK) {
        status = default_side(s, 0, &model.job->x, &job->x, err);
        if (status == MI_OK)
            status = default_side(s, 1, &model.job->y, &job->y, err);
        proto_model_close(&model);
    }
    store_blob_unmap(s, &map);
    return status;
}
