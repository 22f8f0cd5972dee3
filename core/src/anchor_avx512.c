/* The passes of the anchor loss for AVX-512. Compiled for that machine alone; objective_anchor.c asks the CPU
 * before anything here runs. */
#if defined(__x86_64__)
#define MACHINE avx512
#include "anchor_passes.h"
#endif
