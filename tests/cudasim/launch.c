/* Functions' attributes, occupancy, and kernel launches with all that is checked of them at the call. */
#include "tests/cudasim/driver.h"

#include <stdlib.h>
#include <string.h>

enum {
    THREADS,
    SHARED,
    CONSTANT,
    LOCAL,
    REGISTERS,
    PTX,
    BINARY,
    CACHE_CA,
    MAX_DYNAMIC,
    CARVEOUT
}; /* CUfunction_attribute */
enum { REGISTERS_PER_THREAD = 32 };

static int device_limit(const function *f, int attribute)
{
    int value = 0;
    device_attribute(f->head.owner->device, attribute, &value);
    return value;
}

static int max_threads(const function *f)
{
    const int device = device_limit(f, 1);
    return f->info.max_threads && f->info.max_threads < device ? f->info.max_threads : device;
}

ENTRY(cuFuncGetAttribute, CURRENT, (int *value, int attribute, CUfunction handle), (value, attribute, handle))
{
    const function *f = object_find(handle, OBJECT_FUNCTION);
    if (!value) return CUDA_ERROR_INVALID_VALUE;
    if (!f) return CUDA_ERROR_INVALID_HANDLE;
    switch (attribute) {
    case THREADS: *value = max_threads(f); break;
    case SHARED: *value = (int)f->info.shared_bytes; break;
    case LOCAL: *value = (int)f->info.local_bytes; break;
    case REGISTERS: *value = REGISTERS_PER_THREAD; break;
    case PTX: *value = ptx_target(f->from->ptx); break; /* the virtual architecture: 10 * major + minor */
    case BINARY: *value = (int)config.capability; break;
    case MAX_DYNAMIC: *value = f->max_dynamic_shared; break;
    case CARVEOUT: *value = -1; break;
    case CONSTANT:
    case CACHE_CA: *value = 0; break;
    default: return CUDA_ERROR_INVALID_VALUE;
    }
    return CUDA_SUCCESS;
}

ENTRY(cuFuncSetAttribute, CURRENT, (CUfunction handle, int attribute, int value), (handle, attribute, value))
{
    function *f = object_find(handle, OBJECT_FUNCTION);
    if (!f) return CUDA_ERROR_INVALID_HANDLE;
    if (attribute == CARVEOUT) return value >= -1 && value <= 100 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
    if (attribute != MAX_DYNAMIC || value < 0) return CUDA_ERROR_INVALID_VALUE;
    if (value > device_limit(f, 97) - (int)f->info.shared_bytes) return CUDA_ERROR_INVALID_VALUE;
    f->max_dynamic_shared = value;
    return CUDA_SUCCESS;
}

ENTRY(cuOccupancyMaxActiveBlocksPerMultiprocessor, CURRENT,
      (int *blocks, CUfunction handle, int threads, size_t dynamic_shared),
      (blocks, handle, threads, dynamic_shared))
{
    const function *f = object_find(handle, OBJECT_FUNCTION);
    if (!blocks || threads < 1) return CUDA_ERROR_INVALID_VALUE;
    if (!f) return CUDA_ERROR_INVALID_HANDLE;
    const int warps = (threads + 31) / 32;
    const size_t reserved = (size_t)device_limit(f, 111),
                 shared = f->info.shared_bytes + dynamic_shared + reserved;
    const int by_threads = device_limit(f, 39) / 32 / warps;
    const int by_registers = device_limit(f, 82) / (warps * 32 * REGISTERS_PER_THREAD);
    const int by_shared = shared ? (int)((size_t)device_limit(f, 81) / shared) : by_threads;
    int most = device_limit(f, 106);
    if (by_threads < most) most = by_threads;
    if (by_registers < most) most = by_registers;
    if (by_shared < most) most = by_shared;
    *blocks = threads > max_threads(f) ? 0 : most;
    return CUDA_SUCCESS;
}

/* ---- Launch ---- */

static bool dimensions_valid(const function *f, const uint32_t *grid, const uint32_t *group, size_t shared)
{
    const uint64_t threads = (uint64_t)group[0] * group[1];
    for (int i = 0; i < 3; i++)
        if (grid[i] < 1 || grid[i] > (uint32_t)device_limit(f, 5 + i) || group[i] < 1 ||
            group[i] > (uint32_t)device_limit(f, 2 + i))
            return false;
    return threads * group[2] <= (uint64_t)max_threads(f) && shared <= (size_t)f->max_dynamic_shared;
}

/* The parameters as one piece, from either way of giving them. NULL: not given as they should be. */
static unsigned char *gather(const ptx_kernel_info *info, void **params, void **extra)
{
    const unsigned char *buffer = NULL;
    size_t bytes = 0;
    unsigned char *gathered = calloc(1, info->param_bytes + 1);
    for (; extra && *extra; extra += 2) {
        if ((uintptr_t)extra[0] == 1) buffer = extra[1];
        if ((uintptr_t)extra[0] == 2) bytes = *(const size_t *)extra[1];
    }
    if (gathered && buffer && bytes == info->param_bytes) {
        memcpy(gathered, buffer, bytes);
        return gathered;
    }
    bool whole = gathered && !buffer && (params || !info->param_count);
    for (size_t i = 0; whole && i < info->param_count; i++) {
        whole = params[i] != NULL;
        if (whole) memcpy(gathered + info->param_offset[i], params[i], info->param_size[i]);
    }
    if (whole) return gathered;
    free(gathered);
    return NULL;
}

ENTRY(cuLaunchKernel, CURRENT,
      (CUfunction handle, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
       unsigned block_y, unsigned block_z, unsigned shared, CUstream in, void **params, void **extra),
      (handle, grid_x, grid_y, grid_z, block_x, block_y, block_z, shared, in, params, extra))
{
    const function *f = object_find(handle, OBJECT_FUNCTION);
    const uint32_t grid[3] = {grid_x, grid_y, grid_z}, group[3] = {block_x, block_y, block_z};
    stream *s;
    const CUresult result = stream_for_work(in, &s);
    if (result != CUDA_SUCCESS) return result;
    if (!f || f->head.owner != s->head.owner || f->head.owner != current()) return CUDA_ERROR_INVALID_HANDLE;
    if (!dimensions_valid(f, grid, group, shared) || (params && extra)) return CUDA_ERROR_INVALID_VALUE;
    unsigned char *gathered = gather(&f->info, params, extra);
    if (!gathered) return CUDA_ERROR_INVALID_VALUE;
    work *w = work_make(WORK_KERNEL, s->head.owner);
    if (!w) {
        free(gathered);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    w->function = f->head.handle;
    memcpy(w->grid, grid, sizeof grid);
    memcpy(w->block, group, sizeof group);
    w->shared = shared;
    w->params = gathered;
    w->param_bytes = f->info.param_bytes;
    return submit(s, w);
}
