#include "chart.h"
#include "term.h"
#include "testing.h"

#include <locale.h>
#include <math.h>
#include <string.h>

static char *draw(const chart *c)
{
    proto_text out;

    proto_text_init(&out, (size_t)1 << 20);
    ck_assert(chart_draw(c, &out));
    return proto_text_take(&out, NULL);
}

START_TEST(test_a_rising_line_runs_from_lower_left_to_upper_right)
{
    const double x[] = {0, 10}, y[] = {0, 1};
    const chart_series line = {x, y, 2, CHART_SOLID, 36};
    const chart c = {"MI, nats", "step", &line, 1, 24, 7, false, false};
    char *text = draw(&c);

    ck_assert_str_eq(text, "MI, nats\n"
                           "     1.0 +            oo\n"
                           "         |         ooo\n"
                           "     0.5 +     oooo\n"
                           "         |  ooo\n"
                           "     0.0 +oo\n"
                           "         +--------------\n"
                           "          0   step    10\n");
    free(text);
}
END_TEST

START_TEST(test_braille_cells_hold_eight_dots)
{
    const double x[] = {0, 1}, y[] = {0, 0};
    const chart_series line = {x, y, 2, CHART_SOLID, 36};
    const chart c = {"t", "x", &line, 1, 24, 7, true, false};
    char *text = draw(&c);

    /* A horizontal line is two dots in each of the 14 cells. */
    const char *at = strstr(text, "\xe2\xa0\x92");
    ck_assert_ptr_nonnull(at);
    for (int i = 0; i < 14; i++)
        ck_assert_int_eq(memcmp(at + 3 * i, "\xe2\xa0\x92", 3), 0);
    free(text);
}
END_TEST

START_TEST(test_no_line_is_wider_than_asked)
{
    double x[300], y[300];
    const chart_series series = {x, y, 300, CHART_DOTTED, 33};

    ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
    for (int i = 0; i < 300; i++) {
        x[i] = i * 7;
        y[i] = sin(i / 20.0) * 1e-3 - 5;
    }
    for (int width = 24; width < 200; width += 11) {
        const chart c = {"t", "step", &series, 1, width, 12, true, false};
        char *text = draw(&c);

        for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
            ck_assert_uint_le(term_columns(line), (size_t)width);
        free(text);
    }
}
END_TEST

START_TEST(test_gaps_constants_and_nothing_at_all_are_drawn_without_harm)
{
    const double x[] = {0, 1, 2}, gap[] = {1, (double)NAN, 2}, flat[] = {3, 3, 3},
                 none[] = {(double)NAN, (double)INFINITY, -(double)INFINITY}, huge[] = {-1e308, 0, 1e308};
    const double *const all[] = {gap, flat, none, huge};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const chart_series series = {x, all[i], 3, CHART_SOLID, 36};
        const chart c = {"t", "step", &series, 1, 40, 8, i % 2 == 0, true};
        char *text = draw(&c);

        ck_assert_uint_gt(strlen(text), 2);
        if (all[i] == none)
            ck_assert_ptr_nonnull(strstr(text, "no finite points"));
        free(text);
    }
}
END_TEST

START_TEST(test_without_color_there_are_no_escape_sequences)
{
    const double x[] = {0, 1}, y[] = {0, 1};
    const chart_series series = {x, y, 2, CHART_SOLID, 36};
    chart c = {"t", "step", &series, 1, 40, 8, true, false};
    char *plain = draw(&c), *colored;

    ck_assert_ptr_null(strchr(plain, '\x1b'));
    c.color = true;
    colored = draw(&c);
    ck_assert_ptr_nonnull(strstr(colored, "\x1b[36m"));
    free(plain);
    free(colored);
}
END_TEST

START_TEST(test_steps_are_round_and_cut_the_span_into_few_parts)
{
    ck_assert_double_eq_tol(chart_step(1, 4), 0.5, 1e-12);
    ck_assert_double_eq_tol(chart_step(10, 5), 2, 1e-12);
    for (double span = 1e-6; span < 1e9; span *= 1.37) {
        double step = chart_step(span, 5), lead = step / pow(10, floor(log10(step) + 1e-9));

        ck_assert_double_le(span / step, 5 + 1e-9);
        ck_assert(fabs(lead - 1) < 1e-6 || fabs(lead - 2) < 1e-6 || fabs(lead - 5) < 1e-6);
    }
}
END_TEST

int main(void)
{
    RUN_TESTS("chart", test_a_rising_line_runs_from_lower_left_to_upper_right,
              test_braille_cells_hold_eight_dots, test_no_line_is_wider_than_asked,
              test_gaps_constants_and_nothing_at_all_are_drawn_without_harm,
              test_without_color_there_are_no_escape_sequences,
              test_steps_are_round_and_cut_the_span_into_few_parts);
}
