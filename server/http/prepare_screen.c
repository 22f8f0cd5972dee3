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

/* That x and y mean by their columns what the model was trained on. */
static mi_status check_sides(const http_request *q, const proto_job *job, const char *model_sha256,
                             mi_error *err)
{
    models *m = q->config->models;
    models_model *model = NULL;
    mi_status status = models_open(m, model_sha256, &model, err);
    for (int side = 0; side < 2 && status == MI_OK; side++) {
        models_matrix *matrix = NULL;
        status = models_matrix_open(m, side ? job->y.sha256 : job->x.sha256, &matrix, err);
        if (status == MI_OK && (status = models_check_matrix(model, side, matrix, err)) == MI_INVALID) {
            const mi_error why = *err;
            mi_fail_at(err, MI_INVALID, side ? "/y" : "/x", "%s", why.message);
        }
        models_matrix_close(matrix);
    }
    models_close(model);
    return status;
}

static mi_status check_subject(const http_request *q, proto_job *job, const char *model_sha256, mi_error *err)
{
    const char *const sha256[3] = {job->x.sha256, job->y.sha256, model_sha256};
    screen_subject subject;
    mi_model *model = NULL;
    mi_status status = screen_subject_open(&subject, q->config->store, job, sha256, err);
    if (status != MI_OK)
        return status;
    if (screen_has_categories(&subject))
        status = check_sides(q, job, model_sha256, err);
    if (status == MI_OK)
        status = screen_model(&model, &subject, err);
    if (status == MI_OK)
        status =
            screen_parts(&job->screen.parts, &subject, (uint32_t)q->config->workers, http_limits(q), err);
    mi_model_free(model);
    screen_subject_close(&subject);
    return status;
}

mi_status http_prepare_screen(const http_request *q, proto_job *job, proto_problem *problem, mi_error *err)
{
    store *s = q->config->store;
    char sha256[PROTO_SHA_HEX] = "";
    mi_status status = find_model(s, job, sha256, problem, err);
    if (status != MI_OK || proto_problem_any(problem))
        return status;
    status = screen_default_sides(s, sha256, job, err);
    if (status != MI_OK)
        return told(status, problem, err);
    status = http_resolve_side(s, "x", &job->x, problem, err);
    if (status == MI_OK)
        status = http_resolve_side(s, "y", &job->y, problem, err);
    if (status != MI_OK || proto_problem_any(problem))
        return status;
    status = check_subject(q, job, sha256, err);
    return status == MI_OK ? MI_OK : told(status, problem, err);
}
