/*
 * c_theta(x,y) = x' W y.
 *
 * One side is mapped by W into the other's columns, which are taken as they are; the wider side is the one
 * that is mapped, so that a pair costs min(D_x, D_y) products:
 *   D_x >= D_y   learned columns x W (D_y) and y
 *   D_x <  D_y   learned columns x and y W' (D_x)
 * Hidden widths and embedding mean nothing here (but for a(y), where there is one).
 *
 * Parameters: W (D_x, D_y) row-major.
 */
#include "critic_impl.h"
#include "mlp.h"

#include <limits.h>
#include <string.h>

static mi_side mapped_side(const mi_critic *critic)
{
    return critic->dim[MI_SIDE_X] >= critic->dim[MI_SIDE_Y] ? MI_SIDE_X : MI_SIDE_Y;
}

static mi_status bilinear_layout(mi_critic *critic, mi_arena *arena, mi_error *err)
{
    (void)arena;
    const size_t dim_x = critic->dim[MI_SIDE_X], dim_y = critic->dim[MI_SIDE_Y];
    if (dim_x > INT_MAX || dim_y > INT_MAX || __builtin_mul_overflow(dim_x, dim_y, &critic->n_params))
        return mi_fail_at(err, MI_LIMIT, "/critic", "a matrix of %zu by %zu is too large", dim_x, dim_y);
    critic->learned = (uint32_t)(dim_x < dim_y ? dim_x : dim_y);
    return MI_OK;
}

static uint32_t bilinear_views(const mi_critic *critic, mi_critic_view *out)
{
    out[0] = (mi_critic_view){"weight", 0, critic->dim[MI_SIDE_X], critic->dim[MI_SIDE_Y]};
    return 1;
}

static void bilinear_init(const mi_critic *critic, int zero_last, mi_rng *rng, float *params)
{
    const size_t count = (size_t)critic->dim[MI_SIDE_X] * critic->dim[MI_SIDE_Y];
    if (zero_last)
        memset(params, 0, count * sizeof *params);
    else /* a linear map of the products x_k y_l */
        mi_init_uniform(rng, count, params, count);
}

static void bilinear_embed(mi_critic *critic, const float *params, mi_side side, const float *rows,
                           uint32_t n, mi_critic_mode mode, float *features)
{
    (void)mode;
    const size_t width = critic->width, dim = critic->dim[side];
    if (side != mapped_side(critic)) {
        for (size_t i = 0; i < n; i++)
            memcpy(features + i * width, rows + i * dim, dim * sizeof *rows);
        return;
    }
    const mi_product p = {.m = n,
                          .n = critic->learned,
                          .k = dim,
                          .a = rows,
                          .a_row = dim,
                          .a_col = 1,
                          .b = params,
                          .b_row = critic->dim[MI_SIDE_Y],
                          .b_transposed = side == MI_SIDE_Y,
                          .c = features,
                          .c_row = width};
    critic->kernels->product(&p);
}

/* Of W: x' y, with the gradient of the mapped side in that side's place, whose columns are as many. */
static void bilinear_backward(mi_critic *critic, const float *params, const float *grad_scores,
                              float *grad_params)
{
    (void)params;
    const mi_critic_batch *t = critic->training;
    const mi_side side = mapped_side(critic);
    const size_t dim_x = critic->dim[MI_SIDE_X], dim_y = critic->dim[MI_SIDE_Y];
    const float *grad = mi_critic_dot_gradient(critic, side, grad_scores);
    const mi_product p = {.m = dim_x,
                          .n = dim_y,
                          .k = t->n,
                          .a = side == MI_SIDE_X ? t->rows[MI_SIDE_X] : grad,
                          .a_row = 1,
                          .a_col = dim_x,
                          .b = side == MI_SIDE_X ? grad : t->rows[MI_SIDE_Y],
                          .b_row = dim_y,
                          .c = grad_params,
                          .c_row = dim_y};
    critic->kernels->product(&p);
}

const mi_critic_ops mi_critic_bilinear_ops = {
    .layout = bilinear_layout,
    .views = bilinear_views,
    .init = bilinear_init,
    .embed = bilinear_embed,
    .backward = bilinear_backward,
    .block = mi_critic_dot_block,
    .pairs = mi_critic_dot_pairs,
};
