/*
 * Row-major single-precision products, with the sizes as we hold them.
 */
#ifndef MI_BLAS_H
#define MI_BLAS_H

#include <cblas.h>
#include <stddef.h>

/* c (m, n) = beta c + a (m, k) b (k, n) */
static inline void mi_gemm(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                           size_t ldb, float beta, float *c, size_t ldc)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (blasint)m, (blasint)n, (blasint)k, 1.0f, a,
                (blasint)lda, b, (blasint)ldb, beta, c, (blasint)ldc);
}

/* c (m, n) = beta c + a' b of a (k, m), b (k, n) */
static inline void mi_gemm_tn(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                              size_t ldb, float beta, float *c, size_t ldc)
{
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (blasint)m, (blasint)n, (blasint)k, 1.0f, a,
                (blasint)lda, b, (blasint)ldb, beta, c, (blasint)ldc);
}

/* c (m, n) = beta c + a b' of a (m, k), b (n, k) */
static inline void mi_gemm_nt(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                              size_t ldb, float beta, float *c, size_t ldc)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)m, (blasint)n, (blasint)k, 1.0f, a,
                (blasint)lda, b, (blasint)ldb, beta, c, (blasint)ldc);
}

#endif
