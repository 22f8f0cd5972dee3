/*
 * Laws with something discrete inside.
 *
 * bsc       dim bits through a binary symmetric channel, seen only through fixed injective nonlinear maps: a
 *           stand-in, with the same MI, for the image and text tasks of Lee and Rhee, NeurIPS 2024
 * xor-sign  y takes the sign of x1 x2 but for an error rate: neither x alone tells anything
 * letters   one-hot letters of an alphabet of four and their copies with errors
 * clusters  x a one-hot label of four, y in the plane around that label's centre
 * poisson   y counts at a gamma-distributed rate x
 */
#include "law_impl.h"

#include <math.h>

static double binary_entropy(double p)
{
    return p > 0.0 && p < 1.0 ? -p * log(p) - (1.0 - p) * log1p(-p) : 0.0;
}

static double log_or_never(double p)
{
    return p > 0.0 ? log(p) : -(double)INFINITY;
}

/* ---- bsc ----
 * Bit b becomes a block of 4 coordinates m_b + A_b u, u uniform in [-1,1]^4: +-1.3 along the diagonal and a
 * rotation times .6 or .4, so that the two classes have disjoint supports (0.6 |u| <= 1.2). Blocks are then
 * turned among each other, bent one coordinate by its neighbour, and turned again: injective, and nothing of
 * it is along a coordinate. Each side has maps of its own. */
#define BLOCK      4u
#define CENTRE     1.3
#define SPLIT      0.2 /* between -1.3 + 1.2 and 1.3 - 0.8 along the diagonal */
#define BEND       0.8
#define BEND_SPEED 1.3

static const double CLASS_SCALE[2] = {0.6, 0.4};
static const double CLASS_PHASE[2] = {0.5, 1.1};
static const double MIX_PHASE[2][2] = {{0.8, 1.2}, {1.0, 0.6}}; /* [side][before, after the bend] */

static void bsc_dims(uint32_t bits, uint32_t *dim_x, uint32_t *dim_y)
{
    *dim_x = *dim_y = BLOCK * bits;
}

static double bsc_mi(uint32_t bits, double p)
{
    return bits * (LAW_LN2 - binary_entropy(p));
}

static void draw_block(mi_rng *rng, int bit, double *block)
{
    for (uint32_t k = 0; k < BLOCK; k++)
        block[k] = CLASS_SCALE[bit] * (2.0 * mi_rng_uniform(rng) - 1.0);
    mi_law_rotate(block, BLOCK, CLASS_PHASE[bit]);
    for (uint32_t k = 0; k < BLOCK; k++)
        block[k] += (bit ? CENTRE : -CENTRE) / sqrt(BLOCK);
}

static int block_bit(const double *block)
{
    double along = 0.0;
    for (uint32_t k = 0; k < BLOCK; k++)
        along += block[k] / sqrt(BLOCK);
    return along > SPLIT;
}

static void disguise(double *v, uint32_t dim, int side)
{
    mi_law_rotate(v, dim, MIX_PHASE[side][0]);
    for (uint32_t k = 1; k < dim; k++)
        v[k] += BEND * sin(BEND_SPEED * v[k - 1]);
    mi_law_rotate(v, dim, MIX_PHASE[side][1]);
}

static void undisguise(double *v, uint32_t dim, int side)
{
    mi_law_unrotate(v, dim, MIX_PHASE[side][1]);
    for (uint32_t k = dim - 1; k > 0; k--)
        v[k] -= BEND * sin(BEND_SPEED * v[k - 1]);
    mi_law_unrotate(v, dim, MIX_PHASE[side][0]);
}

static void bsc_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    const uint32_t dim = BLOCK * spec->dim;
    double row[2][MI_LAW_MAX_DIM];
    for (size_t i = 0; i < n; i++) {
        for (uint32_t t = 0; t < spec->dim; t++) {
            const int bit = (int)mi_rng_below(rng, 2), flipped = mi_rng_uniform(rng) < spec->parameter;
            draw_block(rng, bit, row[0] + BLOCK * t);
            draw_block(rng, bit ^ flipped, row[1] + BLOCK * t);
        }
        for (int side = 0; side < 2; side++) {
            disguise(row[side], dim, side);
            for (uint32_t k = 0; k < dim; k++)
                (side ? y : x)[i * dim + k] = mi_law_float(row[side][k]);
        }
    }
}

static double bsc_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    const uint32_t dim = BLOCK * spec->dim;
    double row[2][MI_LAW_MAX_DIM];
    for (int side = 0; side < 2; side++) {
        for (uint32_t k = 0; k < dim; k++)
            row[side][k] = (double)(side ? y : x)[k];
        undisguise(row[side], dim, side);
    }
    uint32_t flipped = 0;
    for (uint32_t t = 0; t < spec->dim; t++)
        flipped += block_bit(row[0] + BLOCK * t) != block_bit(row[1] + BLOCK * t);
    const double same = (spec->dim - flipped) * log(2.0 * (1.0 - spec->parameter));
    return flipped ? same + flipped * log_or_never(2.0 * spec->parameter) : same;
}
const mi_law_methods mi_law_of_bsc = {bsc_dims, bsc_mi, NULL, bsc_draw, bsc_log_ratio};

/* ---- xor-sign ---- */
static void xor_sign_dims(uint32_t dim, uint32_t *dim_x, uint32_t *dim_y)
{
    *dim_x = 2 * dim;
    *dim_y = dim;
}

static double xor_sign_mi(uint32_t dim, double p)
{
    return dim * (LAW_LN2 - binary_entropy(p));
}

static void xor_sign_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        x[2 * k] = mi_law_float(mi_rng_normal(rng));
        x[2 * k + 1] = mi_law_float(mi_rng_normal(rng));
        y[k] = mi_law_float(fabs(mi_rng_normal(rng)));
        const int differ = (x[2 * k] > 0.0f) != (x[2 * k + 1] > 0.0f);
        if (differ != (spec->parameter > 0.0 && mi_rng_uniform(rng) < spec->parameter))
            y[k] = -y[k];
    }
}

static double xor_sign_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    double sum = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++) {
        const int differ = (x[2 * k] > 0.0f) != (x[2 * k + 1] > 0.0f), negative = signbit(y[k]) != 0;
        sum += log_or_never(2.0 * (differ == negative ? 1.0 - spec->parameter : spec->parameter));
    }
    return sum;
}
const mi_law_methods mi_law_of_xor_sign = {xor_sign_dims, xor_sign_mi, NULL, xor_sign_draw,
                                           xor_sign_log_ratio};

/* ---- letters ---- */
#define LETTERS 4u

static void letters_dims(uint32_t dim, uint32_t *dim_x, uint32_t *dim_y)
{
    *dim_x = *dim_y = LETTERS * dim;
}

static double letters_mi(uint32_t dim, double p)
{
    return dim * (log(LETTERS) - binary_entropy(p) - p * log(LETTERS - 1.0));
}

static void put_letter(float *hot, uint32_t letter)
{
    for (uint32_t k = 0; k < LETTERS; k++)
        hot[k] = k == letter ? 1.0f : 0.0f;
}

static void letters_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        const uint32_t letter = mi_rng_below(rng, LETTERS), other = 1 + mi_rng_below(rng, LETTERS - 1);
        const int wrong = mi_rng_uniform(rng) < spec->parameter;
        put_letter(x + LETTERS * k, letter);
        put_letter(y + LETTERS * k, wrong ? (letter + other) % LETTERS : letter);
    }
}

static double letters_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    const double same = log(LETTERS * (1.0 - spec->parameter));
    const double other = log_or_never(LETTERS * spec->parameter / (LETTERS - 1.0));
    double sum = 0.0;
    for (uint32_t k = 0; k < LETTERS * spec->dim; k++)
        if (x[k] > 0.5f)
            sum += y[k] > 0.5f ? same : other;
    return sum;
}
const mi_law_methods mi_law_of_letters = {letters_dims, letters_mi, NULL, letters_draw, letters_log_ratio};

/* ---- clusters ----
 * Centres (+-a, +-a) and unit noise: two independent antipodal signals in noise, one for each bit of the
 * label. I = 2 (log 2 - E log(1 + exp(-2 a (a + n)))). */
static void clusters_dims(uint32_t dim, uint32_t *dim_x, uint32_t *dim_y)
{
    *dim_x = 4 * dim;
    *dim_y = 2 * dim;
}

static double antipodal_loss(double noise, const void *context)
{
    const double a = *(const double *)context;
    return mi_law_normal_pdf(noise) * mi_law_softplus(-2.0 * a * (a + noise));
}

static double clusters_mi(uint32_t dim, double a)
{
    return 2.0 * dim * (LAW_LN2 - mi_law_integrate(antipodal_loss, &a, -12.0, 12.0, 96));
}

static void clusters_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    const double a = spec->parameter;
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        const uint32_t label = mi_rng_below(rng, 4);
        put_letter(x + 4 * k, label);
        y[2 * k] = mi_law_float((label & 1 ? a : -a) + mi_rng_normal(rng));
        y[2 * k + 1] = mi_law_float((label & 2 ? a : -a) + mi_rng_normal(rng));
    }
}

static double clusters_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    const double a = spec->parameter;
    double sum = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++)
        for (uint32_t label = 0; label < 4; label++) {
            if (x[4 * k + label] < 0.5f)
                continue;
            const double first = (double)y[2 * k] * (label & 1 ? 1.0 : -1.0);
            const double second = (double)y[2 * k + 1] * (label & 2 ? 1.0 : -1.0);
            sum += 2.0 * LAW_LN2 - mi_law_softplus(-2.0 * a * first) - mi_law_softplus(-2.0 * a * second);
        }
    return sum;
}
const mi_law_methods mi_law_of_clusters = {clusters_dims, clusters_mi, NULL, clusters_draw,
                                           clusters_log_ratio};

/* ---- poisson ----
 * x ~ Gamma(2,1), y ~ Poisson(rate x). Given y, x is Gamma(2 + y, 1 + rate): I is the mean over the negative
 * binomial y of the divergence of that from Gamma(2,1), a sum of closed forms. */
#define SHAPE 2.0

static double log_negative_binomial(double count, double rate)
{
    return mi_law_log_gamma(SHAPE + count) - mi_law_log_gamma(SHAPE) - mi_law_log_gamma(count + 1.0) -
           SHAPE * log1p(rate) + count * (log(rate) - log1p(rate));
}

static double poisson_mi(uint32_t dim, double rate)
{
    double sum = 0.0;
    const double mean = SHAPE * rate;
    for (double count = 0.0;; count += 1.0) {
        const double p = exp(log_negative_binomial(count, rate));
        const double divergence = count * mi_digamma(SHAPE + count) - mi_law_log_gamma(SHAPE + count) +
                                  mi_law_log_gamma(SHAPE) + SHAPE * log1p(rate) -
                                  (SHAPE + count) * rate / (1.0 + rate);
        sum += p * divergence;
        if (count > mean && p < 1e-18)
            return dim * sum;
    }
}

static void poisson_draw(const mi_law_spec *spec, mi_rng *rng, uint32_t n, float *x, float *y)
{
    for (size_t k = 0; k < (size_t)n * spec->dim; k++) {
        x[k] = mi_law_float(mi_law_draw_gamma(rng, SHAPE));
        y[k] = mi_law_float(mi_law_draw_poisson(rng, spec->parameter * (double)x[k]));
    }
}

static double poisson_log_ratio(const mi_law_spec *spec, const float *x, const float *y)
{
    double sum = 0.0;
    for (uint32_t k = 0; k < spec->dim; k++) {
        const double count = (double)y[k], mean = spec->parameter * (double)x[k];
        sum += count * log(mean) - mean - mi_law_log_gamma(count + 1.0) -
               log_negative_binomial(count, spec->parameter);
    }
    return sum;
}
const mi_law_methods mi_law_of_poisson = {mi_law_dims_square, poisson_mi, NULL, poisson_draw,
                                          poisson_log_ratio};
