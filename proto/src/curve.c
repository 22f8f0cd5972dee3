#include "proto/result.h"

#include <stdlib.h>

/* The columns behind replicate and fold. */
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
    while (length < n && rows[length].replicate == rows[0].replicate && rows[length].fold == rows[0].fold)
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

void proto_curve_encode_json(const proto_curve_row *rows, size_t n, uint32_t max_points, proto_text *out)
{
    proto_json_writer w;
    proto_write_init(&w, out);
    proto_write_object(&w, NULL);
    proto_write_string(&w, "object", "curve");
    proto_write_string(&w, "unit", "nats");
    proto_write_array(&w, "runs");
    for (size_t start = 0, length; start < n; start += length) {
        const proto_curve_row *run = rows + start;
        length = run_length(run, n - start);
        size_t count = shown(length, max_points);
        proto_write_object(&w, NULL);
        proto_write_u64(&w, "replicate", run->replicate);
        proto_write_u64(&w, "fold", run->fold);
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

void proto_curve_encode_csv(const proto_curve_row *rows, size_t n, uint32_t max_points, proto_text *out)
{
    proto_text_puts(out, "replicate,fold");
    for (size_t column = 0; column < N_COLUMNS; column++)
        proto_text_printf(out, ",%s", columns[column]);
    proto_text_puts(out, "\n");
    for (size_t start = 0, length; start < n; start += length) {
        const proto_curve_row *run = rows + start;
        length = run_length(run, n - start);
        size_t count = shown(length, max_points);
        for (size_t i = 0; i < count; i++) {
            const mi_curve_point *point = &run[shown_index(i, count, length)].point;
            proto_text_printf(out, "%u,%u", run->replicate, run->fold);
            for (size_t column = 0; column < N_COLUMNS; column++) {
                proto_text_append(out, ",", 1);
                proto_csv_double(column_of(point, column), out);
            }
            proto_text_append(out, "\n", 1);
        }
    }
}

void proto_curve_encode_npy(const proto_curve_row *rows, size_t n, uint32_t max_points, proto_text *out)
{
    proto_npy_header_f8(shown_in_all(rows, n, max_points), 2 + N_COLUMNS, out);
    for (size_t start = 0, length; start < n; start += length) {
        const proto_curve_row *run = rows + start;
        length = run_length(run, n - start);
        size_t count = shown(length, max_points);
        for (size_t i = 0; i < count; i++) {
            double values[2 + N_COLUMNS] = {run->replicate, run->fold};
            for (size_t column = 0; column < N_COLUMNS; column++)
                values[2 + column] = column_of(&run[shown_index(i, count, length)].point, column);
            proto_text_append(out, values, sizeof values);
        }
    }
}
