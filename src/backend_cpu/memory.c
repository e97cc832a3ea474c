/* Memory: addresses of the process. Every array of the program is one, so nothing is wrapped or copied. */
#include "backend_cpu/objects.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 256 };

/* Memory that a driver has pinned for a GPU is the process's memory too. */
place cpu_place_of(DLDeviceType type)
{
    return type == kDLCPU || type == kDLCUDAHost ? PLACE_HOST : PLACE_ELSEWHERE;
}

vecdot_status cpu_memory_create(void *context, size_t bytes, void **memory)
{
    (void)context;
    if (bytes <= SIZE_MAX - ALIGNMENT)
        *memory = aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    if (*memory == NULL) return fail(VECDOT_ERROR_OUT_OF_MEMORY, "cpu: no memory for %zu bytes", bytes);
    return VECDOT_SUCCESS;
}

void cpu_memory_release(void *context, void *memory)
{
    (void)context;
    free(memory);
}

/* Whether an address can be read is not for a library to find out. */
vecdot_status cpu_memory_check(void *context, void *memory, size_t bytes, const char *argument)
{
    (void)context, (void)memory, (void)bytes, (void)argument;
    return VECDOT_SUCCESS;
}

vecdot_status cpu_memory_root(void *context, void *memory, void **root, size_t *offset)
{
    (void)context;
    *root = NULL;
    *offset = (size_t)(uintptr_t)memory;
    return VECDOT_SUCCESS;
}

vecdot_status cpu_memory_write(void *queue, void *memory, size_t offset, const void *host, size_t bytes)
{
    (void)queue;
    memcpy((char *)memory + offset, host, bytes);
    return VECDOT_SUCCESS;
}

vecdot_status cpu_memory_read(void *queue, void *memory, size_t offset, void *host, size_t bytes)
{
    (void)queue;
    memcpy(host, (const char *)memory + offset, bytes);
    return VECDOT_SUCCESS;
}

vecdot_status cpu_memory_copy(void *queue, void *to, size_t to_offset, void *from, size_t from_offset,
                              size_t bytes)
{
    (void)queue;
    memmove((char *)to + to_offset, (const char *)from + from_offset, bytes);
    return VECDOT_SUCCESS;
}
