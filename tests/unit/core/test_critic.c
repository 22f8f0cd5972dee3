#include "critic_bench.h"
#include "testing.h"

#include <math.h>
#include <string.h>

static void scores_agree_with_the_definition(const critic_setup *s)
{
    critic_bench b = critic_bench_new(s);
    forward(&b);
    twin_scores(&b);
    for (size_t p = 0; p < (size_t)b.batch * b.batch; p++)
        close_to((double)b.scores[p], b.wide_scores[p], 1e-5);
    critic_bench_free(&b);
}

START_TEST(test_scores_agree_with_the_definition)
{
    for_every_critic(scores_agree_with_the_definition);
}
END_TEST

static void a_smaller_batch_uses_the_same_critic(const critic_setup *s)
{
    critic_bench b = critic_bench_new(s);
    forward(&b);
    b.batch = 3;
    forward(&b);
    twin_scores(&b);
    for (size_t p = 0; p < 9; p++)
        close_to((double)b.scores[p], b.wide_scores[p], 1e-5);
    critic_bench_free(&b);
}

START_TEST(test_a_smaller_batch_uses_the_same_critic)
{
    for_every_critic(a_smaller_batch_uses_the_same_critic);
}
END_TEST

/* More rows than a block holds: features, every combination and single pairs give the score of the
 * definition. */
static void scoring_in_blocks_agrees_with_the_definition(const critic_setup *s)
{
    enum { N = 530, LD = 45 };
    critic_bench b = critic_bench_new(s);
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
    mi_critic_features(c, b.params, (float *[2]){b.x, b.y}, (float *[2]){b.base_x, b.base_y}, N,
                       (float *[2]){features_x, features_y});

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
    critic_bench_free(&b);
}

START_TEST(test_scoring_in_blocks_agrees_with_the_definition)
{
    for_every_critic(scoring_in_blocks_agrees_with_the_definition);
}
END_TEST

static void scoring_between_forward_and_backward_changes_nothing(const critic_setup *s)
{
    critic_bench b = critic_bench_new(s);
    mi_critic *c = &b.critic;
    float *want = malloc(c->n_params * sizeof(float)),
          *features = malloc((size_t)b.batch * c->width * sizeof(float)),
          *of_y = malloc((size_t)b.batch * c->width * sizeof(float));
    forward(&b);
    mi_critic_backward(c, b.params, b.scores, want);
    forward(&b);
    mi_critic_features(c, b.params, (float *[2]){b.x, b.y}, (float *[2]){b.base_x, b.base_y}, b.batch,
                       (float *[2]){features, of_y});
    mi_critic_pairs(c, b.params, features, NULL, of_y, NULL, b.batch, b.grad_scores);
    mi_critic_backward(c, b.params, b.scores, b.grad);
    ck_assert_mem_eq(b.grad, want, c->n_params * sizeof(float));
    free(want);
    free(features);
    free(of_y);
    critic_bench_free(&b);
}

START_TEST(test_scoring_between_forward_and_backward_changes_nothing)
{
    for_every_critic(scoring_between_forward_and_backward_changes_nothing);
}
END_TEST

static void training_starts_at_the_baseline(const critic_setup *s)
{
    critic_bench b = critic_bench_at_start(s);
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
    critic_bench_free(&b);
}

START_TEST(test_training_starts_at_the_baseline)
{
    for_every_critic(training_starts_at_the_baseline);
}
END_TEST

static void an_offset_starts_at_zero_and_changes_nothing_else(const critic_setup *s)
{
    if (!s->y_offset)
        return;
    critic_setup without = *s;
    without.y_offset = 0;
    critic_bench b = critic_bench_new(s), plain = critic_bench_new(&without);
    mi_rng rng = test_rng(15), same = test_rng(15);
    mi_critic_init(&b.critic, &rng, b.params);
    mi_critic_init(&plain.critic, &same, plain.params);
    ck_assert_uint_gt(b.critic.n_params, plain.critic.n_params);
    ck_assert_mem_eq(b.params, plain.params, plain.critic.n_params * sizeof(float));
    forward(&b);
    forward(&plain);
    for (size_t p = 0; p < (size_t)b.batch * b.batch; p++)
        close_to((double)b.scores[p], (double)plain.scores[p], 1e-6);
    critic_bench_free(&b);
    critic_bench_free(&plain);
}

START_TEST(test_an_offset_starts_at_zero_and_changes_nothing_else)
{
    for_every_critic(an_offset_starts_at_zero_and_changes_nothing_else);
}
END_TEST

START_TEST(test_a_cosine_does_not_depend_on_the_length_of_an_embedding)
{
    const critic_setup s = {{MI_CRITIC_COSINE, 1, {12}, 6, 5, 5, 0, 16}, MI_BASELINE_NONE, 0, 1};
    critic_bench b = critic_bench_new(&s);
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
    critic_bench_free(&b);
}
END_TEST

static void the_same_input_gives_the_same_bits(const critic_setup *s)
{
    critic_bench b = critic_bench_new(s), again = critic_bench_new(s);
    const size_t pairs = (size_t)b.batch * b.batch;
    forward(&b);
    forward(&again);
    ck_assert_mem_eq(b.scores, again.scores, pairs * sizeof(float));
    mi_critic_backward(&b.critic, b.params, b.scores, b.grad);
    mi_critic_backward(&again.critic, again.params, again.scores, again.grad);
    ck_assert_mem_eq(b.grad, again.grad, b.critic.n_params * sizeof(float));
    critic_bench_free(&b);
    critic_bench_free(&again);
}

START_TEST(test_the_same_input_gives_the_same_bits)
{
    for_every_critic(the_same_input_gives_the_same_bits);
}
END_TEST

START_TEST(test_initial_weights_are_uniform_and_depend_on_the_stream_alone)
{
    const critic_setup s = {{MI_CRITIC_SEPARABLE, 1, {200}, 8, 50, 50, 0, 4}, MI_BASELINE_NONE, 0, 0};
    critic_bench b = critic_bench_new(&s);
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
    critic_bench_free(&b);
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
    RUN_TESTS("critic", test_scores_agree_with_the_definition, test_a_smaller_batch_uses_the_same_critic,
              test_scoring_in_blocks_agrees_with_the_definition,
              test_scoring_between_forward_and_backward_changes_nothing, test_training_starts_at_the_baseline,
              test_an_offset_starts_at_zero_and_changes_nothing_else,
              test_a_cosine_does_not_depend_on_the_length_of_an_embedding,
              test_the_same_input_gives_the_same_bits,
              test_initial_weights_are_uniform_and_depend_on_the_stream_alone,
              test_a_critic_that_cannot_be_is_refused);
}
