#include "calibrate.h"

#include "mi/objective.h"

#include <math.h>

#define SLOPE_MIN       0.02
#define SLOPE_PROBE     0.9 /* no better than 1 here: by convexity hardly better anywhere below */
#define EARNED_NATS     1.92
#define SECTIONS        10 /* of log slope: the last is 3 % wide */
#define GOLDEN_FRACTION 0.61803398874989484820

typedef struct profile {
    const float *scores;
    size_t n;
    float *work;
    void *scratch;
} profile;

typedef struct point {
    mi_calibration calibration;
    double loss; /* nats, summed over the joint pairs */
} point;

static void scale(const profile *p, double slope, double log_scale)
{
    for (size_t k = 0; k < p->n * p->n; k++)
        p->work[k] = (float)(slope * (double)p->scores[k] + log_scale);
}

/* The loss at a slope with the log-scale that is best for it. */
static point at_slope(const profile *p, double slope)
{
    const mi_objective_params params = {.nu = 1.0, .directions = MI_DIRECTIONS_BOTH};
    point here = {.calibration = {.slope = slope}};
    scale(p, slope, 0.0);
    here.calibration.log_scale = mi_calibrate_log_scale(p->work, p->n, p->scratch);
    scale(p, slope, here.calibration.log_scale);
    mi_objective_find("infonce-anchor")->loss_and_grad(p->work, p->n, &params, NULL, &here.loss, p->scratch);
    here.loss *= (double)p->n;
    return here;
}

/* Golden section over log slope. */
static point best_slope(const profile *p)
{
    double low = log(SLOPE_MIN), high = 0.0;
    double left = high - GOLDEN_FRACTION * (high - low), right = low + GOLDEN_FRACTION * (high - low);
    point at_left = at_slope(p, exp(left)), at_right = at_slope(p, exp(right));
    for (int i = 0; i < SECTIONS; i++) {
        if (at_left.loss < at_right.loss) {
            high = right;
            right = left;
            at_right = at_left;
            left = high - GOLDEN_FRACTION * (high - low);
            at_left = at_slope(p, exp(left));
        } else {
            low = left;
            left = right;
            at_left = at_right;
            right = low + GOLDEN_FRACTION * (high - low);
            at_right = at_slope(p, exp(right));
        }
    }
    return at_left.loss < at_right.loss ? at_left : at_right;
}

mi_calibration mi_calibrate(const float *scores, size_t n, float *work, void *scratch)
{
    const profile p = {scores, n, work, scratch};
    if (n < 2)
        return (mi_calibration){1.0, 0.0};
    const point plain = at_slope(&p, 1.0);
    if (!isfinite(plain.loss) || at_slope(&p, SLOPE_PROBE).loss >= plain.loss)
        return plain.calibration;
    const point tempered = best_slope(&p);
    return plain.loss - tempered.loss > EARNED_NATS ? tempered.calibration : plain.calibration;
}
