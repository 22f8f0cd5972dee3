/*
 * The rate of multiply-adds that one thread reaches when nothing else is in their way: twelve independent
 * chains in registers. What a kernel's rate is compared with; measured in the same run, since a shared
 * machine's clock wanders.
 */
#ifndef BENCH_FMA_PEAK_H
#define BENCH_FMA_PEAK_H

/* Units of 1e9 additions and multiplications per second of the calling thread's CPU time, in single
 * precision by the widest vectors; 0 where this program knows no instruction for it. Takes about 2 ms. */
double fma_peak_gflops(void);
/* By products of bfloat16 pairs added to single precision. */
double bf16_peak_gflops(void);

#endif
