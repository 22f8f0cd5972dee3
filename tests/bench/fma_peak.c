#include "fma_peak.h"

#include <time.h>

#define ROUNDS 1000000L /* about 2 ms: what interrupts the steps interrupts this as well */
#define CHAINS 12

#if defined(__x86_64__)

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define CLOBBERS                                                                                      \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", \
        "xmm14", "xmm15", "cc"
/* In assembler, for compilers would keep twelve variables of a loop in memory or drop the loop. */
#define CHAIN(operation, bits, number) operation " %%" bits "15, %%" bits "14, %%" bits number "\n\t"
#define LOOP(operation, bits)                                                                    \
    "1:\n\t" CHAIN(operation, bits, "0") CHAIN(operation, bits, "1") CHAIN(operation, bits, "2") \
        CHAIN(operation, bits, "3") CHAIN(operation, bits, "4") CHAIN(operation, bits, "5")      \
            CHAIN(operation, bits, "6") CHAIN(operation, bits, "7") CHAIN(operation, bits, "8")  \
                CHAIN(operation, bits, "9") CHAIN(operation, bits, "10")                         \
                    CHAIN(operation, bits, "11") "dec %0\n\tjnz 1b"

static void avx512_loop(long rounds)
{
    __asm__ volatile(LOOP("vfmadd231ps", "zmm") : "+r"(rounds) : : CLOBBERS);
}

static void avx2_loop(long rounds)
{
    __asm__ volatile(LOOP("vfmadd231ps", "ymm") : "+r"(rounds) : : CLOBBERS);
}

static void bf16_loop(long rounds)
{
    __asm__ volatile(LOOP("vdpbf16ps", "zmm") : "+r"(rounds) : : CLOBBERS);
}

static double rate(void (*loop)(long), double flops_per_instruction)
{
    const double began = now();
    loop(ROUNDS);
    return (double)ROUNDS * CHAINS * flops_per_instruction / (now() - began) / 1e9;
}

double fma_peak_gflops(void)
{
    if (__builtin_cpu_supports("avx512f"))
        return rate(avx512_loop, 32.0);
    if (__builtin_cpu_supports("fma"))
        return rate(avx2_loop, 16.0);
    return 0.0;
}

double bf16_peak_gflops(void)
{
    return __builtin_cpu_supports("avx512bf16") ? rate(bf16_loop, 64.0) : 0.0;
}

#else

double fma_peak_gflops(void)
{
    return 0.0;
}

double bf16_peak_gflops(void)
{
    return 0.0;
}

#endif
