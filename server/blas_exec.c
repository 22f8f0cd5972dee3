#include "blas_exec.h"

#include "mi/info.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VARIABLE "OPENBLAS_CORETYPE"

mi_status blas_exec(const char *kernel, char **argv, mi_error *err)
{
    if (setenv(VARIABLE, kernel, 1) != 0)
        return mi_fail(err, MI_MEMORY, "setting " VARIABLE ": %s", strerror(errno));
    execv("/proc/self/exe", argv);
    const int why = errno;
    unsetenv(VARIABLE);
    return mi_fail(err, MI_UNSUPPORTED,
                   "the CPU can run the %s kernels, but starting anew for them failed: %s; " VARIABLE
                   "=%s in the environment does the same",
                   kernel, strerror(why), kernel);
}

mi_status blas_exec_if_wanted(char **argv, mi_error *err)
{
    mi_build_info build;
    mi_cpu cpu;
    if (getenv(VARIABLE))
        return MI_OK;
    mi_build_info_get(&build);
    mi_cpu_get(&cpu);
    const char *wanted = mi_blas_wanted_kernel(&cpu, build.kernel);
    return wanted ? blas_exec(wanted, argv, err) : MI_OK;
}
