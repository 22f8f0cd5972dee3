#include "mi/info.h"
#include "testing.h"

#include <string.h>

int openblas_get_num_threads(void); /* cblas.h is private to mi_core */

START_TEST(test_build_names_its_parts)
{
    mi_build_info info;
    mi_build_info_get(&info);
    ck_assert(info.version && info.version[0]);
    ck_assert(info.blas && strstr(info.blas, "OpenBLAS"));
    ck_assert(info.kernel && info.kernel[0]);
    ck_assert(info.compiler && (strstr(info.compiler, "gcc") || strstr(info.compiler, "clang")));
    ck_assert(strcmp(info.threading, "pthread") == 0 || strcmp(info.threading, "openmp") == 0 ||
              strcmp(info.threading, "serial") == 0);
}
END_TEST

START_TEST(test_blas_is_bound_to_one_thread_or_refused)
{
    mi_build_info info;
    mi_error err = {0};
    mi_build_info_get(&info);
    const mi_status status = mi_blas_setup(&err);
    if (strcmp(info.threading, "pthread") == 0) {
        ck_assert_int_eq(status, MI_OK);
        ck_assert_int_eq(openblas_get_num_threads(), 1);
    } else {
        ck_assert_int_eq(status, MI_UNSUPPORTED);
        ck_assert(strstr(err.message, info.threading) && strstr(err.message, "libopenblas0-pthread"));
    }
}
END_TEST

int main(void)
{
    RUN_TESTS("info", test_build_names_its_parts, test_blas_is_bound_to_one_thread_or_refused);
}
