/*
 * The passes of anchor_lines.h, for the lanes of the including file, which names its MACHINE.
 */
#include "anchor_lines.h"
#include "lanes.h"

#include <float.h>

/* e^LOWEST is nothing to nu, and no product with it is denormal, which would cost a hundred cycles. */
#define LOWEST (-650.0)

/* Sixteen scores of a row of which n are left, with their columns; that of the joint pair, `here`, and what
 * is behind the row are lower than any other. */
static inline floats others(const float *row, size_t n, const float *index, floats here)
{
    const floats lowest = f_splat(-FLT_MAX);
    const floats x = n >= FLOATS ? f_load(row) : f_load_some(row, n, lowest);
    return f_if_equal(f_load(index), here, lowest, x);
}

/* The unit e^shift of ratios. */
typedef struct unit {
    floats slope, lowest;
    doubles rounder; /* see d_exp_two */
} unit;

static inline unit unit_of(const mi_anchor_matrix *m)
{
    return (unit){f_splat(m->slope), f_splat((float)(m->shift + LOWEST)),
                  d_splat(D_ROUNDER - __builtin_rint(m->shift / D_EIGHTH))};
}

/* The ratios of sixteen scores. */
static inline void ratios(floats score, const unit *u, doubles r[2])
{
    const floats held = f_max(f_multiply(score, u->slope), u->lowest);
    d_exp_two(d_low(held), d_high(held), u->rounder, r);
}

static inline float scan_rows(const mi_anchor_matrix *m, const int both)
{
    const size_t ld = m->ld, batch = m->batch;
    const float *const index = m->index;
    float *const top = m->top, *const top_row = m->top_row;
    floats poison = f_splat(0.0f), top_most = f_splat(-FLT_MAX);
    float highest = -FLT_MAX, spoiled = 0.0f;
    for (size_t j = 0; j < ld; j++) {
        top[j] = -FLT_MAX;
        top_row[j] = j == 0 ? 1.0f : 0.0f; /* an other, should all of them be as low */
    }
    for (size_t i = 0; i < m->batch; i++) {
        const floats here = f_splat((float)i);
        const float *const scores = m->scores + i * batch;
        floats most = f_splat(-FLT_MAX), at = f_splat(i == 0 ? 1.0f : 0.0f);
        for (size_t j = 0; j < ld; j += FLOATS) {
            const floats x = others(scores + j, batch - j, index + j, here), above = f_load(top + j);
            poison = f_multiply_add(x, f_splat(0.0f), poison); /* NaN unless finite */
            if (both)
                at = f_if_greater(x, most, f_load(index + j), at);
            most = f_max(x, most);
            f_store(top_row + j, f_if_greater(x, above, here, f_load(top_row + j)));
            f_store(top + j, f_max(x, above));
        }
        const float joint = m->scores[i * (m->batch + 1)];
        if (both) { /* the first of equals, whatever the lanes */
            const floats largest = f_splat(f_largest(most));
            m->row.at[i] = (double)f_smallest(f_if_equal(most, largest, at, f_splat(FLT_MAX)));
        }
        spoiled += joint * 0.0f;
        highest = joint > highest ? joint : highest;
        top_most = f_max(most, top_most);
    }
    for (size_t j = 0; j < ld; j++)
        m->column.at[j] = (double)top_row[j];
    float lane[FLOATS];
    f_store(lane, poison);
    for (size_t l = 0; l < FLOATS; l++)
        spoiled += lane[l];
    const float largest = f_largest(top_most);
    return (largest > highest ? largest : highest) + spoiled;
}

static float scan(const mi_anchor_matrix *m)
{
    return m->both ? scan_rows(m, 1) : scan_rows(m, 0);
}

/* r of one entry of each line. */
static void fill_entries(const mi_anchor_matrix *m, double *out, const double *at, size_t by_line,
                         size_t by_entry)
{
    float *const score = m->top; /* has served */
    const unit u = unit_of(m);
    for (size_t j = 0; j < m->batch; j++)
        score[j] = m->scores[j * by_line + (at ? (size_t)at[j] : j) * by_entry];
    for (size_t j = 0; j < m->ld; j += FLOATS) {
        doubles r[2];
        ratios(f_load(score + j), &u, r);
        d_store(out + j, r[0]);
        d_store(out + j + DOUBLES, r[1]);
    }
}

static inline void sum_rows(const mi_anchor_matrix *m, const int both)
{
    const size_t ld = m->ld, batch = m->batch;
    const double *const column_at = m->column.at, *const position = m->position;
    const float *const order = m->index;
    double *const column = m->column.others;
    const unit e = unit_of(m);
    fill_entries(m, m->joint, NULL, m->batch, 1);
    fill_entries(m, m->column.most, m->column.at, 1, m->batch);
    if (both)
        fill_entries(m, m->row.most, m->row.at, m->batch, 1);
    memset(column, 0, ld * sizeof *column);
    for (size_t i = 0; i < m->batch; i++) {
        double *const ratio = m->ratio ? m->ratio + i * ld : NULL;
        const float *const scores = m->scores + i * batch;
        const floats index = f_splat((float)i);
        const doubles here = d_splat((double)i), row_at = d_splat(both ? m->row.at[i] : 0.0);
        doubles row = d_splat(0.0);
        for (size_t j = 0; j < ld; j += FLOATS) {
            doubles r[2];
            ratios(others(scores + j, batch - j, order + j, index), &e, r);
#pragma GCC unroll 2
            for (size_t h = 0; h < 2; h++) {
                const size_t k = j + h * DOUBLES;
                if (ratio)
                    d_store(ratio + k, r[h]);
                d_store(column + k,
                        d_add_unless_equal(d_load(column_at + k), here, r[h], d_load(column + k)));
                if (both)
                    row = d_add_unless_equal(d_load(position + k), row_at, r[h], row);
            }
        }
        if (both)
            m->row.others[i] = d_sum(row);
    }
}

static void sum(const mi_anchor_matrix *m)
{
    if (m->both)
        sum_rows(m, 1);
    else
        sum_rows(m, 0);
}

static inline void multiply_row(const mi_anchor_matrix *m, size_t i, const int both,
                                const mi_anchor_depth depth)
{
    const size_t ld = m->ld, batch = m->batch;
    const float *const scores = m->scores + i * batch, *const order = m->index;
    const unit e = unit_of(m);
    const double *const ratio = m->ratio ? m->ratio + i * ld : NULL, *const position = m->position;
    const double *const column_at = m->column.at, *const inverse = m->column.inverse;
    double *const product = m->column.product, *const quotient = m->column.quotients,
                  *const square = m->column.squares;
    const floats index = f_splat((float)i);
    const doubles one = d_splat(1.0), here = d_splat((double)i), row_at = d_splat(both ? m->row.at[i] : 0.0);
    const doubles row_inverse = d_splat(both ? m->row.inverse[i] : 0.0);
    doubles row_product = one, row_quotient = d_splat(0.0), row_square = d_splat(0.0);
    for (size_t j = 0; j < ld; j += FLOATS) {
        doubles r[2];
        if (ratio) {
            r[0] = d_load(ratio + j);
            r[1] = d_load(ratio + j + DOUBLES);
        } else {
            ratios(others(scores + j, batch - j, order + j, index), &e, r);
        }
#pragma GCC unroll 2
        for (size_t h = 0; h < 2; h++) {
            const size_t k = j + h * DOUBLES;
            const doubles u =
                d_unless_equal(d_load(column_at + k), here, d_multiply(r[h], d_load(inverse + k)));
            const doubles v =
                both ? d_unless_equal(d_load(position + k), row_at, d_multiply(r[h], row_inverse))
                     : d_splat(0.0);
            const doubles old = d_load(product + k);
            d_store(product + k, d_less_product(u, old, old));
            if (both)
                row_product = d_less_product(v, row_product, row_product);
            if (depth == MI_ANCHOR_PRODUCT)
                continue;
            /* One division for two. */
            const doubles by_column = d_subtract(one, u), by_row = d_subtract(one, v);
            const doubles share = d_divide(one, both ? d_multiply(by_column, by_row) : by_column);
            const doubles of_column = both ? d_multiply(share, by_row) : share;
            const doubles of_row = d_multiply(share, by_column);
            d_store(quotient + k, d_add(d_load(quotient + k), of_column));
            if (both)
                row_quotient = d_add(row_quotient, of_row);
            if (depth == MI_ANCHOR_SQUARES) {
                d_store(square + k, d_multiply_add(of_column, of_column, d_load(square + k)));
                row_square = d_multiply_add(of_row, of_row, row_square);
            }
        }
    }
    if (both) {
        m->row.product[i] = d_product(row_product);
        m->row.quotients[i] = d_sum(row_quotient);
        m->row.squares[i] = d_sum(row_square);
    }
}

static inline void multiply_rows(const mi_anchor_matrix *m, const int both, const mi_anchor_depth depth)
{
    for (size_t j = 0; j < m->ld; j++) {
        m->column.product[j] = 1.0;
        m->column.quotients[j] = m->column.squares[j] = 0.0;
    }
    for (size_t i = 0; i < m->batch; i++)
        multiply_row(m, i, both, depth);
}

static void multiply(const mi_anchor_matrix *m, mi_anchor_depth depth)
{
    if (m->both && depth == MI_ANCHOR_QUOTIENTS)
        multiply_rows(m, 1, MI_ANCHOR_QUOTIENTS);
    else if (m->both && depth == MI_ANCHOR_PRODUCT)
        multiply_rows(m, 1, MI_ANCHOR_PRODUCT);
    else if (m->both)
        multiply_rows(m, 1, MI_ANCHOR_SQUARES);
    else if (depth == MI_ANCHOR_PRODUCT)
        multiply_rows(m, 0, MI_ANCHOR_PRODUCT);
    else
        multiply_rows(m, 0, MI_ANCHOR_SQUARES);
}

/* rest - share quotient; alone for the largest of a line. */
static inline doubles left_out(doubles at, doubles here, doubles alone, doubles rest, doubles share,
                               doubles quotient)
{
    return d_choose_unless_equal(at, here, d_less_product(share, quotient, rest), alone);
}

static inline void gradient_row(const mi_anchor_matrix *m, size_t i, float *out, const int both)
{
    const size_t ld = m->ld;
    const mi_anchor_lines *const column = &m->column, *const row = &m->row;
    const double *const ratio = m->ratio + i * ld, *const position = m->position;
    const double *const column_at = column->at, *const inverse = column->inverse;
    const double *const alone = column->alone, *const rest = column->rest, *const share = column->share;
    float *const line = m->batch % FLOATS ? m->top : out; /* whole vectors fit, or go through a buffer */
    const doubles here = d_splat((double)i), row_at = d_splat(both ? row->at[i] : 0.0), one = d_splat(1.0);
    const doubles row_inverse = d_splat(both ? row->inverse[i] : 0.0),
                  row_alone = d_splat(both ? row->alone[i] : 0.0);
    const doubles row_rest = d_splat(both ? row->rest[i] : 0.0),
                  row_share = d_splat(both ? row->share[i] : 0.0);
    for (size_t k = 0; k < ld; k += DOUBLES) {
        const doubles r = d_load(ratio + k), at = d_load(column_at + k);
        const doubles u = d_unless_equal(at, here, d_multiply(r, d_load(inverse + k)));
        const doubles by_column = d_subtract(one, u);
        doubles sum;
        if (both) {
            const doubles v = d_unless_equal(d_load(position + k), row_at, d_multiply(r, row_inverse));
            const doubles by_row = d_subtract(one, v);
            const doubles q = d_divide(one, d_multiply(by_column, by_row));
            sum = d_add(left_out(at, here, d_load(alone + k), d_load(rest + k), d_load(share + k),
                                 d_multiply(q, by_row)),
                        left_out(d_load(position + k), row_at, row_alone, row_rest, row_share,
                                 d_multiply(q, by_column)));
        } else {
            sum = left_out(at, here, d_load(alone + k), d_load(rest + k), d_load(share + k),
                           d_divide(one, by_column));
        }
        d_to_floats(line + k, d_multiply(r, sum));
    }
    if (line != out)
        memcpy(out, line, m->batch * sizeof *out);
}

static void gradient(const mi_anchor_matrix *m, float *grad)
{
    for (size_t i = 0; i < m->batch; i++)
        if (m->both)
            gradient_row(m, i, grad + i * m->batch, 1);
        else
            gradient_row(m, i, grad + i * m->batch, 0);
}

#define NAME_OF(x) #x
#define TEXT_OF(x) NAME_OF(x)
#define JOIN(a, b) a##b
#define PASSES(k)  JOIN(mi_anchor_, k)

const mi_anchor_passes PASSES(MACHINE) = {TEXT_OF(MACHINE), scan, sum, multiply, gradient};
