/*
 * MI_VECTOR_CLONES before a function has it compiled for wider vectors as well; the loader picks by CPU.
 *
 * Only for functions whose operations do not depend on the vector width: element by element, or with a fixed
 * number of accumulators. Together with -ffp-contract=off the clones then agree on every bit. Not under
 * sanitizers, which instrument the function that picks and are not ready when it runs; not under clang, whose
 * version 14 loses such functions at link time.
 */
#ifndef MI_VECTOR_CLONES_H
#define MI_VECTOR_CLONES_H

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define MI_VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define MI_VECTOR_CLONES
#endif

#endif
