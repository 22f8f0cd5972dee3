/*
 * What computes: the build and the BLAS underneath.
 */
#ifndef MI_INFO_H
#define MI_INFO_H

#include "mi/status.h"

#include <stdbool.h>

typedef struct mi_build_info {
    const char *version;   /* of mutuald */
    const char *blas;      /* "OpenBLAS 0.3.21 ..." */
    const char *kernel;    /* the BLAS kernels in use: "Haswell", "SkylakeX" */
    const char *threading; /* "pthread", "openmp", "serial" */
    const char *engine;    /* our own kernels in use: "avx512", "avx2", "portable" */
    const char *compiler;
    bool bf16; /* the CPU multiplies bfloat16 */
} mi_build_info;

/* Strings are static. Thread: any. */
void mi_build_info_get(mi_build_info *out);

/*
 * Make BLAS single-threaded and safe under concurrent callers; to be called once, before any run.
 * MI_UNSUPPORTED when the loaded OpenBLAS is not the pthread flavour: the serial one is not safe there, and
 * the OpenMP one counts its threads per calling thread, so that one call cannot bind them all.
 */
mi_status mi_blas_setup(mi_error *err);

/* What of the CPU matters to kernels, and the system lets us use. */
typedef struct mi_cpu {
    bool avx2;        /* AVX2 and FMA */
    bool avx512;      /* AVX-512 F, BW, DQ, VL and CD: what the SkylakeX kernels take */
    bool avx512_bf16; /* and bfloat16: what the Cooperlake kernels take */
} mi_cpu;

/* Thread: any. */
void mi_cpu_get(mi_cpu *out);

/*
 * OpenBLAS may take old kernels for a CPU that is newer than itself: half of the speed, or less. It reads
 * OPENBLAS_CORETYPE once, while it is loaded.
 *
 * reported  the kernels in use, as mi_build_info.kernel
 * returns   what to set OPENBLAS_CORETYPE to for kernels that the CPU can run and that are newer than those;
 *           NULL: there is nothing better. A static string. Thread: any.
 */
const char *mi_blas_wanted_kernel(const mi_cpu *cpu, const char *reported);

#endif
