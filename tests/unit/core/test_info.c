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

START_TEST(test_engine_and_precisions_fit_the_cpu)
{
    mi_build_info info;
    mi_cpu cpu;
    mi_build_info_get(&info);
    mi_cpu_get(&cpu);
    ck_assert(strcmp(info.engine, "avx512") == 0 || strcmp(info.engine, "avx2") == 0 ||
              strcmp(info.engine, "portable") == 0);
    ck_assert(strcmp(info.engine, "avx512") != 0 || cpu.avx512);
    ck_assert(strcmp(info.engine, "avx2") != 0 || cpu.avx2);
    ck_assert(info.bf16 == cpu.avx512_bf16);
    ck_assert(!cpu.avx512 || cpu.avx2);
    ck_assert(!cpu.avx512_bf16 || cpu.avx512);
}
END_TEST

START_TEST(test_kernels_older_than_the_cpu_are_replaced_and_no_others)
{
    static const mi_cpu old = {0}, haswell = {.avx2 = true}, skylake = {.avx2 = true, .avx512 = true},
                        zen5 = {.avx2 = true, .avx512 = true, .avx512_bf16 = true};
    static const struct {
        const char *reported, *on_old, *on_haswell, *on_skylake, *on_zen5;
    } table[] = {
        {"Prescott", NULL, "Haswell", "SkylakeX", "Cooperlake"},
        {"Nehalem", NULL, "Haswell", "SkylakeX", "Cooperlake"},
        {"Barcelona", NULL, "Haswell", "SkylakeX", "Cooperlake"},
        {"Sandybridge", NULL, "Haswell", "SkylakeX", "Cooperlake"},
        {"Haswell", NULL, NULL, "SkylakeX", "Cooperlake"},
        {"Zen", NULL, NULL, "SkylakeX", "Cooperlake"},
        {"Excavator", NULL, NULL, "SkylakeX", "Cooperlake"},
        {"SkylakeX", NULL, NULL, NULL, "Cooperlake"},
        {"Cooperlake", NULL, NULL, NULL, NULL},
        {"SapphireRapids", NULL, NULL, NULL, NULL},
        {"neoversen1", NULL, NULL, NULL, NULL},
        {"a kernel of tomorrow", NULL, NULL, NULL, NULL},
        {"", NULL, NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ck_assert_pstr_eq(mi_blas_wanted_kernel(&old, table[i].reported), table[i].on_old);
        ck_assert_pstr_eq(mi_blas_wanted_kernel(&haswell, table[i].reported), table[i].on_haswell);
        ck_assert_pstr_eq(mi_blas_wanted_kernel(&skylake, table[i].reported), table[i].on_skylake);
        ck_assert_pstr_eq(mi_blas_wanted_kernel(&zen5, table[i].reported), table[i].on_zen5);
    }
}
END_TEST

/* Or the daemon would replace what it has replaced already. */
START_TEST(test_a_kernel_that_was_wanted_is_not_replaced)
{
    static const mi_cpu cpus[] = {{0},
                                  {.avx2 = true},
                                  {.avx2 = true, .avx512 = true},
                                  {.avx2 = true, .avx512 = true, .avx512_bf16 = true}};
    for (size_t i = 0; i < sizeof cpus / sizeof *cpus; i++) {
        const char *wanted = mi_blas_wanted_kernel(&cpus[i], "Prescott");
        ck_assert(!wanted || !mi_blas_wanted_kernel(&cpus[i], wanted));
    }
}
END_TEST

int main(void)
{
    RUN_TESTS("info", test_build_names_its_parts, test_blas_is_bound_to_one_thread_or_refused,
              test_engine_and_precisions_fit_the_cpu,
              test_kernels_older_than_the_cpu_are_replaced_and_no_others,
              test_a_kernel_that_was_wanted_is_not_replaced);
}
