/*
 * Counter-based randomness: Philox4x32-10 (Salmon et al., SC 2011; Random123).
 *
 * A stream is named by what it is for, not by what ran before it: (seed, replicate, fold, purpose, step). Any
 * stream can be opened at any time, on any thread, and gives the same numbers; so a resumed run draws what it
 * would have drawn.
 */
#ifndef MI_RNG_H
#define MI_RNG_H

#include <stdint.h>

typedef enum mi_purpose {
    MI_PURPOSE_FOLDS = 1,    /* which rows are held out: fold 0, step 0 */
    MI_PURPOSE_VALIDATION,   /* which training rows validate */
    MI_PURPOSE_WEIGHTS,      /* initial weights */
    MI_PURPOSE_EPOCH,        /* order of the rows; step = epoch */
    MI_PURPOSE_NULL,         /* mismatched pairs */
    MI_PURPOSE_PERMUTATION,  /* step = permutation */
    MI_PURPOSE_TRAIN_SAMPLE, /* training rows scored for the train-test gap */
    MI_PURPOSE_TEST,         /* for unit tests */
    MI_PURPOSE_JITTER,       /* noise that breaks ties of nearest neighbours */
    MI_PURPOSE_LAW,          /* a sample of a known law */
    MI_PURPOSE_LAW_STEP,     /* a minibatch of one; step = training step */
    MI_PURPOSE_DROPOUT,      /* what an autoencoder forgets; step = optimiser step */
    MI_PURPOSE_RESAMPLE      /* of a bootstrap; step = resample */
} mi_purpose;

typedef struct mi_rng {
    uint32_t key[2], counter[4];
    uint32_t buffer[4];
    uint32_t used; /* of the buffer */
    int has_spare; /* a second normal is waiting */
    double spare;
} mi_rng;

void mi_rng_init(mi_rng *rng, uint64_t seed, uint32_t replicate, uint32_t fold, mi_purpose purpose,
                 uint32_t step);
uint32_t mi_rng_u32(mi_rng *rng);
double mi_rng_uniform(mi_rng *rng);                            /* in (0,1), 53 bits */
double mi_rng_normal(mi_rng *rng);                             /* Box-Muller */
uint32_t mi_rng_below(mi_rng *rng, uint32_t bound);            /* in [0,bound), unbiased; bound > 0 */
void mi_rng_permute(mi_rng *rng, uint32_t *items, uint32_t n); /* Fisher-Yates, in place */

#endif
