/* The right result: the canonical sum that defines a floating result, in plain C, element by element. It
 * shares nothing with the library. The selftest and the benchmark compare with it. */
#ifndef TOOLS_REFERENCE_H
#define TOOLS_REFERENCE_H

#include "fault.h"

/* One of the two vectors that an output is summed from. `view` points into this struct. */
typedef struct reference_vector {
    DLTensor view;
    int64_t size, stride;
} reference_vector;

/* The vector of output `index` along an operand's axis; `out` has the shape that the operands broadcast to.
 */
void reference_vector_of(const DLTensor *x, int32_t axis, const DLTensor *out, int64_t index,
                         reference_vector *v);

/* Whether the library may sum in another order: x1 and x2 make a product of matrices when each has fewer
 * elements than there are products to add. */
bool reference_is_product(const DLTensor *x1, const DLTensor *x2, const DLTensor *out, int64_t terms);

/* A sum of products, not yet rounded to the result's dtype. */
typedef struct reference_sum {
    int64_t terms;
    uint64_t integer; /* the sum modulo 2^64 */
    double re, im;    /* in canonical order  */
    double magnitude; /* the sum of |x1 * x2| */
} reference_sum;

/* The sum of conj(x1) * x2, or of x1 * x2, over two vectors in host memory. */
reference_sum reference_compute(const DLTensor *x1, const DLTensor *x2, DLDataType result, bool conjugate);

typedef enum reference_verdict { REFERENCE_WRONG, REFERENCE_BITS, REFERENCE_BOUND } reference_verdict;

/* Compares an element of `out`, a C-contiguous host array, with its sum: it must be equal to the bit. In a
 * product it may be within the error bound instead. REFERENCE_WRONG comes with a text. */
reference_verdict reference_compare(const reference_sum *sum, const DLTensor *out, int64_t index,
                                    bool product, fault *f);

#endif
