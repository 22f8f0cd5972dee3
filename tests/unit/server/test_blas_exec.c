/*
 * Starting anew with other BLAS kernels. The test is the program that is started: as a child it says by its
 * exit status what it found.
 */
#include "../runner.h"
#include "blas_exec.h"

#include <check.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define VARIABLE "OPENBLAS_CORETYPE"

enum { AS_EXPECTED = 42, OTHERWISE = 43, NO_EXEC = 44 };

/* argv: program "child" pid descriptor kernel */
static int check_as_child(int argc, char **argv)
{
    const char *kernel = getenv(VARIABLE);
    const bool same_pid = argc == 5 && atoi(argv[2]) == (int)getpid();
    const bool same_files = argc == 5 && fcntl(atoi(argv[3]), F_GETFD) >= 0;
    mi_error err = {0};
    if (!same_pid || !same_files || !kernel || strcmp(kernel, argv[4]) != 0)
        return OTHERWISE;
    /* The variable is set now: another exec would go on for ever. */
    return blas_exec_if_wanted(argv, &err) == MI_OK ? AS_EXPECTED : OTHERWISE;
}

static int status_of(pid_t child)
{
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(test_the_process_starts_anew_with_the_kernel_in_its_environment)
{
    const int fd = open("/dev/null", O_RDONLY);
    ck_assert_int_ge(fd, 0);
    fflush(NULL);
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        char pid[16], descriptor[16];
        char *argv[] = {"anything", "child", pid, descriptor, "SkylakeX", NULL};
        mi_error err = {0};
        snprintf(pid, sizeof pid, "%d", (int)getpid());
        snprintf(descriptor, sizeof descriptor, "%d", fd);
        unsetenv(VARIABLE);
        blas_exec("SkylakeX", argv, &err);
        _exit(NO_EXEC);
    }
    ck_assert_int_eq(status_of(child), AS_EXPECTED);
    close(fd);
}
END_TEST

/* What the user has set is used, however old. */
START_TEST(test_a_setting_of_the_user_wins)
{
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        char *argv[] = {"anything", NULL};
        mi_error err = {0};
        setenv(VARIABLE, "Prescott", 1);
        const bool stayed = blas_exec_if_wanted(argv, &err) == MI_OK;
        _exit(stayed && strcmp(getenv(VARIABLE), "Prescott") == 0 ? AS_EXPECTED : OTHERWISE);
    }
    ck_assert_int_eq(status_of(child), AS_EXPECTED);
}
END_TEST

START_TEST(test_an_exec_that_fails_leaves_the_environment_and_tells_what_to_do)
{
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        const size_t too_long = (size_t)8 << 20; /* E2BIG: no argument may be that long */
        char *argument = malloc(too_long + 1);
        char *argv[] = {"anything", argument, NULL};
        mi_error err = {0};
        if (!argument)
            _exit(OTHERWISE);
        memset(argument, 'x', too_long);
        argument[too_long] = '\0';
        unsetenv(VARIABLE);
        const mi_status status = blas_exec("SkylakeX", argv, &err);
        const bool told = strstr(err.message, VARIABLE "=SkylakeX") != NULL;
        _exit(status == MI_UNSUPPORTED && told && !getenv(VARIABLE) ? AS_EXPECTED : OTHERWISE);
    }
    ck_assert_int_eq(status_of(child), AS_EXPECTED);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "child") == 0)
        return check_as_child(argc, argv);
    RUN_TESTS("blas_exec", test_the_process_starts_anew_with_the_kernel_in_its_environment,
              test_a_setting_of_the_user_wins,
              test_an_exec_that_fails_leaves_the_environment_and_tells_what_to_do);
}
