/* Kernel objects. Two threads must not set arguments of one kernel object, so each queue has its own: a
 * table with one kernel object for each program of the context, made by the first launch. */
#include "backend_opencl/objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes the table large enough for a program's kernel. */
static vecdot_status grow(opencl_queue *q, size_t number)
{
    if (number < q->kernel_count) return VECDOT_SUCCESS;
    size_t count = number + 32;
    cl_kernel *kernels = realloc(q->kernels, count * sizeof *kernels);
    if (kernels == NULL) return fail(VECDOT_ERROR_OUT_OF_MEMORY, "opencl: no host memory for a kernel");
    memset(kernels + q->kernel_count, 0, (count - q->kernel_count) * sizeof *kernels);
    q->kernels = kernels;
    q->kernel_count = count;
    return VECDOT_SUCCESS;
}

static vecdot_status create(opencl_queue *q, const opencl_program *p)
{
    cl_int code = CL_SUCCESS;
    TRY(grow(q, p->number));
    cl_kernel made = cl.CreateKernel(p->native, p->kernel, &code);
    if (code == CL_SUCCESS) {
        q->kernels[p->number] = made;
        return VECDOT_SUCCESS;
    }
    char call[96];
    snprintf(call, sizeof call, "clCreateKernel(\"%.64s\")", p->kernel);
    return opencl_fail(call, code);
}

vecdot_status opencl_kernel_of(opencl_queue *q, const opencl_program *p, cl_kernel *kernel)
{
    if (p->number >= q->kernel_count || q->kernels[p->number] == NULL) TRY(create(q, p));
    *kernel = q->kernels[p->number];
    return VECDOT_SUCCESS;
}

void opencl_kernels_release(opencl_queue *q)
{
    for (size_t i = 0; i < q->kernel_count; i++)
        if (q->kernels[i] != NULL) cl.ReleaseKernel(q->kernels[i]);
    free(q->kernels);
}
