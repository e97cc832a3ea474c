/* The function that runs a kernel's groups. The file that includes this has included the kernel, and defined
 * KERNEL_NAME, KERNEL_INPUTS and ENTRY, the name of the kernel_entry. */
#include "backend_cpu/kernel_function.h"

#ifdef SCRATCH_TYPE
#define SCRATCH_BYTES sizeof(SCRATCH_TYPE)
#else
#define SCRATCH_BYTES 0
#endif

static void run_groups(void *const *buffers, const void *how, int64_t begin, int64_t end, void *scratch)
{
    params p = *(const params *)how;
    p.scratch = (i64)(uintptr_t)scratch;
    for (p.group = begin; p.group < end; p.group++)
#if KERNEL_INPUTS == 2
        KERNEL_NAME(buffers[0], buffers[1], buffers[2], p);
#elif KERNEL_INPUTS == 1
        KERNEL_NAME(buffers[0], buffers[1], p);
#else
        KERNEL_NAME(buffers[0], p);
#endif
}

extern const kernel_entry ENTRY;
const kernel_entry ENTRY = {run_groups, SCRATCH_BYTES};
