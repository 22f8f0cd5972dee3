#include "mi/info.h"

#include "kernels.h"

#include <cblas.h>
#include <string.h>

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

/* ---- the CPU ---- */

/* The compiler's own look at CPUID, which asks XGETBV whether the system saves the registers as well. */
void mi_cpu_get(mi_cpu *out)
{
    *out = (mi_cpu){0};
#if defined(__x86_64__) || defined(__i386__)
    __builtin_cpu_init();
    out->avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    out->avx512 = out->avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512cd");
    out->avx512_bf16 = out->avx512 && __builtin_cpu_supports("avx512bf16");
#endif
}

/* OpenBLAS's x86 kernels by the instructions that they need. Names that are not here are newer than this
 * table, or of another architecture: OpenBLAS knows better. */
enum generation { BEFORE_AVX2, WITH_AVX2, WITH_AVX512, WITH_BF16, UNKNOWN };

static enum generation generation_of(const char *kernel)
{
    static const struct {
        const char *name;
        enum generation generation;
    } known[] = {
        {"Katmai", BEFORE_AVX2},     {"Coppermine", BEFORE_AVX2},    {"Northwood", BEFORE_AVX2},
        {"Banias", BEFORE_AVX2},     {"Prescott", BEFORE_AVX2},      {"Core2", BEFORE_AVX2},
        {"Penryn", BEFORE_AVX2},     {"Dunnington", BEFORE_AVX2},    {"Nehalem", BEFORE_AVX2},
        {"Atom", BEFORE_AVX2},       {"Nano", BEFORE_AVX2},          {"Athlon", BEFORE_AVX2},
        {"Opteron", BEFORE_AVX2},    {"Opteron(SSE3)", BEFORE_AVX2}, {"Opteron_SSE3", BEFORE_AVX2},
        {"Barcelona", BEFORE_AVX2},  {"Bobcat", BEFORE_AVX2},        {"Bulldozer", BEFORE_AVX2},
        {"Piledriver", BEFORE_AVX2}, {"Steamroller", BEFORE_AVX2},   {"Sandybridge", BEFORE_AVX2},
        {"Excavator", WITH_AVX2},    {"Haswell", WITH_AVX2},         {"Zen", WITH_AVX2},
        {"SkylakeX", WITH_AVX512},   {"Cooperlake", WITH_BF16},      {"SapphireRapids", WITH_BF16},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, kernel) == 0)
            return known[i].generation;
    return UNKNOWN;
}

const char *mi_blas_wanted_kernel(const mi_cpu *cpu, const char *reported)
{
    const enum generation now = generation_of(reported);
    if (cpu->avx512_bf16 && now < WITH_BF16)
        return "Cooperlake";
    if (cpu->avx512 && now < WITH_AVX512)
        return "SkylakeX";
    if (cpu->avx2 && now < WITH_AVX2)
        return "Haswell";
    return NULL;
}

/* ---- the build ---- */

void mi_build_info_get(mi_build_info *out)
{
    *out = (mi_build_info){
        .version = MUTUALD_VERSION,
        .blas = openblas_get_config(),
        .kernel = openblas_get_corename(),
        .threading = threading(),
        .engine = mi_kernels_best()->name,
        .compiler = COMPILER,
        .bf16 = mi_half_kernels_best() != NULL,
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
