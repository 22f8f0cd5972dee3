/*
 * Line charts in a terminal: Braille dots (2 x 4 to a cell) where the locale has them, ASCII elsewhere.
 */
#ifndef CLI_CHART_H
#define CLI_CHART_H

#include "proto/text.h"

typedef enum chart_style { CHART_SOLID, CHART_DOTTED } chart_style;

typedef struct chart_series {
    const double *x, *y; /* n points, x ascending; a point that is not finite breaks the line */
    size_t n;
    chart_style style;
    int color; /* ANSI, 31..36 */
} chart_series;

typedef struct chart {
    const char *title;   /* printed above, with y's unit */
    const char *x_label; /* below */
    const chart_series *series;
    size_t n_series;
    int width, height; /* characters, axes included; the smallest are 24 x 6 */
    bool unicode, color;
} chart;

/* Append the drawing: height lines, and the title and label lines. Says so where there is nothing to draw.
 * False when memory ran out. */
bool chart_draw(const chart *c, proto_text *out);
/* A round step (1, 2 or 5 times a power of ten) that cuts `span` into at most `most` parts. span > 0. */
double chart_step(double span, int most);

#endif
