/*
 * One runner for every unit test: the tests of a file, one after the other in one process. Time limits are
 * ctest's.
 */
#ifndef UNIT_RUNNER_H
#define UNIT_RUNNER_H

#include <check.h>
#include <stdlib.h>

static inline int run_tests(const char *name, const TTest *const *tests, size_t n)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    for (size_t i = 0; i < n; i++)
        tcase_add_test(tcase, tests[i]);
    tcase_set_timeout(tcase, 0);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define RUN_TESTS(name, ...)                                           \
    do {                                                               \
        const TTest *const tests[] = {__VA_ARGS__};                    \
        return run_tests(name, tests, sizeof tests / sizeof tests[0]); \
    } while (0)

#endif
