/*
 * Listed pairs: the bits of one dot product at a time, for all widths and numbers of pairs.
 */
#include "pair_scores.h"
#include "testing.h"

#include <math.h>
#include <string.h>

#define ROWS  50u
#define WIDTH 1030u
#define PAIRS 100u

START_TEST(test_many_pairs_have_the_bits_of_one)
{
    static const size_t widths[] = {1, 7, 8, 15, 16, 17, 32, 33, 64, 100, 256, 1024, 1030};
    float *x = malloc(sizeof(float) * ROWS * WIDTH), *y = malloc(sizeof(float) * ROWS * WIDTH);
    uint32_t index_x[PAIRS], index_y[PAIRS];
    mi_rng rng = test_rng(3);
    fill_normal(x, ROWS * WIDTH, 1);
    fill_normal(y, ROWS * WIDTH, 2);
    x[5] = NAN;
    x[2 * WIDTH] = INFINITY;
    y[7] = -0.0f;
    for (uint32_t p = 0; p < PAIRS; p++) {
        index_x[p] = mi_rng_below(&rng, ROWS);
        index_y[p] = mi_rng_below(&rng, ROWS);
    }
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
        for (uint32_t n = 0; n <= PAIRS; n += n < 34 ? 1 : 33)
            for (int listed = 0; listed < 4; listed++) {
                const uint32_t *ix = listed & 1 ? index_x : NULL, *iy = listed & 2 ? index_y : NULL;
                const uint32_t most = listed == 3 || n < ROWS ? n : ROWS;
                float here[PAIRS] = {0}, one[PAIRS] = {0};
                mi_pair_scores(x, ix, y, iy, most, widths[w], here);
                mi_pair_scores_portable(x, ix, y, iy, most, widths[w], one);
                for (uint32_t p = 0; p < PAIRS; p++)
                    ck_assert(memcmp(&here[p], &one[p], sizeof(float)) == 0 ||
                              (isnan(here[p]) && isnan(one[p])));
            }
    free(x);
    free(y);
}
END_TEST

int main(void)
{
    RUN_TESTS("core/screen_pairs", test_many_pairs_have_the_bits_of_one);
}
