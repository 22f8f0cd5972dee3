#include "inputs.h"

#include "proto/matrix.h"

#include <stdlib.h>
#include <string.h>

static mi_status decode_spec(job_inputs *out, const char *spec, const proto_limits *limits, mi_error *err)
{
    proto_problem *problem = malloc(sizeof *problem); /* 12 KiB: not for a worker's stack */
    if (!problem)
        return mi_fail(err, MI_MEMORY, "decoding the spec");
    proto_problem_init(problem);
    mi_status status = proto_job_decode(&out->job, spec, strlen(spec), limits, problem);
    if (status != MI_OK) {
        out->job = NULL;
        mi_fail_at(err, status, problem->n_errors ? problem->errors[0].pointer : "",
                   "the job's spec is not accepted any more: %s",
                   problem->n_errors ? problem->errors[0].detail : problem->detail);
    }
    free(problem);
    return status;
}

static mi_status open_matrix(job_inputs *in, int side, const proto_input *input, const char *sha256,
                             mi_matrix *out, mi_error *err)
{
    static const char *const pointers[] = {"/x", "/y"};
    proto_matrix_view view;
    mi_status status = store_blob_map(in->store, sha256, &in->mapping[side], err);
    if (status == MI_NOT_FOUND)
        return mi_fail_at(err, MI_CORRUPT, pointers[side], "its data are gone");
    if (status != MI_OK)
        return status;
    status = proto_matrix_open(&view, in->mapping[side].bytes, in->mapping[side].n, err);
    if (status == MI_OK)
        status = proto_input_columns(input, &view, &in->categorical[side], err);
    if (status != MI_OK)
        return status;
    *out = view.matrix;
    out->categorical = in->categorical[side];
    return MI_OK;
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
    const bool has_data = status == MI_OK && out->job->kind != PROTO_KIND_BENCHMARK;
    if (has_data)
        status = open_matrix(out, 0, &out->job->x, run->blob_x, &out->x, err);
    if (has_data && status == MI_OK)
        status = open_matrix(out, 1, &out->job->y, run->blob_y, &out->y, err);
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
    proto_job_free(inputs->job);
    *inputs = (job_inputs){0};
}
