#include "duplicates.h"
#include "testing.h"

#include <string.h>

static uint64_t count(const float *x, uint64_t dim_x, const float *y, uint64_t dim_y, uint64_t n)
{
    uint64_t found = 99;
    ck_assert_int_eq(mi_count_duplicates(&found, (mi_matrix){x, n, dim_x}, (mi_matrix){y, n, dim_y}, NULL),
                     MI_OK);
    return found;
}

START_TEST(test_only_pairs_that_repeat_on_both_sides_count)
{
    static const float x[] = {1, 2, 1, 2, 3, 4, 1, 2}, y[] = {5, 6, 7, 5};
    ck_assert_uint_eq(count(x, 2, y, 1, 4), 1); /* rows 0 and 3; rows 0 and 1 share x alone */
    static const float other[] = {5, 6, 7, 8};
    ck_assert_uint_eq(count(x, 2, other, 1, 4), 0);
    ck_assert_uint_eq(count(x, 2, y, 1, 1), 0);
}
END_TEST

START_TEST(test_sides_are_not_interchangeable)
{
    static const float x[] = {1, 2}, y[] = {2, 1};
    ck_assert_uint_eq(count(x, 1, y, 1, 2), 0);
}
END_TEST

START_TEST(test_every_repeat_after_the_first_counts)
{
    enum { N = 3000, D = 3 };
    static float x[N * D], y[N];
    fill_normal(x, N * D, 1);
    fill_normal(y, N, 2);
    ck_assert_uint_eq(count(x, D, y, 1, N), 0);
    for (int i = 0; i < 100; i++) { /* rows 2000.. repeat rows 0..19, five times each */
        memcpy(x + (2000 + i) * D, x + (i % 20) * D, D * sizeof *x);
        y[2000 + i] = y[i % 20];
    }
    ck_assert_uint_eq(count(x, D, y, 1, N), 100);
    memset(x, 0, sizeof x);
    memset(y, 0, sizeof y);
    ck_assert_uint_eq(count(x, D, y, 1, N), N - 1);
}
END_TEST

int main(void)
{
    RUN_TESTS("duplicates", test_only_pairs_that_repeat_on_both_sides_count,
              test_sides_are_not_interchangeable, test_every_repeat_after_the_first_counts);
}
