/*
 * The result object of a screen.
 */
#include "proto/result.h"
#include "proto/screen.h"
#include "result_parts.h"

#include <math.h>
#include <stdio.h>

static void encode_side(proto_json_writer *w, const char *key, const proto_input *input, uint64_t used,
                        const proto_string_list *missing)
{
    proto_write_object(w, key);
    if (input->dataset[0] != '\0')
        proto_write_string(w, "dataset", input->dataset);
    proto_write_string(w, "sha256", input->sha256);
    proto_write_u64(w, "rows", input->rows);
    proto_write_u64(w, "used", used);
    proto_write_u64(w, "missing", missing->n);
    proto_write_end_object(w);
}

static void encode_above(proto_json_writer *w, const proto_screen_outcome *o)
{
    const mi_fdr *a = o->above;
    if (!a) {
        proto_write_null(w, "above");
        return;
    }
    proto_write_object(w, "above");
    proto_write_double(w, "threshold_nats", a->threshold);
    proto_write_u64(w, "pairs", a->n_above);
    proto_write_double(w, "fpr", a->fpr);
    proto_write_double(w, "expected_false", a->expected_false);
    proto_write_double(w, "expected_fdr", a->expected_fdr);
    proto_write_array(w, "expected_fdr95");
    proto_write_double(w, NULL, a->fdr95[0]);
    proto_write_double(w, NULL, a->fdr95[1]);
    proto_write_end_array(w);
    proto_write_end_object(w);
}

static void encode_histogram(proto_json_writer *w, const mi_screen_result *r)
{
    const mi_screen_spec *spec = &r->spec;
    if (spec->n_bins == 0) {
        proto_write_null(w, "histogram");
        return;
    }
    proto_write_object(w, "histogram");
    proto_write_u64(w, "counted", r->summary.n_binned);
    proto_write_u64(w, "below", r->summary.bins[0]);
    proto_write_u64(w, "above", r->summary.bins[spec->n_bins + 1]);
    proto_write_array(w, "edges");
    for (uint32_t i = 0; i <= spec->n_bins; i++)
        proto_write_double(w, NULL, spec->low + (spec->high - spec->low) * ((double)i / spec->n_bins));
    proto_write_end_array(w);
    proto_write_array(w, "counts");
    for (uint32_t i = 0; i < spec->n_bins; i++)
        proto_write_u64(w, NULL, r->summary.bins[i + 1]);
    proto_write_end_array(w);
    proto_write_end_object(w);
}

static void encode_missing(proto_json_writer *w, const proto_screen_outcome *o)
{
    proto_write_object(w, "missing");
    proto_missing_side_encode(o->missing[0], "x", w);
    proto_missing_side_encode(o->missing[1], "y", w);
    proto_write_end_object(w);
}

static void encode_timing(proto_json_writer *w, const proto_screen_outcome *o)
{
    proto_write_object(w, "timing");
    proto_write_double(w, "wall_s", o->wall_s);
    proto_write_double(w, "screen_s", o->run_s);
    proto_write_double(w, "pairs_per_s",
                       o->wall_s > 0 ? (double)o->result->summary.n_scored / o->wall_s : (double)NAN);
    proto_write_string(w, "kernel", o->kernel);
    proto_write_end_object(w);
}

static void encode_links(proto_json_writer *w, const proto_screen_outcome *o)
{
    const mi_screen_spec *spec = &o->result->spec;
    const bool kept[PROTO_SCREEN_LISTS] = {spec->top > 0, spec->top_per_x > 0, spec->top_per_y > 0,
                                           spec->above};
    proto_write_object(w, "links");
    for (int list = 0; list < PROTO_SCREEN_LISTS; list++) {
        const char *name = proto_screen_list_name((proto_screen_list)list);
        char path[PROTO_ID_MAX + 64];
        snprintf(path, sizeof path, "/v1/jobs/%s/screen?list=%s", o->job_id, name);
        proto_write_string(w, name, kept[list] ? path : NULL);
    }
    proto_write_end_object(w);
}

void proto_screen_result_encode(const proto_screen_outcome *o, proto_text *out)
{
    const mi_screen_result *r = o->result;
    proto_json_writer w;
    proto_write_init(&w, out);
    proto_write_object(&w, NULL);
    proto_write_string(&w, "object", "screen");
    proto_write_string(&w, "unit", "nats");
    proto_write_string(&w, "model", o->job->screen.model);
    encode_side(&w, "x", &o->job->x, r->spec.n_x, o->missing[0]);
    encode_side(&w, "y", &o->job->y, r->spec.n_y, o->missing[1]);
    proto_write_u64(&w, "pairs", o->pairs);
    proto_write_u64(&w, "scored", r->summary.n_scored);
    proto_write_u64(&w, "not_finite", r->summary.n_nan);
    proto_write_object(&w, "left_out");
    proto_write_u64(&w, "known", o->known);
    proto_write_u64(&w, "known_of", o->model_pairs);
    proto_write_u64(&w, "same", o->same);
    proto_write_end_object(&w);
    proto_write_double(&w, "mean", r->summary.mean);
    proto_write_double(&w, "max", r->summary.max);
    proto_write_u64(&w, "top", r->n_top);
    proto_write_u64(&w, "top_per_x", r->per_x);
    proto_write_u64(&w, "top_per_y", r->per_y);
    encode_above(&w, o);
    proto_write_u64(&w, "null_pairs", o->n_null);
    encode_histogram(&w, r);
    encode_missing(&w, o);
    encode_timing(&w, o);
    encode_links(&w, o);
    proto_write_end_object(&w);
}
