#include "kernels.h"

#include "mi/info.h"

#include <string.h>

static int runs(const mi_kernels *kernels)
{
#if defined(__x86_64__)
    mi_cpu cpu;
    mi_cpu_get(&cpu);
    if (kernels == &mi_kernels_avx512)
        return cpu.avx512;
    if (kernels == &mi_kernels_avx2)
        return cpu.avx2;
#endif
    return kernels == &mi_kernels_portable;
}

static const mi_kernels *const fastest_first[] = {
#if defined(__x86_64__)
    &mi_kernels_avx512,
    &mi_kernels_avx2,
#endif
    &mi_kernels_portable,
};

#define N_KERNELS (sizeof fastest_first / sizeof *fastest_first)

const mi_kernels *mi_kernels_best(void)
{
    size_t i = 0;
    while (!runs(fastest_first[i]))
        i++; /* the last one always does */
    return fastest_first[i];
}

const mi_half_kernels *mi_half_kernels_best(void)
{
#if defined(__x86_64__)
    mi_cpu cpu;
    mi_cpu_get(&cpu);
    if (cpu.avx512_bf16)
        return &mi_half_kernels_avx512;
#endif
    return NULL;
}

const mi_kernels *mi_kernels_find(const char *name)
{
    for (size_t i = 0; i < N_KERNELS; i++)
        if (strcmp(fastest_first[i]->name, name) == 0)
            return runs(fastest_first[i]) ? fastest_first[i] : NULL;
    return NULL;
}
