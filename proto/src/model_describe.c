#include "proto/model_file.h"

#include <math.h>

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

/* Of ascending values. */
static double quantile(const double *sorted, uint64_t n, double q)
{
    return n ? sorted[(uint64_t)(q * (double)(n - 1) + 0.5)] : (double)NAN;
}

static void describe_null(proto_json_writer *w, const char *key, const double *sorted, uint64_t n)
{
    double sum = 0.0, squares = 0.0;
    for (uint64_t i = 0; i < n; i++)
        sum += sorted[i];
    const double mean = sum / (double)n;
    for (uint64_t i = 0; i < n; i++)
        squares += (sorted[i] - mean) * (sorted[i] - mean);
    proto_write_object(w, key);
    proto_write_u64(w, "pairs", n);
    proto_write_double(w, "mean", mean);
    proto_write_double(w, "sd", n > 1 ? sqrt(squares / (double)(n - 1)) : (double)NAN);
    proto_write_double(w, "q50", quantile(sorted, n, 0.5));
    proto_write_double(w, "q95", quantile(sorted, n, 0.95));
    proto_write_double(w, "q99", quantile(sorted, n, 0.99));
    proto_write_double(w, "q999", quantile(sorted, n, 0.999));
    proto_write_double(w, "max", n ? sorted[n - 1] : (double)NAN);
    proto_write_end_object(w);
}

static const char *name_of(mi_split_by by)
{
    static const char *const names[] = {
        [MI_SPLIT_PAIR] = "pair", [MI_SPLIT_X] = "x", [MI_SPLIT_Y] = "y", [MI_SPLIT_ENTITY] = "entity"};
    return names[by];
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
    proto_write_string(&w, "by", name_of(split->by));
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
