#include "proto/result.h"

#include <stdlib.h>
#include <string.h>

/* The columns behind those that name the run. */
static const char *const columns[] = {"step", "train_loss", "val_loss", "train_mi", "val_mi"};
#define N_COLUMNS (sizeof columns / sizeof columns[0])

static double column_of(const mi_curve_point *point, size_t column)
{
    const double values[N_COLUMNS] = {point->step, point->train_loss, point->val_loss, point->train_mi,
                                      point->val_mi};
    return values[column];
}

/* Rows of the run that starts at rows[0]. */
static size_t run_length(const proto_curve_row *rows, size_t n)
{
    size_t length = 1;
    while (length < n && rows[length].variant == rows[0].variant &&
           rows[length].replicate == rows[0].replicate && rows[length].fold == rows[0].fold)
        length++;
    return length;
}

/* How many of a run's points are shown: all, or max_points, but never fewer than its first and last. */
static size_t shown(size_t length, uint32_t max_points)
{
    size_t most = max_points < 2 ? 2 : max_points;
    return max_points == 0 || length <= most ? length : most;
}

static size_t shown_index(size_t i, size_t count, size_t length)
{
    return count < 2 ? i : i * (length - 1) / (count - 1);
}

static size_t shown_in_all(const proto_curve_row *rows, size_t n, uint32_t max_points)
{
    size_t total = 0;
    for (size_t start = 0, length; start < n; start += length) {
        length = run_length(rows + start, n - start);
        total += shown(length, max_points);
    }
    return total;
}

static const char *label_of(const proto_curve *curve, const proto_curve_row *row)
{
    const uint32_t place =
        curve->benchmark && curve->n_labels > 0 ? row->variant % curve->n_labels : row->variant;
    return curve->labels && place < curve->n_labels ? curve->labels[place] : "";
}

static void law_of(const proto_curve *curve, const proto_curve_row *row, char out[PROTO_LABEL_MAX])
{
    out[0] = '\0';
    if (row->variant < proto_job_variants(curve->benchmark))
        proto_job_law_label(curve->benchmark, row->variant, out);
}

/* What names a run, besides its numbers. */
static void encode_names(const proto_curve *curve, const proto_curve_row *row, proto_json_writer *w)
{
    char law[PROTO_LABEL_MAX];
    if (!curve->labels)
        return;
    proto_write_u64(w, "variant", row->variant);
    if (curve->benchmark) {
        law_of(curve, row, law);
        proto_write_string(w, "law", law);
    }
    proto_write_string(w, "objective", label_of(curve, row));
    if (curve->benchmark)
        proto_write_double(w, "truth_nats", proto_job_truth(curve->benchmark, row->variant, row->fold));
}

void proto_curve_encode_json(const proto_curve *curve, uint32_t max_points, proto_text *out)
{
    proto_json_writer w;
    proto_write_init(&w, out);
    proto_write_object(&w, NULL);
    proto_write_string(&w, "object", "curve");
    proto_write_string(&w, "unit", "nats");
    proto_write_array(&w, "runs");
    for (size_t start = 0, length; start < curve->n; start += length) {
        const proto_curve_row *run = curve->rows + start;
        length = run_length(run, curve->n - start);
        size_t count = shown(length, max_points);
        proto_write_object(&w, NULL);
        encode_names(curve, run, &w);
        proto_write_u64(&w, curve->benchmark ? "repetition" : "replicate", run->replicate);
        proto_write_u64(&w, curve->benchmark ? "level" : "fold", run->fold);
        for (size_t column = 0; column < N_COLUMNS; column++) {
            proto_write_array(&w, columns[column]);
            for (size_t i = 0; i < count; i++)
                proto_write_double(&w, NULL, column_of(&run[shown_index(i, count, length)].point, column));
            proto_write_end_array(&w);
        }
        proto_write_end_object(&w);
    }
    proto_write_end_array(&w);
    proto_write_end_object(&w);
}

static void csv_line(const proto_curve *curve, const proto_curve_row *row, proto_text *out)
{
    if (curve->labels) {
        const char *label = label_of(curve, row);
        char law[PROTO_LABEL_MAX];
        proto_text_printf(out, "%u,", row->variant);
        if (curve->benchmark) {
            law_of(curve, row, law);
            proto_csv_field(law, strlen(law), out);
            proto_text_append(out, ",", 1);
        }
        proto_csv_field(label, strlen(label), out);
        proto_text_append(out, ",", 1);
    }
    proto_text_printf(out, "%u,%u", row->replicate, row->fold);
    for (size_t column = 0; column < N_COLUMNS; column++) {
        proto_text_append(out, ",", 1);
        proto_csv_double(column_of(&row->point, column), out);
    }
    proto_text_append(out, "\n", 1);
}

void proto_curve_encode_csv(const proto_curve *curve, uint32_t max_points, proto_text *out)
{
    proto_text_puts(out, curve->benchmark ? "variant,law,objective,repetition,level"
                         : curve->labels  ? "variant,objective,replicate,fold"
                                          : "replicate,fold");
    for (size_t column = 0; column < N_COLUMNS; column++)
        proto_text_printf(out, ",%s", columns[column]);
    proto_text_puts(out, "\n");
    for (size_t start = 0, length; start < curve->n; start += length) {
        const proto_curve_row *run = curve->rows + start;
        length = run_length(run, curve->n - start);
        size_t count = shown(length, max_points);
        for (size_t i = 0; i < count; i++)
            csv_line(curve, &run[shown_index(i, count, length)], out);
    }
}

void proto_curve_encode_npy(const proto_curve *curve, uint32_t max_points, proto_text *out)
{
    const size_t skipped = curve->labels ? 0 : 1; /* no variant in front */
    proto_npy_header_f8(shown_in_all(curve->rows, curve->n, max_points), 3 + N_COLUMNS - skipped, out);
    for (size_t start = 0, length; start < curve->n; start += length) {
        const proto_curve_row *run = curve->rows + start;
        length = run_length(run, curve->n - start);
        size_t count = shown(length, max_points);
        for (size_t i = 0; i < count; i++) {
            double values[3 + N_COLUMNS] = {run->variant, run->replicate, run->fold};
            for (size_t column = 0; column < N_COLUMNS; column++)
                values[3 + column] = column_of(&run[shown_index(i, count, length)].point, column);
            proto_text_append(out, values + skipped, sizeof values - skipped * sizeof values[0]);
        }
    }
}
