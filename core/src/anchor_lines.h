/*
 * The passes over a score matrix that make up the anchor loss with K = B-1 (objective_anchor.c has the
 * formulas). A line is a column or a row: its joint pair and its B-1 others. Both directions go through one
 * pass. All arrays over lines are (ld), ld = B rounded up, and hold harmless numbers behind B.
 */
#ifndef MI_ANCHOR_LINES_H
#define MI_ANCHOR_LINES_H

#include "mi/objective.h"

#include <stddef.h>

#define MI_ANCHOR_SHIFT   (0.69314718055994531 / 8) /* D_EIGHTH of lanes.h */
#define MI_ANCHOR_PADDING 16u                       /* ld is a multiple of this */

/* Lines of one direction; ratios r in units of e^shift. */
typedef struct mi_anchor_lines {
    double *at;        /* position of the largest other */
    double *most;      /* its r */
    double *others;    /* sum over the others without that one */
    double *inverse;   /* 1/T, T = nu + joint + all others */
    double *product;   /* of 1 - r/T over the others without the largest */
    double *quotients; /* sum of 1/(1 - r/T) over them, plus surplus */
    double *squares;   /* sum of its square, likewise */
    double surplus;    /* ones for the joint pair and the largest other, and of rows for what is behind B */
    /* The gradient of an entry is r times the sum over both directions of rest - share/(1 - r/T), of alone
     * where the entry is the largest other of its line. */
    double *alone, *rest, *share;
} mi_anchor_lines;

typedef struct mi_anchor_matrix {
    const float *scores; /* (B, B) */
    size_t batch, ld;
    int both;             /* rows as well as columns */
    float slope;          /* r = e^(slope score) */
    double shift;         /* a multiple of MI_ANCHOR_SHIFT */
    float *top, *top_row; /* (ld) largest other score of a column so far, and its row; then scratch */
    float *index;         /* (ld) 0, 1, 2, ... */
    double *position;     /* (ld) the same */
    double *ratio;   /* (B, ld) r, next to 0 for joint pairs and behind B; NULL: each pass computes its own */
    double *joint;   /* (ld) r of the joint pairs */
    double *work[3]; /* (ld) each */
    mi_anchor_lines column, row;
} mi_anchor_matrix;

/* How far multiply goes. */
typedef enum mi_anchor_depth { MI_ANCHOR_PRODUCT, MI_ANCHOR_QUOTIENTS, MI_ANCHOR_SQUARES } mi_anchor_depth;

typedef struct mi_anchor_passes {
    const char *name; /* "avx512", "avx2", "portable" */
    /* at of all lines; returns the largest score, NaN when any is not finite. */
    float (*scan)(const mi_anchor_matrix *m);
    /* joint, most, others, and ratio. */
    void (*sum)(const mi_anchor_matrix *m);
    /* product, quotients, squares. */
    void (*multiply)(const mi_anchor_matrix *m, mi_anchor_depth depth);
    /* grad (B, B), but for the joint pairs. */
    void (*gradient)(const mi_anchor_matrix *m, float *grad);
} mi_anchor_passes;

/* Weights of a loss; nu in units of e^shift. */
typedef struct mi_anchor_weights {
    double nu, log_nu; /* log nu as given */
    double positive, anchor;
} mi_anchor_weights;

/* The arrays from scratch, mi_anchor_lines_bytes(B, keep); keep: with ratio. Slope 1, no shift. */
mi_anchor_matrix mi_anchor_lay_out(const float *scores, size_t batch, int both, int keep, void *scratch);
size_t mi_anchor_lines_bytes(size_t batch, int keep);
/* The unit of the ratios: near e^top, the largest power of e among them. */
void mi_anchor_set_shift(mi_anchor_matrix *m, double top);
/* inverse of all lines, after sum. */
void mi_anchor_invert(const mi_anchor_matrix *m, double nu);
/* The loss of all lines, after multiply. */
double mi_anchor_sum_losses(const mi_anchor_matrix *m, const mi_anchor_weights *w);

/* By name, NULL where the machine or the build has them not; NULL for a name: the fastest. Thread: any. */
const mi_anchor_passes *mi_anchor_passes_find(const char *name);

extern const mi_anchor_passes mi_anchor_portable;
#if defined(__x86_64__)
extern const mi_anchor_passes mi_anchor_avx2;
extern const mi_anchor_passes mi_anchor_avx512;
#endif

/* mi_anchor_loss_and_grad for K = B-1 by these passes; without a gradient mi_anchor_loss_scratch_bytes will
 * do. */
void mi_anchor_contrast(const mi_anchor_passes *passes, const float *scores, size_t batch,
                        const mi_objective_params *params, float *grad, double *loss, void *scratch);

#endif
