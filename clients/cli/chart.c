#include "chart.h"

#include "canvas.h"
#include "format.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define Y_LABEL         8 /* columns of a y label, and its tick */
#define SMALLEST_WIDTH  24
#define SMALLEST_HEIGHT 6

typedef struct range {
    double low, high;
} range;

typedef struct frame {
    range x, y;
    double y_step;
    int columns, rows; /* of the canvas */
} frame;

double chart_step(double span, int most)
{
    double raw = span / most, power = pow(10, floor(log10(raw))), step = power;

    if (raw > 5 * power)
        step = 10 * power;
    else if (raw > 2 * power)
        step = 5 * power;
    else if (raw > power)
        step = 2 * power;
    return step;
}

/* Of all finite points; false without any. */
static bool find_ranges(const chart *c, range *x, range *y)
{
    *x = *y = (range){(double)INFINITY, -(double)INFINITY};
    for (size_t s = 0; s < c->n_series; s++) {
        const chart_series *series = &c->series[s];

        for (size_t i = 0; i < series->n; i++) {
            if (!isfinite(series->x[i]) || !isfinite(series->y[i]))
                continue;
            x->low = fmin(x->low, series->x[i]);
            x->high = fmax(x->high, series->x[i]);
            y->low = fmin(y->low, series->y[i]);
            y->high = fmax(y->high, series->y[i]);
        }
    }
    return x->low <= x->high;
}

/* A constant is shown in the middle of a range around it. Halves, so that the span of huge values stays
 * finite. */
static void widen(range *r)
{
    if (r->high / 2 - r->low / 2 > 1e-12 * fmax(fabs(r->low), fabs(r->high)) && r->high - r->low > 1e-300)
        return;
    r->low -= fmax(fabs(r->low) * 0.1, 0.5);
    r->high += fmax(fabs(r->high) * 0.1, 0.5);
}

static bool make_frame(const chart *c, frame *f)
{
    int width = c->width < SMALLEST_WIDTH ? SMALLEST_WIDTH : c->width;
    int height = c->height < SMALLEST_HEIGHT ? SMALLEST_HEIGHT : c->height;

    if (!find_ranges(c, &f->x, &f->y))
        return false;
    widen(&f->x);
    widen(&f->y);
    f->columns = width - Y_LABEL - 2;
    f->rows = height - 2;
    f->y_step = chart_step(f->y.high - f->y.low, f->rows / 3 < 2 ? 2 : f->rows / 3);
    f->y.low = floor(f->y.low / f->y_step) * f->y_step;
    f->y.high = ceil(f->y.high / f->y_step) * f->y_step;
    return isfinite(f->y.high - f->y.low) && isfinite(f->x.high - f->x.low) && f->y.high > f->y.low;
}

/* Where a value lies among n dots. */
static int place(double value, range r, int n)
{
    return (int)lround((value - r.low) / (r.high - r.low) * (n - 1));
}

static void draw_series(canvas *cv, const frame *f, const chart_series *s)
{
    int width = f->columns * cv->dots_x, height = f->rows * cv->dots_y, x0 = 0, y0 = 0;
    bool joined = false;
    unsigned phase = 0;

    for (size_t i = 0; i < s->n; i++) {
        int x, y;

        if (!isfinite(s->x[i]) || !isfinite(s->y[i])) {
            joined = false;
            continue;
        }
        x = place(s->x[i], f->x, width);
        y = height - 1 - place(s->y[i], f->y, height);
        canvas_line(cv, joined ? x0 : x, joined ? y0 : y, x, y, s->color, s->style == CHART_DOTTED, &phase);
        x0 = x;
        y0 = y;
        joined = true;
    }
}

/* Decimals that tell neighbouring ticks apart. */
static const char *tick_text(char buffer[FORMAT_SIZE], double value, double step)
{
    int decimals = step >= 1 ? 0 : (int)ceil(-log10(step) - 1e-9);

    return decimals > 5 || fabs(value) >= 1e7 ? format_number(buffer, value)
                                              : format_fixed(buffer, value, decimals);
}

static void draw_row(const chart *c, const canvas *cv, const frame *f, int row, proto_text *out)
{
    /* A tick labels the row that holds it. */
    double ticks = round((f->y.high - f->y.low) / f->y_step);
    char label[FORMAT_SIZE] = "";
    bool tick = false;

    for (int i = 0; i <= (int)ticks; i++) {
        double value = f->y.low + i * f->y_step;

        if (f->rows - 1 - place(value, f->y, f->rows) == row) {
            tick_text(label, value, f->y_step);
            tick = true;
        }
    }
    proto_text_printf(out, "%*s %s", Y_LABEL, label, c->unicode ? tick ? "┤" : "│" : tick ? "+" : "|");
    canvas_print_row(cv, row, c->color, out);
    proto_text_puts(out, "\n");
}

static void draw_x_axis(const chart *c, const frame *f, proto_text *out)
{
    char low[FORMAT_SIZE], high[FORMAT_SIZE];
    int gap, label = (int)strlen(c->x_label);

    format_number(low, f->x.low);
    format_number(high, f->x.high);
    proto_text_printf(out, "%*s %s", Y_LABEL, "", c->unicode ? "└" : "+");
    for (int i = 0; i < f->columns; i++)
        proto_text_puts(out, c->unicode ? "─" : "-");
    gap = f->columns - (int)strlen(low) - (int)strlen(high) - label;
    proto_text_printf(out, "\n%*s  %s%*s%s%*s%s\n", Y_LABEL, "", low, gap > 1 ? gap / 2 : 1, "",
                      gap > 1 ? c->x_label : "", gap > 1 ? gap - gap / 2 : 1, "", high);
}

bool chart_draw(const chart *c, proto_text *out)
{
    frame f;
    canvas cv;

    proto_text_printf(out, "%s\n", c->title);
    if (!make_frame(c, &f)) {
        proto_text_puts(out, "  (no finite points)\n");
        return proto_text_ok(out);
    }
    if (!canvas_init(&cv, f.columns, f.rows, c->unicode)) {
        canvas_fini(&cv);
        return false;
    }
    for (size_t s = 0; s < c->n_series; s++)
        draw_series(&cv, &f, &c->series[s]);
    for (int row = 0; row < f.rows; row++)
        draw_row(c, &cv, &f, row, out);
    draw_x_axis(c, &f, out);
    canvas_fini(&cv);
    return proto_text_ok(out);
}
