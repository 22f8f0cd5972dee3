#include "job_fields.h"
#include "mi/null.h"
#include "proto/model_file.h"

static void describe_side(proto_json_writer *w, const char *key, const proto_input *input)
{
    proto_write_object(w, key);
    proto_write_string(w, "dataset", input->dataset[0] ? input->dataset : NULL);
    proto_write_string(w, "sha256", input->sha256);
    proto_write_u64(w, "rows", input->rows);
    proto_write_u64(w, "columns", input->cols);
    proto_write_end_object(w);
}

static void describe_data(proto_json_writer *w, const proto_model_description *d)
{
    const proto_pairs *p = d->pairs;
    proto_write_object(w, "data");
    describe_side(w, "x", &d->job->x);
    describe_side(w, "y", &d->job->y);
    if (p) {
        proto_write_object(w, "pairs");
        proto_write_string(w, "dataset", d->job->pairs.dataset[0] ? d->job->pairs.dataset : NULL);
        proto_write_string(w, "sha256", d->job->pairs.sha256);
        proto_write_u64(w, "rows", p->rows);
        proto_write_u64(w, "used", p->n);
        proto_write_u64(w, "entities_x", p->entities_x);
        proto_write_u64(w, "entities_y", p->entities_y);
        proto_write_end_object(w);
    } else {
        proto_write_null(w, "pairs");
    }
    proto_write_end_object(w);
}

static void describe_null(proto_json_writer *w, const char *key, const double *sorted, uint64_t n)
{
    mi_null_summary summary;
    mi_null_summarize(&summary, &(mi_null){sorted, n});
    proto_write_object(w, key);
    proto_write_u64(w, "pairs", n);
    proto_write_double(w, "mean", summary.mean);
    proto_write_double(w, "sd", summary.sd);
    proto_write_double(w, "q50", summary.q50);
    proto_write_double(w, "q95", summary.q95);
    proto_write_double(w, "q99", summary.q99);
    proto_write_double(w, "q999", summary.q999);
    proto_write_double(w, "max", summary.max);
    proto_write_end_object(w);
}

void proto_model_describe(const proto_model_description *d, proto_text *out)
{
    const mi_estimate *e = d->estimate;
    const mi_split_spec *split = &d->job->spec.split;
    proto_json_writer w;
    proto_text spec;
    proto_text_init(&spec, PROTO_JOB_TREE_MAX);
    proto_job_encode_spec(d->job, &spec);
    proto_write_init(&w, out);
    proto_write_object(&w, NULL);
    proto_write_string(&w, "unit", "nats");
    proto_write_string(&w, "objective", d->job->spec.objective.entry->name);
    proto_write_u64(&w, "members", d->n_members);
    proto_write_u64(&w, "width", d->width);
    proto_write_bool(&w, "screenable", d->is_dot);
    proto_write_object(&w, "mi");
    proto_write_double(&w, "nats", e->mi_nats);
    proto_write_double(&w, "std_err", e->std_err);
    proto_write_double(&w, "held_out_nats", e->held_out_nats);
    proto_write_double(&w, "auroc", e->auroc);
    proto_write_end_object(&w);
    describe_data(&w, d);
    proto_write_object(&w, "split");
    proto_write_string(&w, "by", proto_field_find("/split/by")->names[split->by]);
    proto_write_u64(&w, "folds", split->folds);
    proto_write_end_object(&w);
    proto_write_object(&w, "calibration");
    proto_write_double(&w, "slope", e->slope);
    proto_write_double(&w, "log_scale", e->log_scale);
    proto_write_double(&w, "null_mean_ratio", e->null_mean_ratio);
    proto_write_end_object(&w);
    describe_null(&w, "null", d->null_pmi, d->n_null);
    describe_null(&w, "null_held_out", d->null_held_out, d->n_held_out);
    proto_write_raw(&w, "spec", proto_text_ok(&spec) ? spec.data : NULL);
    proto_write_end_object(&w);
    proto_text_fini(&spec);
}
