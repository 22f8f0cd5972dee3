#include "member.h"

#include "critic_impl.h"
#include "prepare_saved.h"
#include "run_internal.h"
#include "tensors.h"

#include <math.h>
#include <string.h>

/* What the weights' tensors and the small ones take beside their numbers. */
#define VIEWS_BYTES ((size_t)MI_MEMBER_TENSORS * 128)

static const char *const side_prefix[2] = {"x.", "y."};

int mi_spec_has_model(const mi_spec *spec)
{
    return spec->objective.entry->method != MI_METHOD_NEIGHBOURS && mi_spec_has_pmi(spec);
}

/* ---- of a run ---- */

static void add_gaussian(const mi_gaussian *g, mi_tensor_list *list)
{
    const uint32_t k = g->n_canonical;
    mi_tensor_add(list, "baseline.", "x_mean", MI_DTYPE_F64, g->dim_x, 0, g->mean_x);
    mi_tensor_add(list, "baseline.", "y_mean", MI_DTYPE_F64, g->dim_y, 0, g->mean_y);
    mi_tensor_add(list, "baseline.", "x_map", MI_DTYPE_F64, g->dim_x, k, g->map_x);
    mi_tensor_add(list, "baseline.", "y_map", MI_DTYPE_F64, g->dim_y, k, g->map_y);
    mi_tensor_add(list, "baseline.", "rho", MI_DTYPE_F64, k, 0, g->rho);
    mi_tensor_add(list, "baseline.", "slope", MI_DTYPE_F64, 1, 0, &g->slope);
}

static void add_views(const mi_critic_view *views, uint32_t n, const float *params, mi_tensor_list *list)
{
    for (uint32_t i = 0; i < n; i++)
        mi_tensor_add(list, "critic.", views[i].name, MI_DTYPE_F32, views[i].rows, views[i].cols,
                      params + views[i].offset);
}

/* The encoders; the decoders have done their work. */
static uint32_t encoder_views(const mi_autoencoder *a, mi_critic_view *out)
{
    const uint32_t n = mi_mlp_views(&a->encoder[MI_SIDE_X], a->encoder_at[MI_SIDE_X], "x", out);
    return n + mi_mlp_views(&a->encoder[MI_SIDE_Y], a->encoder_at[MI_SIDE_Y], "y", out + n);
}

uint32_t mi_run_tensors(const mi_run *run, mi_tensor out[MI_MEMBER_TENSORS])
{
    mi_tensor_list list = {.out = out};
    mi_critic_view views[MI_CRITIC_VIEWS];
    if (run->phase != MI_PHASE_DONE || !mi_spec_has_model(&run->spec))
        return 0;
    for (int side = 0; side < 2; side++)
        mi_prepare_add_tensors(&run->prepare[side], side_prefix[side], &list);
    mi_tensor_add(&list, "", "batch", MI_DTYPE_U32, 1, 0, &run->batch);
    mi_tensor_add(&list, "", "calibration", MI_DTYPE_F64, 2, 0, &run->scoring.calibration);
    if (run->method == &mi_run_latent) {
        add_views(views, encoder_views(&run->autoencoder, views), mi_run_final_weights(run), &list);
        for (int side = 0; side < 2; side++)
            mi_tensor_add(&list, side_prefix[side], "codes", MI_DTYPE_F32, run->test.n,
                          run->autoencoder.code_width, run->codes[side]);
        return list.n;
    }
    if (mi_run_base_width(run))
        add_gaussian(&run->gaussian, &list);
    add_views(views, mi_critic_views(&run->critic, views), mi_run_final_weights(run), &list);
    return list.n;
}

uint64_t mi_run_member_bytes(const mi_run *run)
{
    mi_tensor tensors[MI_MEMBER_TENSORS];
    mi_tensor_list list = {.out = tensors};
    size_t n_params = run->critic.n_params;
    if (!mi_spec_has_model(&run->spec))
        return 0;
    for (int side = 0; side < 2; side++) {
        mi_prepare_add_tensors(&run->prepare[side], side_prefix[side], &list);
        mi_tensor_add(&list, side_prefix[side], "levels", MI_DTYPE_F32, run->prepare[side].dim_used, 0, NULL);
    }
    if (run->method == &mi_run_latent) {
        n_params =
            run->autoencoder.encoder[MI_SIDE_X].n_params + run->autoencoder.encoder[MI_SIDE_Y].n_params;
        for (int side = 0; side < 2; side++)
            mi_tensor_add(&list, side_prefix[side], "codes", MI_DTYPE_F32, run->test.n,
                          run->autoencoder.code_width, NULL);
    } else if (mi_run_base_width(run)) {
        add_gaussian(&run->gaussian, &list);
    }
    return mi_tensors_pack(tensors, list.n, NULL, 0) + n_params * sizeof(float) + VIEWS_BYTES;
}

/* ---- made again ---- */

static mi_status restore_gaussian(mi_member *m, const mi_member_tensors *t, mi_arena *arena, mi_error *err)
{
    const uint32_t dim[2] = {m->prepare[0].dim_out, m->prepare[1].dim_out};
    mi_gaussian *g = &m->gaussian;
    const double *slope = mi_tensor_values(t, "baseline.", "slope", MI_DTYPE_F64, 1, err);
    if (!slope)
        return MI_CORRUPT;
    const uint32_t k = dim[0] < dim[1] ? dim[0] : dim[1];
    *g = (mi_gaussian){
        .dim_x = dim[0], .dim_y = dim[1], .n_canonical = k, .width = k + 2, .n_train = 1, .slope = *slope};
    const struct {
        const char *name;
        uint32_t rows, cols;
        double **out;
    } parts[] = {{"x_mean", dim[0], 0, &g->mean_x},
                 {"y_mean", dim[1], 0, &g->mean_y},
                 {"x_map", dim[0], k, &g->map_x},
                 {"y_map", dim[1], k, &g->map_y},
                 {"rho", k, 0, &g->rho}};
    mi_status status = MI_OK;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && status == MI_OK; i++) {
        void *copy = NULL;
        status = mi_tensor_copy(t, "baseline.", parts[i].name, MI_DTYPE_F64, parts[i].rows, parts[i].cols,
                                arena, &copy, err);
        *parts[i].out = copy;
    }
    return status;
}

/* params (n_params) of their views; those that no view covers stay as they are. */
static mi_status restore_views(const mi_critic_view *views, uint32_t n, const mi_member_tensors *t,
                               float *params, mi_error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        const mi_critic_view *v = &views[i];
        const mi_tensor *found = mi_tensor_get(t, "critic.", v->name, MI_DTYPE_F32, v->cols ? 2 : 1, err);
        if (!found)
            return MI_CORRUPT;
        const uint64_t cols = v->cols ? v->cols : 1;
        if (found->shape[0] != v->rows || found->shape[1] != cols)
            return mi_fail(err, MI_CORRUPT, "the model's tensor critic.%s is not %u x %llu", v->name, v->rows,
                           (unsigned long long)cols);
        memcpy(params + v->offset, found->data, v->rows * cols * sizeof *params);
    }
    return MI_OK;
}

static mi_status restore_critic(mi_member *m, const mi_member_tensors *t, mi_arena *arena, mi_error *err)
{
    const int has_baseline = m->spec.critic.baseline == MI_BASELINE_GAUSSIAN;
    mi_critic_view views[MI_CRITIC_VIEWS];
    mi_status status = has_baseline ? restore_gaussian(m, t, arena, err) : MI_OK;
    if (status == MI_OK)
        status =
            mi_critic_layout(&m->critic, arena, &m->spec.critic, m->prepare[MI_SIDE_X].dim_out,
                             m->prepare[MI_SIDE_Y].dim_out, has_baseline ? m->gaussian.width : 0, 2, err);
    if (status != MI_OK)
        return status;
    m->width = m->critic.width;
    m->params = MI_TAKE(arena, float, m->critic.n_params);
    if (!m->params) /* the views of some types are in what the layout left on the arena */
        return MI_OK;
    return restore_views(views, mi_critic_views(&m->critic, views), t, m->params, err);
}

static mi_status restore_latent(mi_member *m, const mi_member_tensors *t, mi_arena *arena, mi_error *err)
{
    const mi_objective_params *params = &m->spec.objective.params;
    const uint32_t dim[2] = {m->prepare[0].dim_out, m->prepare[1].dim_out}, code = params->latent;
    const mi_tensor *codes[2];
    mi_critic_view views[MI_CRITIC_VIEWS];
    for (int side = 0; side < 2; side++) {
        codes[side] = mi_tensor_get(t, side_prefix[side], "codes", MI_DTYPE_F32, 2, err);
        if (!codes[side])
            return MI_CORRUPT;
        if (codes[side]->shape[0] != codes[0]->shape[0] || codes[side]->shape[1] != code ||
            codes[side]->shape[0] > UINT32_MAX / 2 || codes[side]->shape[0] <= params->neighbours + 1)
            return mi_fail(err, MI_CORRUPT, "the model's tensor %scodes is of another shape",
                           side_prefix[side]);
    }
    mi_status status =
        mi_autoencoder_layout(&m->autoencoder, arena, dim, code, params->width, MI_MEMBER_BLOCK, err);
    if (status != MI_OK)
        return status;
    m->width = code;
    m->params = MI_TAKE(arena, float, m->autoencoder.n_params);
    mi_ksg_layout(&m->ksg, arena, (uint32_t)codes[0]->shape[0], code, code, params->neighbours);
    const size_t mark = mi_arena_mark(arena);
    mi_ksg_fill_layout(&m->ksg, arena);
    mi_arena_release(arena, mark);
    if (!m->params)
        return MI_OK;
    memset(m->params, 0, m->autoencoder.n_params * sizeof *m->params);
    status = restore_views(views, encoder_views(&m->autoencoder, views), t, m->params, err);
    if (status != MI_OK)
        return status;
    mi_rng rng; /* of noise that breaks ties: which noise does not matter */
    mi_rng_init(&rng, m->spec.seed, 0, 0, MI_PURPOSE_JITTER, 0);
    return mi_ksg_fill(&m->ksg, arena, codes[0]->data, codes[1]->data, &rng, err);
}

/* The settings that its run went by: what the method rules out, and the batch, which some objectives'
 * constants depend on. */
static void settle_spec(mi_member *m, const mi_spec *spec, uint32_t batch)
{
    const mi_run_method *method = mi_run_method_of(spec);
    m->spec = *spec;
    if (method->settle)
        method->settle(&m->spec);
    m->spec.objective.params.batch = batch;
    m->spec.critic.y_offset = m->spec.objective.entry->y_offset;
    m->spec.critic.precision = MI_PRECISION_FP32;
    m->is_latent = method == &mi_run_latent;
}

mi_status mi_member_restore(mi_member *m, const mi_spec *spec, const mi_member_tensors *t, mi_arena *arena,
                            mi_error *err)
{
    *m = (mi_member){.width = 0};
    const uint32_t *batch = mi_tensor_values(t, "", "batch", MI_DTYPE_U32, 1, err);
    const double *calibration = batch ? mi_tensor_values(t, "", "calibration", MI_DTYPE_F64, 2, err) : NULL;
    if (!calibration)
        return MI_CORRUPT;
    m->calibration = (mi_calibration){.slope = calibration[0], .log_scale = calibration[1]};
    settle_spec(m, spec, *batch);
    mi_status status = MI_OK;
    for (int side = 0; side < 2 && status == MI_OK; side++)
        status = mi_prepare_restore(&m->prepare[side], &m->spec.prepare, side_prefix[side], t, arena, err);
    if (status != MI_OK)
        return status;
    return m->is_latent ? restore_latent(m, t, arena, err) : restore_critic(m, t, arena, err);
}

/* ---- scoring ---- */

typedef struct row_scratch {
    float *rows, *base, *features;
} row_scratch;

static row_scratch take_rows(const mi_member *m, mi_arena *arena)
{
    const uint32_t x = m->prepare[0].dim_out, y = m->prepare[1].dim_out;
    row_scratch s = {.rows = MI_TAKE(arena, float, (size_t)MI_MEMBER_BLOCK *(x > y ? x : y)),
                     .base = MI_TAKE(arena, float, (size_t)MI_MEMBER_BLOCK * m->gaussian.width),
                     .features = MI_TAKE(arena, float, (size_t)MI_MEMBER_BLOCK * m->width)};
    return s;
}

typedef struct pair_scratch {
    float *features[2], *scores;
} pair_scratch;

static pair_scratch take_pairs(const mi_member *m, mi_arena *arena)
{
    return (pair_scratch){.features = {MI_TAKE(arena, float, (size_t)MI_MEMBER_BLOCK * m->width),
                                       MI_TAKE(arena, float, (size_t)MI_MEMBER_BLOCK * m->width)},
                          .scores = MI_TAKE(arena, float, MI_MEMBER_BLOCK)};
}

void mi_member_scratch_layout(const mi_member *m, mi_arena *arena)
{
    const size_t mark = mi_arena_mark(arena);
    take_pairs(m, arena);
    mi_arena_release(arena, mark);
    take_rows(m, arena);
    for (int side = 0; side < 2; side++)
        mi_prepare_apply_layout(&m->prepare[side], arena);
    mi_arena_release(arena, mark);
}

void mi_member_features(mi_member *m, mi_arena *arena, int side, mi_matrix data, const uint32_t *rows,
                        uint32_t n, float *features, size_t ld)
{
    const size_t mark = mi_arena_mark(arena);
    const row_scratch s = take_rows(m, arena);
    mi_prepare_apply(&m->prepare[side], arena, data, rows, n, s.rows);
    if (m->is_latent) {
        mi_autoencoder_encode(&m->autoencoder, m->params, (mi_side)side, s.rows, n, s.features);
    } else {
        if (m->critic.base)
            mi_baseline_columns(&m->gaussian, &m->spec.objective, (mi_side)side, s.rows, n, s.base);
        mi_critic_side_features(&m->critic, m->params, (mi_side)side, s.rows, m->critic.base ? s.base : NULL,
                                n, s.features);
    }
    for (size_t i = 0; i < n; i++)
        memcpy(features + i * ld, s.features + i * m->width, m->width * sizeof *features);
    mi_arena_release(arena, mark);
}

int mi_member_is_dot(const mi_member *m)
{
    return !m->is_latent && m->spec.critic.type != MI_CRITIC_JOINT &&
           mi_objective_is_shift(&m->spec.objective);
}

double mi_member_constant(const mi_member *m)
{
    const mi_calibration *c = &m->calibration;
    return c->slope * (0.0 - mi_objective_offset(&m->spec.objective)) + c->log_scale;
}

static void gather(float *to, const float *from, const uint32_t *index, size_t ld, size_t width, uint32_t n)
{
    for (size_t p = 0; p < n; p++)
        memcpy(to + p * width, from + (index ? index[p] : p) * ld, width * sizeof *to);
}

void mi_member_add_pmi(mi_member *m, mi_arena *arena, const float *x, const uint32_t *index_x, const float *y,
                       const uint32_t *index_y, size_t ld, uint32_t n, double *pmi)
{
    const size_t mark = mi_arena_mark(arena);
    const pair_scratch s = take_pairs(m, arena);
    gather(s.features[0], x, index_x, ld, m->width, n);
    gather(s.features[1], y, index_y, ld, m->width, n);
    if (m->is_latent) {
        double local[MI_MEMBER_BLOCK];
        mi_ksg_outside(&m->ksg, s.features[0], s.features[1], n, local);
        for (uint32_t p = 0; p < n; p++)
            pmi[p] += local[p];
    } else {
        mi_critic_pairs(&m->critic, m->params, s.features[0], NULL, s.features[1], NULL, n, s.scores);
        for (uint32_t p = 0; p < n; p++)
            pmi[p] += m->calibration.slope * mi_objective_log_ratio(&m->spec.objective, (double)s.scores[p]) +
                      m->calibration.log_scale;
    }
    mi_arena_release(arena, mark);
}
