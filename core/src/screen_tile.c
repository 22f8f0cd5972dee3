/*
 * A tile: a panel of y is transposed once, then a few rows of x at a time meet it, so that their outputs are
 * looked at in the first-level cache.
 */
#include "screen_impl.h"

/* Rows of the next panel that are asked for at a time: a band has so many times MI_SCREEN_ROWS. */
#define AHEAD (MI_PANEL / (MI_SCREEN_BAND / MI_SCREEN_ROWS))

/* Outputs of n rows of x from `x` on and a packed panel, one row of `outputs` each. The one place where a
 * screen multiplies. */
void mi_screen_product(const mi_screen *s, const float *x, size_t ld, uint32_t n, const float *panel,
                       float *outputs, size_t ld_outputs)
{
    const mi_product p = {
        .m = n,
        .n = MI_PANEL,
        .k = s->spec.width,
        .a = x,
        .a_row = ld,
        .a_col = 1,
        .b = panel,
        .b_row = MI_PANEL,
        .c = outputs,
        .c_row = ld_outputs,
    };
    s->kernels->product(&p);
}

/* A share of the panel of y that is next: the rows from `at` on are read from memory meanwhile. */
static void read_ahead(const mi_screen *s, uint32_t at, uint32_t n)
{
    enum { LINE = 64 / sizeof(float) };
    const uint32_t end = mi_screen_min(n, s->spec.n_y - mi_screen_min(at, s->spec.n_y));
    for (uint32_t j = 0; j < end; j++)
        for (uint32_t k = 0; k < s->spec.width; k += LINE)
            __builtin_prefetch(s->y + (size_t)(at + j) * s->ld_y + k, 0, 2);
}

void mi_screen_tile(mi_screen *s, uint32_t rows, uint32_t first, uint32_t columns)
{
    for (uint32_t at = first; at < first + columns; at += MI_PANEL) {
        const int whole = mi_screen_whole_panel(s, rows, at);
        s->ops->pack(s->y + at * s->ld_y, s->ld_y, mi_screen_min(MI_PANEL, s->spec.n_y - at), s->spec.width,
                     s->panel);
        for (uint32_t row = 0; row < rows; row += MI_SCREEN_ROWS) {
            const uint32_t n = mi_screen_min(MI_SCREEN_ROWS, rows - row);
            mi_screen_product(s, s->x + (size_t)(s->row + row) * s->ld_x, s->ld_x, n, s->panel, s->tile,
                              MI_PANEL);
            read_ahead(s, at + MI_PANEL + row / MI_SCREEN_ROWS * AHEAD, AHEAD);
            s->ops->look(s, row, n, at, whole);
        }
    }
}
