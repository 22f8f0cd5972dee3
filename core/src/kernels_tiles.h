/*
 * Tiles of a product in vector registers: the text that the kernels of each instruction set share. Before
 * including it they define
 *
 *   LANES               floats in a vector
 *   VECTORS             of a tile's row; a tile is at most ROWS x VECTORS accumulators, all in registers
 *   vector, mask        types; a mask says which lanes of a row's last vector exist
 *   mask_of(n)          the first n lanes, 1 <= n <= LANES
 *   zero(), load(p), store(p, v), load_some(p, mask), store_some(p, mask, v)
 *   rectify(v), where_positive(gate, v)
 * and of the factors, which are floats or pairs of bfloat16:
 *   operand, factors    types of one entry and of a vector of them
 *   splat(x), load_factors(p), load_some_factors(p, mask), multiply_add(a, b, c)
 *
 * A tile reads one row of b (VECTORS loads) and ROWS entries of a (broadcasts) for ROWS * VECTORS
 * multiply-adds, which keeps the multipliers and not the loads busy.
 */
#include "kernels.h"

#define ROWS   6
#define PANEL  ((size_t)LANES * VECTORS)
#define INLINE static inline __attribute__((always_inline))

/* One tile's share of a product: pointers at its first entries. */
typedef struct span {
    size_t k;
    const operand *a;
    size_t a_row, a_col;
    const operand *b;
    size_t b_row;
    const operand *ahead; /* what of b is wanted after this panel, rows like those of b */
    const float *init;
    size_t init_row;
    float *c;
    size_t c_row;
    int relu;
    const float *gate;
    size_t gate_row;
    mask tail;
} span;

INLINE vector load_part(const float *p, int last, mask tail)
{
    return last ? load_some(p, tail) : load(p);
}

/* rows and vectors are constants wherever the following are inlined, so that `sum` lives in registers. */
#define EVERY(i, v)                                        \
    _Pragma("GCC unroll 8") for (int i = 0; i < rows; i++) \
        _Pragma("GCC unroll 8") for (int v = 0; v < vectors; v++)

/* ReLU, its gradient, and the result to where it belongs. */
INLINE void finish(const span *s, const int rows, const int vectors, vector sum[ROWS][VECTORS])
{
    if (s->relu)
        EVERY(i, v) sum[i][v] = rectify(sum[i][v]);
    if (s->gate)
        EVERY(i, v)
        {
            const float *gate = s->gate + (size_t)i * s->gate_row + v * LANES;
            sum[i][v] = where_positive(load_part(gate, v == vectors - 1, s->tail), sum[i][v]);
        }
    EVERY(i, v)
    {
        float *c = s->c + (size_t)i * s->c_row + v * LANES;
        if (v == vectors - 1)
            store_some(c, s->tail, sum[i][v]);
        else
            store(c, sum[i][v]);
    }
}

/* Where the sums start. Results that are not read are asked for, lest their stores wait for them. */
INLINE void start(const span *s, const int rows, const int vectors, vector sum[ROWS][VECTORS])
{
    EVERY(i, v)
    {
        __builtin_prefetch(s->c + (size_t)i * s->c_row + v * LANES, 1);
        sum[i][v] = s->init
                        ? load_part(s->init + (size_t)i * s->init_row + v * LANES, v == vectors - 1, s->tail)
                        : zero();
    }
}

INLINE void tile(const span *s, const int rows, const int vectors)
{
    vector sum[ROWS][VECTORS];
    const operand *a = s->a, *b = s->b, *ahead = s->ahead;
    start(s, rows, vectors, sum);
    for (size_t l = 0; l < s->k; l++, a += s->a_col, b += s->b_row, ahead += s->b_row) {
        factors row[VECTORS];
        __builtin_prefetch(ahead, 0, 2);
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            row[v] =
                v == vectors - 1 ? load_some_factors(b + v * LANES, s->tail) : load_factors(b + v * LANES);
#pragma GCC unroll 8
        for (int i = 0; i < rows; i++) {
            const factors factor = splat(a[(size_t)i * s->a_row]);
#pragma GCC unroll 8
            for (int v = 0; v < vectors; v++)
                sum[i][v] = multiply_add(factor, row[v], sum[i][v]);
        }
    }
    finish(s, rows, vectors, sum);
}

#define TILE(rows, vectors)                            \
    static void tile_##rows##_##vectors(const span *s) \
    {                                                  \
        tile(s, rows, vectors);                        \
    }
#define TILES(vectors) \
    TILE(1, vectors) TILE(2, vectors) TILE(3, vectors) TILE(4, vectors) TILE(5, vectors) TILE(6, vectors)
#define TILE_ROW(vectors)                                                                         \
    {                                                                                             \
        tile_1_##vectors, tile_2_##vectors, tile_3_##vectors, tile_4_##vectors, tile_5_##vectors, \
            tile_6_##vectors                                                                      \
    }

TILES(1)
TILES(2)
#if VECTORS == 4
TILES(3)
TILES(4)
#endif

static void (*const tiles[VECTORS][ROWS])(const span *s) = {
    TILE_ROW(1),
    TILE_ROW(2),
#if VECTORS == 4
    TILE_ROW(3),
    TILE_ROW(4),
#endif
};

/* All rows of one panel of columns. */
static void panel(span s, size_t m, size_t columns)
{
    const size_t vectors = (columns + LANES - 1) / LANES;
    const operand *next = s.ahead;
    s.tail = mask_of(columns - (vectors - 1) * LANES);
    for (size_t i = 0, rows = 0, turn = 0; i < m; i += rows, turn++) {
        const size_t left = m - i;
        s.ahead = turn < VECTORS ? next + turn * LANES : s.b; /* a line of each row in a turn */
        /* Two tiles of like height rather than a full one and a low one, whose chains would be too few. */
        rows = left <= ROWS ? left : left < 2 * ROWS ? (left + 1) / 2 : ROWS;
        tiles[vectors - 1][rows - 1](&s);
        s.a += rows * s.a_row;
        s.c += rows * s.c_row;
        s.init = s.init ? s.init + rows * s.init_row : NULL;
        s.gate = s.gate ? s.gate + rows * s.gate_row : NULL;
    }
}
