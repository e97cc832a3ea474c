/* The CPU schedule's kernels as C functions, for each instruction set that the library was built with.
 * cmake/CpuKernels.cmake generates the tables and a file for each function; kernel_entry.h is the function.
 */
#ifndef BACKEND_CPU_KERNELS_H
#define BACKEND_CPU_KERNELS_H

#include "backend_cpu/kernel_function.h"
#include "core/plan/variant.h"

typedef struct kernel_of_variant {
    variant v;
    const kernel_entry *kernel;
} kernel_of_variant;

typedef struct instruction_set {
    const char *name;
    int vector_bytes;                   /* of its kernels' vectors                                       */
    int typed;                          /* it has kernels for known dtypes, not only those for any dtype */
    const struct instruction_set *rest; /* has the kernels that this one shares with it; NULL: no other */
    size_t count;
    const kernel_of_variant *kernels;
} instruction_set;

/* The best first, then NULL. */
extern const instruction_set *const instruction_sets[];

#endif
