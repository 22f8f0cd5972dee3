/*
 * Objectives with a partition function, a weighted sum of e^c:
 *
 *     Z = w_joint (sum of e^c over joint pairs) + w_mismatch (sum of e^c over mismatched ones)
 *
 * over the whole matrix, where the loss is log Z - mean_i c_ii, or over each line of it (a column, or columns
 * and rows averaged), where it is the mean over lines of log Z_j - c_jj. In the log domain throughout: a
 * partition may be any size that has a logarithm.
 *
 * Thread: any.
 */
#ifndef MI_OBJECTIVE_PARTITION_H
#define MI_OBJECTIVE_PARTITION_H

#include "mi/objective.h"

typedef struct mi_partition_loss {
    int whole;                            /* one partition, of the matrix */
    mi_directions directions;             /* of the lines */
    double joint_weight, mismatch_weight; /* the latter above 0 */
    /* Whole matrix: the logarithm of a partition Z' that is held fixed, so that the loss is the tangent
     * Z/Z' + log Z' - 1 of log Z and the gradient divides by Z'. NaN: none. */
    double log_fixed;
} mi_partition_loss;

/* The contracts of struct mi_objective. */
size_t mi_partition_scratch_bytes(size_t batch);
void mi_partition_loss_and_grad(const mi_partition_loss *loss, const float *scores, size_t batch, float *grad,
                                double *out, void *scratch);
void mi_partition_reference(const mi_partition_loss *loss, const double *scores, size_t batch, double *grad,
                            double *out);
/* The loss alone, in double and without scratch. */
double mi_partition_value(const mi_partition_loss *loss, const float *scores, size_t batch);

/* log mean_{i != j} e^c_ij, of scores held within +-limit. */
double mi_log_mean_mismatch(const float *scores, size_t batch, double limit);

#endif
