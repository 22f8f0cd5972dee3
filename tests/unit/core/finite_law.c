#include "finite_law.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define MAX_BATCH 5u

finite_law finite_law_of(size_t n_x, size_t n_y, const double *p)
{
    finite_law law = {.n_x = n_x, .n_y = n_y};
    assert(n_x <= FINITE_SIDE && n_y <= FINITE_SIDE);
    for (size_t k = 0; k < n_x * n_y; k++) {
        law.p[k] = p[k];
        law.p_x[k / n_y] += p[k];
        law.p_y[k % n_y] += p[k];
    }
    for (size_t k = 0; k < n_x * n_y; k++)
        law.log_ratio[k] = log(p[k] / (law.p_x[k / n_y] * law.p_y[k % n_y]));
    return law;
}

finite_law finite_law_random(size_t n_x, size_t n_y, mi_rng *rng)
{
    double p[FINITE_CELLS], sum = 0;
    for (size_t k = 0; k < n_x * n_y; k++)
        sum += p[k] = exp(1.2 * mi_rng_normal(rng));
    for (size_t k = 0; k < n_x * n_y; k++)
        p[k] /= sum;
    return finite_law_of(n_x, n_y, p);
}

double finite_law_mi(const finite_law *law)
{
    double sum = 0;
    for (size_t k = 0; k < law->n_x * law->n_y; k++)
        sum += law->p[k] > 0 ? law->p[k] * law->log_ratio[k] : 0;
    return sum;
}

/* Adds probability times the loss of the batch of these pairs. */
static double one_batch(const mi_objective_spec *spec, const finite_law *law, const size_t *pair,
                        size_t batch, double probability, const double *c, double *gradient)
{
    double scores[MAX_BATCH * MAX_BATCH], grad[MAX_BATCH * MAX_BATCH], loss = 0;
    size_t cell[MAX_BATCH * MAX_BATCH];
    for (size_t i = 0; i < batch; i++)
        for (size_t j = 0; j < batch; j++) {
            cell[i * batch + j] = pair[i] / law->n_y * law->n_y + pair[j] % law->n_y;
            scores[i * batch + j] = c[cell[i * batch + j]];
        }
    spec->entry->reference(scores, batch, &spec->params, gradient ? grad : NULL, &loss);
    for (size_t k = 0; gradient && k < batch * batch; k++)
        gradient[cell[k]] += probability * grad[k];
    return probability * loss;
}

double finite_law_loss(const mi_objective_spec *spec, const finite_law *law, size_t batch, const double *c,
                       double *gradient)
{
    size_t cell[FINITE_CELLS], n = 0,
                               at[MAX_BATCH] = {0}; /* cells with a probability; a sorted choice of them */
    double total = 0;
    assert(batch >= 2 && batch <= MAX_BATCH);
    for (size_t k = 0; k < law->n_x * law->n_y; k++)
        if (law->p[k] > 0)
            cell[n++] = k;
    if (gradient)
        memset(gradient, 0, law->n_x * law->n_y * sizeof *gradient);
    for (int more = 1; more;) {
        size_t pair[MAX_BATCH], run = 0;
        double probability = 1;
        for (size_t i = 0; i < batch; i++) {
            run = i > 0 && at[i] == at[i - 1] ? run + 1 : 1;
            pair[i] = cell[at[i]];
            probability *=
                law->p[pair[i]] * (double)(i + 1) / (double)run; /* in the end batch! / product of run! */
        }
        total += one_batch(spec, law, pair, batch, probability, c, gradient);
        size_t i = batch;
        while (i > 0 && at[i - 1] == n - 1)
            i--;
        more = i > 0;
        for (size_t k = batch; more && k-- > i;)
            at[k] = at[i - 1] + 1;
        if (more)
            at[i - 1]++;
    }
    return total;
}
