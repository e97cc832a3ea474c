/* The optional part of the device interface: products of matrices by the vendor's BLAS. */
#ifndef CORE_BACKEND_BLAS_H
#define CORE_BACKEND_BLAS_H

#include "core/base/status.h"
#include "core/plan/gemm.h"

typedef struct backend_blas {
    /* Opens the library on the first call and says what it can compute. Returns NULL, with the reason in
     * *why (static storage), when no usable library is found. */
    const blas_offer *(*open)(const char **why);
    /* Enqueues a product that the offer covers, and sets *served to 1. Where the library does not take these
     * buffers, nothing is enqueued and *served stays 0, as the core has set it: the core then launches its
     * own kernels. */
    vecdot_status (*gemm)(void *queue, const gemm *g, int *served);
} backend_blas;

#endif
