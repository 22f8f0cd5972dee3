/*
 * c_theta(x,y) = MLP([x;y]).
 *
 * The first layer of the MLP is W_x x + W_y y + b, computed once for each row of a side; the rest of it
 * ("trunk") sees every pair. Pairs stream through the trunk in blocks of MI_CRITIC_BLOCK, which stay in the
 * second-level cache: some whole rows of the pair matrix, or a part of one.
 *
 * A loss over rows and columns needs every score before any gradient. What the hidden layers of the trunk
 * said is kept from the forward to the backward pass where that is at most KEPT_BYTES, else computed again.
 * (B = 64, 128, 256, hidden 256-256, one thread: keeping is 1.3 times as fast at each.) Outputs of the
 * first layer are a sum of two rows, and always made anew.
 *
 * The rows of the pair matrix are dealt to two lanes, each with scratch and sums of its own, whether or not
 * there are two threads to run them: the sums of the lanes are added in the end, lane 0 first.
 *
 * Parameters: W_x (D_x, H1), W_y (D_y, H1), b (H1), trunk.
 */
#include "critic_impl.h"
#include "mlp.h"
#include "vecmath.h"

#include <assert.h>
#include <string.h>

#define KEPT_BYTES ((size_t)96 << 20)

typedef struct lane {
    float *input;         /* (BLOCK, H1) output of the first layer, rows as the trunk wants them */
    float *grad_input;    /* (BLOCK, H1) likewise */
    mi_mlp_hidden hidden; /* (BLOCK, H_l) */
    float *delta[2];      /* (BLOCK, widest) */
    float *output;        /* (BLOCK) */
    float *grad;          /* (trunk) */
    float *grad_y;        /* (B, H1) */
} lane;

typedef struct joint {
    size_t first[2]; /* offsets of W_x, W_y */
    size_t bias, trunk_offset;
    mi_mlp trunk;
    int keeps;
    mi_mlp_hidden kept; /* (B^2, H_l) of the batch in training, if it keeps */
    lane lanes[2];
} joint;

static mi_status shape(const mi_critic *critic, joint *s, mi_error *err)
{
    const uint32_t h1 = critic->hidden[0];
    const mi_status status = mi_mlp_shape(&s->trunk, h1, critic->hidden + 1, critic->n_hidden - 1, 1, err);
    if (status != MI_OK)
        return status;
    s->trunk.kernels = critic->kernels;
    s->trunk.half = critic->half;
    s->trunk.rectified_input = 1;
    s->trunk.stride[0] = mi_mlp_stride(h1);
    size_t total = 0;
    int wraps = 0;
    for (int side = 0; side < 2; side++) {
        size_t count = 0;
        s->first[side] = total;
        wraps |= __builtin_mul_overflow((size_t)critic->dim[side], (size_t)h1, &count);
        wraps |= __builtin_add_overflow(total, count, &total);
    }
    s->bias = total;
    wraps |= __builtin_add_overflow(total, (size_t)h1, &s->trunk_offset);
    wraps |= __builtin_add_overflow(s->trunk_offset, s->trunk.n_params, &total);
    return wraps ? mi_fail_at(err, MI_LIMIT, "/critic", "too many parameters") : MI_OK;
}

static void lane_layout(lane *a, const mi_critic *critic, const mi_mlp *trunk, mi_arena *arena)
{
    const size_t h1 = critic->hidden[0], block = MI_CRITIC_BLOCK;
    for (int k = 0; k < 2; k++)
        a->delta[k] = MI_TAKE(arena, float, block * trunk->widest);
    a->input = MI_TAKE(arena, float, block * trunk->stride[0]);
    a->grad_input = MI_TAKE(arena, float, block * trunk->stride[0]);
    for (uint32_t l = 0; l + 1 < critic->n_hidden; l++)
        a->hidden.layer[l] = MI_TAKE(arena, float, block * trunk->stride[l + 1]);
    a->hidden.packed = mi_mlp_pack_layout(trunk, block, arena);
    a->output = MI_TAKE(arena, float, block);
    a->grad = MI_TAKE(arena, float, trunk->n_params);
    a->grad_y = mi_arena_take(arena, critic->max_batch * h1, sizeof(float));
}

static void keep_layout(joint *s, const mi_critic *critic, mi_arena *arena)
{
    const size_t pairs = (size_t)critic->max_batch * critic->max_batch;
    size_t width = 0;
    for (uint32_t l = 1; l < critic->n_hidden; l++)
        width += s->trunk.stride[l];
    s->keeps = width * sizeof(float) <= KEPT_BYTES / pairs;
    for (uint32_t l = 1; s->keeps && l < critic->n_hidden; l++)
        s->kept.layer[l - 1] = MI_TAKE(arena, float, pairs * s->trunk.stride[l]);
}

static mi_status joint_layout(mi_critic *critic, mi_arena *arena, mi_error *err)
{
    if (critic->n_hidden == 0)
        return mi_fail_at(err, MI_INVALID, "/critic/hidden",
                          "a joint critic needs at least one hidden layer");
    joint s = {0};
    const mi_status status = shape(critic, &s, err);
    if (status != MI_OK)
        return status;
    critic->learned = critic->hidden[0];
    critic->n_params = s.trunk_offset + s.trunk.n_params;
    for (int k = 0; k < 2; k++)
        lane_layout(&s.lanes[k], critic, &s.trunk, arena);
    keep_layout(&s, critic, arena);
    joint *work = MI_TAKE(arena, joint, 1);
    if (work)
        *work = s;
    critic->work = work;
    return MI_OK;
}

static uint32_t joint_views(const mi_critic *critic, mi_critic_view *out)
{
    const joint *s = critic->work;
    const uint32_t h1 = critic->hidden[0];
    out[0] = (mi_critic_view){"x.weight", s->first[MI_SIDE_X], critic->dim[MI_SIDE_X], h1};
    out[1] = (mi_critic_view){"y.weight", s->first[MI_SIDE_Y], critic->dim[MI_SIDE_Y], h1};
    out[2] = (mi_critic_view){"bias", s->bias, h1, 0};
    return 3 + mi_mlp_views(&s->trunk, s->trunk_offset, "trunk", out + 3);
}

static void joint_init(const mi_critic *critic, int zero_last, mi_rng *rng, float *params)
{
    const joint *s = critic->work;
    const size_t fan_in = (size_t)critic->dim[0] + critic->dim[1];
    mi_init_uniform(rng, fan_in, params, s->trunk_offset);
    mi_mlp_init(&s->trunk, rng, zero_last, params + s->trunk_offset);
}

/* The first layer's share of one side; the bias goes with y. */
static void joint_embed(mi_critic *critic, const float *params, mi_side side, const float *rows, uint32_t n,
                        mi_critic_mode mode, float *features)
{
    (void)mode;
    const joint *s = critic->work;
    const mi_product p = {.m = n,
                          .n = critic->hidden[0],
                          .k = critic->dim[side],
                          .a = rows,
                          .a_row = critic->dim[side],
                          .a_col = 1,
                          .b = params + s->first[side],
                          .b_row = critic->hidden[0],
                          .init = side == MI_SIDE_Y ? params + s->bias : NULL,
                          .c = features,
                          .c_row = critic->width};
    critic->kernels->product(&p);
}

/* ---- blocks of pairs ---- */

/* Combinations of n_x and n_y rows of features, n_y columns. */
typedef struct pairing {
    const float *x, *y; /* features */
    size_t n_x, n_y;
} pairing;

/* Whole rows of it (columns == n_y), or a part of one row. */
typedef struct block {
    size_t row, rows, column, columns;
} block;

/* The block at (row, column), before row `end`. */
static block block_at(const pairing *p, size_t row, size_t column, size_t end)
{
    const size_t most = p->n_y < MI_CRITIC_BLOCK ? MI_CRITIC_BLOCK / p->n_y : 1;
    block b = {.row = row, .rows = end - row < most ? end - row : most, .column = column};
    b.columns = p->n_y - column < MI_CRITIC_BLOCK ? p->n_y - column : MI_CRITIC_BLOCK;
    return b;
}

/* Moves on; 0 behind the last one. */
static int next_block(const pairing *p, block *b, size_t end)
{
    const size_t column = b->column + b->columns;
    if (column < p->n_y)
        *b = block_at(p, b->row, column, end);
    else if (b->row + b->rows < end)
        *b = block_at(p, b->row + b->rows, 0, end);
    else
        return 0;
    return 1;
}

static size_t size_of(const block *b)
{
    return b->rows * b->columns;
}

/* Rows of the pair matrix that a lane has. */
static size_t lane_begin(size_t n, int which)
{
    return n * (size_t)which / 2;
}

/* input = first layer of the block's pairs. */
static void first_layer(const mi_critic *critic, const pairing *p, const block *b, float *input)
{
    const size_t h1 = critic->hidden[0], width = critic->width, stride = mi_mlp_stride(critic->hidden[0]);
    for (size_t r = 0; r < b->rows; r++)
        for (size_t j = 0; j < b->columns; j++, input += stride)
            mi_vec_add_relu(input, p->x + (b->row + r) * width, p->y + (b->column + j) * width, h1);
}

/* Where the hidden layers of a block are: kept, or scratch. */
static mi_mlp_hidden hidden_of(const joint *s, const lane *a, const block *b, size_t n_y, int kept)
{
    mi_mlp_hidden hidden = a->hidden;
    for (uint32_t l = 0; kept && l + 1 < s->trunk.n_layers; l++)
        hidden.layer[l] = s->kept.layer[l] + (b->row * n_y + b->column) * s->trunk.stride[l + 1];
    return hidden;
}

/* ---- forward ---- */

typedef struct scoring_work {
    mi_critic *critic;
    const float *params;
    pairing pairs;
    int keep;
    float *scores;
    size_t ld;
} scoring_work;

/* Rows begin .. end of the scores = the product of what is not learned. */
static void fixed_scores(const scoring_work *w, size_t begin, size_t end)
{
    const mi_critic *critic = w->critic;
    const size_t h1 = critic->hidden[0], width = critic->width;
    for (size_t i = begin; width == h1 && i < end; i++)
        memset(w->scores + i * w->ld, 0, w->pairs.n_y * sizeof(float));
    if (width == h1)
        return;
    const mi_product p = {.m = end - begin,
                          .n = w->pairs.n_y,
                          .k = width - h1,
                          .a = w->pairs.x + begin * width + h1,
                          .a_row = width,
                          .a_col = 1,
                          .b = w->pairs.y + h1,
                          .b_row = width,
                          .b_transposed = 1,
                          .c = w->scores + begin * w->ld,
                          .c_row = w->ld};
    critic->kernels->product(&p);
}

static void score_lane(void *context, int which)
{
    const scoring_work *w = context;
    const joint *s = w->critic->work;
    const lane *a = &s->lanes[which];
    const size_t begin = lane_begin(w->pairs.n_x, which), end = lane_begin(w->pairs.n_x, which + 1);
    if (begin == end)
        return;
    fixed_scores(w, begin, end);
    mi_mlp_repack(a->hidden.packed);
    block b = block_at(&w->pairs, begin, 0, end);
    do {
        const mi_mlp_hidden hidden = hidden_of(s, a, &b, w->pairs.n_y, w->keep);
        first_layer(w->critic, &w->pairs, &b, a->input);
        mi_mlp_forward(&s->trunk, w->params + s->trunk_offset, a->input, size_of(&b), &hidden, a->output, 1);
        for (size_t r = 0; r < b.rows; r++)
            mi_vec_add(w->scores + (b.row + r) * w->ld + b.column, a->output + r * b.columns, b.columns);
    } while (next_block(&w->pairs, &b, end));
}

static void joint_block(mi_critic *critic, const float *params, const float *features_x, uint32_t n_x,
                        const float *features_y, uint32_t n_y, mi_critic_mode mode, float *scores, size_t ld)
{
    const joint *s = critic->work;
    scoring_work w = {.critic = critic,
                      .params = params,
                      .pairs = {features_x, features_y, n_x, n_y},
                      .keep = s->keeps && mode == MI_CRITIC_TRAIN,
                      .scores = scores,
                      .ld = ld};
    mi_crew_split(critic->crew, score_lane, &w);
}

static void joint_pairs(mi_critic *critic, const float *params, const float *features_x,
                        const uint32_t *index_x, const float *features_y, const uint32_t *index_y,
                        uint32_t n_pairs, float *scores)
{
    const joint *s = critic->work;
    const lane *a = &s->lanes[0];
    const size_t h1 = critic->hidden[0], width = critic->width;
    mi_mlp_repack(a->hidden.packed);
    for (uint32_t first = 0; first < n_pairs; first += MI_CRITIC_BLOCK) {
        const uint32_t m = n_pairs - first < MI_CRITIC_BLOCK ? n_pairs - first : MI_CRITIC_BLOCK;
        for (uint32_t q = first; q < first + m; q++) {
            const float *x = features_x + (index_x ? index_x[q] : q) * width;
            const float *y = features_y + (index_y ? index_y[q] : q) * width;
            mi_vec_add_relu(a->input + (q - first) * s->trunk.stride[0], x, y, h1);
            scores[q] = mi_vec_dot(x + h1, y + h1, width - h1);
        }
        mi_mlp_forward(&s->trunk, params + s->trunk_offset, a->input, m, &a->hidden, a->output, 1);
        mi_vec_add(scores + first, a->output, m);
    }
}

/* ---- backward ---- */

typedef struct gradient_work {
    mi_critic *critic;
    const float *params, *grad_scores;
    float *grad_params;
} gradient_work;

/* grad_x (rows of the block, H1) and grad_y (B, H1) += gradient of the first layer's output. */
static void spread_gradient(const mi_critic *critic, const block *b, const lane *a, float *grad_x)
{
    const size_t h1 = critic->hidden[0], stride = mi_mlp_stride(critic->hidden[0]);
    const float one = 1.0f;
    for (size_t r = 0; r < b->rows; r++) {
        const float *grad = a->grad_input + r * b->columns * stride;
        float *sum = grad_x + (b->row + r) * h1;
        const mi_product p = {.m = 1,
                              .n = h1,
                              .k = b->columns,
                              .a = &one,
                              .b = grad,
                              .b_row = stride,
                              .init = b->column > 0 ? sum : NULL,
                              .c = sum};
        critic->kernels->product(&p);
        for (size_t j = 0; j < b->columns; j++)
            mi_vec_add(a->grad_y + (b->column + j) * h1, grad + j * stride, h1);
    }
}

static void gradient_lane(void *context, int which)
{
    const gradient_work *w = context;
    const mi_critic *critic = w->critic;
    const joint *s = critic->work;
    const mi_critic_batch *t = critic->training;
    const lane *a = &s->lanes[which];
    const float *trunk = w->params + s->trunk_offset;
    const pairing pairs = {t->features[MI_SIDE_X], t->features[MI_SIDE_Y], t->n, t->n};
    const size_t begin = lane_begin(t->n, which), end = lane_begin(t->n, which + 1);
    memset(a->grad_y, 0, t->n * critic->hidden[0] * sizeof(float));
    block b = block_at(&pairs, begin, 0, end);
    int first = 1;
    mi_mlp_repack(a->hidden.packed);
    do {
        const mi_mlp_hidden hidden = hidden_of(s, a, &b, t->n, s->keeps);
        first_layer(critic, &pairs, &b, a->input);
        if (!s->keeps)
            mi_mlp_forward(&s->trunk, trunk, a->input, size_of(&b), &hidden, a->output, 1);
        mi_mlp_backward(&s->trunk, trunk, a->input, size_of(&b), &hidden,
                        w->grad_scores + b.row * t->n + b.column, 1, a->delta, !first, a->grad,
                        a->grad_input);
        spread_gradient(critic, &b, a, t->grad_learned[MI_SIDE_X]);
        first = 0;
    } while (next_block(&pairs, &b, end));
}

/* Weights of the first layer, from the gradients of its two outputs. */
static void first_layer_gradient(void *context, int side)
{
    const gradient_work *w = context;
    const mi_critic *critic = w->critic;
    const joint *s = critic->work;
    const mi_critic_batch *t = critic->training;
    const size_t h1 = critic->hidden[0], dim = critic->dim[side];
    const float *grad = side == MI_SIDE_X ? t->grad_learned[MI_SIDE_X] : s->lanes[0].grad_y;
    const mi_product p = {.m = dim,
                          .n = h1,
                          .k = t->n,
                          .a = t->rows[side],
                          .a_row = 1,
                          .a_col = dim,
                          .b = grad,
                          .b_row = h1,
                          .c = w->grad_params + s->first[side],
                          .c_row = h1};
    critic->kernels->product(&p);
}

static void joint_backward(mi_critic *critic, const float *params, const float *grad_scores,
                           float *grad_params)
{
    const joint *s = critic->work;
    const mi_critic_batch *t = critic->training;
    const size_t h1 = critic->hidden[0];
    float *bias = grad_params + s->bias, *trunk = grad_params + s->trunk_offset;
    gradient_work w = {critic, params, grad_scores, grad_params};
    mi_crew_split(critic->crew, gradient_lane, &w);
    memcpy(trunk, s->lanes[0].grad, s->trunk.n_params * sizeof *trunk);
    mi_vec_add(trunk, s->lanes[1].grad, s->trunk.n_params);
    mi_vec_add(s->lanes[0].grad_y, s->lanes[1].grad_y, t->n * h1);
    mi_crew_split(critic->crew, first_layer_gradient, &w);
    memset(bias, 0, h1 * sizeof *bias);
    mi_vec_column_sums(bias, s->lanes[0].grad_y, t->n, h1, h1);
}

const mi_critic_ops mi_critic_joint_ops = {
    .layout = joint_layout,
    .views = joint_views,
    .init = joint_init,
    .embed = joint_embed,
    .backward = joint_backward,
    .block = joint_block,
    .pairs = joint_pairs,
};
