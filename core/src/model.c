/*
 * Members side by side. The features of x of a model that is a dot product carry slope / n_members, and where
 * two orders are averaged, half of that.
 */
#include "member.h"
#include "pair_scores.h"
#include "vecmath.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct mi_model {
    mi_arena arena;
    uint32_t n_members;
    mi_member *members; /* on the arena */
    size_t width;
    int is_dot;
    uint32_t orders; /* of a pair, whose mean is the PMI: 1, or 2 of symmetric pairs */
    double constant;
};

/* All members on the arena; measures where that has no memory. */
static mi_status lay_out(mi_model *model, const mi_spec *spec, const mi_member_tensors *tensors, uint32_t n,
                         mi_error *err)
{
    mi_member scratch; /* while measuring */
    mi_arena *arena = &model->arena;
    model->members = MI_TAKE(arena, mi_member, n);
    model->n_members = n;
    model->width = 0;
    for (uint32_t i = 0; i < n; i++) {
        mi_member *m = model->members ? &model->members[i] : &scratch;
        const mi_status status = mi_member_restore(m, spec, &tensors[i], arena, err);
        if (status != MI_OK)
            return status;
        model->width += (size_t)model->orders * m->width;
        mi_member_scratch_layout(m, arena);
    }
    return MI_OK;
}

static mi_status check_members(const mi_model *model, mi_error *err)
{
    for (uint32_t i = 1; i < model->n_members; i++)
        for (int side = 0; side < 2; side++)
            if (model->members[i].prepare[side].raw_columns != model->members[0].prepare[side].raw_columns)
                return mi_fail(err, MI_CORRUPT, "members of the model differ in their columns");
    if (model->orders == 2 && mi_model_columns(model, MI_SIDE_X) != mi_model_columns(model, MI_SIDE_Y))
        return mi_fail(err, MI_CORRUPT, "the sides of a model of symmetric pairs differ in their columns");
    return MI_OK;
}

mi_status mi_model_new(mi_model **out, const mi_spec *spec, const mi_member_tensors *members,
                       uint32_t n_members, int symmetric, mi_error *err)
{
    *out = NULL;
    mi_model measured = {.orders = symmetric ? 2 : 1};
    mi_arena_init(&measured.arena, NULL, 0);
    mi_status status = lay_out(&measured, spec, members, n_members, err);
    if (status == MI_OK && measured.arena.overflow)
        status = mi_fail(err, MI_LIMIT, "the model is too large to count");
    if (status != MI_OK)
        return status;
    const size_t capacity = measured.arena.peak;
    mi_model *model = calloc(1, sizeof *model);
    void *memory = model ? mi_arena_memory(capacity) : NULL;
    if (!memory) {
        free(model);
        return mi_fail(err, MI_MEMORY, "no memory for a model of %zu bytes", capacity);
    }
    model->orders = measured.orders;
    mi_arena_init(&model->arena, memory, capacity);
    status = lay_out(model, spec, members, n_members, err);
    if (status == MI_OK)
        status = check_members(model, err);
    if (status != MI_OK) {
        mi_model_free(model);
        return status;
    }
    model->is_dot = 1;
    for (uint32_t i = 0; i < n_members; i++) {
        model->is_dot &= mi_member_is_dot(&model->members[i]);
        if (model->is_dot)
            model->constant += mi_member_constant(&model->members[i]) / n_members;
    }
    *out = model;
    return MI_OK;
}

void mi_model_free(mi_model *model)
{
    if (!model)
        return;
    free(model->arena.base);
    free(model);
}

uint64_t mi_model_columns(const mi_model *model, int side)
{
    return model->members[0].prepare[side].raw_columns;
}

size_t mi_model_width(const mi_model *model)
{
    return model->width;
}

size_t mi_model_bytes(const mi_model *model)
{
    return model->arena.capacity + sizeof *model;
}

int mi_model_is_dot(const mi_model *model)
{
    return model->is_dot;
}

double mi_model_constant(const mi_model *model)
{
    return model->is_dot ? model->constant : (double)NAN;
}

/* Of n <= MI_MEMBER_BLOCK rows: those of the side, then, of symmetric pairs, those of the other one. */
static void member_features(mi_model *model, mi_member *m, int side, mi_matrix data, const uint32_t *rows,
                            uint32_t n, float *to)
{
    mi_member_features(m, &model->arena, side, data, rows, n, to, model->width);
    if (model->orders == 2)
        mi_member_features(m, &model->arena, !side, data, rows, n, to + m->width, model->width);
}

static void scale_columns(float *features, uint32_t n, size_t ld, size_t width, double factor)
{
    for (size_t i = 0; i < n; i++)
        mi_vec_scale(features + i * ld, (float)factor, width);
}

mi_status mi_model_features(mi_model *model, int side, mi_matrix data, const uint32_t *rows, uint32_t n,
                            float *features, mi_error *err)
{
    if (data.cols != mi_model_columns(model, side))
        return mi_fail(err, MI_INVALID, "%llu columns; expected %llu, as the model was trained on",
                       (unsigned long long)data.cols, (unsigned long long)mi_model_columns(model, side));
    uint32_t run[MI_MEMBER_BLOCK];
    for (uint32_t first = 0; first < n; first += MI_MEMBER_BLOCK) {
        const uint32_t count = n - first < MI_MEMBER_BLOCK ? n - first : MI_MEMBER_BLOCK;
        float *to = features + (size_t)first * model->width;
        for (uint32_t i = 0; i < count; i++)
            run[i] = rows ? rows[first + i] : first + i;
        for (uint32_t k = 0; k < model->n_members; k++) {
            mi_member *m = &model->members[k];
            const size_t width = (size_t)model->orders * m->width;
            member_features(model, m, side, data, run, count, to);
            if (model->is_dot && side == MI_SIDE_X)
                scale_columns(to, count, model->width, width,
                              m->calibration.slope / ((double)model->n_members * model->orders));
            to += width;
        }
    }
    return MI_OK;
}

static const uint32_t *skip(const uint32_t *index, uint32_t n)
{
    return index ? index + n : NULL;
}

/* pmi (n) += of one member; of symmetric pairs in both orders, the second one by what the rows hold of the
 * other side. */
static void add_member(mi_model *model, mi_member *m, const float *x, const uint32_t *index_x, const float *y,
                       const uint32_t *index_y, uint32_t n, double *pmi)
{
    mi_member_add_pmi(m, &model->arena, x, index_x, y, index_y, model->width, n, pmi);
    if (model->orders == 2)
        mi_member_add_pmi(m, &model->arena, y + m->width, index_y, x + m->width, index_x, model->width, n,
                          pmi);
}

void mi_model_pmi(mi_model *model, const float *features_x, const uint32_t *index_x, const float *features_y,
                  const uint32_t *index_y, uint32_t n, double *pmi)
{
    float scores[MI_MEMBER_BLOCK];
    for (uint32_t first = 0; first < n; first += MI_MEMBER_BLOCK) {
        const uint32_t count = n - first < MI_MEMBER_BLOCK ? n - first : MI_MEMBER_BLOCK;
        const float *x = features_x + (index_x ? 0 : first * model->width),
                    *y = features_y + (index_y ? 0 : first * model->width);
        const uint32_t *ix = skip(index_x, first), *iy = skip(index_y, first);
        double *to = pmi + first;
        if (model->is_dot) {
            mi_pair_scores(x, ix, y, iy, count, model->width, scores);
            for (uint32_t p = 0; p < count; p++)
                to[p] = (double)scores[p] + model->constant;
            continue;
        }
        memset(to, 0, count * sizeof *to);
        for (uint32_t k = 0; k < model->n_members; k++) {
            mi_member *m = &model->members[k];
            add_member(model, m, x, ix, y, iy, count, to);
            x += (size_t)model->orders * m->width;
            y += (size_t)model->orders * m->width;
        }
        for (uint32_t p = 0; p < count; p++)
            to[p] /= (double)model->n_members * model->orders;
    }
}
