#include "trainer_bench.h"

#include <math.h>
#include <string.h>

enum { DIM = 2, BATCH = 64 };

static trainer_bench small(void)
{
    return (trainer_bench){
        .critic_spec = {.type = MI_CRITIC_SEPARABLE,
                        .n_hidden = 2,
                        .hidden = {32, 32},
                        .embed = 8,
                        .temperature = 0.5,
                        .learn_temperature = 1},
        .train_spec = {.batch = BATCH, .learning_rate = 1e-3},
        .objective = {mi_objective_find("infonce-anchor"), {.nu = 8, .directions = MI_DIRECTIONS_BOTH}},
        .dim_x = DIM,
        .dim_y = DIM,
    };
}

typedef struct pairs {
    float x[BATCH * DIM], y[BATCH * DIM];
} pairs;

/* Correlation rho in each coordinate. */
static void draw(pairs *p, mi_rng *rng, double rho)
{
    for (size_t i = 0; i < BATCH * DIM; i++) {
        const double u = mi_rng_normal(rng);
        p->x[i] = (float)u;
        p->y[i] = (float)(rho * u + sqrt(1 - rho * rho) * mi_rng_normal(rng));
    }
}

static mi_status step(trainer_bench *b, const pairs *p, double *loss)
{
    double diagonal = 0;
    return mi_trainer_step(&b->trainer, p->x, p->y, NULL, NULL, BATCH, loss, &diagonal, NULL);
}

START_TEST(test_steps_on_a_batch_lower_its_loss)
{
    for (int type = 0; type < 4; type++) {
        trainer_bench b = small();
        pairs p;
        double first = 0, last = 0;
        mi_rng rng = test_rng(1);
        b.critic_spec.type = (mi_critic_type)type;
        trainer_bench_open(&b);
        trainer_bench_start(&b, 2);
        draw(&p, &rng, 0.8);
        ck_assert_int_eq(step(&b, &p, &first), MI_OK);
        ck_assert_int_eq(step(&b, &p, &last), MI_OK);
        ck_assert(last < first);
        for (int k = 0; k < 60; k++)
            ck_assert_int_eq(step(&b, &p, &last), MI_OK);
        ck_assert(last < first - 0.05);
        ck_assert_uint_eq(b.trainer.step, 62);
        trainer_bench_close(&b);
    }
}
END_TEST

START_TEST(test_divergence_leaves_the_weights_as_they_were)
{
    trainer_bench b = small();
    pairs good, bad;
    double loss = 0, diagonal = 0;
    mi_error err = {0};
    mi_rng rng = test_rng(3);
    b.objective.entry = mi_objective_find("nwj");
    trainer_bench_open(&b);
    trainer_bench_start(&b, 4);
    draw(&good, &rng, 0.5);
    ck_assert_int_eq(step(&b, &good, &loss), MI_OK);
    const size_t bytes = 4 * b.critic.n_params * sizeof(float);
    float *before = malloc(bytes);
    memcpy(before, b.trainer.state, bytes);

    static const float poison[] = {NAN, INFINITY, 1e30f, 300.0f};
    for (size_t k = 0; k < sizeof poison / sizeof poison[0]; k++) {
        bad = good;
        for (size_t i = 0; i < DIM;
             i++) /* a score past the exponential's range, by the products of both sides */
            bad.x[3 * DIM + i] = bad.y[5 * DIM + i] = poison[k];
        ck_assert_int_eq(mi_trainer_step(&b.trainer, bad.x, bad.y, NULL, NULL, BATCH, &loss, &diagonal, &err),
                         MI_NUMERIC);
        ck_assert(err.code == MI_NUMERIC && err.message[0] != '\0');
        ck_assert_mem_eq(before, b.trainer.state, bytes);
        ck_assert_uint_eq(b.trainer.step, 1);
    }
    ck_assert_int_eq(step(&b, &good, &loss), MI_OK);
    free(before);
    trainer_bench_close(&b);
}
END_TEST

/* The update as it is written, one parameter at a time, in double; gradient as the trainer left it. */
typedef struct naive {
    size_t n;
    double *weights, *m, *v, *average;
} naive;

static void naive_update(naive *s, const mi_train_spec *spec, const float *gradient, double t)
{
    double square = 0;
    for (size_t i = 0; i < s->n; i++)
        square += (double)gradient[i] * (double)gradient[i];
    const double norm = sqrt(square);
    const double clip =
        spec->gradient_clip > 0 && norm > spec->gradient_clip ? spec->gradient_clip / norm : 1;
    const double rate = spec->learning_rate * (spec->warmup_steps > 0 ? fmin(1, t / spec->warmup_steps) : 1);
    const double keep = fmin(spec->ema, (1 + t) / (10 + t));
    for (size_t i = 0; i < s->n; i++) {
        const double g = clip * (double)gradient[i], w = s->weights[i];
        s->m[i] = 0.9 * s->m[i] + 0.1 * g;
        s->v[i] = 0.999 * s->v[i] + 0.001 * g * g;
        const double adam = s->m[i] / (1 - pow(0.9, t)) / (sqrt(s->v[i] / (1 - pow(0.999, t))) + 1e-8);
        s->weights[i] = w - rate * adam - rate * spec->weight_decay * w;
        s->average[i] = keep * s->average[i] + (1 - keep) * s->weights[i];
    }
}

static void check_updates(mi_train_spec spec, int clips)
{
    trainer_bench b = small();
    pairs p;
    double loss = 0;
    mi_rng rng = test_rng(5);
    spec.batch = BATCH;
    b.train_spec = spec;
    trainer_bench_open(&b);
    trainer_bench_start(&b, 6);
    const size_t n = b.critic.n_params;
    double *memory = calloc(4 * n, sizeof(double)), largest = 0;
    naive s = {n, memory, memory + n, memory + 2 * n, memory + 3 * n};
    for (size_t i = 0; i < n; i++)
        s.weights[i] = s.average[i] = (double)b.trainer.weights[i];
    for (int k = 1; k <= 25; k++) {
        draw(&p, &rng, 0.8);
        ck_assert_int_eq(step(&b, &p, &loss), MI_OK);
        naive_update(&s, &spec, b.trainer.gradient, k);
        double square = 0;
        for (size_t i = 0; i < n; i++)
            square += (double)b.trainer.gradient[i] * (double)b.trainer.gradient[i];
        ck_assert(!clips || sqrt(square) > spec.gradient_clip);
        for (size_t i = 0; i < n; i++) {
            largest = fmax(largest, fabs(s.weights[i] - (double)b.trainer.weights[i]));
            if (spec.ema > 0)
                largest = fmax(largest, fabs(s.average[i] - (double)b.trainer.average[i]));
        }
        ck_assert_msg(largest < 2e-6, "step %d: off by %g", k, largest);
    }
    ck_assert_ptr_eq(mi_trainer_evaluated(&b.trainer), spec.ema > 0 ? b.trainer.average : b.trainer.weights);
    free(memory);
    trainer_bench_close(&b);
}

START_TEST(test_plain_adam_follows_its_formula)
{
    check_updates((mi_train_spec){.learning_rate = 1e-3}, 0);
}
END_TEST

START_TEST(test_warm_up_and_average_follow_their_formulas)
{
    check_updates((mi_train_spec){.learning_rate = 1e-3, .warmup_steps = 10, .ema = 0.6}, 0);
    check_updates((mi_train_spec){.learning_rate = 1e-3, .warmup_steps = 1, .ema = 0.99}, 0);
}
END_TEST

START_TEST(test_clipping_and_weight_decay_follow_their_formulas)
{
    check_updates((mi_train_spec){.learning_rate = 1e-3, .gradient_clip = 1e-3}, 1);
    check_updates((mi_train_spec){.learning_rate = 1e-3, .weight_decay = 0.5, .gradient_clip = 100}, 0);
}
END_TEST

START_TEST(test_the_same_run_gives_the_same_bits)
{
    for (int type = 0; type < 4; type++) {
        float *first = NULL;
        for (int repeat = 0; repeat < 2; repeat++) {
            trainer_bench b = small();
            pairs p;
            double loss = 0;
            mi_rng rng = test_rng(7);
            b.critic_spec.type = (mi_critic_type)type;
            b.critic_spec.y_offset = 1;
            b.train_spec.ema = 0.99;
            trainer_bench_open(&b);
            trainer_bench_start(&b, 8);
            for (int k = 0; k < 10; k++) {
                draw(&p, &rng, 0.8);
                ck_assert_int_eq(step(&b, &p, &loss), MI_OK);
            }
            const size_t bytes = 4 * b.critic.n_params * sizeof(float);
            if (repeat == 0) {
                first = malloc(bytes);
                memcpy(first, b.trainer.state, bytes);
            } else {
                ck_assert_mem_eq(first, b.trainer.state, bytes);
            }
            trainer_bench_close(&b);
        }
        free(first);
    }
}
END_TEST

START_TEST(test_reported_mi_has_the_offset_of_the_objective_removed)
{
    trainer_bench b = small();
    pairs p;
    double loss = 0, diagonal = 0, mean = 0;
    mi_rng rng = test_rng(9);
    b.objective.entry = mi_objective_find("nwj");
    trainer_bench_open(&b);
    trainer_bench_start(&b, 10);
    draw(&p, &rng, 0.8);
    ck_assert_int_eq(mi_trainer_step(&b.trainer, p.x, p.y, NULL, NULL, BATCH, &loss, &diagonal, NULL), MI_OK);
    for (size_t i = 0; i < BATCH; i++)
        mean += (double)b.trainer.scores[i * (BATCH + 1)] / BATCH;
    ck_assert_double_eq_tol(diagonal, mean - 1, 1e-12);
    trainer_bench_close(&b);
}
END_TEST

START_TEST(test_fresh_gaussian_samples_are_learned)
{
    const double rho = 0.8, truth = -log(1 - rho * rho); /* DIM = 2 coordinates of -1/2 log(1 - rho^2) */
    trainer_bench b = small();
    pairs p;
    double loss = 0, mean = 0;
    mi_rng rng = test_rng(11);
    b.train_spec.learning_rate = 2e-3;
    b.train_spec.ema = 0.99;
    b.train_spec.warmup_steps = 30;
    trainer_bench_open(&b);
    trainer_bench_start(&b, 12);
    for (int k = 0; k < 2000; k++) {
        draw(&p, &rng, rho);
        ck_assert_int_eq(step(&b, &p, &loss), MI_OK);
    }
    const int n_test = 200;
    for (int k = 0; k < n_test; k++) {
        draw(&p, &rng, rho);
        mi_critic_forward(&b.critic, mi_trainer_evaluated(&b.trainer), p.x, p.y, NULL, NULL, BATCH,
                          b.trainer.scores);
        mean += b.objective.entry->estimate(b.trainer.scores, BATCH, &b.objective.params) / n_test;
    }
    ck_assert_msg(fabs(mean - truth) < 0.1, "MI %.3f nats, truth %.3f", mean, truth);
    trainer_bench_close(&b);
}
END_TEST

int main(void)
{
    RUN_TESTS(
        "trainer", test_steps_on_a_batch_lower_its_loss, test_divergence_leaves_the_weights_as_they_were,
        test_plain_adam_follows_its_formula, test_warm_up_and_average_follow_their_formulas,
        test_clipping_and_weight_decay_follow_their_formulas, test_the_same_run_gives_the_same_bits,
        test_reported_mi_has_the_offset_of_the_objective_removed, test_fresh_gaussian_samples_are_learned);
}
