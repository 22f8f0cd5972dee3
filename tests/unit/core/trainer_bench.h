/*
 * A critic with its trainer on one workspace, as a run holds them.
 */
#ifndef CORE_TRAINER_BENCH_H
#define CORE_TRAINER_BENCH_H

#include "testing.h"
#include "trainer.h"

typedef struct trainer_bench {
    mi_critic_spec critic_spec;
    mi_train_spec train_spec;
    mi_objective_spec objective;
    uint32_t dim_x, dim_y, base;
    /* filled by trainer_bench_open */
    mi_critic critic;
    mi_trainer trainer;
    void *memory;
} trainer_bench;

/* Takes the workspace for the settings in `b`, which must stay where it is. */
static inline void trainer_bench_open(trainer_bench *b)
{
    mi_arena arena;
    mi_arena_init(&arena, NULL, 0);
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1)
            arena = arena_like(&arena);
        ck_assert_int_eq(mi_critic_layout(&b->critic, &arena, &b->critic_spec, b->dim_x, b->dim_y, b->base,
                                          b->train_spec.batch, NULL),
                         MI_OK);
        mi_trainer_layout(&b->trainer, &arena, &b->critic, &b->train_spec, &b->objective);
    }
    b->memory = arena.base;
}

static inline void trainer_bench_close(trainer_bench *b)
{
    free(b->memory);
}

/* Weights from a stream, and a trainer at step 0. */
static inline void trainer_bench_start(trainer_bench *b, uint32_t stream)
{
    mi_rng rng = test_rng(stream);
    mi_critic_init(&b->critic, &rng, b->trainer.weights);
    mi_trainer_start(&b->trainer);
}

#endif
