/* Buffers: allocates, wraps host memory, checks a program's own buffers, and copies. */
#include "backend_opencl/objects.h"

/* A cl_mem is a handle, not an address. Memory that another driver has pinned is host memory. */
place opencl_place_of(DLDeviceType type)
{
    if (type == kDLOpenCL) return PLACE_HANDLE;
    return type == kDLCPU || type == kDLCUDAHost ? PLACE_HOST : PLACE_ELSEWHERE;
}

static vecdot_status buffer_create(opencl_context *c, cl_bitfield flags, size_t bytes, void *host,
                                   void **memory)
{
    cl_int code = CL_SUCCESS;
    cl_mem buffer = cl.CreateBuffer(c->native, flags, bytes, host, &code);
    if (code == CL_INVALID_BUFFER_SIZE || code == CL_OUT_OF_RESOURCES ||
        code == CL_MEM_OBJECT_ALLOCATION_FAILURE || code == CL_OUT_OF_HOST_MEMORY) {
        return fail(VECDOT_ERROR_OUT_OF_MEMORY, "opencl: clCreateBuffer gave %s (%d) for %zu bytes",
                    opencl_code_name(code), code, bytes);
    }
    if (code != CL_SUCCESS) return opencl_fail("clCreateBuffer", code);
    *memory = buffer;
    return VECDOT_SUCCESS;
}

vecdot_status opencl_memory_create(void *context, size_t bytes, void **memory)
{
    return buffer_create(context, CL_MEM_READ_WRITE, bytes, NULL, memory);
}

vecdot_status opencl_memory_wrap(void *context, void *host, size_t bytes, int writable, void **memory)
{
    cl_bitfield access = writable ? CL_MEM_READ_WRITE : CL_MEM_READ_ONLY;
    return buffer_create(context, access | CL_MEM_USE_HOST_PTR, bytes, host, memory);
}

void opencl_memory_release(void *context, void *memory)
{
    (void)context;
    if (memory != NULL) cl.ReleaseMemObject(memory);
}

vecdot_status opencl_memory_check(void *context, void *memory, size_t bytes, const char *argument)
{
    const opencl_context *c = context;
    cl_context of = NULL;
    size_t size = 0;
    cl_uint type = 0;
    if (memory == NULL) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "%s: data is NULL, expected a cl_mem of %zu bytes or more",
                    argument, bytes);
    }
    cl_int code = cl.GetMemObjectInfo(memory, CL_MEM_CONTEXT, sizeof of, &of, NULL);
    if (code == CL_SUCCESS) code = cl.GetMemObjectInfo(memory, CL_MEM_SIZE, sizeof size, &size, NULL);
    if (code == CL_SUCCESS) code = cl.GetMemObjectInfo(memory, CL_MEM_TYPE, sizeof type, &type, NULL);
    if (code != CL_SUCCESS || type != CL_MEM_OBJECT_BUFFER) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                    "%s: data is not a cl_mem buffer: clGetMemObjectInfo gave %s "
                    "(%d)%s",
                    argument, opencl_code_name(code), code, code == CL_SUCCESS ? ", an image or pipe" : "");
    }
    if (of != c->native) {
        return fail(VECDOT_ERROR_DEVICE_MISMATCH,
                    "%s: its cl_mem belongs to another cl_context than the queue's", argument);
    }
    if (size < bytes) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                    "%s: its shape, strides and byte_offset reach %zu bytes into a "
                    "cl_mem of %zu bytes",
                    argument, bytes, size);
    }
    return VECDOT_SUCCESS;
}

/* A sub-buffer's root is its parent: a parent is never a sub-buffer. */
vecdot_status opencl_memory_root(void *context, void *memory, void **root, size_t *offset)
{
    cl_mem whole = NULL;
    (void)context;
    *root = memory;
    *offset = 0;
    cl_int code = cl.GetMemObjectInfo(memory, CL_MEM_ASSOCIATED_MEMOBJECT, sizeof whole, &whole, NULL);
    if (code == CL_SUCCESS && whole == NULL) return VECDOT_SUCCESS;
    if (code == CL_SUCCESS) code = cl.GetMemObjectInfo(memory, CL_MEM_OFFSET, sizeof *offset, offset, NULL);
    if (code != CL_SUCCESS) return opencl_fail("clGetMemObjectInfo", code);
    *root = whole;
    return VECDOT_SUCCESS;
}

/* Mapping the buffer for reading brings kernels' writes to the host, and unmapping leaves them there.
 * Waits once, for both. */
vecdot_status opencl_memory_reveal(void *queue, void *memory, size_t bytes)
{
    opencl_queue *q = queue;
    cl_int code = CL_SUCCESS;
    TRY(opencl_queue_order(q));
    void *mapped = cl.EnqueueMapBuffer(q->native, memory, 0, CL_MAP_READ, 0, bytes, 0, NULL, NULL, &code);
    if (code != CL_SUCCESS) return opencl_fail("clEnqueueMapBuffer", code);
    TRY(opencl_queue_order(q));
    code = cl.EnqueueUnmapMemObject(q->native, memory, mapped, 0, NULL, NULL);
    if (code != CL_SUCCESS) return opencl_fail("clEnqueueUnmapMemObject", code);
    return opencl_queue_finish(queue);
}

vecdot_status opencl_memory_write(void *queue, void *memory, size_t offset, const void *host, size_t bytes)
{
    opencl_queue *q = queue;
    TRY(opencl_queue_order(q));
    cl_int code = cl.EnqueueWriteBuffer(q->native, memory, 1, offset, bytes, host, 0, NULL, NULL);
    return code == CL_SUCCESS ? VECDOT_SUCCESS : opencl_fail("clEnqueueWriteBuffer", code);
}

vecdot_status opencl_memory_read(void *queue, void *memory, size_t offset, void *host, size_t bytes)
{
    opencl_queue *q = queue;
    TRY(opencl_queue_order(q));
    cl_int code = cl.EnqueueReadBuffer(q->native, memory, 1, offset, bytes, host, 0, NULL, NULL);
    return code == CL_SUCCESS ? VECDOT_SUCCESS : opencl_fail("clEnqueueReadBuffer", code);
}

vecdot_status opencl_memory_copy(void *queue, void *to, size_t to_offset, void *from, size_t from_offset,
                                 size_t bytes)
{
    opencl_queue *q = queue;
    TRY(opencl_queue_order(q));
    cl_int code = cl.EnqueueCopyBuffer(q->native, from, to, from_offset, to_offset, bytes, 0, NULL, NULL);
    return code == CL_SUCCESS ? VECDOT_SUCCESS : opencl_fail("clEnqueueCopyBuffer", code);
}
