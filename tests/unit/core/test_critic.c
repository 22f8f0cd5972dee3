#include "critic.h"
#include "critic_twin.h"
#include "testing.h"

#include <math.h>
#include <string.h>

/* A critic with weights, a batch and room for its scores and gradients. */
typedef struct bench {
    mi_critic critic;
    void *memory;
    uint32_t batch;
    float *params, *grad;            /* (n_params) */
    double *wide;                    /* (n_params) */
    float *x, *y, *base_x, *base_y;  /* (B, .) */
    float *scores, *grad_scores;     /* (B, B) */
    float *linear;                   /* (B, B) weights of scores */
    double *wide_scores, *wide_grad; /* (B, B) */
} bench;

typedef struct shape {
    mi_critic_type type;
    uint32_t n_hidden, hidden[MI_MAX_HIDDEN], embed, dim_x, dim_y, base, batch;
} shape;

typedef struct setup {
    shape shape;
    mi_baseline baseline;
    int y_offset, fixed_temperature;
} setup;

/* Small; wider than a vector; more pairs than a block; no hidden layer; all of them; either side the wider.
 */
static const shape shapes[] = {
    {MI_CRITIC_SEPARABLE, 2, {7, 5}, 3, 4, 3, 0, 6},
    {MI_CRITIC_SEPARABLE, 2, {7, 5}, 3, 4, 3, 2, 6},
    {MI_CRITIC_SEPARABLE, 2, {40, 33}, 17, 20, 9, 11, 33},
    {MI_CRITIC_SEPARABLE, 0, {0}, 5, 6, 4, 3, 8},
    {MI_CRITIC_SEPARABLE, 8, {6, 6, 6, 6, 6, 6, 6, 6}, 4, 3, 3, 0, 5},
    {MI_CRITIC_JOINT, 2, {7, 5}, 0, 4, 3, 0, 6},
    {MI_CRITIC_JOINT, 2, {7, 5}, 0, 4, 3, 2, 6},
    {MI_CRITIC_JOINT, 2, {40, 33}, 0, 20, 9, 11, 33},
    {MI_CRITIC_JOINT, 1, {9}, 0, 5, 2, 3, 8},
    {MI_CRITIC_JOINT, 8, {6, 6, 6, 6, 6, 6, 6, 6}, 0, 3, 3, 0, 5},
    {MI_CRITIC_BILINEAR, 2, {7, 5}, 0, 4, 3, 0, 6},
    {MI_CRITIC_BILINEAR, 2, {7, 5}, 0, 3, 4, 2, 6},
    {MI_CRITIC_BILINEAR, 1, {40}, 0, 20, 33, 11, 33},
    {MI_CRITIC_BILINEAR, 0, {0}, 0, 5, 5, 3, 8},
    {MI_CRITIC_COSINE, 2, {7, 5}, 3, 4, 3, 0, 6},
    {MI_CRITIC_COSINE, 2, {7, 5}, 3, 4, 3, 2, 6},
    {MI_CRITIC_COSINE, 2, {40, 33}, 17, 20, 9, 11, 33},
    {MI_CRITIC_COSINE, 0, {0}, 5, 6, 4, 3, 8},
    {MI_CRITIC_COSINE, 8, {6, 6, 6, 6, 6, 6, 6, 6}, 4, 3, 3, 0, 5},
};
#define N_SHAPES (sizeof shapes / sizeof shapes[0])

static mi_critic_spec spec_of(const setup *s)
{
    mi_critic_spec spec = {.type = s->shape.type,
                           .n_hidden = s->shape.n_hidden,
                           .embed = s->shape.embed,
                           .baseline = s->baseline,
                           .temperature = 0.6,
                           .learn_temperature = !s->fixed_temperature,
                           .y_offset = s->y_offset};
    memcpy(spec.hidden, s->shape.hidden, sizeof spec.hidden);
    return spec;
}

static float *normals(size_t n, uint32_t stream)
{
    float *out = malloc((n ? n : 1) * sizeof *out);
    ck_assert(out != NULL);
    fill_normal(out, n, stream);
    return out;
}

static void widen(bench *b)
{
    for (size_t p = 0; p < b->critic.n_params; p++)
        b->wide[p] = (double)b->params[p];
}

static bench bench_new(const setup *s)
{
    bench b = {.batch = s->shape.batch};
    const mi_critic_spec spec = spec_of(s);
    mi_arena arena;
    mi_arena_init(&arena, NULL, 0);
    ck_assert_int_eq(mi_critic_layout(&b.critic, &arena, &spec, s->shape.dim_x, s->shape.dim_y, s->shape.base,
                                      s->shape.batch, NULL),
                     MI_OK);
    arena = arena_like(&arena);
    b.memory = arena.base;
    ck_assert_int_eq(mi_critic_layout(&b.critic, &arena, &spec, s->shape.dim_x, s->shape.dim_y, s->shape.base,
                                      s->shape.batch, NULL),
                     MI_OK);
    const size_t n = b.critic.n_params, pairs = (size_t)s->shape.batch * s->shape.batch;
    b.params = malloc(n * sizeof(float));
    b.grad = malloc(n * sizeof(float));
    b.wide = malloc(n * sizeof(double));
    b.scores = malloc(pairs * sizeof(float));
    b.grad_scores = malloc(pairs * sizeof(float));
    b.wide_scores = malloc(pairs * sizeof(double));
    b.wide_grad = malloc(pairs * sizeof(double));
    ck_assert(b.params && b.grad && b.wide && b.scores && b.grad_scores && b.wide_scores && b.wide_grad);
    b.x = normals((size_t)s->shape.batch * s->shape.dim_x, 1);
    b.y = normals((size_t)s->shape.batch * s->shape.dim_y, 2);
    b.base_x = s->shape.base ? normals((size_t)s->shape.batch * s->shape.base, 3) : NULL;
    b.base_y = s->shape.base ? normals((size_t)s->shape.batch * s->shape.base, 4) : NULL;
    b.linear = normals(pairs, 16);
    mi_rng rng = test_rng(5);
    mi_critic_init(&b.critic, &rng, b.params);
    for (size_t p = 0; p < n; p++) /* what starts at zero as well */
        b.params[p] += 0.2f * (float)mi_rng_normal(&rng);
    widen(&b);
    return b;
}

static void bench_free(bench *b)
{
    void *owned[] = {b->memory, b->params, b->grad,        b->wide,        b->x,         b->y,     b->base_x,
                     b->base_y, b->scores, b->grad_scores, b->wide_scores, b->wide_grad, b->linear};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
        free(owned[i]);
}

static double twin_of(const bench *b, size_t i, size_t j)
{
    const mi_critic *c = &b->critic;
    const twin_input in = {
        b->x + i * c->dim[0],
        b->y + j * c->dim[1],
        c->base ? b->base_x + i * c->base : NULL,
        c->base ? b->base_y + j * c->base : NULL,
    };
    return twin_score(c, b->wide, &in);
}

static void twin_scores(const bench *b)
{
    for (size_t i = 0; i < b->batch; i++)
        for (size_t j = 0; j < b->batch; j++)
            b->wide_scores[i * b->batch + j] = twin_of(b, i, j);
}

static void close_to(double got, double want, double tolerance)
{
    ck_assert_msg(fabs(got - want) <= tolerance * (1 + fabs(want)), "got %.9g, want %.9g", got, want);
}

/* Every shape, with an offset and without, with a temperature that is learned and one that is not. A shape
 * with columns of a baseline starts from it. */
static void for_every_setup(void (*run)(const setup *s))
{
    for (size_t i = 0; i < N_SHAPES; i++)
        for (int y_offset = 0; y_offset < 2; y_offset++)
            for (int fixed = 0; fixed <= (shapes[i].type == MI_CRITIC_COSINE); fixed++) {
                const setup s = {shapes[i], shapes[i].base > 0 ? MI_BASELINE_GAUSSIAN : MI_BASELINE_NONE,
                                 y_offset, fixed};
                run(&s);
            }
}

static void forward(bench *b)
{
    mi_critic_forward(&b->critic, b->params, b->x, b->y, b->base_x, b->base_y, b->batch, b->scores);
}

static void scores_agree_with_the_definition(const setup *s)
{
    bench b = bench_new(s);
    forward(&b);
    twin_scores(&b);
    for (size_t p = 0; p < (size_t)b.batch * b.batch; p++)
        close_to((double)b.scores[p], b.wide_scores[p], 1e-5);
    bench_free(&b);
}

START_TEST(test_scores_agree_with_the_definition)
{
    for_every_setup(scores_agree_with_the_definition);
}
END_TEST

/* What gradients are taken of: an objective, or where there is none the sum of scores times `linear`, to
 * which every score matters. */
static double twin_loss(const bench *b, const mi_objective_spec *objective)
{
    double loss = 0;
    twin_scores(b);
    if (objective)
        objective->entry->reference(b->wide_scores, b->batch, &objective->params, NULL, &loss);
    for (size_t p = 0; !objective && p < (size_t)b->batch * b->batch; p++)
        loss += (double)b->linear[p] * b->wide_scores[p];
    return loss;
}

static void score_gradient(bench *b, const mi_objective_spec *objective)
{
    double loss = 0;
    forward(b);
    if (!objective) {
        memcpy(b->grad_scores, b->linear, (size_t)b->batch * b->batch * sizeof(float));
        return;
    }
    void *scratch = aligned_alloc(64, (objective->entry->scratch_bytes(b->batch) + 63) / 64 * 64);
    objective->entry->loss_and_grad(b->scores, b->batch, &objective->params, b->grad_scores, &loss, scratch);
    close_to(loss, twin_loss(b, objective), 1e-5);
    free(scratch);
}

#define N_PROBES 60u

/* Parameters at random, or all of them when they are few, against central differences of the twin's loss. The
 * step is short: across a kink of a rectifier there is no difference to compare with. */
static void check_gradient(bench *b, const mi_objective_spec *objective)
{
    const double h = 1e-7;
    const size_t n = b->critic.n_params, probes = n < N_PROBES * 3 ? n : N_PROBES;
    double norm = 0;
    mi_rng rng = test_rng(6);
    score_gradient(b, objective);
    for (size_t p = 0; p < n; p++)
        b->grad[p] = NAN; /* overwritten, not added to */
    mi_critic_backward(&b->critic, b->params, b->grad_scores, b->grad);
    for (size_t p = 0; p < n; p++)
        norm = fmax(norm, fabs((double)b->grad[p]));
    ck_assert(isfinite(norm) && norm > 0);
    for (size_t k = 0; k < probes; k++) {
        /* The last are those of an offset, or a temperature. */
        const size_t p = probes == n ? k : k % 2 ? n - 1 - k / 2 : mi_rng_below(&rng, (uint32_t)n);
        const double before = b->wide[p];
        b->wide[p] = before + h;
        const double up = twin_loss(b, objective);
        b->wide[p] = before - h;
        const double down = twin_loss(b, objective);
        b->wide[p] = before;
        const double want = (up - down) / (2 * h), got = (double)b->grad[p];
        ck_assert_msg(fabs(got - want) <= 1e-4 * fabs(want) + 1e-5 * norm + 1e-7,
                      "type %d, parameter %zu of %zu: got %.9g, want %.9g, largest %.3g", (int)b->critic.type,
                      p, n, got, want, norm);
    }
}

static void every_gradient_matches_finite_differences(const setup *s)
{
    bench b = bench_new(s);
    check_gradient(&b, NULL);
    bench_free(&b);
}

START_TEST(test_every_gradient_matches_finite_differences)
{
    for_every_setup(every_gradient_matches_finite_differences);
}
END_TEST

static void every_gradient_of_an_objective_matches_finite_differences(const setup *s)
{
    static const char *const names[] = {"infonce-anchor", "infonce", "nwj"};
    if (s->shape.batch > 8) /* more scores are more of the same */
        return;
    bench b = bench_new(s);
    /* Scores of order one, so that the exponential of NWJ stays in the range where differences are exact. */
    for (size_t p = 0; p < b.critic.n_params; p++)
        b.params[p] *= 0.7f;
    widen(&b);
    for (size_t o = 0; o < sizeof names / sizeof names[0]; o++) {
        mi_objective_spec objective;
        mi_objective_defaults(&objective, mi_objective_find(names[o]), 0);
        objective.params.batch = b.batch;
        check_gradient(&b, &objective);
    }
    bench_free(&b);
}

START_TEST(test_every_gradient_of_an_objective_matches_finite_differences)
{
    for_every_setup(every_gradient_of_an_objective_matches_finite_differences);
}
END_TEST

static void a_smaller_batch_uses_the_same_critic(const setup *s)
{
    bench b = bench_new(s);
    forward(&b);
    b.batch = 3;
    forward(&b);
    twin_scores(&b);
    for (size_t p = 0; p < 9; p++)
        close_to((double)b.scores[p], b.wide_scores[p], 1e-5);
    bench_free(&b);
}

START_TEST(test_a_smaller_batch_uses_the_same_critic)
{
    for_every_setup(a_smaller_batch_uses_the_same_critic);
}
END_TEST

/* More rows than a block holds: features, every combination and single pairs give the score of the
 * definition. */
static void scoring_in_blocks_agrees_with_the_definition(const setup *s)
{
    enum { N = 530, LD = 45 };
    bench b = bench_new(s);
    mi_critic *c = &b.critic;
    free(b.x), free(b.y), free(b.base_x), free(b.base_y);
    b.x = normals((size_t)N * c->dim[0], 7);
    b.y = normals((size_t)N * c->dim[1], 8);
    b.base_x = c->base ? normals((size_t)N * c->base, 9) : NULL;
    b.base_y = c->base ? normals((size_t)N * c->base, 10) : NULL;
    float *features_x = malloc((size_t)N * c->width * sizeof(float));
    float *features_y = malloc((size_t)N * c->width * sizeof(float));
    float *scores = calloc((size_t)N * LD, sizeof(float));
    uint32_t index_x[N], index_y[N];
    mi_rng rng = test_rng(11);
    for (uint32_t p = 0; p < N; p++) {
        index_x[p] = mi_rng_below(&rng, N);
        index_y[p] = N - 1 - p;
    }
    mi_critic_features(c, b.params, MI_SIDE_X, b.x, b.base_x, N, features_x);
    mi_critic_features(c, b.params, MI_SIDE_Y, b.y, b.base_y, N, features_y);

    mi_critic_block(c, b.params, features_x, N, features_y + 5 * c->width, LD - 2, scores, LD);
    for (size_t i = 0; i < N; i += 7)
        for (size_t j = 0; j < LD; j++)
            close_to((double)scores[i * LD + j], j < LD - 2 ? twin_of(&b, i, j + 5) : 0.0, 1e-5);

    mi_critic_pairs(c, b.params, features_x, index_x, features_y, index_y, N, scores);
    for (size_t p = 0; p < N; p++)
        close_to((double)scores[p], twin_of(&b, index_x[p], index_y[p]), 1e-5);
    mi_critic_pairs(c, b.params, features_x, NULL, features_y, NULL, N, scores);
    for (size_t p = 0; p < N; p++)
        close_to((double)scores[p], twin_of(&b, p, p), 1e-5);

    free(features_x);
    free(features_y);
    free(scores);
    bench_free(&b);
}

START_TEST(test_scoring_in_blocks_agrees_with_the_definition)
{
    for_every_setup(scoring_in_blocks_agrees_with_the_definition);
}
END_TEST

static void scoring_between_forward_and_backward_changes_nothing(const setup *s)
{
    bench b = bench_new(s);
    mi_critic *c = &b.critic;
    float *want = malloc(c->n_params * sizeof(float)),
          *features = malloc((size_t)b.batch * c->width * sizeof(float));
    forward(&b);
    mi_critic_backward(c, b.params, b.scores, want);
    forward(&b);
    mi_critic_features(c, b.params, MI_SIDE_X, b.x, b.base_x, b.batch, features);
    mi_critic_features(c, b.params, MI_SIDE_Y, b.y, b.base_y, b.batch, features);
    mi_critic_pairs(c, b.params, features, NULL, features, NULL, b.batch, b.grad_scores);
    mi_critic_backward(c, b.params, b.scores, b.grad);
    ck_assert_mem_eq(b.grad, want, c->n_params * sizeof(float));
    free(want);
    free(features);
    bench_free(&b);
}

START_TEST(test_scoring_between_forward_and_backward_changes_nothing)
{
    for_every_setup(scoring_between_forward_and_backward_changes_nothing);
}
END_TEST

/* A bench whose weights are those that training starts from, with a Gaussian baseline. */
static bench bench_at_start(const setup *s)
{
    setup with = *s;
    with.baseline = MI_BASELINE_GAUSSIAN;
    bench b = bench_new(&with);
    mi_rng rng = test_rng(12);
    mi_critic_init(&b.critic, &rng, b.params);
    widen(&b);
    return b;
}

static void training_starts_at_the_baseline(const setup *s)
{
    bench b = bench_at_start(s);
    const mi_critic *c = &b.critic;
    forward(&b);
    for (size_t i = 0; i < b.batch; i++)
        for (size_t j = 0; j < b.batch; j++) {
            double want = 0, size = 0; /* both zero without columns: then the score is exactly zero */
            for (size_t k = 0; k < c->base; k++) {
                const double term = (double)b.base_x[i * c->base + k] * (double)b.base_y[j * c->base + k];
                want += term;
                size += fabs(term);
            }
            ck_assert(fabs((double)b.scores[i * b.batch + j] - want) <= 1e-6 * size);
        }
    bench_free(&b);
}

START_TEST(test_training_starts_at_the_baseline)
{
    for_every_setup(training_starts_at_the_baseline);
}
END_TEST

static void a_residual_that_starts_at_zero_has_the_exact_gradient(const setup *s)
{
    bench b = bench_at_start(s);
    check_gradient(&b, NULL); /* and one that is not zero */
    bench_free(&b);
}

START_TEST(test_a_residual_that_starts_at_zero_has_the_exact_gradient)
{
    for_every_setup(a_residual_that_starts_at_zero_has_the_exact_gradient);
}
END_TEST

static void an_offset_starts_at_zero_and_changes_nothing_else(const setup *s)
{
    if (!s->y_offset)
        return;
    setup without = *s;
    without.y_offset = 0;
    bench b = bench_new(s), plain = bench_new(&without);
    mi_rng rng = test_rng(15), same = test_rng(15);
    mi_critic_init(&b.critic, &rng, b.params);
    mi_critic_init(&plain.critic, &same, plain.params);
    ck_assert_uint_gt(b.critic.n_params, plain.critic.n_params);
    ck_assert_mem_eq(b.params, plain.params, plain.critic.n_params * sizeof(float));
    forward(&b);
    forward(&plain);
    for (size_t p = 0; p < (size_t)b.batch * b.batch; p++)
        close_to((double)b.scores[p], (double)plain.scores[p], 1e-6);
    bench_free(&b);
    bench_free(&plain);
}

START_TEST(test_an_offset_starts_at_zero_and_changes_nothing_else)
{
    for_every_setup(an_offset_starts_at_zero_and_changes_nothing_else);
}
END_TEST

START_TEST(test_a_cosine_does_not_depend_on_the_length_of_an_embedding)
{
    const setup s = {{MI_CRITIC_COSINE, 1, {12}, 6, 5, 5, 0, 16}, MI_BASELINE_NONE, 0, 1};
    bench b = bench_new(&s);
    forward(&b);
    float *before = malloc((size_t)b.batch * b.batch * sizeof *before);
    memcpy(before, b.scores, (size_t)b.batch * b.batch * sizeof *before);
    const size_t first_layer = 5 * 12 + 12, tower = first_layer + 12 * 6 + 6;
    for (size_t p = first_layer; p < tower; p++)
        b.params[p] *= 1000.0f; /* f alone */
    forward(&b);
    for (size_t p = 0; p < (size_t)b.batch * b.batch; p++) {
        close_to((double)b.scores[p], (double)before[p], 1e-5);
        ck_assert(fabs((double)b.scores[p]) <= 1 / 0.6 + 1e-5);
    }
    free(before);
    bench_free(&b);
}
END_TEST

static void the_same_input_gives_the_same_bits(const setup *s)
{
    bench b = bench_new(s), again = bench_new(s);
    const size_t pairs = (size_t)b.batch * b.batch;
    forward(&b);
    forward(&again);
    ck_assert_mem_eq(b.scores, again.scores, pairs * sizeof(float));
    mi_critic_backward(&b.critic, b.params, b.scores, b.grad);
    mi_critic_backward(&again.critic, again.params, again.scores, again.grad);
    ck_assert_mem_eq(b.grad, again.grad, b.critic.n_params * sizeof(float));
    bench_free(&b);
    bench_free(&again);
}

START_TEST(test_the_same_input_gives_the_same_bits)
{
    for_every_setup(the_same_input_gives_the_same_bits);
}
END_TEST

START_TEST(test_initial_weights_are_uniform_and_depend_on_the_stream_alone)
{
    const setup s = {{MI_CRITIC_SEPARABLE, 1, {200}, 8, 50, 50, 0, 4}, MI_BASELINE_NONE, 0, 0};
    bench b = bench_new(&s);
    mi_rng rng = test_rng(14);
    mi_critic_init(&b.critic, &rng, b.params);
    const size_t n_drawn = 50 * 200 + 200; /* the first layer's weights and biases */
    const double bound = 0.5 / sqrt(50);
    double square = 0;
    for (size_t p = 0; p < n_drawn; p++) {
        square += (double)b.params[p] * (double)b.params[p];
        ck_assert(fabs((double)b.params[p]) <= bound);
    }
    ck_assert_double_eq_tol(square / (double)n_drawn, bound * bound / 3, 0.03 * bound * bound / 3);
    rng = test_rng(14);
    mi_critic_init(&b.critic, &rng, b.grad);
    ck_assert_mem_eq(b.params, b.grad, b.critic.n_params * sizeof(float));
    bench_free(&b);
}
END_TEST

START_TEST(test_a_critic_that_cannot_be_is_refused)
{
    mi_critic critic;
    mi_arena arena;
    mi_error err = {0};
    mi_critic_spec spec = {.type = MI_CRITIC_JOINT, .n_hidden = 0, .embed = 32};
    mi_arena_init(&arena, NULL, 0);
    ck_assert_int_eq(mi_critic_layout(&critic, &arena, &spec, 4, 4, 0, 8, &err), MI_INVALID);
    ck_assert_str_eq(err.pointer, "/critic/hidden");
    spec = (mi_critic_spec){.type = MI_CRITIC_COSINE, .n_hidden = 1, .hidden = {8}, .embed = 4};
    ck_assert_int_eq(mi_critic_layout(&critic, &arena, &spec, 4, 4, 0, 8, &err), MI_INVALID);
    ck_assert_str_eq(err.pointer, "/critic/temperature");
    for (int type = 0; type < 4; type++) {
        spec = (mi_critic_spec){.type = (mi_critic_type)type,
                                .n_hidden = 3,
                                .hidden = {UINT32_MAX, UINT32_MAX, UINT32_MAX},
                                .embed = 32,
                                .temperature = 1};
        ck_assert_int_eq(mi_critic_layout(&critic, &arena, &spec, UINT32_MAX, UINT32_MAX, 0, 8, &err),
                         MI_LIMIT);
    }
}
END_TEST

int main(void)
{
    RUN_TESTS("critic", test_scores_agree_with_the_definition, test_every_gradient_matches_finite_differences,
              test_every_gradient_of_an_objective_matches_finite_differences,
              test_a_smaller_batch_uses_the_same_critic, test_scoring_in_blocks_agrees_with_the_definition,
              test_scoring_between_forward_and_backward_changes_nothing, test_training_starts_at_the_baseline,
              test_a_residual_that_starts_at_zero_has_the_exact_gradient,
              test_an_offset_starts_at_zero_and_changes_nothing_else,
              test_a_cosine_does_not_depend_on_the_length_of_an_embedding,
              test_the_same_input_gives_the_same_bits,
              test_initial_weights_are_uniform_and_depend_on_the_stream_alone,
              test_a_critic_that_cannot_be_is_refused);
}
