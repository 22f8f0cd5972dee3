/*
 * Loss, every gradient and some optimiser steps of a small critic against tests/golden/critic_*.txt, which
 * tests/golden/make_critic_golden.py computed with numpy in float64.
 */
#include "trainer_bench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_VALUES 4096u

enum { BATCH = 5, DIM_X = 3, DIM_Y = 2, BASE = 2, STEPS = 4 };

typedef struct golden {
    const char *file;
    mi_critic_type type;
} golden;

static const golden files[] = {{"critic_separable.txt", MI_CRITIC_SEPARABLE},
                               {"critic_joint.txt", MI_CRITIC_JOINT}};

/* The n values of the line "name n v1 ... vn". */
static void read_values(const golden *g, const char *name, double *out, size_t n)
{
    char path[1024], word[64];
    int found = 0;
    snprintf(path, sizeof path, "%s/golden/%s", MUTUALD_TEST_SOURCE_DIR, g->file);
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s", path);
    ck_assert_uint_le(n, MAX_VALUES);
    while (!found && fscanf(file, "%63s", word) == 1) {
        size_t count = 0;
        if (word[0] != '#' && strcmp(word, name) == 0) {
            ck_assert_int_eq(fscanf(file, "%zu", &count), 1);
            ck_assert_msg(count == n, "%s: %s has %zu values, not %zu", g->file, name, count, n);
            for (size_t i = 0; i < n; i++)
                ck_assert_int_eq(fscanf(file, "%lf", &out[i]), 1);
            found = 1;
        } else {
            ck_assert_int_ge(fscanf(file, "%*[^\n]"), 0);
        }
    }
    fclose(file);
    ck_assert_msg(found, "%s: no %s", g->file, name);
}

static void read_floats(const golden *g, const char *name, float *out, size_t n)
{
    double values[MAX_VALUES];
    read_values(g, name, values, n);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)values[i];
}

/* Against the largest entry, since one float rounding of a sum is as large as that. */
static void compare(const golden *g, const char *name, const float *got, size_t n, double tolerance)
{
    double want[MAX_VALUES], largest = 0;
    read_values(g, name, want, n);
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(want[i]));
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(fabs((double)got[i] - want[i]) <= tolerance * largest,
                      "%s, %s[%zu]: got %.9g, want %.9g", g->file, name, i, (double)got[i], want[i]);
}

typedef struct batch {
    float x[BATCH * DIM_X], y[BATCH * DIM_Y], base_x[BATCH * BASE], base_y[BATCH * BASE];
} batch;

static void open_golden(const golden *g, const char *objective, mi_objective_params params, trainer_bench *b,
                        batch *data)
{
    *b = (trainer_bench){
        .critic_spec = {.type = g->type, .n_hidden = 2, .hidden = {6, 4}, .embed = 3},
        .train_spec = {.batch = BATCH,
                       .learning_rate = 0.01,
                       .warmup_steps = 3,
                       .ema = 0.9,
                       .gradient_clip = 0.5,
                       .weight_decay = 0.1},
        .objective = {mi_objective_find(objective), params},
        .dim_x = DIM_X,
        .dim_y = DIM_Y,
        .base = BASE,
    };
    trainer_bench_open(b);
    read_floats(g, "x", data->x, BATCH * DIM_X);
    read_floats(g, "y", data->y, BATCH * DIM_Y);
    read_floats(g, "base_x", data->base_x, BATCH * BASE);
    read_floats(g, "base_y", data->base_y, BATCH * BASE);
    read_floats(g, "params", b->trainer.weights, b->critic.n_params);
    mi_trainer_start(&b->trainer);
}

static const struct {
    const char *label, *objective;
    mi_objective_params params;
} cases[] = {
    {"anchor_both", "infonce-anchor", {.nu = 8, .directions = MI_DIRECTIONS_BOTH}},
    {"anchor_columns", "infonce-anchor", {.nu = 1, .directions = MI_DIRECTIONS_COLUMNS}},
    {"infonce_both", "infonce", {.directions = MI_DIRECTIONS_BOTH}},
    {"infonce_columns", "infonce", {.directions = MI_DIRECTIONS_COLUMNS}},
    {"nwj", "nwj", {.nu = 0}},
};

static void check_case(const golden *g, size_t k)
{
    trainer_bench b;
    batch data;
    char name[64];
    double loss = 0, want = 0;
    open_golden(g, cases[k].objective, cases[k].params, &b, &data);
    mi_trainer *t = &b.trainer;
    mi_critic_forward(&b.critic, t->weights, data.x, data.y, data.base_x, data.base_y, BATCH, t->scores);
    b.objective.entry->loss_and_grad(t->scores, BATCH, &b.objective.params, t->grad_scores, &loss,
                                     t->scratch);
    mi_critic_backward(&b.critic, t->weights, t->grad_scores, t->gradient);
    compare(g, "scores", t->scores, BATCH * BATCH, 1e-6);
    snprintf(name, sizeof name, "%s.loss", cases[k].label);
    read_values(g, name, &want, 1);
    ck_assert_double_eq_tol(loss, want, 1e-6 * (1 + fabs(want)));
    snprintf(name, sizeof name, "%s.grad_scores", cases[k].label);
    compare(g, name, t->grad_scores, BATCH * BATCH, 2e-6);
    snprintf(name, sizeof name, "%s.gradient", cases[k].label);
    compare(g, name, t->gradient, b.critic.n_params, 2e-6);
    trainer_bench_close(&b);
}

START_TEST(test_loss_and_every_gradient_equal_an_independent_computation)
{
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++)
        for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
            check_case(&files[f], k);
}
END_TEST

START_TEST(test_optimiser_steps_equal_an_independent_computation)
{
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        const golden *g = &files[f];
        trainer_bench b;
        batch data;
        double losses[STEPS], loss = 0, diagonal = 0;
        open_golden(g, cases[0].objective, cases[0].params, &b, &data);
        read_values(g, "anchor_both.adam_losses", losses, STEPS);
        for (size_t step = 0; step < STEPS; step++) {
            ck_assert_int_eq(mi_trainer_step(&b.trainer, data.x, data.y, data.base_x, data.base_y, BATCH,
                                             &loss, &diagonal, NULL),
                             MI_OK);
            ck_assert_double_eq_tol(loss, losses[step], 1e-5);
        }
        compare(g, "anchor_both.adam_weights", b.trainer.weights, b.critic.n_params, 1e-5);
        compare(g, "anchor_both.adam_average", mi_trainer_evaluated(&b.trainer), b.critic.n_params, 1e-5);
        trainer_bench_close(&b);
    }
}
END_TEST

int main(void)
{
    RUN_TESTS("golden", test_loss_and_every_gradient_equal_an_independent_computation,
              test_optimiser_steps_equal_an_independent_computation);
}
