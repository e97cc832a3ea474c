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
    *memory = NULL;
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
