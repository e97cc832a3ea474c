/* The thread's floating-point mode. A program may have set its threads to round differently, to flush
 * subnormals or to trap; the bits must not depend on that. */
#ifndef BACKEND_CPU_ROUNDING_H
#define BACKEND_CPU_ROUNDING_H

#include <stdint.h>

/* Sets the mode that kernels need, and returns the one before. */
uint64_t rounding_begin(void);

/* Sets the mode that rounding_begin returned. */
void rounding_end(uint64_t before);

#endif
