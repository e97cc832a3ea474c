/* What tests ask of the fake cuBLAS: which calls it had, the last product, what is alive, and to fail. The
 * functions are found with dlsym in the library that VECDOT_LIBCUBLAS names. */
#ifndef FAKE_CUBLAS_H
#define FAKE_CUBLAS_H

#include <stdint.h>

#define FAKE_EXPORT __attribute__((visibility("default")))

/* The numbers of a call of cublasGemmStridedBatchedEx_64 that was accepted. */
typedef struct fake_gemm {
    int op[2], type, compute;
    int64_t m, n, k, ld[3], step[3], batch;
    void *stream;
} fake_gemm;

FAKE_EXPORT uint64_t fake_cublas_calls(const char *function);
FAKE_EXPORT fake_gemm fake_cublas_last(void);
FAKE_EXPORT int fake_cublas_handles(void); /* alive */

/* The next call of the function has no effect and returns the status. */
FAKE_EXPORT void fake_cublas_fail(const char *function, int status);

/* Forgets the calls and the failure. */
FAKE_EXPORT void fake_cublas_reset(void);

#endif
