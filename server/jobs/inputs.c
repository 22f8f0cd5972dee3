#include "inputs.h"

#include "proto/matrix.h"
#include "proto/pairs_input.h"

#include <stdlib.h>
#include <string.h>

static mi_status decode_spec(job_inputs *out, const char *spec, const proto_limits *limits, mi_error *err)
{
    proto_problem *problem = malloc(sizeof *problem); /* 12 KiB: not for a worker's stack */
    if (!problem)
        return mi_fail(err, MI_MEMORY, "decoding the spec");
    proto_problem_init(problem);
    mi_status status = proto_job_decode_spec(&out->job, spec, limits, problem);
    if (status != MI_OK) {
        out->job = NULL;
        mi_fail_at(err, status, problem->n_errors ? problem->errors[0].pointer : "",
                   "the job's spec is not accepted any more: %s",
                   problem->n_errors ? problem->errors[0].detail : problem->detail);
    }
    free(problem);
    return status;
}

static mi_status map_blob(const job_inputs *in, const char *sha256, const char *pointer, store_mapping *out,
                          mi_error *err)
{
    const mi_status status = store_blob_map(in->store, sha256, out, err);
    return status == MI_NOT_FOUND ? mi_fail_at(err, MI_CORRUPT, pointer, "its data are gone") : status;
}

static mi_status open_matrix(job_inputs *in, int side, const proto_input *input, const char *sha256,
                             mi_matrix *out, mi_error *err)
{
    static const char *const pointers[] = {"/x", "/y"};
    proto_matrix_view *view = &in->view[side];
    mi_status status = map_blob(in, sha256, pointers[side], &in->mapping[side], err);
    if (status == MI_OK)
        status = proto_matrix_open(view, in->mapping[side].bytes, in->mapping[side].n, err);
    if (status == MI_OK)
        status = proto_input_columns(input, view, &in->categorical[side], err);
    if (status != MI_OK)
        return status;
    *out = view->matrix;
    out->categorical = in->categorical[side];
    return MI_OK;
}

/* The pairs as they were found when the job was taken: the join depends on the bytes alone. */
static mi_status join_pairs(job_inputs *in, const store_run *run, mi_error *err)
{
    store_mapping table = {0};
    const proto_matrix_view *x = &in->view[0], *y = strcmp(run->blob_x, run->blob_y) == 0 ? x : &in->view[1];
    mi_status status = map_blob(in, run->blob_pairs, "/pairs", &table, err);
    if (status != MI_OK)
        return status;
    status = proto_job_join(&in->joined, in->job, table.bytes, table.n, x, y, err);
    store_blob_unmap(in->store, &table);
    if (status != MI_OK)
        return status;
    in->pairs = &in->joined;
    proto_pairs_apply(in->pairs, &in->x, &in->y);
    return MI_OK;
}

static mi_status open_data(job_inputs *in, const store_run *run, mi_error *err)
{
    mi_status status = open_matrix(in, 0, &in->job->x, run->blob_x, &in->x, err);
    if (status == MI_OK)
        status = open_matrix(in, 1, &in->job->y, run->blob_y, &in->y, err);
    return status == MI_OK && in->job->has_pairs ? join_pairs(in, run, err) : status;
}

mi_status job_inputs_open(job_inputs *out, store *s, const store_run *run, const proto_limits *limits,
                          mi_error *err)
{
    *out = (job_inputs){.store = s};
    mi_status status = decode_spec(out, run->spec, limits, err);
    if (status == MI_OK && run->variants != proto_job_variants(out->job))
        status = mi_fail(err, MI_CORRUPT, "the job's spec has %u variants, its runs %u",
                         proto_job_variants(out->job), run->variants);
    if (status == MI_OK)
        proto_job_variant(out->job, run->variant, &out->spec);
    if (status == MI_OK && out->job->kind == PROTO_KIND_ESTIMATE)
        status = open_data(out, run, err);
    if (status != MI_OK)
        job_inputs_close(out);
    return status;
}

void job_inputs_close(job_inputs *inputs)
{
    for (int side = 0; side < 2; side++) {
        if (inputs->mapping[side].bytes)
            store_blob_unmap(inputs->store, &inputs->mapping[side]);
        free(inputs->categorical[side]);
    }
    proto_pairs_fini(&inputs->joined);
    proto_job_free(inputs->job);
    *inputs = (job_inputs){0};
}
