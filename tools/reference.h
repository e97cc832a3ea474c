/* The right result: the canonical sum that defines a floating result, in plain C, element by element. It
 * must share no code with the library. The selftest and the benchmark compare with it. */
#ifndef TOOLS_REFERENCE_H
#define TOOLS_REFERENCE_H

#include "fault.h"

/* One of the two vectors of an output. `view` points into this struct, so the struct must not be moved. */
typedef struct reference_vector {
    DLTensor view;
    int64_t size, stride;
} reference_vector;

/* Gives the vector of output `index` along an operand's axis. `out` has the shape to which the operands
 * broadcast. */
void reference_vector_of(const DLTensor *x, int32_t axis, const DLTensor *out, int64_t index,
                         reference_vector *v);

/* Whether the library may sum in another order. It may when x1 and x2 make a product of matrices: each has
 * fewer elements than there are products to add. */
bool reference_is_product(const DLTensor *x1, const DLTensor *x2, const DLTensor *out, int64_t terms);

/* A sum of products before it is rounded to the result's dtype. */
typedef struct reference_sum {
    int64_t terms;
    uint64_t integer; /* modulo 2^64 */
    double re, im;    /* in canonical order */
    double magnitude; /* sum of |x1 * x2| */
} reference_sum;

/* Sums conj(x1) * x2, or x1 * x2, over two vectors in host memory. */
reference_sum reference_compute(const DLTensor *x1, const DLTensor *x2, DLDataType result, bool conjugate);

typedef enum reference_verdict { REFERENCE_WRONG, REFERENCE_BITS, REFERENCE_BOUND } reference_verdict;

/* Compares an element of `out`, a C-contiguous host array, with its sum. The bits must be equal; in a
 * product of matrices the element may be within the error bound instead. REFERENCE_WRONG comes with a
 * text. */
reference_verdict reference_compare(const reference_sum *sum, const DLTensor *out, int64_t index,
                                    bool product, fault *f);

#endif
