#include "prepare_screen.h"

#include "models/models.h"
#include "proto/model_record.h"
#include "resolve.h"
#include "screens/subject.h"

#include <stdio.h>
#include <string.h>

/* The model that the job names, by its id from here on. */
static mi_status find_model(store *s, proto_job *job, char sha256[PROTO_SHA_HEX], proto_problem *problem,
                            mi_error *err)
{
    proto_model_record model = {0};
    const mi_status status = store_model_get(s, job->screen.model, &model, err);
    if (status == MI_NOT_FOUND) {
        proto_problem_add(problem, "/model", "there is no model of that id or alias");
        return MI_OK;
    }
    if (status != MI_OK)
        return status;
    snprintf(job->screen.model, sizeof job->screen.model, "%s", model.id);
    memcpy(sha256, model.sha256, sizeof model.sha256);
    proto_model_record_fini(&model);
    return MI_OK;
}

/* Where x or y come from when the screen does not say: from where the model's did. */
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

/* That x and y mean by their columns what the model was trained on. */
static mi_status check_sides(models *m, models_model *model, const proto_job *job, mi_error *err)
{
    mi_status status = MI_OK;
    for (int side = 0; side < 2 && status == MI_OK; side++) {
        models_matrix *matrix = NULL;
        status = models_matrix_open(m, side ? job->y.sha256 : job->x.sha256, &matrix, err);
        if (status == MI_OK && (status = models_check_matrix(model, side, matrix, err)) == MI_INVALID) {
            const mi_error why = *err;
            mi_fail_at(err, MI_INVALID, side ? "/y" : "/x", "%s", why.message);
        }
        models_matrix_close(matrix);
    }
    return status;
}

static mi_status check_subject(const http_request *q, proto_job *job, const char *model_sha256,
                               models_model *model, mi_error *err)
{
    const char *const sha256[3] = {job->x.sha256, job->y.sha256, model_sha256};
    screen_subject subject;
    mi_status status = screen_subject_open(&subject, q->config->store, job, sha256, err);
    if (status != MI_OK)
        return status;
    if (screen_has_categories(&subject))
        status = check_sides(q->config->models, model, job, err);
    if (status == MI_OK)
        status = screen_use(&subject, models_is_dot(model), models_width(model), models_constant(model), err);
    if (status == MI_OK)
        status =
            screen_parts(&job->screen.parts, &subject, (uint32_t)q->config->workers, http_limits(q), err);
    screen_subject_close(&subject);
    return status;
}

static mi_status prepare(const http_request *q, proto_job *job, const char *model_sha256, models_model *model,
                         proto_problem *problem, mi_error *err)
{
    store *s = q->config->store;
    const proto_job *own = models_view(model)->job;
    mi_status status = default_side(s, 0, &own->x, &job->x, err);
    if (status == MI_OK)
        status = default_side(s, 1, &own->y, &job->y, err);
    if (status == MI_OK)
        status = http_resolve_side(s, "x", &job->x, problem, err);
    if (status == MI_OK)
        status = http_resolve_side(s, "y", &job->y, problem, err);
    if (status != MI_OK || proto_problem_any(problem))
        return status;
    return check_subject(q, job, model_sha256, model, err);
}

/* What is wrong with the job and not with the server. */
static mi_status told(mi_status status, proto_problem *problem, const mi_error *err)
{
    if (status == MI_LIMIT)
        proto_problem_set(problem, PROTO_PROBLEM_TOO_LARGE, "%s", err->message);
    else if (err->pointer[0] != '\0' &&
             (status == MI_INVALID || status == MI_UNSUPPORTED || status == MI_NOT_FOUND))
        proto_problem_add(problem, err->pointer, "%s", err->message);
    else
        return status;
    return MI_OK;
}

mi_status http_prepare_screen(const http_request *q, proto_job *job, proto_problem *problem, mi_error *err)
{
    models_model *model = NULL;
    char sha256[PROTO_SHA_HEX] = "";
    mi_status status = find_model(q->config->store, job, sha256, problem, err);
    if (status != MI_OK || proto_problem_any(problem))
        return status;
    status = models_open(q->config->models, sha256, &model, err);
    if (status == MI_OK)
        status = prepare(q, job, sha256, model, problem, err);
    models_close(model);
    return status == MI_OK ? MI_OK : told(status, problem, err);
}
