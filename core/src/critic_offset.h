/*
 * The learned offset a(y) of a critic, subtracted from its scores: the "baseline" of the TUBA bound (Poole et
 * al., ICML 2019, section 2.2). An MLP over the rows of y with the critic's hidden widths and one output,
 * which starts at zero.
 *
 * It rides along as one more column of the features, x: 1, y: -a(y), whatever the type of critic.
 */
#ifndef MI_CRITIC_OFFSET_H
#define MI_CRITIC_OFFSET_H

#include "critic_tower.h"

typedef struct mi_critic_offset {
    mi_tower tower;
    mi_tower_scratch scratch;
    float *grad; /* (B) d loss / d a(y_j) */
} mi_critic_offset;

/* Sets critic->offset; its parameters go behind critic->n_params, which grows. MI_LIMIT. */
mi_status mi_critic_offset_layout(mi_critic *critic, mi_arena *arena, mi_error *err);
void mi_critic_offset_init(const mi_critic *critic, mi_rng *rng, float *params);
/* column (n) with leading dimension critic->width, of n rows of that side; limits of n as in `embed`. */
void mi_critic_offset_column(const mi_critic *critic, const float *params, mi_side side, const float *rows,
                             uint32_t n, mi_critic_mode mode, float *column);
/* Of critic->training; writes the parameters of a(y). */
void mi_critic_offset_backward(const mi_critic *critic, const float *params, const float *grad_scores,
                               float *grad_params);

#endif
