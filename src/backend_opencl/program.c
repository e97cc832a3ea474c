/* Programs built from source or loaded as binaries, kernels and their launches. */
#include "backend_opencl/objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_BYTES = 2048, LOG_BYTES = 3000 };

static vecdot_status write_options(const program_request *request, char options[OPTIONS_BYTES])
{
    int length = snprintf(options, OPTIONS_BYTES, OPENCL_PROGRAM_OPTIONS " %s", request->options);
    if (length >= 0 && length < (int)OPTIONS_BYTES) return VECDOT_SUCCESS;
    return fail(VECDOT_ERROR_COMPILE, "opencl: the build options of %s take more than %d bytes",
                request->label, (int)OPTIONS_BYTES);
}

/* COMPILE with what the compiler said. */
static vecdot_status build_failed(cl_program native, cl_device_id dev, const program_request *request,
                                  cl_int code)
{
    size_t bytes = 0;
    cl.GetProgramBuildInfo(native, dev, CL_PROGRAM_BUILD_LOG, 0, NULL, &bytes);
    char *log = calloc(bytes + 1, 1);
    if (log != NULL && bytes > 0) cl.GetProgramBuildInfo(native, dev, CL_PROGRAM_BUILD_LOG, bytes, log, NULL);
    vecdot_status status =
        fail(VECDOT_ERROR_COMPILE, "opencl: clBuildProgram gave %s (%d) for %s; the compiler's log: %.*s%s",
             opencl_code_name(code), code, request->label, (int)LOG_BYTES,
             log != NULL && log[0] != '\0' ? log : "(empty)", bytes > LOG_BYTES ? " [...]" : "");
    free(log);
    return status;
}

vecdot_status opencl_program_open(void *program, void *context, const program_request *request)
{
    opencl_program *p = program;
    const opencl_context *c = context;
    char options[OPTIONS_BYTES];
    TRY(write_options(request, options));
    const char **sources = malloc(request->source_count * sizeof *sources); /* the API's type lacks a const */
    if (sources == NULL)
        return fail(VECDOT_ERROR_OUT_OF_MEMORY, "opencl: no host memory to build %s", request->label);
    memcpy(sources, request->sources, request->source_count * sizeof *sources);
    cl_int code = CL_SUCCESS;
    p->device = c->device;
    p->native = cl.CreateProgramWithSource(c->native, (cl_uint)request->source_count, sources, NULL, &code);
    free(sources);
    if (code != CL_SUCCESS) return opencl_fail("clCreateProgramWithSource", code);

    code = cl.BuildProgram(p->native, 1, &c->device, options, NULL, NULL);
    if (code == CL_SUCCESS) return VECDOT_SUCCESS;
    vecdot_status status = code == CL_BUILD_PROGRAM_FAILURE || code == CL_COMPILE_PROGRAM_FAILURE ||
                                   code == CL_INVALID_BUILD_OPTIONS
                               ? build_failed(p->native, c->device, request, code)
                               : opencl_fail("clBuildProgram", code);
    opencl_program_close(program);
    return status;
}

void opencl_program_close(void *program)
{
    opencl_program *p = program;
    cl.ReleaseProgram(p->native);
}

/* ---- Binaries ------------------------------------------------------------------------------------ */

/* The program's device among the devices of its context: its index and how many there are. A driver that
 * lists the parent of a sub-device instead of it gives count == 0. */
static vecdot_status place_of_device(const opencl_program *p, size_t *index, size_t *count)
{
    size_t bytes = 0;
    *index = *count = 0;
    cl_int code = cl.GetProgramInfo(p->native, CL_PROGRAM_DEVICES, 0, NULL, &bytes);
    if (code != CL_SUCCESS) return opencl_fail("clGetProgramInfo", code);
    cl_device_id *devices = malloc(bytes > 0 ? bytes : 1);
    if (devices == NULL)
        return fail(VECDOT_ERROR_OUT_OF_MEMORY, "opencl: no host memory for a program's list of devices");
    code = cl.GetProgramInfo(p->native, CL_PROGRAM_DEVICES, bytes, devices, NULL);
    for (size_t i = 0; i < bytes / sizeof *devices && code == CL_SUCCESS; i++) {
        if (devices[i] != p->device) continue;
        *index = i;
        *count = bytes / sizeof *devices;
    }
    free(devices);
    return code == CL_SUCCESS ? VECDOT_SUCCESS : opencl_fail("clGetProgramInfo", code);
}

/* clGetProgramInfo of the one size or the one pointer that is of the program's device. What the context's
 * other devices would give is not asked for: a NULL pointer is skipped. */
static vecdot_status binary_info(const opencl_program *p, cl_uint what, size_t index, size_t count,
                                 void *value)
{
    size_t *values = calloc(count, sizeof *values);
    if (values == NULL)
        return fail(VECDOT_ERROR_OUT_OF_MEMORY, "opencl: no host memory for a program's binary");
    _Static_assert(sizeof *values == sizeof(void *), "sizes and pointers take the same room");
    memcpy(&values[index], value, sizeof *values);
    cl_int code = cl.GetProgramInfo(p->native, what, count * sizeof *values, values, NULL);
    memcpy(value, &values[index], sizeof *values);
    free(values);
    return code == CL_SUCCESS ? VECDOT_SUCCESS : opencl_fail("clGetProgramInfo", code);
}

vecdot_status opencl_program_save(void *program, void *bytes, size_t capacity, size_t *needed)
{
    const opencl_program *p = program;
    size_t index, count;
    *needed = 0;
    TRY(place_of_device(p, &index, &count));
    if (count == 0) return VECDOT_SUCCESS;
    TRY(binary_info(p, CL_PROGRAM_BINARY_SIZES, index, count, needed));
    if (*needed == 0 || *needed > capacity) return VECDOT_SUCCESS;
    return binary_info(p, CL_PROGRAM_BINARIES, index, count, &bytes);
}

vecdot_status opencl_program_load(void *program, void *context, const program_request *request,
                                  const void *bytes, size_t size)
{
    opencl_program *p = program;
    const opencl_context *c = context;
    const unsigned char *binary = bytes;
    char options[OPTIONS_BYTES];
    cl_int code = CL_SUCCESS, binary_code = CL_SUCCESS;
    TRY(write_options(request, options));
    p->device = c->device;
    p->native = cl.CreateProgramWithBinary(c->native, 1, &c->device, &size, &binary, &binary_code, &code);
    if (code != CL_SUCCESS) return opencl_fail("clCreateProgramWithBinary", code);
    if (binary_code != CL_SUCCESS) {
        opencl_program_close(program);
        return opencl_fail("clCreateProgramWithBinary, for the device,", binary_code);
    }
    code = cl.BuildProgram(p->native, 1, &c->device, options, NULL, NULL);
    if (code == CL_SUCCESS) return VECDOT_SUCCESS;
    opencl_program_close(program);
    return opencl_fail("clBuildProgram", code);
}

/* ---- Kernels ------------------------------------------------------------------------------------- */

vecdot_status opencl_kernel_open(void *kernel, void *program, const char *name)
{
    opencl_kernel *k = kernel;
    const opencl_program *p = program;
    cl_int code = CL_SUCCESS;
    k->native = cl.CreateKernel(p->native, name, &code);
    if (code == CL_SUCCESS) return VECDOT_SUCCESS;
    char call[96];
    snprintf(call, sizeof call, "clCreateKernel(\"%.64s\")", name);
    return opencl_fail(call, code);
}

void opencl_kernel_close(void *kernel)
{
    opencl_kernel *k = kernel;
    cl.ReleaseKernel(k->native);
}

vecdot_status opencl_kernel_launch(void *queue, void *kernel, const launch *l)
{
    opencl_queue *q = queue;
    const opencl_kernel *k = kernel;
    cl_int code = CL_SUCCESS;
    for (size_t i = 0; i < l->arg_count; i++) {
        const kernel_arg *a = &l->args[i];
        code = a->size == 0 ? cl.SetKernelArg(k->native, (cl_uint)i, sizeof(cl_mem), &a->value)
                            : cl.SetKernelArg(k->native, (cl_uint)i, a->size, a->value);
        if (code != CL_SUCCESS) {
            char call[48];
            snprintf(call, sizeof call, "clSetKernelArg(%zu)", i);
            return opencl_fail(call, code);
        }
    }
    TRY(opencl_queue_order(q));
    size_t global = l->groups * l->group_size;
    code = cl.EnqueueNDRangeKernel(q->native, k->native, 1, NULL, &global, &l->group_size, 0, NULL, NULL);
    if (code == CL_SUCCESS) return VECDOT_SUCCESS;
    if (code == CL_OUT_OF_RESOURCES) { /* a driver that allocates lazily runs out of memory here */
        return fail(
            VECDOT_ERROR_OUT_OF_MEMORY,
            "opencl: clEnqueueNDRangeKernel gave %s (%d) for %zu groups of %zu: the arrays do not fit into "
            "the device's memory together, or the kernel needs more registers than a group may have",
            opencl_code_name(code), code, l->groups, l->group_size);
    }
    return opencl_fail("clEnqueueNDRangeKernel", code);
}
