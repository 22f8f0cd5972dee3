/*
 * Start this program anew with other BLAS kernels: OpenBLAS reads their name once, while it is loaded, long
 * before main could say it.
 */
#ifndef BLAS_EXEC_H
#define BLAS_EXEC_H

#include "mi/status.h"

/*
 * Replace the process by itself, same pid, arguments and descriptors, with OPENBLAS_CORETYPE=kernel in the
 * environment. Returns only when that fails, with the environment as it was: MI_UNSUPPORTED.
 * Thread: the only one; before descriptors are open that an exec should not pass on.
 */
mi_status blas_exec(const char *kernel, char **argv, mi_error *err);

/*
 * blas_exec if OpenBLAS took older kernels than the CPU can run. A variable that is set, by the user or by
 * the exec before, is left alone: so there is at most one. MI_OK: nothing to do.
 */
mi_status blas_exec_if_wanted(char **argv, mi_error *err);

#endif
