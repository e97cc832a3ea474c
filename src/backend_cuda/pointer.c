/* Addresses: which tensors have one, and what the driver knows about it. A program's own address is checked
 * by cuda_memory_check, at the end of the file: first by one question to the driver (is_plain), and where its
 * answer is not the usual one, step by step (check). */
#include "backend_cuda/objects.h"

place cuda_place_of(DLDeviceType type)
{
    if (type == kDLCUDA || type == kDLCUDAManaged) return PLACE_ADDRESS;
    return type == kDLCPU || type == kDLCUDAHost ? PLACE_HOST : PLACE_ELSEWHERE;
}

CUdeviceptr cuda_address_of(const void *memory)
{
    return (CUdeviceptr)(uintptr_t)memory;
}

/* Every address is an offset from the same root. */
vecdot_status cuda_memory_root(void *context, void *memory, void **root, size_t *offset)
{
    (void)context;
    *root = NULL;
    *offset = (size_t)(uintptr_t)memory;
    return VECDOT_SUCCESS;
}

/* ---- Checking a program's own ---------------------------------------------------------------------- */

/* Checks that the memory belongs to this device. Managed memory belongs to every device. */
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

/* Kernels use the address as it is, so the context's kernels must see the memory at this address. */
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

/* Checks that the allocation has so many bytes from the address on. The driver knows no range of some memory
 * that kernels can reach, such as the system's own on some machines. An array in it may be right, so it is
 * let pass. */
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

/* Whether it is the usual case: memory of this device, which kernels can reach, and enough of it. Other
 * memory may still be valid. */
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

/* The same in more steps, each with a message of its own. */
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
    return cuda_leave(check(context, cuda_address_of(memory), bytes, argument));
}
