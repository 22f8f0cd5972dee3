/*
 * What computes: the build and the BLAS underneath.
 */
#ifndef MI_INFO_H
#define MI_INFO_H

#include "mi/status.h"

typedef struct mi_build_info {
    const char *version;   /* of mutuald */
    const char *blas;      /* "OpenBLAS 0.3.21 ..." */
    const char *kernel;    /* the BLAS kernels in use: "Haswell", "SkylakeX" */
    const char *threading; /* "pthread", "openmp", "serial" */
    const char *compiler;
} mi_build_info;

/* Strings are static. Thread: any. */
void mi_build_info_get(mi_build_info *out);

/*
 * Make BLAS single-threaded and safe under concurrent callers; to be called once, before any run.
 * MI_UNSUPPORTED when the loaded OpenBLAS is not the pthread flavour: the serial one is not safe there, and
 * the OpenMP one counts its threads per calling thread, so that one call cannot bind them all.
 */
mi_status mi_blas_setup(mi_error *err);

#endif
