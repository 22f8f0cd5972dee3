/*
 * Critics by other kernels, by two threads, and in bfloat16: the same scores and gradients, as far as each
 * promises.
 */
#include "critic_bench.h"
#include "testing.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* As wide as what the kernels are made for; a joint one that keeps its hidden layers. */
static const critic_shape large[] = {
    {MI_CRITIC_SEPARABLE, 2, {256, 256}, 32, 20, 20, 41, 64},
    {MI_CRITIC_COSINE, 2, {128, 96}, 24, 20, 30, 0, 70},
    {MI_CRITIC_JOINT, 2, {128, 128}, 0, 20, 20, 11, 48},
    {MI_CRITIC_JOINT, 3, {64, 80, 72}, 0, 9, 20, 0, 33},
    {MI_CRITIC_BILINEAR, 0, {0}, 0, 70, 40, 0, 64},
};
#define N_LARGE (sizeof large / sizeof large[0])

/* Scores, and the gradient of the sum of scores times `linear`. */
static void run(critic_bench *b)
{
    forward(b);
    memcpy(b->grad_scores, b->linear, (size_t)b->batch * b->batch * sizeof(float));
    mi_critic_backward(&b->critic, b->params, b->grad_scores, b->grad);
}

/* Largest difference relative to the largest entry. */
static double distance(const float *a, const float *b, size_t n)
{
    double most = 0.0, size = 0.0;
    for (size_t i = 0; i < n; i++) {
        most = fmax(most, fabs((double)a[i] - (double)b[i]));
        size = fmax(size, fabs((double)b[i]));
    }
    return most / size;
}

static void kernels_agree(const critic_setup *s)
{
    critic_setup portable = *s;
    portable.kernels = mi_kernels_find("portable");
    critic_bench reference = critic_bench_new(&portable);
    run(&reference);
    for (int q = 0; q < 2; q++) {
        critic_setup fast = *s;
        fast.kernels = mi_kernels_find(q ? "avx512" : "avx2");
        if (!fast.kernels)
            continue;
        critic_bench b = critic_bench_new(&fast);
        run(&b);
        ck_assert_double_lt(distance(b.scores, reference.scores, (size_t)b.batch * b.batch), 1e-5);
        ck_assert_double_lt(distance(b.grad, reference.grad, b.critic.n_params), 1e-5);
        critic_bench_free(&b);
    }
    critic_bench_free(&reference);
}

START_TEST(test_fast_kernels_give_the_gradients_of_the_portable_ones)
{
    for_every_critic(kernels_agree);
    for (size_t i = 0; i < N_LARGE; i++)
        kernels_agree(&(critic_setup){.shape = large[i]});
}
END_TEST

static void *help(void *crew)
{
    mi_crew_help(crew);
    return NULL;
}

static void a_helper_changes_no_bit(const critic_setup *s)
{
    critic_bench alone = critic_bench_new(s), helped = critic_bench_new(s);
    mi_crew *crew = NULL;
    pthread_t helper;
    const size_t pairs = (size_t)alone.batch * alone.batch;
    run(&alone);
    ck_assert_int_eq(mi_crew_new(&crew, NULL), MI_OK);
    ck_assert_int_eq(pthread_create(&helper, NULL, help, crew), 0);
    helped.critic.crew = crew;
    for (int i = 0; i < 5; i++) {
        run(&helped);
        ck_assert_mem_eq(helped.scores, alone.scores, pairs * sizeof(float));
        ck_assert_mem_eq(helped.grad, alone.grad, alone.critic.n_params * sizeof(float));
    }
    mi_crew_dismiss(crew);
    pthread_join(helper, NULL);
    mi_crew_free(crew);
    critic_bench_free(&alone);
    critic_bench_free(&helped);
}

START_TEST(test_a_helper_changes_no_bit)
{
    for_every_critic(a_helper_changes_no_bit);
    for (size_t i = 0; i < N_LARGE; i++)
        for (int half = 0; half < (mi_half_kernels_best() ? 2 : 1); half++)
            a_helper_changes_no_bit(&(critic_setup){
                .shape = large[i], .precision = half ? MI_PRECISION_BF16 : MI_PRECISION_FP32});
}
END_TEST

/* Eight bits of a factor, on the products between hidden layers alone. */
static void rounding_stays_small(const critic_setup *s)
{
    critic_setup half = *s;
    half.precision = MI_PRECISION_BF16;
    critic_bench exact = critic_bench_new(s), rounded = critic_bench_new(&half);
    const size_t pairs = (size_t)exact.batch * exact.batch;
    run(&exact);
    run(&rounded);
    const int has_inner = s->shape.n_hidden >= 2 && (s->shape.type != MI_CRITIC_BILINEAR || s->y_offset);
    ck_assert_int_eq(memcmp(exact.scores, rounded.scores, pairs * sizeof(float)) != 0, has_inner);
    ck_assert_double_lt(distance(rounded.scores, exact.scores, pairs), 0.05);
    /* In a network of a few units one that changes sides of its ReLU moves every gradient. */
    if (s->shape.n_hidden == 0 || s->shape.hidden[0] >= 64)
        ck_assert_double_lt(distance(rounded.grad, exact.grad, exact.critic.n_params), 0.1);
    critic_bench_free(&exact);
    critic_bench_free(&rounded);
}

START_TEST(test_bfloat16_rounds_what_lies_between_hidden_layers)
{
    if (!mi_half_kernels_best()) {
        printf("skipped: this CPU has no AVX512_BF16\n");
        return;
    }
    for_every_critic(rounding_stays_small);
    for (size_t i = 0; i < N_LARGE; i++)
        rounding_stays_small(&(critic_setup){.shape = large[i]});
}
END_TEST

int main(void)
{
    RUN_TESTS("critic_kernels", test_fast_kernels_give_the_gradients_of_the_portable_ones,
              test_a_helper_changes_no_bit, test_bfloat16_rounds_what_lies_between_hidden_layers);
}
