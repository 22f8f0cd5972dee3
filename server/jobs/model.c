#include "model.h"

#include "base/ids.h"
#include "mi/model.h"
#include "mi/null.h"
#include "model_null.h"
#include "proto/model_file.h"
#include "run_payload.h"

#include <stdlib.h>
#include <string.h>

#define DESCRIPTION_MAX (UINT64_C(4) << 20)
#define IDS_MAX         (UINT64_C(1) << 30)

typedef struct model_work {
    const job_inputs *inputs;
    const combined *found;
    mi_tensor *tensors; /* (n, MI_MEMBER_TENSORS) */
    mi_member_tensors *members;
    mi_model *model;
    model_null null;
    double *held_out; /* ascending */
    size_t n_held_out;
    uint32_t *pair_rows;
    proto_string_list ids[2];
    char *spec;
} model_work;

static mi_status open_members(model_work *b, mi_error *err)
{
    const combined *f = b->found;
    b->tensors = calloc(f->n, MI_MEMBER_TENSORS * sizeof *b->tensors);
    b->members = calloc(f->n, sizeof *b->members);
    if (!b->tensors || !b->members)
        return mi_fail(err, MI_MEMORY, "the members of a model");
    for (size_t i = 0; i < f->n; i++) {
        mi_member_tensors *m = &b->members[i];
        mi_tensor *tensors = b->tensors + i * MI_MEMBER_TENSORS;
        mi_status status = mi_tensors_unpack(tensors, &m->n, f->member[i], f->n_member[i], err);
        if (status != MI_OK)
            return status;
        m->tensors = tensors;
    }
    return mi_model_new(&b->model, &b->inputs->spec, b->members, (uint32_t)f->n,
                        b->inputs->job->pairs.symmetric, err);
}

/* The out-of-fold PMIs of mismatched pairs, of all runs together. */
static mi_status gather_held_out(model_work *b, mi_error *err)
{
    const combined *f = b->found;
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++)
        n += f->results[i]->n_null;
    b->held_out = calloc(n + 1, sizeof *b->held_out);
    if (!b->held_out)
        return mi_fail(err, MI_MEMORY, "%zu mismatched pairs", n);
    for (size_t i = 0; i < f->n; i++) {
        memcpy(b->held_out + b->n_held_out, f->results[i]->null_pmi,
               f->results[i]->n_null * sizeof *b->held_out);
        b->n_held_out += f->results[i]->n_null;
    }
    b->n_held_out = mi_sort_numbers(b->held_out, b->n_held_out);
    return MI_OK;
}

/* Distinct ids of a side of the pairs in order of their rows, and each pair's place among them. */
static mi_status gather_ids(model_work *b, int side, mi_error *err)
{
    const proto_pairs *p = b->inputs->pairs;
    const proto_matrix_view *view = &b->inputs->view[side];
    const uint32_t *row = side ? p->y : p->x, nobody = UINT32_MAX;
    uint32_t *place = malloc((view->matrix.rows + 1) * sizeof *place), n = 0;
    mi_status status = MI_OK;
    proto_string_list_init(&b->ids[side], IDS_MAX);
    if (!place)
        return mi_fail(err, MI_MEMORY, "the ids of a model");
    memset(place, 0xff, view->matrix.rows * sizeof *place);
    for (uint32_t i = 0; i < p->n && status == MI_OK; i++) {
        if (place[row[i]] == nobody) {
            size_t length;
            const char *id = proto_matrix_id(view, row[i], &length);
            status = proto_string_list_append(&b->ids[side], id, length, err);
            place[row[i]] = n++;
        }
        b->pair_rows[2 * (size_t)i + (size_t)side] = place[row[i]];
    }
    free(place);
    return status;
}

static mi_status gather_pairs(model_work *b, mi_error *err)
{
    const proto_pairs *p = b->inputs->pairs;
    proto_text text;
    proto_text_init(&text, RESULT_MAX);
    proto_job_encode_spec(b->inputs->job, &text);
    b->spec = proto_text_take(&text, NULL);
    if (!b->spec)
        return mi_fail(err, MI_MEMORY, "the spec of a model");
    if (!p)
        return MI_OK;
    b->pair_rows = calloc((size_t)p->n + 1, 2 * sizeof *b->pair_rows);
    if (!b->pair_rows)
        return mi_fail(err, MI_MEMORY, "the pairs of a model");
    mi_status status = gather_ids(b, 0, err);
    return status == MI_OK ? gather_ids(b, 1, err) : status;
}

mi_status job_model_write(job_model *model, store *s, mi_error *err)
{
    const model_work *b = model->work;
    store_blob_writer *blob = NULL;
    const proto_model_parts parts = {
        .spec = b->spec,
        .members = b->members,
        .n_members = (uint32_t)b->found->n,
        .null_pmi = b->null.pmi,
        .n_null = b->null.n,
        .null_held_out = b->held_out,
        .n_held_out = b->n_held_out,
        .pair_pmi = b->found->estimate->pmi,
        .n_pairs = b->inputs->pairs ? b->inputs->pairs->n : b->found->estimate->n_pairs,
        .pair_rows = b->pair_rows,
        .ids = {&b->ids[0], &b->ids[1]},
    };
    mi_status status = store_blob_begin(s, &blob, err);
    if (status != MI_OK)
        return status;
    const proto_output out = store_blob_output(blob);
    status = proto_model_write(&parts, &out, err);
    if (status != MI_OK) {
        store_blob_abort(blob);
        return status;
    }
    return store_blob_commit(blob, model->sha256, err);
}

static mi_status describe(const model_work *b, proto_text *out, mi_error *err)
{
    const proto_model_description d = {
        .job = b->inputs->job,
        .pairs = b->inputs->pairs,
        .estimate = b->found->estimate,
        .n_members = (uint32_t)b->found->n,
        .width = mi_model_width(b->model),
        .is_dot = mi_model_is_dot(b->model) != 0,
        .null_pmi = b->null.pmi,
        .n_null = b->null.n,
        .null_held_out = b->held_out,
        .n_held_out = b->n_held_out,
    };
    proto_model_describe(&d, out);
    return proto_text_ok(out) ? MI_OK : mi_fail(err, MI_MEMORY, "the description of a model");
}

mi_status job_model_make(job_model *out, worker *w, const store_run *record, const job_inputs *inputs,
                         const combined *found, mi_error *err)
{
    model_work *b = calloc(1, sizeof *b);
    *out = (job_model){.work = b};
    proto_text_init(&out->description, DESCRIPTION_MAX);
    if (!b)
        return mi_fail(err, MI_MEMORY, "a model");
    b->inputs = inputs;
    b->found = found;
    id_make(out->id, PROTO_MODEL_PREFIX);
    mi_status status = open_members(b, err);
    if (status == MI_OK)
        status = model_null_score(&b->null, b->model, w, record, inputs, found, err);
    if (status == MI_OK)
        status = gather_held_out(b, err);
    if (status == MI_OK)
        status = gather_pairs(b, err);
    return status == MI_OK ? describe(b, &out->description, err) : status;
}

void job_model_fini(job_model *model)
{
    model_work *b = model->work;
    proto_text_fini(&model->description);
    if (b) {
        mi_model_free(b->model);
        free(b->tensors);
        free(b->members);
        model_null_fini(&b->null);
        free(b->held_out);
        free(b->pair_rows);
        proto_string_list_fini(&b->ids[0]);
        proto_string_list_fini(&b->ids[1]);
        free(b->spec);
        free(b);
    }
    *model = (job_model){.work = NULL};
}
