/* Launches: sets the arguments of the queue's kernel object and enqueues it. */
#include "backend_opencl/objects.h"

#include <stdio.h>

vecdot_status opencl_launch(void *queue, void *program, const launch *l)
{
    opencl_queue *q = queue;
    cl_kernel kernel = NULL;
    cl_int code = CL_SUCCESS;
    TRY(opencl_kernel_of(q, program, &kernel));
    for (size_t i = 0; i < l->arg_count; i++) {
        const kernel_arg *a = &l->args[i];
        code = a->size == 0 ? cl.SetKernelArg(kernel, (cl_uint)i, sizeof(cl_mem), &a->value)
                            : cl.SetKernelArg(kernel, (cl_uint)i, a->size, a->value);
        if (code != CL_SUCCESS) {
            char call[48];
            snprintf(call, sizeof call, "clSetKernelArg(%zu)", i);
            return opencl_fail(call, code);
        }
    }
    TRY(opencl_queue_order(q));
    size_t global = l->groups * l->group_size;
    code = cl.EnqueueNDRangeKernel(q->native, kernel, 1, NULL, &global, &l->group_size, 0, NULL, NULL);
    if (code == CL_SUCCESS) return VECDOT_SUCCESS;
    if (code == CL_OUT_OF_RESOURCES) { /* a driver that allocates lazily has run out of memory */
        return fail(
            VECDOT_ERROR_OUT_OF_MEMORY,
            "opencl: clEnqueueNDRangeKernel gave %s (%d) for %zu groups of %zu: the arrays do not fit into "
            "the device's memory together, or the kernel needs more registers than a group may have",
            opencl_code_name(code), code, l->groups, l->group_size);
    }
    return opencl_fail("clEnqueueNDRangeKernel", code);
}
