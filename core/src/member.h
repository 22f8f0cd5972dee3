/*
 * A member of a model: what one run has trained, made again from its tensors.
 */
#ifndef MI_MEMBER_H
#define MI_MEMBER_H

#include "autoencoder.h"
#include "calibrate.h"
#include "critic.h"
#include "gaussian.h"
#include "ksg.h"
#include "mi/model.h"
#include "prepare.h"

#define MI_MEMBER_BLOCK 512u /* rows that go through a member at once */

typedef struct mi_member {
    mi_spec spec; /* as its run had it */
    mi_prepare prepare[2];
    uint32_t width; /* of its features */
    /* a critic */
    mi_gaussian gaussian;
    mi_critic critic;
    float *params; /* of the critic, or of the autoencoder */
    mi_calibration calibration;
    /* learned codes among those of a sample */
    int is_latent;
    mi_autoencoder autoencoder;
    mi_ksg ksg;
} mi_member;

/* On the arena, as mi_model_new says. MI_CORRUPT, MI_LIMIT, MI_NUMERIC. */
mi_status mi_member_restore(mi_member *member, const mi_spec *spec, const mi_member_tensors *tensors,
                            mi_arena *arena, mi_error *err);
/* What features and pmi borrow, released; only its peak counts. */
void mi_member_scratch_layout(const mi_member *member, mi_arena *arena);
/* features (n, width), leading dimension ld, of n <= MI_MEMBER_BLOCK rows of a side. */
void mi_member_features(mi_member *member, mi_arena *arena, int side, mi_matrix data, const uint32_t *rows,
                        uint32_t n, float *features, size_t ld);
/* pmi (n) += of n <= MI_MEMBER_BLOCK pairs of feature rows, leading dimension ld. */
void mi_member_add_pmi(mi_member *member, mi_arena *arena, const float *x, const uint32_t *index_x,
                       const float *y, const uint32_t *index_y, size_t ld, uint32_t n, double *pmi);

/* Whether its PMI is slope times a dot product of features plus a constant. */
int mi_member_is_dot(const mi_member *member);
double mi_member_constant(const mi_member *member);

#endif
