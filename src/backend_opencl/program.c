/* Programs, built from source or loaded from a binary. */
#include "backend_opencl/objects.h"
#include "backend_opencl/source.h"

#include <stdlib.h>
#include <string.h>

enum { LOG_BYTES = 3000 };

/* Builds a program and numbers it. Queues find its kernel by this number. */
static cl_int build(opencl_program *p, opencl_context *c, const opencl_source *s)
{
    cl_int code = cl.BuildProgram(p->native, 1, &c->device, s->options, NULL, NULL);
    if (code != CL_SUCCESS) return code;
    p->kernel = s->kernel;
    p->number = atomic_fetch_add_explicit(&c->programs, 1, memory_order_relaxed);
    return CL_SUCCESS;
}

/* Returns COMPILE with the compiler's log in the message. */
static vecdot_status build_failed(cl_program native, cl_device_id dev, const opencl_source *s, cl_int code)
{
    size_t bytes = 0;
    cl.GetProgramBuildInfo(native, dev, CL_PROGRAM_BUILD_LOG, 0, NULL, &bytes);
    char *log = calloc(bytes + 1, 1);
    if (log != NULL && bytes > 0) cl.GetProgramBuildInfo(native, dev, CL_PROGRAM_BUILD_LOG, bytes, log, NULL);
    vecdot_status status =
        fail(VECDOT_ERROR_COMPILE, "opencl: clBuildProgram gave %s (%d) for %s; the compiler's log: %.*s%s",
             opencl_code_name(code), code, s->label, (int)LOG_BYTES,
             log != NULL && log[0] != '\0' ? log : "(empty)", bytes > LOG_BYTES ? " [...]" : "");
    free(log);
    return status;
}

vecdot_status opencl_program_open(void *program, void *context, const variant *v)
{
    opencl_program *p = program;
    opencl_context *c = context;
    opencl_source s;
    TRY(opencl_source_of(c->dev, v, &s));
    const char **texts = malloc(s.count * sizeof *texts); /* the API's type has no const */
    if (texts == NULL) return fail(VECDOT_ERROR_OUT_OF_MEMORY, "opencl: no host memory to build %s", s.label);
    memcpy(texts, s.texts, s.count * sizeof *texts);
    cl_int code = CL_SUCCESS;
    p->device = c->device;
    p->native = cl.CreateProgramWithSource(c->native, (cl_uint)s.count, texts, NULL, &code);
    free(texts);
    if (code != CL_SUCCESS) return opencl_fail("clCreateProgramWithSource", code);

    code = build(p, c, &s);
    if (code == CL_SUCCESS) return VECDOT_SUCCESS;
    vecdot_status status = code == CL_BUILD_PROGRAM_FAILURE || code == CL_COMPILE_PROGRAM_FAILURE ||
                                   code == CL_INVALID_BUILD_OPTIONS
                               ? build_failed(p->native, c->device, &s, code)
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

/* Gives the number of the program's devices and the index of the one that it is built for. When a driver
 * lists a sub-device's parent instead, *count is 0. */
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

/* Gets one value, a size or a pointer, for the program's device. The values of the context's other devices
 * are skipped, since their pointers are NULL. */
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

vecdot_status opencl_program_load(void *program, void *context, const variant *v, const void *bytes,
                                  size_t size)
{
    opencl_program *p = program;
    opencl_context *c = context;
    const unsigned char *binary = bytes;
    opencl_source s;
    cl_int code = CL_SUCCESS, binary_code = CL_SUCCESS;
    TRY(opencl_source_of(c->dev, v, &s));
    p->device = c->device;
    p->native = cl.CreateProgramWithBinary(c->native, 1, &c->device, &size, &binary, &binary_code, &code);
    if (code != CL_SUCCESS) return opencl_fail("clCreateProgramWithBinary", code);
    if (binary_code != CL_SUCCESS) {
        opencl_program_close(program);
        return opencl_fail("clCreateProgramWithBinary, for the device,", binary_code);
    }
    code = build(p, c, &s);
    if (code == CL_SUCCESS) return VECDOT_SUCCESS;
    opencl_program_close(program);
    return opencl_fail("clBuildProgram", code);
}
