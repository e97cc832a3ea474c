/* What a backend whose vendor has a BLAS gives beside the device interface: products of matrices. */
#ifndef CORE_BACKEND_BLAS_H
#define CORE_BACKEND_BLAS_H

#include "core/base/status.h"
#include "core/plan/gemm.h"

typedef struct backend_blas {
    /* Opens the library on the first call; NULL, with the reason in *why (static storage), when there is none
     * that can be used. */
    const blas_offer *(*open)(const char **why);
    /* Enqueues the product, of what the offer has. *served stays 0 where the library does not take these
     * buffers after all: then nothing has been enqueued, and the core launches its own kernels. */
    vecdot_status (*gemm)(void *queue, const gemm *g, int *served);
} backend_blas;

#endif
