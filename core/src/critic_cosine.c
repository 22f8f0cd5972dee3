/*
 * c_theta(x,y) = cos(f(x), g(y)) / tau: two towers, each row of their outputs divided by its norm.
 *
 * Norms are softened, |v|_d = sqrt(|v|^2 + d^2). Without a baseline d = 1e-6, a guard against a row of zeros
 * and nothing more. With one d = 1 and the last layer of g starts at zero: then g/|g|_d is zero, exactly, and
 * d c/d g = f/(|f|_d d tau). A true norm has no such start: zeros have no direction, and an unbounded
 * gradient. f starts small (mlp.c) but not at zero, and is softened all the same, because a length that may
 * grow learns more of what the baseline leaves over. Nats below the truth with d = 1e-6 and with d = 1 for f,
 * two folds, N = 4,000: spiral .26, .25; Student .15, .10; xor-sign .05, .03.
 *
 * Learned columns: f/(|f|_d tau) and g/|g|_d. With u = k v the columns of a tower's output v, k = s/|v|_d,
 * s = 1/tau for x and 1 for y:  d loss/d v = k (d loss/d u - u (u . d loss/d u) / s^2).
 *
 * Parameters: tower of x, tower of y, log tau when it is learned. Its gradient is -sum_i u_i . d loss/d u_i.
 */
#include "critic_tower.h"
#include "vecmath.h"

#include <math.h>

#define SOFT_START 1.0
#define SOFT_GUARD 1e-6

typedef struct cosine {
    mi_tower tower[2];
    mi_tower_scratch scratch[2];
    size_t log_temperature; /* offset of the parameter, where there is one */
    double softening;       /* d */
    float *gain[2];         /* (B) k of the batch in training */
} cosine;

static mi_status cosine_layout(mi_critic *critic, mi_arena *arena, mi_error *err)
{
    if (!(critic->temperature > 0) || !isfinite(critic->temperature))
        return mi_fail_at(err, MI_INVALID, "/critic/temperature", "%g; expected a positive number",
                          critic->temperature);
    cosine s = {.softening = critic->baseline == MI_BASELINE_GAUSSIAN ? SOFT_START : SOFT_GUARD};
    for (int side = 0; side < 2; side++) {
        const mi_status status =
            mi_tower_layout(&s.tower[side], critic, (mi_side)side, critic->embed, arena, err);
        if (status != MI_OK)
            return status;
        mi_tower_scratch_layout(&s.scratch[side], critic, &s.tower[side], arena);
        s.gain[side] = MI_TAKE(arena, float, critic->max_batch);
    }
    s.log_temperature = critic->n_params;
    if (critic->learn_temperature && __builtin_add_overflow(critic->n_params, 1, &critic->n_params))
        return mi_fail_at(err, MI_LIMIT, "/critic", "too many parameters");
    critic->learned = critic->embed;
    cosine *work = MI_TAKE(arena, cosine, 1);
    if (work)
        *work = s;
    critic->work = work;
    return MI_OK;
}

static uint32_t cosine_views(const mi_critic *critic, mi_critic_view *out)
{
    const cosine *s = critic->work;
    uint32_t n = mi_tower_views(&s->tower[MI_SIDE_X], "x", out);
    n += mi_tower_views(&s->tower[MI_SIDE_Y], "y", out + n);
    if (critic->learn_temperature)
        out[n++] = (mi_critic_view){"log_temperature", s->log_temperature, 1, 0};
    return n;
}

static void cosine_init(const mi_critic *critic, int zero_last, mi_rng *rng, float *params)
{
    const cosine *s = critic->work;
    mi_tower_init(&s->tower[MI_SIDE_X], 0, rng, params);
    mi_tower_init(&s->tower[MI_SIDE_Y], zero_last, rng, params);
    if (critic->learn_temperature)
        params[s->log_temperature] = (float)log(critic->temperature);
}

/* s of a side. */
static double scale(const mi_critic *critic, const float *params, mi_side side)
{
    const cosine *s = critic->work;
    if (side == MI_SIDE_Y)
        return 1.0;
    return critic->learn_temperature ? exp(-(double)params[s->log_temperature]) : 1.0 / critic->temperature;
}

static void cosine_embed(mi_critic *critic, const float *params, mi_side side, const float *rows, uint32_t n,
                         mi_critic_mode mode, float *features)
{
    const cosine *s = critic->work;
    const double sc = scale(critic, params, side), d = s->softening;
    mi_tower_forward(critic, &s->tower[side], &s->scratch[side], params, rows, n, mode, features,
                     critic->width);
    for (size_t i = 0; i < n; i++) {
        float *v = features + i * critic->width;
        const float gain = (float)(sc / sqrt(mi_vec_sum_squares(v, critic->embed) + d * d));
        for (size_t e = 0; e < critic->embed; e++)
            v[e] *= gain;
        if (mode == MI_CRITIC_TRAIN)
            s->gain[side][i] = gain;
    }
}

typedef struct gradient_work {
    mi_critic *critic;
    const float *params, *grad_scores;
    float *grad_params;
} gradient_work;

static void side_backward(void *context, int side)
{
    const gradient_work *w = context;
    mi_critic *critic = w->critic;
    const cosine *s = critic->work;
    const mi_critic_batch *t = critic->training;
    const size_t embed = critic->embed;
    float *grad = mi_critic_dot_gradient(critic, (mi_side)side, w->grad_scores);
    const double sc = scale(critic, w->params, (mi_side)side);
    double along = 0; /* sum over rows of u . d loss/d u */
    for (size_t i = 0; i < t->n; i++) {
        const float *u = t->features[side] + i * critic->width;
        float *g = grad + i * embed;
        const float dot = mi_vec_dot(u, g, embed), gain = s->gain[side][i];
        const float radial = (float)((double)dot / (sc * sc));
        along += (double)dot;
        for (size_t e = 0; e < embed; e++)
            g[e] = gain * (g[e] - radial * u[e]);
    }
    mi_tower_backward(critic, &s->tower[side], &s->scratch[side], w->params, t->rows[side], t->n, grad,
                      w->grad_params);
    if (side == MI_SIDE_X && critic->learn_temperature)
        w->grad_params[s->log_temperature] = (float)-along;
}

static void cosine_backward(mi_critic *critic, const float *params, const float *grad_scores,
                            float *grad_params)
{
    gradient_work w = {critic, params, grad_scores, grad_params};
    mi_crew_split(critic->crew, side_backward, &w);
}

const mi_critic_ops mi_critic_cosine_ops = {
    .layout = cosine_layout,
    .views = cosine_views,
    .init = cosine_init,
    .embed = cosine_embed,
    .backward = cosine_backward,
    .block = mi_critic_dot_block,
    .pairs = mi_critic_dot_pairs,
};
