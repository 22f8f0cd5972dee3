#include "calibrate.h"

#include <math.h>

#define SLOPE_MIN       0.02
#define SLOPE_PROBE     0.9 /* no better than 1 here: by convexity hardly better anywhere below */
#define EARNED_NATS     1.92
#define SECTIONS        10 /* of log slope: the last is 3 % wide */
#define GOLDEN_FRACTION 0.61803398874989484820

typedef struct profile {
    float *scores;
    size_t n, n_pairs;
    void *scratch;
    double from; /* a log-scale nearby */
} profile;

typedef struct point {
    mi_calibration calibration;
    double loss; /* nats, summed over the independent pairs */
} point;

/* The loss at a slope with the log-scale that is best for it. */
static point at_slope(profile *p, double slope)
{
    point here = {.calibration = {.slope = slope}};
    p->from = here.calibration.log_scale =
        mi_calibrate_log_scale(p->scores, p->n, slope, p->from, &here.loss, p->scratch);
    here.loss *= (double)p->n_pairs;
    return here;
}

/* Golden section over log slope. */
static point best_slope(profile *p)
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

mi_calibration mi_calibrate(float *scores, size_t n, size_t n_pairs, void *scratch)
{
    profile p = {scores, n, n_pairs, scratch, 0.0};
    if (n < 2)
        return (mi_calibration){1.0, 0.0};
    const point plain = at_slope(&p, 1.0);
    if (!isfinite(plain.loss) || at_slope(&p, SLOPE_PROBE).loss >= plain.loss)
        return plain.calibration;
    const point tempered = best_slope(&p);
    return plain.loss - tempered.loss > EARNED_NATS ? tempered.calibration : plain.calibration;
}
