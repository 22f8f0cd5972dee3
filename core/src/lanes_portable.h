/* lanes.h: in plain C. */
#ifndef MI_LANES_PORTABLE_H
#define MI_LANES_PORTABLE_H

typedef struct doubles {
    double v[DOUBLES];
} doubles;
typedef struct floats {
    float v[FLOATS];
} floats;

#define D_MAP(expression)                    \
    do {                                     \
        doubles out;                         \
        for (size_t l = 0; l < DOUBLES; l++) \
            out.v[l] = (expression);         \
        return out;                          \
    } while (0)
#define F_MAP(expression)                   \
    do {                                    \
        floats out;                         \
        for (size_t l = 0; l < FLOATS; l++) \
            out.v[l] = (expression);        \
        return out;                         \
    } while (0)
#define STEPS(v, lanes, x, y, expression)                           \
    for (size_t half = (lanes) / 2; half > 0; half /= 2)            \
        for (size_t l = 0; l < half; l++) {                         \
            const __typeof__(v.v[0]) x = v.v[l], y = v.v[l + half]; \
            v.v[l] = (expression);                                  \
        }                                                           \
    return v.v[0];

static inline doubles d_splat(double x)
{
    D_MAP(x);
}
static inline doubles d_load(const double *p)
{
    D_MAP(p[l]);
}
static inline doubles d_low(floats v)
{
    D_MAP((double)v.v[l]);
}
static inline doubles d_high(floats v)
{
    D_MAP((double)v.v[DOUBLES + l]);
}
static inline doubles d_add(doubles a, doubles b)
{
    D_MAP(a.v[l] + b.v[l]);
}
static inline doubles d_subtract(doubles a, doubles b)
{
    D_MAP(a.v[l] - b.v[l]);
}
static inline doubles d_multiply(doubles a, doubles b)
{
    D_MAP(a.v[l] * b.v[l]);
}
static inline doubles d_divide(doubles a, doubles b)
{
    D_MAP(a.v[l] / b.v[l]);
}
static inline doubles d_multiply_add(doubles a, doubles b, doubles c)
{
    D_MAP(a.v[l] * b.v[l] + c.v[l]);
}
static inline doubles d_less_product(doubles a, doubles b, doubles c)
{
    D_MAP(c.v[l] - a.v[l] * b.v[l]);
}
static inline doubles d_unless_equal(doubles x, doubles y, doubles a)
{
    D_MAP(x.v[l] == y.v[l] ? 0.0 : a.v[l]);
}
static inline doubles d_choose_unless_equal(doubles x, doubles y, doubles a, doubles b)
{
    D_MAP(x.v[l] == y.v[l] ? b.v[l] : a.v[l]);
}
static inline doubles d_add_unless_equal(doubles x, doubles y, doubles a, doubles sum)
{
    return d_add(sum, d_unless_equal(x, y, a));
}
static inline double d_sum(doubles v)
{
    STEPS(v, DOUBLES, x, y, x + y)
}
static inline double d_product(doubles v)
{
    STEPS(v, DOUBLES, x, y, x * y)
}
static inline void d_store(double *p, doubles v)
{
    memcpy(p, v.v, sizeof v.v);
}
static inline void d_to_floats(float *p, doubles v)
{
    for (size_t l = 0; l < DOUBLES; l++)
        p[l] = (float)v.v[l];
}
static inline doubles d_scale(doubles p, doubles shifted)
{
    for (size_t l = 0; l < DOUBLES; l++) {
        uint64_t bits = 0;
        double power = 0;
        memcpy(&bits, &shifted.v[l], sizeof bits);
        bits = (uint64_t)mi_roots[bits % 8] + (bits << 49);
        memcpy(&power, &bits, sizeof power);
        p.v[l] *= power;
    }
    return p;
}

static inline floats f_splat(float x)
{
    F_MAP(x);
}
static inline floats f_load(const float *p)
{
    F_MAP(p[l]);
}
static inline floats f_max(floats a, floats b)
{
    F_MAP(a.v[l] > b.v[l] ? a.v[l] : b.v[l]);
}
static inline floats f_multiply(floats a, floats b)
{
    F_MAP(a.v[l] * b.v[l]);
}
static inline floats f_multiply_add(floats a, floats b, floats c)
{
    F_MAP(a.v[l] * b.v[l] + c.v[l]);
}
static inline floats f_if_greater(floats x, floats y, floats a, floats b)
{
    F_MAP(x.v[l] > y.v[l] ? a.v[l] : b.v[l]);
}
static inline floats f_if_equal(floats x, floats y, floats a, floats b)
{
    F_MAP(x.v[l] == y.v[l] ? a.v[l] : b.v[l]);
}
static inline float f_largest(floats v)
{
    STEPS(v, FLOATS, x, y, x > y ? x : y)
}
static inline float f_smallest(floats v)
{
    STEPS(v, FLOATS, x, y, x < y ? x : y)
}
static inline void f_store(float *p, floats v)
{
    memcpy(p, v.v, sizeof v.v);
}
static inline floats f_load_some(const float *p, size_t n, floats rest)
{
    float lane[FLOATS];
    f_store(lane, rest);
    for (size_t l = 0; l < n; l++)
        lane[l] = p[l];
    return f_load(lane);
}

#endif
