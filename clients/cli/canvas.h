/*
 * A grid of dots shown as characters.
 */
#ifndef CLI_CANVAS_H
#define CLI_CANVAS_H

#include "proto/text.h"

#include <stdint.h>

typedef struct canvas {
    int columns, rows;  /* characters */
    int dots_x, dots_y; /* per character: 2 x 4 in Braille, 1 x 1 in ASCII */
    uint8_t *dots;      /* (rows, columns) Braille bits, or an ASCII character */
    uint8_t *colors;    /* (rows, columns) of the dot drawn last */
} canvas;

bool canvas_init(canvas *c, int columns, int rows, bool braille);
void canvas_fini(canvas *c);
/* (x, y) in dots from the upper left corner; outside is ignored. ascii: what stands for it without Braille.
 */
void canvas_dot(canvas *c, int x, int y, int color, char ascii);
/* From one dot to another; dotted leaves two of three out, counted on by *phase. */
void canvas_line(canvas *c, int x0, int y0, int x1, int y1, int color, bool dotted, unsigned *phase);
/* One row of characters, colored if asked. */
void canvas_print_row(const canvas *c, int row, bool color, proto_text *out);

#endif
