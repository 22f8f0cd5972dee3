/*
 * The few LAPACK routines we call, as OpenBLAS exports them (Fortran names, column-major, 32-bit integers).
 *
 * gfortran passes the length of each character argument by value behind all others; leaving them out is
 * undefined and has crashed callers where the compiler reused their stack slots.
 */
#ifndef MI_LAPACK_H
#define MI_LAPACK_H

#include <stddef.h>

/* Cholesky factor of a symmetric positive definite matrix. */
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info, size_t uplo_length);

/* Selected eigenvalues (ascending) and eigenvectors of a symmetric matrix, which is destroyed. */
void dsyevr_(const char *jobz, const char *range, const char *uplo, const int *n, double *a, const int *lda,
             const double *vl, const double *vu, const int *il, const int *iu, const double *abstol, int *m,
             double *w, double *z, const int *ldz, int *isuppz, double *work, const int *lwork, int *iwork,
             const int *liwork, int *info, size_t jobz_length, size_t range_length, size_t uplo_length);

/* Singular value decomposition by divide and conquer; the matrix is destroyed. */
void dgesdd_(const char *jobz, const int *m, const int *n, double *a, const int *lda, double *s, double *u,
             const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork, int *iwork,
             int *info, size_t jobz_length);

#endif
