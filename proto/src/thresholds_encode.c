#include "proto/thresholds.h"

#include <math.h>

/* [low, high]; null unless both are known. */
static void write_interval(proto_json_writer *w, const char *key, const double interval[2], bool defined)
{
    if (!defined || isnan(interval[0]) || isnan(interval[1])) {
        proto_write_null(w, key);
        return;
    }
    proto_write_array(w, key);
    proto_write_double(w, NULL, interval[0]);
    proto_write_double(w, NULL, interval[1]);
    proto_write_end_array(w);
}

static void write_count(proto_json_writer *w, const char *key, uint64_t value, bool defined)
{
    if (defined)
        proto_write_u64(w, key, value);
    else
        proto_write_null(w, key);
}

static void write_figure(proto_json_writer *w, const char *key, double value, bool defined)
{
    proto_write_double(w, key, defined ? value : (double)NAN);
}

static void write_null_pairs(proto_json_writer *w, const char *key, const mi_thresholds *t, bool held_out)
{
    proto_write_object(w, key);
    proto_write_string(w, "kind", held_out ? "held_out" : "model");
    proto_write_u64(w, "pairs", t->n_null);
    proto_write_double(w, "mean", t->null_mean);
    proto_write_double(w, "sd", t->null_sd);
    proto_write_double(w, "q95", t->null_q95);
    proto_write_double(w, "q99", t->null_q99);
    proto_write_double(w, "smallest_fpr", t->smallest_fpr);
    proto_write_end_object(w);
}

static void write_fprs(proto_json_writer *w, const mi_thresholds *t)
{
    proto_write_array(w, "fpr");
    for (uint32_t i = 0; i < t->request.n_fpr; i++) {
        const mi_threshold_fpr *f = &t->fpr[i];
        const bool there = f->resolved;
        proto_write_object(w, NULL);
        proto_write_double(w, "target", f->target);
        write_figure(w, "threshold", f->tail.threshold, there);
        write_figure(w, "expected_fpr", f->tail.fpr, there);
        write_interval(w, "expected_fpr95", f->tail.fpr95, there);
        write_count(w, "pairs_above", f->pairs_above, there && t->n_candidates > 0);
        write_figure(w, "recall_of_known", f->recall, there);
        proto_write_end_object(w);
    }
    proto_write_end_array(w);
}

static void write_fdrs(proto_json_writer *w, const mi_thresholds *t)
{
    proto_write_array(w, "fdr");
    for (uint32_t i = 0; i < t->request.n_fdr; i++) {
        const mi_threshold_fdr *f = &t->fdr[i];
        const bool there = f->reached;
        proto_write_object(w, NULL);
        proto_write_double(w, "target", f->target);
        write_figure(w, "threshold", f->fdr.threshold, there);
        write_count(w, "pairs_above", f->pairs_above, there && t->n_candidates > 0);
        write_figure(w, "expected_false", f->fdr.expected_false, there);
        write_figure(w, "expected_fdr", f->fdr.expected_fdr, there);
        write_interval(w, "expected_fdr95", f->fdr.fdr95, there);
        write_figure(w, "expected_fpr", f->fdr.fpr, there);
        write_figure(w, "recall_of_known", f->recall, there);
        proto_write_end_object(w);
    }
    proto_write_end_array(w);
}

/* A threshold on the labelled pairs; null in all members when there is none. */
static void write_label(proto_json_writer *w, const char *key, const mi_threshold_label *l, bool has_target)
{
    const mi_roc_point *p = &l->point;
    const bool there = !isnan(p->threshold);
    proto_write_object(w, key);
    if (has_target)
        proto_write_double(w, "target", l->target);
    write_figure(w, "threshold", p->threshold, there);
    write_interval(w, "threshold95", l->spread.threshold95, there);
    proto_write_double(w, "resamples_reached", l->spread.reached);
    proto_write_bool(w, "stable", l->stable);
    write_count(w, "pairs_above", p->n_above, there);
    write_count(w, "tp", p->tp, there);
    write_count(w, "fp", p->fp, there);
    write_figure(w, "precision", p->precision, there);
    write_interval(w, "precision95", p->precision95, there && !isnan(p->precision));
    write_figure(w, "recall", p->recall, there);
    write_interval(w, "recall95", p->recall95, there && !isnan(p->recall));
    write_figure(w, "fpr", p->fpr, there);
    write_interval(w, "fpr95", p->fpr95, there && !isnan(p->fpr));
    write_figure(w, "f1", p->f1, there);
    write_figure(w, "youden", p->youden, there);
    proto_write_end_object(w);
}

static void write_label_list(proto_json_writer *w, const char *key, const mi_threshold_label *list,
                             uint32_t n)
{
    proto_write_array(w, key);
    for (uint32_t i = 0; i < n; i++)
        write_label(w, NULL, &list[i], true);
    proto_write_end_array(w);
}

static void write_without_embedding(proto_json_writer *w, const proto_pairs *pairs)
{
    if (!pairs) {
        proto_write_null(w, "without_embedding");
        return;
    }
    proto_write_object(w, "without_embedding");
    proto_write_u64(w, "pairs", pairs->without_embedding);
    proto_missing_ids_encode(&pairs->missing_x, "x", w);
    proto_missing_ids_encode(&pairs->missing_y, "y", w);
    proto_write_end_object(w);
}

static void write_areas(proto_json_writer *w, const mi_thresholds *t)
{
    const mi_thresholds_labels *l = &t->labels;
    proto_write_object(w, "auroc");
    proto_write_double(w, "value", l->auroc.value);
    proto_write_double(w, "std_err", l->auroc.std_err);
    write_interval(w, "interval95", l->auroc.interval95, true);
    proto_write_string(w, "method", t->request.auroc_bootstrap ? "bootstrap" : "delong");
    proto_write_end_object(w);
    proto_write_object(w, "auprc");
    proto_write_double(w, "value", l->average_precision.value);
    proto_write_double(w, "std_err", l->average_precision.std_err);
    write_interval(w, "interval95", l->average_precision.interval95, true);
    proto_write_double(w, "chance", l->chance);
    proto_write_end_object(w);
}

static void write_column(proto_json_writer *w, const char *key, const double *values, uint32_t n)
{
    proto_write_array(w, key);
    for (uint32_t i = 0; i < n; i++)
        proto_write_double(w, NULL, values[i]);
    proto_write_end_array(w);
}

static void write_curve(proto_json_writer *w, const char *key, const mi_roc_curve *curve, const char *x,
                        const char *y, bool wanted)
{
    if (!wanted) {
        proto_write_null(w, key);
        return;
    }
    proto_write_object(w, key);
    write_column(w, x, curve->x, curve->n);
    write_column(w, y, curve->y, curve->n);
    write_column(w, "threshold", curve->threshold, curve->n);
    proto_write_end_object(w);
}

static void write_labels(proto_json_writer *w, const proto_thresholds_answer *answer)
{
    const mi_thresholds *t = answer->numbers;
    const mi_thresholds_labels *l = &t->labels;
    if (!t->has_labels) {
        proto_write_null(w, "labels");
        return;
    }
    proto_write_object(w, "labels");
    proto_write_u64(w, "pairs", (uint64_t)l->counts.positives + l->counts.negatives);
    proto_write_u64(w, "positives", l->counts.positives);
    proto_write_u64(w, "negatives", l->counts.negatives);
    proto_write_string(w, "negatives_are",
                       !answer->mismatched ? "labelled"
                       : answer->sampled   ? "sampled_mismatched"
                                           : "mismatched");
    proto_write_u64(w, "overlap_with_training", t->n_overlap);
    write_without_embedding(w, answer->pairs);
    proto_write_u64(w, "resamples", l->resamples);
    write_areas(w, t);
    write_label(w, "f1", &l->f1, false);
    write_label(w, "youden", &l->youden, false);
    write_label_list(w, "fpr", l->fpr, t->request.n_fpr);
    write_label_list(w, "precision", l->precision, t->request.n_precision);
    write_label_list(w, "recall", l->recall, t->request.n_recall);
    write_curve(w, "roc", &l->roc, "fpr", "tpr", t->request.curves);
    write_curve(w, "pr", &l->precision_recall, "recall", "precision", t->request.curves);
    proto_write_end_object(w);
}

static void write_some_notes(proto_json_writer *w, const mi_thresholds *t, bool of_fprs)
{
    for (uint32_t i = 0; i < t->n_notes; i++) {
        if ((t->notes[i].code == MI_THRESHOLD_NOTE_SMALL_NULL) != of_fprs)
            continue;
        proto_write_object(w, NULL);
        proto_write_string(w, "code", mi_threshold_note_name(t->notes[i].code));
        proto_write_string(w, "detail", t->notes[i].detail);
        proto_write_end_object(w);
    }
}

static void write_notes(proto_json_writer *w, const mi_thresholds *t, const mi_thresholds *fprs)
{
    proto_write_array(w, "notes");
    write_some_notes(w, fprs, true);
    write_some_notes(w, t, false);
    proto_write_end_array(w);
}

mi_status proto_thresholds_encode(const proto_thresholds_answer *answer, proto_text *out)
{
    const mi_thresholds *t = answer->numbers;
    proto_json_writer w;
    proto_write_init(&w, out);
    proto_write_object(&w, NULL);
    proto_write_string(&w, "object", "thresholds");
    proto_write_string(&w, "model", answer->model);
    proto_write_string(&w, "unit", "nats");
    const mi_thresholds *fprs = answer->fprs ? answer->fprs : t;
    write_null_pairs(&w, "null", fprs, answer->held_out && !answer->fprs);
    if (answer->fprs)
        write_null_pairs(&w, "null_held_out", t, true);
    else
        proto_write_null(&w, "null_held_out");
    proto_write_u64(&w, "candidates", t->n_candidates);
    proto_write_u64(&w, "known", t->n_known);
    proto_write_double(&w, "pi0", t->pi0);
    proto_write_double(&w, "prior", t->request.prior);
    proto_write_string(&w, "fdr_basis", isnan(t->request.prior) ? "candidates" : "prior");
    write_fprs(&w, fprs);
    write_fdrs(&w, t);
    write_labels(&w, answer);
    write_notes(&w, t, fprs);
    proto_write_end_object(&w);
    return proto_text_ok(out) ? MI_OK : MI_MEMORY;
}
