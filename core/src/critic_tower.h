/*
 * An MLP over the rows of one side of a critic, with the critic's hidden widths.
 */
#ifndef MI_CRITIC_TOWER_H
#define MI_CRITIC_TOWER_H

#include "critic_impl.h"
#include "mlp.h"

typedef struct mi_tower {
    mi_mlp mlp;
    size_t offset;      /* of its parameters in the critic's */
    mi_mlp_hidden kept; /* (B, H_l) activations of the last batch in training */
} mi_tower;

/* Scratch of one tower. */
typedef struct mi_tower_scratch {
    mi_mlp_hidden passing; /* (MI_CRITIC_BLOCK, H_l) activations of rows that are scored */
    float *delta[2];       /* (B, widest) */
    mi_mlp_packed *packed; /* where layers are rounded */
} mi_tower_scratch;

/* A tower D -> hidden -> out over the rows of `side`. Its parameters go behind critic->n_params, which grows.
 * MI_LIMIT when they are too many. */
mi_status mi_tower_layout(mi_tower *tower, mi_critic *critic, mi_side side, uint32_t out, mi_arena *arena,
                          mi_error *err);
void mi_tower_scratch_layout(mi_tower_scratch *scratch, const mi_critic *critic, const mi_tower *tower,
                             mi_arena *arena);

/* Its layers, called name.layer0.weight and so on; how many views. */
uint32_t mi_tower_views(const mi_tower *tower, const char *name, mi_critic_view *out);

/* params, grad_params: the critic's. out (n, out) with leading dimension ld. In training, units are dropped
 * as the critic's dropout says. */
void mi_tower_init(const mi_tower *tower, int zero_last, mi_rng *rng, float *params);
void mi_tower_forward(const mi_critic *critic, const mi_tower *tower, const mi_tower_scratch *scratch,
                      const float *params, const float *rows, uint32_t n, mi_critic_mode mode, float *out,
                      size_t ld);
/* grad_out (n, out), dense, of the rows of the last forward in training. */
void mi_tower_backward(const mi_critic *critic, const mi_tower *tower, const mi_tower_scratch *scratch,
                       const float *params, const float *rows, uint32_t n, const float *grad_out,
                       float *grad_params);

#endif
