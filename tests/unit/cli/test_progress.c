#include "progress.h"
#include "testing.h"

#include <locale.h>
#include <math.h>
#include <string.h>

static progress_view example(void)
{
    progress_view view;

    progress_init(&view);
    strcpy(view.phase, "train");
    view.fraction = 0.5;
    view.runs = 5;
    view.runs_done = 2;
    view.step = 840;
    view.eta_s = 3;
    view.elapsed_s = 4.1;
    return view;
}

START_TEST(test_a_bar_says_where_the_job_stands)
{
    progress_view view = example();
    proto_text out;

    proto_text_init(&out, 4096);
    progress_bar(&view, 80, false, &out);
    ck_assert_ptr_nonnull(strstr(out.data, "train"));
    ck_assert_ptr_nonnull(strstr(out.data, "50%  runs 2/5  step 840  ETA 3.0 s  4.1 s"));
    ck_assert_ptr_nonnull(strstr(out.data, "##-"));
    proto_text_fini(&out);
}
END_TEST

START_TEST(test_a_bar_never_wraps_on_any_width)
{
    progress_view view = example();

    ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
    for (int utf8 = 0; utf8 < 2; utf8++) {
        for (int width = 20; width < 300; width++) {
            proto_text out;

            proto_text_init(&out, 4096);
            progress_bar(&view, width, utf8, &out);
            ck_assert_uint_lt(term_columns(out.data), (size_t)width);
            proto_text_fini(&out);
        }
    }
}
END_TEST

START_TEST(test_fractions_that_make_no_sense_are_clamped)
{
    static const double fractions[] = {-1, 7, (double)NAN, (double)INFINITY};

    for (size_t i = 0; i < sizeof fractions / sizeof *fractions; i++) {
        progress_view view = example();
        proto_text out;

        view.fraction = fractions[i];
        proto_text_init(&out, 4096);
        progress_bar(&view, 80, true, &out);
        ck_assert(strstr(out.data, "  0%") || strstr(out.data, "100%"));
        proto_text_fini(&out);
    }
}
END_TEST

START_TEST(test_a_log_line_is_one_plain_line)
{
    progress_view view = example();
    proto_text out;

    view.eta_s = -1;
    proto_text_init(&out, 4096);
    progress_log(&view, &out);
    ck_assert_str_eq(out.data, "train 50%  runs 2/5  step 840  4.1 s");
    proto_text_fini(&out);
}
END_TEST

int main(void)
{
    RUN_TESTS("progress", test_a_bar_says_where_the_job_stands, test_a_bar_never_wraps_on_any_width,
              test_fractions_that_make_no_sense_are_clamped, test_a_log_line_is_one_plain_line);
}
