#include "internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITEM_BYTES 4096u /* what a mapping costs beside its index */

static void free_matrix(kept_blob *kept)
{
    proto_id_index_free(((models_matrix *)kept)->index);
}

static mi_status load(kept_blob *kept, mi_error *err)
{
    models_matrix *matrix = (models_matrix *)kept;
    mi_status status = proto_matrix_open(&matrix->view, kept->mapping.bytes, kept->mapping.n, err);
    if (status == MI_OK && matrix->view.has_ids)
        status = proto_id_index_new(&matrix->index, &matrix->view, err);
    kept->item.bytes = ITEM_BYTES + (matrix->index ? matrix->view.matrix.rows * PROTO_ID_INDEX_ROW_BYTES : 0);
    return status;
}

mi_status models_matrix_open(models *m, const char *sha256, models_matrix **out, mi_error *err)
{
    static const kept_kind kind = {CACHE_MATRIX, sizeof(models_matrix), load, free_matrix};
    kept_blob *kept;
    const mi_status status = kept_blob_open(m, &kind, sha256, &kept, err);
    *out = (models_matrix *)kept;
    return status;
}

void models_matrix_close(models_matrix *matrix)
{
    if (matrix)
        cache_release(&matrix->kept.owner->cache, &matrix->kept.item);
}

const proto_matrix_view *models_matrix_view(const models_matrix *matrix)
{
    return &matrix->view;
}

const proto_id_index *models_matrix_index(const models_matrix *matrix)
{
    return matrix->index;
}

/* ---- whether it can stand on a side of a model ---- */

static mi_status check_columns(const models_model *model, int side, uint64_t cols, mi_error *err)
{
    const uint64_t expected = mi_model_columns(model->model, side);
    if (cols == expected)
        return MI_OK;
    return mi_fail(err, MI_INVALID,
                   "has %" PRIu64 " columns; expected %" PRIu64 ", as the model was trained on", cols,
                   expected);
}

/* Which columns are categories to the model, as proto_input_columns has them. */
static mi_status trained_categories(const models_model *model, int side, uint64_t cols, uint8_t **flags,
                                    mi_error *err)
{
    const proto_matrix_view plain = {.matrix = {.cols = cols}};
    return proto_input_columns(models_input(model, side), &plain, flags, err);
}

/* The names of a column's codes in two matrices, as far as both have them. */
static mi_status check_levels(const proto_matrix_view *own, const proto_matrix_view *other, uint64_t col,
                              mi_error *err)
{
    size_t n_own, n_other;
    for (uint64_t code = 0;; code++) {
        const char *a = proto_matrix_level(own, col, code, &n_own),
                   *b = proto_matrix_level(other, col, code, &n_other);
        if (code == 0 && !a != !b)
            return mi_fail(err, MI_INVALID,
                           "column %" PRIu64 ": categories have names on one side only, in it or in the data "
                           "that the model was trained on",
                           col);
        if (!a || !b)
            return MI_OK;
        if (n_own != n_other || memcmp(a, b, n_own) != 0)
            return mi_fail(err, MI_INVALID,
                           "column %" PRIu64 ": category %" PRIu64
                           " is \"%.*s\"; in the data that the model was trained on it is \"%.*s\"",
                           col, code, n_other < 60 ? (int)n_other : 60, b, n_own < 60 ? (int)n_own : 60, a);
    }
}

static mi_status check_categorical(models_model *model, int side, const models_matrix *matrix, mi_error *err)
{
    const proto_matrix_view *view = &matrix->view;
    models_matrix *own = NULL;
    uint8_t *trained = NULL;
    mi_status status = trained_categories(model, side, view->matrix.cols, &trained, err);
    for (uint64_t col = 0; col < view->matrix.cols && status == MI_OK; col++) {
        const bool here = view->matrix.categorical && view->matrix.categorical[col];
        if (!trained || !trained[col]) {
            if (here)
                status =
                    mi_fail(err, MI_INVALID,
                            "column %" PRIu64 " holds categories; the model was trained on numbers", col);
            continue;
        }
        if (!own)
            status = models_matrix_open(model->kept.owner, models_input(model, side)->sha256, &own, err);
        if (status == MI_NOT_FOUND)
            status =
                mi_fail(err, MI_INVALID,
                        "column %" PRIu64 " holds categories; what its codes mean to the model is in the "
                        "data that it was trained on, which are gone",
                        col);
        if (status == MI_OK)
            status = check_levels(&own->view, view, col, err);
    }
    models_matrix_close(own);
    free(trained);
    return status;
}

mi_status models_check_matrix(models_model *model, int side, const models_matrix *matrix, mi_error *err)
{
    const mi_status status = check_columns(model, side, matrix->view.matrix.cols, err);
    if (status != MI_OK || strcmp(matrix->kept.item.key.sha256, models_input(model, side)->sha256) == 0)
        return status;
    return check_categorical(model, side, matrix, err);
}

/* Of a column of categories. */
static mi_status check_codes(mi_matrix data, uint64_t col, mi_error *err)
{
    for (uint64_t row = 0; row < data.rows; row++) {
        const float value = data.data[row * data.cols + col];
        char pointer[48];
        if (value >= 0.0f && value <= 65535.0f && value == floorf(value))
            continue;
        snprintf(pointer, sizeof pointer, "/%" PRIu64 "/%" PRIu64, row, col);
        return mi_fail_at(err, MI_INVALID, pointer,
                          "expected the code of a category, a whole number from 0 to 65535, found %g",
                          (double)value);
    }
    return MI_OK;
}

mi_status models_check_vectors(const models_model *model, int side, mi_matrix data, mi_error *err)
{
    uint8_t *trained = NULL;
    mi_status status = check_columns(model, side, data.cols, err);
    if (status == MI_OK)
        status = trained_categories(model, side, data.cols, &trained, err);
    for (uint64_t col = 0; trained && col < data.cols && status == MI_OK; col++)
        if (trained[col])
            status = check_codes(data, col, err);
    free(trained);
    return status;
}
