#include "mi/info.h"

#include <cblas.h>

#define TO_TEXT_(x) #x
#define TO_TEXT(x)  TO_TEXT_(x)

#if defined(__clang__)
#define COMPILER \
    "clang " TO_TEXT(__clang_major__) "." TO_TEXT(__clang_minor__) "." TO_TEXT(__clang_patchlevel__)
#else
#define COMPILER "gcc " TO_TEXT(__GNUC__) "." TO_TEXT(__GNUC_MINOR__) "." TO_TEXT(__GNUC_PATCHLEVEL__)
#endif

static const char *threading(void)
{
    switch (openblas_get_parallel()) {
    case OPENBLAS_SEQUENTIAL:
        return "serial";
    case OPENBLAS_THREAD:
        return "pthread";
    case OPENBLAS_OPENMP:
        return "openmp";
    default:
        return "unknown";
    }
}

void mi_build_info_get(mi_build_info *out)
{
    *out = (mi_build_info){
        .version = MUTUALD_VERSION,
        .blas = openblas_get_config(),
        .kernel = openblas_get_corename(),
        .threading = threading(),
        .compiler = COMPILER,
    };
}

mi_status mi_blas_setup(mi_error *err)
{
    if (openblas_get_parallel() != OPENBLAS_THREAD)
        return mi_fail(
            err, MI_UNSUPPORTED,
            "the %s flavour of OpenBLAS is loaded, and several workers cannot share it: install "
            "libopenblas0-pthread and select it (update-alternatives --config libopenblas.so.0-*, or "
            "LD_LIBRARY_PATH)",
            threading());
    openblas_set_num_threads(1);
    return MI_OK;
}
