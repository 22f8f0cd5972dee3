#include "canvas.h"

#include <stdlib.h>

#define BRAILLE_BASE 0x2800

bool canvas_init(canvas *c, int columns, int rows, bool braille)
{
    size_t n = (size_t)columns * (size_t)rows;

    *c = (canvas){.columns = columns, .rows = rows, .dots_x = braille ? 2 : 1, .dots_y = braille ? 4 : 1};
    c->dots = calloc(n, 1);
    c->colors = calloc(n, 1);
    return c->dots && c->colors;
}

void canvas_fini(canvas *c)
{
    free(c->dots);
    free(c->colors);
    *c = (canvas){0};
}

void canvas_dot(canvas *c, int x, int y, int color, char ascii)
{
    /* Bits of U+2800: dots are numbered down the left column, then the right one, the fourth row coming last.
     */
    static const uint8_t bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    size_t at;

    if (x < 0 || y < 0 || x >= c->columns * c->dots_x || y >= c->rows * c->dots_y)
        return;
    at = (size_t)(y / c->dots_y) * (size_t)c->columns + (size_t)(x / c->dots_x);
    if (c->dots_x == 2)
        c->dots[at] |= bits[y % 4][x % 2];
    else
        c->dots[at] = (uint8_t)ascii;
    c->colors[at] = (uint8_t)color;
}

void canvas_line(canvas *c, int x0, int y0, int x1, int y1, int color, bool dotted, unsigned *phase)
{
    int dx = abs(x1 - x0), dy = -abs(y1 - y0), step_x = x0 < x1 ? 1 : -1, step_y = y0 < y1 ? 1 : -1,
        error = dx + dy;

    for (;;) {
        int twice = 2 * error;

        if (!dotted || (*phase)++ % 3 == 0)
            canvas_dot(c, x0, y0, color, dotted ? '.' : 'o');
        if (x0 == x1 && y0 == y1)
            return;
        if (twice >= dy) {
            error += dy;
            x0 += step_x;
        }
        if (twice <= dx) {
            error += dx;
            y0 += step_y;
        }
    }
}

static void put_utf8(unsigned code, proto_text *out)
{
    char bytes[3] = {(char)(0xe0 | code >> 12), (char)(0x80 | (code >> 6 & 0x3f)),
                     (char)(0x80 | (code & 0x3f))};

    proto_text_append(out, bytes, sizeof bytes);
}

void canvas_print_row(const canvas *c, int row, bool color, proto_text *out)
{
    int shown = 0, last = c->columns;
    size_t start = (size_t)row * (size_t)c->columns;

    while (last > 0 && !c->dots[start + (size_t)last - 1])
        last--;
    for (int column = 0; column < last; column++) {
        size_t at = start + (size_t)column;

        if (color && c->dots[at] && c->colors[at] != shown) {
            proto_text_printf(out, "\x1b[%dm", c->colors[at]);
            shown = c->colors[at];
        }
        if (!c->dots[at])
            proto_text_puts(out, " ");
        else if (c->dots_x == 2)
            put_utf8(BRAILLE_BASE + c->dots[at], out);
        else
            proto_text_append(out, &c->dots[at], 1);
    }
    if (shown)
        proto_text_puts(out, "\x1b[0m");
}
