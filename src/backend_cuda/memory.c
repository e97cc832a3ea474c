/* Device memory: allocates and copies. */
#include "backend_cuda/objects.h"

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

/* Never called: no CUDA device sets info.shares_host_memory, since copying is faster. */
vecdot_status cuda_memory_wrap(void *context, void *host, size_t bytes, int writable, void **memory)
{
    (void)context, (void)host, (void)bytes, (void)writable, (void)memory;
    return fail(VECDOT_ERROR_UNSUPPORTED, "cuda: host arrays are copied, not used in place");
}

void cuda_memory_release(void *context, void *memory)
{
    if (memory == NULL || cuda_push(context) != CUDA_SUCCESS) return;
    cu.MemFree(cuda_address_of(memory));
    cuda_leave(VECDOT_SUCCESS);
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
    return cuda_leave(staging_write(q, cuda_address_of(memory) + offset, host, bytes));
}

vecdot_status cuda_memory_read(void *queue, void *memory, size_t offset, void *host, size_t bytes)
{
    cuda_queue *q = queue;
    TRY(cuda_enter(q->context));
    return cuda_leave(staging_read(q, cuda_address_of(memory) + offset, host, bytes));
}

vecdot_status cuda_memory_copy(void *queue, void *to, size_t to_offset, void *from, size_t from_offset,
                               size_t bytes)
{
    cuda_queue *q = queue;
    TRY(cuda_enter(q->context));
    CUresult code = cu.MemcpyDtoDAsync(cuda_address_of(to) + to_offset, cuda_address_of(from) + from_offset,
                                       bytes, q->native);
    return cuda_leave(code == CUDA_SUCCESS ? VECDOT_SUCCESS : cuda_fail("cuMemcpyDtoDAsync", code));
}
