/* Device memory: making it, checking a program's own, and copying. A handle is the device address. */
#include "backend_cuda/objects.h"

static CUdeviceptr address_of(const void *memory)
{
    return (CUdeviceptr)(uintptr_t)memory;
}

/* ---- Making -------------------------------------------------------------------------------------- */

static vecdot_status create(size_t bytes, void **memory)
{
    CUdeviceptr made = 0;
    size_t available = 0, total = 0;
    CUresult code = cu.MemAlloc(&made, bytes);
    if (code == CUDA_SUCCESS) {
        *memory = (void *)(uintptr_t)made;
        return VECDOT_SUCCESS;
    }
    if (code != CUDA_ERROR_OUT_OF_MEMORY || cu.MemGetInfo(&available, &total) != CUDA_SUCCESS)
        return cuda_fail("cuMemAlloc", code);
    return fail(VECDOT_ERROR_OUT_OF_MEMORY,
                "cuda: cuMemAlloc gave %s (%d) for %zu bytes: %zu of the device's %zu are free",
                cuda_code_name(code), code, bytes, available, total);
}

vecdot_status cuda_memory_create(void *context, size_t bytes, void **memory)
{
    TRY(cuda_enter(context));
    return cuda_leave(create(bytes, memory));
}

/* No device shares the host's memory in the sense of info.shares_host_memory: copying is faster. */
vecdot_status cuda_memory_wrap(void *context, void *host, size_t bytes, int writable, void **memory)
{
    (void)context, (void)host, (void)bytes, (void)writable, (void)memory;
    return fail(VECDOT_ERROR_UNSUPPORTED, "cuda: host arrays are copied, not used in place");
}

void cuda_memory_release(void *context, void *memory)
{
    if (memory == NULL || cuda_push(context) != CUDA_SUCCESS) return;
    cu.MemFree(address_of(memory));
    cuda_leave(VECDOT_SUCCESS);
}

/* ---- Checking ------------------------------------------------------------------------------------ */

/* Device memory of this device; managed memory is every device's. */
static vecdot_status check_device(const cuda_context *c, CUdeviceptr address, const char *argument)
{
    int ordinal = 0;
    unsigned managed = 0;
    CUresult code = cu.PointerGetAttribute(&ordinal, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, address);
    if (code != CUDA_SUCCESS) return cuda_fail("cuPointerGetAttribute(DEVICE_ORDINAL)", code);
    if (ordinal == c->ordinal) return VECDOT_SUCCESS;
    code = cu.PointerGetAttribute(&managed, CU_POINTER_ATTRIBUTE_IS_MANAGED, address);
    if (code == CUDA_SUCCESS && managed) return VECDOT_SUCCESS;
    return fail(VECDOT_ERROR_DEVICE_MISMATCH, "%s: its memory is on CUDA device %d, the queue's is device %d",
                argument, ordinal, c->ordinal);
}

/* Kernels use the address as it is, so it must be the one that the context's kernels see. */
static vecdot_status check_reach(CUdeviceptr address, const char *argument)
{
    CUdeviceptr seen = 0;
    CUresult code = cu.PointerGetAttribute(&seen, CU_POINTER_ATTRIBUTE_DEVICE_POINTER, address);
    if (code == CUDA_ERROR_INVALID_VALUE)
        return fail(
            VECDOT_ERROR_DEVICE_MISMATCH,
            "%s: kernels in the queue's CUcontext cannot reach its memory, which another CUcontext made",
            argument);
    if (code != CUDA_SUCCESS) return cuda_fail("cuPointerGetAttribute(DEVICE_POINTER)", code);
    if (seen == address) return VECDOT_SUCCESS;
    return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                "%s: 0x%llx is the host's address of pinned memory; expected the device's, 0x%llx", argument,
                address, seen);
}

int cuda_range_of(CUdeviceptr address, CUdeviceptr *start, size_t *size)
{
    return cu.PointerGetAttribute(start, CU_POINTER_ATTRIBUTE_RANGE_START_ADDR, address) == CUDA_SUCCESS &&
           cu.PointerGetAttribute(size, CU_POINTER_ATTRIBUTE_RANGE_SIZE, address) == CUDA_SUCCESS &&
           *size > 0;
}

static vecdot_status check_range(CUdeviceptr address, size_t bytes, const char *argument)
{
    CUdeviceptr start = 0;
    size_t size = 0;
    if (!cuda_range_of(address, &start, &size) || bytes <= size - (size_t)(address - start))
        return VECDOT_SUCCESS;
    return fail(
        VECDOT_ERROR_INVALID_ARGUMENT,
        "%s: its shape, strides and byte_offset reach %zu bytes from byte %llu of an allocation of %zu bytes",
        argument, bytes, address - start, size);
}

/* The usual case, memory of this device that kernels can reach, in one question. Of anything else it says
 * nothing. */
static int is_plain(const cuda_context *c, CUdeviceptr address, size_t bytes)
{
    unsigned type = 0;
    int ordinal = 0;
    CUdeviceptr seen = 0, start = 0;
    size_t size = 0;
    int attributes[] = {CU_POINTER_ATTRIBUTE_MEMORY_TYPE, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL,
                        CU_POINTER_ATTRIBUTE_DEVICE_POINTER, CU_POINTER_ATTRIBUTE_RANGE_START_ADDR,
                        CU_POINTER_ATTRIBUTE_RANGE_SIZE};
    void *values[] = {&type, &ordinal, &seen, &start, &size};
    CUresult code = cu.PointerGetAttributes(sizeof values / sizeof values[0], attributes, values, address);
    return code == CUDA_SUCCESS && type == CU_MEMORYTYPE_DEVICE && ordinal == c->ordinal && seen == address &&
           address - start < size && bytes <= size - (size_t)(address - start);
}

static vecdot_status check(const cuda_context *c, CUdeviceptr address, size_t bytes, const char *argument)
{
    unsigned type = 0;
    if (is_plain(c, address, bytes)) return VECDOT_SUCCESS;
    CUresult code = cu.PointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, address);
    if (code == CUDA_ERROR_INVALID_VALUE)
        return fail(
            VECDOT_ERROR_INVALID_ARGUMENT,
            "%s: its first byte is at 0x%llx, which is in no memory that the CUDA driver knows; expected a "
            "device address (a plain host array is kDLCPU)",
            argument, address);
    if (code != CUDA_SUCCESS) return cuda_fail("cuPointerGetAttribute(MEMORY_TYPE)", code);
    if (type == CU_MEMORYTYPE_DEVICE) TRY(check_device(c, address, argument));
    TRY(check_reach(address, argument));
    return check_range(address, bytes, argument);
}

vecdot_status cuda_memory_check(void *context, void *memory, size_t bytes, const char *argument)
{
    if (memory == NULL)
        return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                    "%s: data is NULL, expected a device address with %zu bytes or more", argument, bytes);
    TRY(cuda_enter(context));
    return cuda_leave(check(context, address_of(memory), bytes, argument));
}

/* All addresses lie in one space. */
vecdot_status cuda_memory_root(void *context, void *memory, void **root, size_t *offset)
{
    (void)context;
    *root = NULL;
    *offset = (size_t)(uintptr_t)memory;
    return VECDOT_SUCCESS;
}

/* ---- Copying ------------------------------------------------------------------------------------- */

vecdot_status cuda_memory_reveal(void *queue, void *memory, size_t bytes)
{
    (void)memory, (void)bytes;
    return cuda_queue_finish(queue);
}

vecdot_status cuda_memory_write(void *queue, void *memory, size_t offset, const void *host, size_t bytes)
{
    cuda_queue *q = queue;
    TRY(cuda_enter(q->context));
    return cuda_leave(staging_write(q, address_of(memory) + offset, host, bytes));
}

vecdot_status cuda_memory_read(void *queue, void *memory, size_t offset, void *host, size_t bytes)
{
    cuda_queue *q = queue;
    TRY(cuda_enter(q->context));
    return cuda_leave(staging_read(q, address_of(memory) + offset, host, bytes));
}

vecdot_status cuda_memory_copy(void *queue, void *to, size_t to_offset, void *from, size_t from_offset,
                               size_t bytes)
{
    cuda_queue *q = queue;
    TRY(cuda_enter(q->context));
    CUresult code =
        cu.MemcpyDtoDAsync(address_of(to) + to_offset, address_of(from) + from_offset, bytes, q->native);
    return cuda_leave(code == CUDA_SUCCESS ? VECDOT_SUCCESS : cuda_fail("cuMemcpyDtoDAsync", code));
}
