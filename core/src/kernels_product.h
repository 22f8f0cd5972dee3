/*
 * Products of floats by the tiles of kernels_tiles.h: what the kernels of each instruction set share besides.
 * Before including it they define transpose(out, in, stride): out (LANES, LANES), rows PANEL floats apart, of
 * in (LANES, LANES).
 */
#define DEPTH 256 /* of a step: 64 KiB of b at 64 columns, on the stack when it is transposed */

/* out (depth, PANEL) = columns of the transposed factor: its rows first .. first + columns of b. */
static void transpose_panel(float *out, const float *b, size_t b_row, size_t columns, size_t depth)
{
    for (size_t j = 0; j < columns; j += LANES) {
        size_t l = 0;
        for (; j + LANES <= columns && l + LANES <= depth; l += LANES)
            transpose(out + l * PANEL + j, b + j * b_row + l, b_row);
        for (; l < depth; l++)
            for (size_t q = j; q < columns && q < j + LANES; q++)
                out[l * PANEL + q] = b[q * b_row + l];
    }
}

/* All of a panel. Deep products go in steps of DEPTH, so that a step's part of b stays in the second-level
 * cache; each goes on from where the last one stopped: one long chain, the same bits. */
static void deep_panel(const mi_product *p, span s, size_t columns)
{
    _Alignas(64) float turned[DEPTH * PANEL];
    for (size_t first = 0; first < p->k; first += DEPTH) {
        const int last = first + DEPTH >= p->k;
        span step = s;
        step.k = last ? p->k - first : DEPTH;
        step.a += first * s.a_col;
        if (p->b_transposed) {
            transpose_panel(turned, s.b + first, p->b_row, columns, step.k);
            step.b = step.ahead = turned;
            step.b_row = PANEL;
        } else {
            step.b += first * s.b_row;
            step.ahead += first * s.b_row;
        }
        if (first > 0) {
            step.init = s.c;
            step.init_row = s.c_row;
        }
        step.relu = last && s.relu;
        step.gate = last ? s.gate : NULL;
        panel(step, p->m, columns);
    }
}

static void product(const mi_product *p)
{
    for (size_t j = 0; j < p->n; j += PANEL) {
        const size_t columns = p->n - j < PANEL ? p->n - j : PANEL;
        const span s = {
            .a = p->a,
            .a_row = p->a_row,
            .a_col = p->a_col,
            .b = p->b + (p->b_transposed ? j * p->b_row : j),
            .b_row = p->b_row,
            .ahead = p->b + (p->b_transposed || j + PANEL >= p->n ? 0 : j + PANEL),
            .init = p->init ? p->init + j : NULL,
            .init_row = p->init_row,
            .c = p->c + j,
            .c_row = p->c_row,
            .relu = p->relu,
            .gate = p->gate ? p->gate + j : NULL,
            .gate_row = p->gate_row,
        };
        deep_panel(p, s, columns);
    }
}
