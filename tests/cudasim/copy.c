/* The entry points that copy and fill. What is asynchronous stays so: pinned memory is read and written when
 * the copy's turn comes, pageable memory is read at the call and written before it returns. */
#include "tests/cudasim/driver.h"

#include <stdlib.h>
#include <string.h>

typedef enum copy_kind { ANYWHERE, HOST_TO_DEVICE, DEVICE_TO_HOST, DEVICE_TO_DEVICE } copy_kind;

/* One end of a copy: the driver's memory, all of it alive, or pageable host memory. */
static bool end_valid(uint64_t address, size_t bytes, bool on_host, bool on_device, bool *tracked)
{
    const block *b = block_find(address);
    *tracked = b != NULL;
    if (!address) return false;
    if (!b) return !on_device && !address_is_tagged(address);
    if (on_host && b->kind == MEMORY_DEVICE) return false;
    return bytes <= b->at.bytes - block_offset(b, address);
}

static CUresult prepare(copy_kind kind, uint64_t to, uint64_t from, size_t bytes, stream *s, work **made)
{
    bool to_tracked, from_tracked;
    const bool to_host = kind == DEVICE_TO_HOST, from_host = kind == HOST_TO_DEVICE,
               both = kind == DEVICE_TO_DEVICE;
    if (!end_valid(to, bytes, to_host, from_host || both, &to_tracked) ||
        !end_valid(from, bytes, from_host, to_host || both, &from_tracked))
        return CUDA_ERROR_INVALID_VALUE;
    if (to - from < bytes || from - to < bytes) misuse("the two ends of a copy of %zu bytes overlap", bytes);
    work *w = work_make(WORK_COPY, s->head.owner);
    if (!w) return CUDA_ERROR_OUT_OF_MEMORY;
    w->to = to;
    w->from = from;
    w->to_tracked = to_tracked;
    w->from_tracked = from_tracked;
    w->bytes = bytes;
    *made = w;
    return CUDA_SUCCESS;
}

static bool stage(work *w)
{
    w->staged = malloc(w->bytes);
    if (w->staged) memcpy(w->staged, (const void *)(uintptr_t)w->from, w->bytes);
    return w->staged != NULL;
}

static CUresult copy_async(copy_kind kind, uint64_t to, uint64_t from, size_t bytes, CUstream in)
{
    work *w = NULL;
    stream *s;
    CUresult result = stream_for_work(in, &s);
    if (result != CUDA_SUCCESS || !bytes) return result;
    result = prepare(kind, to, from, bytes, s, &w);
    if (result != CUDA_SUCCESS) return result;
    if (s->captured && (!w->to_tracked || !w->from_tracked)) {
        work_free(w);
        return capture_forbids(s, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    }
    if (!w->from_tracked && !stage(w)) {
        work_free(w);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return w->to_tracked ? submit(s, w) : submit_and_finish(s, w);
}

/* In the legacy stream. The host waits, except for a copy inside the device, and for one from pageable memory
 * only until that was read: half of the time. */
static CUresult copy_now(copy_kind kind, uint64_t to, uint64_t from, size_t bytes)
{
    work *w = NULL;
    stream *s;
    CUresult result = stream_for_work(NULL, &s);
    if (result != CUDA_SUCCESS || !bytes) return result;
    result = prepare(kind, to, from, bytes, s, &w);
    if (result != CUDA_SUCCESS) return result;
    const block *b = block_find(to), *a = block_find(from);
    const bool inside = a && b && a->kind == MEMORY_DEVICE && b->kind == MEMORY_DEVICE;
    if (!w->from_tracked && !stage(w)) {
        work_free(w);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (inside || (w->staged && w->to_tracked && random_choice(2))) return submit(s, w);
    return submit_and_finish(s, w);
}

#define HOST(p) ((uint64_t)(uintptr_t)(p))

ENTRY(cuMemcpy, CURRENT | UNSAFE, (CUdeviceptr to, CUdeviceptr from, size_t bytes), (to, from, bytes))
{
    return copy_now(ANYWHERE, to, from, bytes);
}

ENTRY(cuMemcpyHtoD_v2, CURRENT | UNSAFE, (CUdeviceptr to, const void *from, size_t bytes), (to, from, bytes))
{
    return copy_now(HOST_TO_DEVICE, to, HOST(from), bytes);
}

ENTRY(cuMemcpyDtoH_v2, CURRENT | UNSAFE, (void *to, CUdeviceptr from, size_t bytes), (to, from, bytes))
{
    return copy_now(DEVICE_TO_HOST, HOST(to), from, bytes);
}

ENTRY(cuMemcpyDtoD_v2, CURRENT | UNSAFE, (CUdeviceptr to, CUdeviceptr from, size_t bytes), (to, from, bytes))
{
    return copy_now(DEVICE_TO_DEVICE, to, from, bytes);
}

ENTRY(cuMemcpyAsync, CURRENT, (CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream in),
      (to, from, bytes, in))
{
    return copy_async(ANYWHERE, to, from, bytes, in);
}

ENTRY(cuMemcpyHtoDAsync_v2, CURRENT, (CUdeviceptr to, const void *from, size_t bytes, CUstream in),
      (to, from, bytes, in))
{
    return copy_async(HOST_TO_DEVICE, to, HOST(from), bytes, in);
}

ENTRY(cuMemcpyDtoHAsync_v2, CURRENT, (void *to, CUdeviceptr from, size_t bytes, CUstream in),
      (to, from, bytes, in))
{
    return copy_async(DEVICE_TO_HOST, HOST(to), from, bytes, in);
}

ENTRY(cuMemcpyDtoDAsync_v2, CURRENT, (CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream in),
      (to, from, bytes, in))
{
    return copy_async(DEVICE_TO_DEVICE, to, from, bytes, in);
}

/* ---- Fills: asynchronous for the host, but of memory that it may look at ---- */

static CUresult set(uint64_t to, uint32_t value, size_t unit, size_t count, CUstream in, bool async)
{
    bool tracked;
    stream *s;
    const CUresult result = stream_for_work(in, &s);
    if (result != CUDA_SUCCESS || !count) return result;
    if (count > SIZE_MAX / unit || to % unit || !end_valid(to, count * unit, false, true, &tracked))
        return CUDA_ERROR_INVALID_VALUE;
    work *w = work_make(WORK_SET, s->head.owner);
    if (!w) return CUDA_ERROR_OUT_OF_MEMORY;
    w->to = to;
    w->to_tracked = tracked;
    w->bytes = count * unit;
    w->value = value;
    w->unit = unit;
    return async || block_find(to)->kind == MEMORY_DEVICE ? submit(s, w) : submit_and_finish(s, w);
}

ENTRY(cuMemsetD8_v2, CURRENT | UNSAFE, (CUdeviceptr to, unsigned char value, size_t count),
      (to, value, count))
{
    return set(to, value, 1, count, NULL, false);
}

ENTRY(cuMemsetD32_v2, CURRENT | UNSAFE, (CUdeviceptr to, unsigned value, size_t count), (to, value, count))
{
    return set(to, value, 4, count, NULL, false);
}

ENTRY(cuMemsetD8Async, CURRENT, (CUdeviceptr to, unsigned char value, size_t count, CUstream in),
      (to, value, count, in))
{
    return set(to, value, 1, count, in, true);
}

ENTRY(cuMemsetD32Async, CURRENT, (CUdeviceptr to, unsigned value, size_t count, CUstream in),
      (to, value, count, in))
{
    return set(to, value, 4, count, in, true);
}
