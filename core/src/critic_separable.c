/*
 * c_theta(x,y) = f(x).g(y): two towers whose outputs are the learned columns.
 *
 * Parameters: tower of x, tower of y.
 */
#include "critic_tower.h"

typedef struct separable {
    mi_tower tower[2];
    mi_tower_scratch scratch[2];
} separable;

static mi_status separable_layout(mi_critic *critic, mi_arena *arena, mi_error *err)
{
    separable s = {0};
    for (int side = 0; side < 2; side++) {
        const mi_status status =
            mi_tower_layout(&s.tower[side], critic, (mi_side)side, critic->embed, arena, err);
        if (status != MI_OK)
            return status;
        mi_tower_scratch_layout(&s.scratch[side], critic, &s.tower[side], arena);
    }
    critic->learned = critic->embed;
    separable *work = MI_TAKE(arena, separable, 1);
    if (work)
        *work = s;
    critic->work = work;
    return MI_OK;
}

static uint32_t separable_views(const mi_critic *critic, mi_critic_view *out)
{
    const separable *s = critic->work;
    const uint32_t n = mi_tower_views(&s->tower[MI_SIDE_X], "x", out);
    return n + mi_tower_views(&s->tower[MI_SIDE_Y], "y", out + n);
}

static void separable_init(const mi_critic *critic, int zero_last, mi_rng *rng, float *params)
{
    const separable *s = critic->work;
    mi_tower_init(&s->tower[MI_SIDE_X], 0, rng, params);
    mi_tower_init(&s->tower[MI_SIDE_Y], zero_last, rng, params);
}

static void separable_embed(mi_critic *critic, const float *params, mi_side side, const float *rows,
                            uint32_t n, mi_critic_mode mode, float *features)
{
    const separable *s = critic->work;
    mi_tower_forward(critic, &s->tower[side], &s->scratch[side], params, rows, n, mode, features,
                     critic->width);
}

typedef struct gradient_work {
    mi_critic *critic;
    const float *params, *grad_scores;
    float *grad_params;
} gradient_work;

static void side_backward(void *context, int side)
{
    const gradient_work *w = context;
    const separable *s = w->critic->work;
    const mi_critic_batch *t = w->critic->training;
    const float *grad = mi_critic_dot_gradient(w->critic, (mi_side)side, w->grad_scores);
    mi_tower_backward(w->critic, &s->tower[side], &s->scratch[side], w->params, t->rows[side], t->n, grad,
                      w->grad_params);
}

static void separable_backward(mi_critic *critic, const float *params, const float *grad_scores,
                               float *grad_params)
{
    gradient_work w = {critic, params, grad_scores, grad_params};
    mi_crew_split(critic->crew, side_backward, &w);
}

const mi_critic_ops mi_critic_separable_ops = {
    .layout = separable_layout,
    .views = separable_views,
    .init = separable_init,
    .embed = separable_embed,
    .backward = separable_backward,
    .block = mi_critic_dot_block,
    .pairs = mi_critic_dot_pairs,
};
