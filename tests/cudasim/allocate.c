/* The entry points that make, free and describe memory. */
#include "tests/cudasim/driver.h"

#include <string.h>

enum { WRITE_COMBINED = 4 };

static CUresult allocate(memory_kind kind, size_t bytes, uint64_t *address)
{
    block *made = NULL;
    if (!bytes) return CUDA_ERROR_INVALID_VALUE;
    const CUresult result = block_make(kind, bytes, current(), &made);
    if (result == CUDA_SUCCESS) *address = made->at.address;
    return result;
}

static CUresult allocate_host(memory_kind kind, void **host, size_t bytes)
{
    uint64_t address = 0;
    const CUresult result = allocate(kind, bytes, &address);
    if (result == CUDA_SUCCESS) *host = block_find(address)->at.host;
    return result;
}

ENTRY(cuMemAlloc_v2, CURRENT | UNSAFE, (CUdeviceptr * made, size_t bytes), (made, bytes))
{
    uint64_t address = 0;
    if (!made) return CUDA_ERROR_INVALID_VALUE;
    const CUresult result = allocate(MEMORY_DEVICE, bytes, &address);
    if (result == CUDA_SUCCESS) *made = address;
    return result;
}

ENTRY(cuMemAllocManaged, CURRENT | UNSAFE, (CUdeviceptr * made, size_t bytes, unsigned flags),
      (made, bytes, flags))
{
    uint64_t address = 0;
    if (!made || (flags != 1 && flags != 2)) return CUDA_ERROR_INVALID_VALUE;
    const CUresult result = allocate(MEMORY_MANAGED, bytes, &address);
    if (result == CUDA_SUCCESS) *made = address;
    return result;
}

ENTRY(cuMemHostAlloc, CURRENT | UNSAFE, (void **made, size_t bytes, unsigned flags), (made, bytes, flags))
{
    if (!made || flags > 7) return CUDA_ERROR_INVALID_VALUE;
    return allocate_host(flags & WRITE_COMBINED ? MEMORY_COMBINED : MEMORY_PINNED, made, bytes);
}

ENTRY(cuMemAllocHost_v2, CURRENT | UNSAFE, (void **made, size_t bytes), (made, bytes))
{
    return made ? allocate_host(MEMORY_PINNED, made, bytes) : CUDA_ERROR_INVALID_VALUE;
}

/* Work that still uses it is a mistake even though this driver waits: the real one only "may". */
static CUresult release(block *gone)
{
    context *owner = gone->owner;
    if (memory_pending(gone)) misuse("memory is freed or unregistered while work not yet done still uses it");
    finish_context(owner);
    block_free(gone);
    return owner->sticky;
}

static block *block_starting(uint64_t address, memory_kind kind)
{
    block *b = block_find(address);
    return b && !block_offset(b, address) && b->kind == kind ? b : NULL;
}

ENTRY(cuMemFree_v2, CURRENT | UNSAFE, (CUdeviceptr gone), (gone))
{
    if (!gone) return CUDA_SUCCESS;
    block *b = block_starting(gone, MEMORY_DEVICE);
    if (!b) b = block_starting(gone, MEMORY_MANAGED);
    return b ? release(b) : CUDA_ERROR_INVALID_VALUE;
}

ENTRY(cuMemFreeHost, CURRENT | UNSAFE, (void *gone), (gone))
{
    block *b = block_starting((uint64_t)(uintptr_t)gone, MEMORY_PINNED);
    if (!b) b = block_starting((uint64_t)(uintptr_t)gone, MEMORY_COMBINED);
    return b ? release(b) : CUDA_ERROR_INVALID_VALUE;
}

ENTRY(cuMemHostRegister_v2, CURRENT | UNSAFE, (void *host, size_t bytes, unsigned flags),
      (host, bytes, flags))
{
    if (!host || !bytes || flags > 15 || address_is_tagged((uint64_t)(uintptr_t)host))
        return CUDA_ERROR_INVALID_VALUE;
    return block_register(host, bytes, current());
}

ENTRY(cuMemHostUnregister, CURRENT | UNSAFE, (void *host), (host))
{
    block *b = block_starting((uint64_t)(uintptr_t)host, MEMORY_REGISTERED);
    return b ? release(b) : CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
}

ENTRY(cuMemHostGetDevicePointer_v2, CURRENT, (CUdeviceptr * found, void *host, unsigned flags),
      (found, host, flags))
{
    const block *b = block_find((uint64_t)(uintptr_t)host);
    if (!found || flags || !b || b->kind == MEMORY_DEVICE || b->kind == MEMORY_MANAGED)
        return CUDA_ERROR_INVALID_VALUE;
    *found = b->at.address + block_offset(b, (uint64_t)(uintptr_t)host);
    return CUDA_SUCCESS;
}

ENTRY(cuMemGetInfo_v2, CURRENT, (size_t * available, size_t *total), (available, total))
{
    if (!available || !total) return CUDA_ERROR_INVALID_VALUE;
    const uint64_t used = memory_used(current()->device);
    *total = (size_t)config.memory;
    *available = used < *total ? *total - used : 0;
    return CUDA_SUCCESS;
}

ENTRY(cuMemGetAddressRange_v2, CURRENT, (CUdeviceptr * start, size_t *bytes, CUdeviceptr inside),
      (start, bytes, inside))
{
    const block *b = block_find(inside);
    if (!b) return CUDA_ERROR_NOT_FOUND;
    if (start) *start = b->at.address;
    if (bytes) *bytes = b->at.bytes;
    return CUDA_SUCCESS;
}

/* ---- Attributes of a pointer ---- */

enum {
    CONTEXT = 1,
    TYPE,
    DEVICE_POINTER,
    HOST_POINTER,
    BUFFER_ID = 7,
    IS_MANAGED,
    ORDINAL,
    START = 11,
    SIZE,
    MAPPED
};

/* Its value and size; bytes 0: not known. Without a block, what an unknown pointer gets. */
static size_t pointer_attribute(const block *b, uint64_t address, int attribute, uint64_t *value, bool *none)
{
    const bool on_device = b && b->kind == MEMORY_DEVICE;
    *none = !b || (attribute == HOST_POINTER && on_device) ||
            (attribute == DEVICE_POINTER && on_device && current() && b->owner != current());
    *value = *none && attribute == ORDINAL ? (uint64_t)-2 : 0;
    switch (attribute) {
    case CONTEXT: *value = *none ? 0 : b->owner->head.handle; return 8;
    case TYPE: *value = *none ? 0 : b->kind == MEMORY_DEVICE || b->kind == MEMORY_MANAGED ? 2 : 1; return 4;
    case DEVICE_POINTER: *value = *none ? 0 : b->at.address + block_offset(b, address); return 8;
    case HOST_POINTER:
        *value = *none ? 0 : (uint64_t)(uintptr_t)b->at.host + block_offset(b, address);
        return 8;
    case BUFFER_ID: *value = *none ? 0 : b->serial; return 8;
    case IS_MANAGED: *value = !*none && b->kind == MEMORY_MANAGED; return 4;
    case ORDINAL: *value = *none ? *value : (uint64_t)b->owner->device; return 4;
    case START: *value = *none ? 0 : b->at.address; return 8;
    case SIZE: *value = *none ? 0 : b->at.bytes; return 8;
    case MAPPED: *value = !*none; return 4;
    default: return 0;
    }
}

/* Little-endian, as every host of the real driver is. */
ENTRY(cuPointerGetAttribute, INITIALISED, (void *data, int attribute, CUdeviceptr address),
      (data, attribute, address))
{
    uint64_t value = 0;
    bool none = false;
    if (!data) return CUDA_ERROR_INVALID_VALUE;
    const size_t bytes = pointer_attribute(block_find(address), address, attribute, &value, &none);
    if (!bytes || none) return CUDA_ERROR_INVALID_VALUE;
    if (attribute == DEVICE_POINTER && !current()) return CUDA_ERROR_INVALID_CONTEXT;
    memcpy(data, &value, bytes);
    return CUDA_SUCCESS;
}

ENTRY(cuPointerGetAttributes, INITIALISED,
      (unsigned count, int *attributes, void **data, CUdeviceptr address), (count, attributes, data, address))
{
    if (!count || !attributes || !data) return CUDA_ERROR_INVALID_VALUE;
    for (unsigned i = 0; i < count; i++) {
        uint64_t value = 0;
        bool none = false;
        const size_t bytes = pointer_attribute(block_find(address), address, attributes[i], &value, &none);
        if (!bytes || !data[i]) return CUDA_ERROR_INVALID_VALUE;
        memcpy(data[i], &value, bytes);
    }
    return CUDA_SUCCESS;
}
