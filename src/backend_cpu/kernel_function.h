/* What a compiled kernel is, for the tables of the backend and for the kernels' own files. */
#ifndef BACKEND_CPU_KERNEL_FUNCTION_H
#define BACKEND_CPU_KERNEL_FUNCTION_H

#include <stddef.h>
#include <stdint.h>

/* Computes groups begin to end - 1 of a launch. buffers: the kernel's inputs, then its output. params: as
 * every kernel has them. scratch: the kernel's scratch_bytes, on a boundary of 64 bytes; they need not be
 * kept from call to call. */
typedef void kernel_function(void *const *buffers, const void *params, int64_t begin, int64_t end,
                             void *scratch);

typedef struct kernel_entry {
    kernel_function *run;
    size_t scratch_bytes;
} kernel_entry;

#endif
