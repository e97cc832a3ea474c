/* Copies between the host and the device. DMA transfers pinned host memory directly. Pageable memory goes
 * through a ring of pinned slots, so that the host copies one slot while DMA transfers another. */
#include "backend_cuda/objects.h"

#include <string.h>

/* ---- Directly ------------------------------------------------------------------------------------ */

/* Whether all bytes lie in one allocation that the driver has pinned. */
static int is_pinned(const void *host, size_t bytes)
{
    CUdeviceptr address = (CUdeviceptr)(uintptr_t)host, start = 0;
    unsigned type = 0;
    size_t size = 0;
    return cu.PointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, address) == CUDA_SUCCESS &&
           type == CU_MEMORYTYPE_HOST && cuda_range_of(address, &start, &size) &&
           bytes <= size - (size_t)(address - start);
}

/* Waits for a copy that was enqueued with result `code`. Afterwards the host's bytes may be changed. */
static vecdot_status complete(const cuda_queue *q, const char *call, CUresult code)
{
    if (code != CUDA_SUCCESS) return cuda_fail(call, code);
    code = cu.StreamSynchronize(q->native);
    return code == CUDA_SUCCESS ? VECDOT_SUCCESS : cuda_fail("cuStreamSynchronize", code);
}

/* ---- The ring ------------------------------------------------------------------------------------ */

void staging_free(staging *s)
{
    for (int i = 0; i < STAGING_SLOTS; i++)
        if (s->done[i] != NULL) cu.EventDestroy(s->done[i]);
    if (s->memory != NULL) cu.MemFreeHost(s->memory);
    *s = (staging){0};
}

/* Whether the ring can be used. The first call allocates it. */
static int staging_ready(staging *s)
{
    void *memory = NULL;
    if (s->memory != NULL || s->refused) return s->memory != NULL;
    CUresult code = cu.MemHostAlloc(&memory, (size_t)STAGING_SLOTS * STAGING_SLOT_BYTES, 0);
    if (code == CUDA_SUCCESS) s->memory = memory;
    for (int i = 0; i < STAGING_SLOTS && code == CUDA_SUCCESS; i++)
        code = cu.EventCreate(&s->done[i], CU_EVENT_DISABLE_TIMING);
    if (code == CUDA_SUCCESS) return 1;
    staging_free(s);
    s->refused = 1;
    cuda_note("cuda: no pinned memory for copies (%s, %d): they are slower", cuda_code_name(code), code);
    return 0;
}

static unsigned char *slot_memory(const staging *s, unsigned slot)
{
    return s->memory + (size_t)slot * STAGING_SLOT_BYTES;
}

static vecdot_status slot_wait(staging *s, unsigned slot)
{
    if (!s->busy[slot]) return VECDOT_SUCCESS;
    CUresult code = cu.EventSynchronize(s->done[slot]);
    if (code != CUDA_SUCCESS) return cuda_fail("cuEventSynchronize", code);
    s->busy[slot] = 0;
    return VECDOT_SUCCESS;
}

/* Marks a slot as busy after a copy was enqueued with result `code`. */
static vecdot_status slot_mark(cuda_queue *q, unsigned slot, const char *call, CUresult code)
{
    staging *s = &q->staging;
    if (code != CUDA_SUCCESS) return cuda_fail(call, code);
    code = cu.EventRecord(s->done[slot], q->native);
    if (code != CUDA_SUCCESS) return cuda_fail("cuEventRecord", code);
    s->busy[slot] = 1;
    s->next = (slot + 1) % STAGING_SLOTS;
    return VECDOT_SUCCESS;
}

static size_t piece_bytes(size_t done, size_t bytes)
{
    return bytes - done < STAGING_SLOT_BYTES ? bytes - done : STAGING_SLOT_BYTES;
}

static vecdot_status write_pieces(cuda_queue *q, CUdeviceptr to, const char *host, size_t bytes)
{
    staging *s = &q->staging;
    for (size_t done = 0; done < bytes; done += STAGING_SLOT_BYTES) {
        size_t piece = piece_bytes(done, bytes);
        unsigned slot = s->next;
        TRY(slot_wait(s, slot));
        memcpy(slot_memory(s, slot), host + done, piece);
        CUresult code = cu.MemcpyHtoDAsync(to + done, slot_memory(s, slot), piece, q->native);
        TRY(slot_mark(q, slot, "cuMemcpyHtoDAsync", code));
    }
    return VECDOT_SUCCESS;
}

/* Requests copies into all slots before it waits for the oldest one. Stream order makes a slot's new copy
 * wait for its earlier one. */
static vecdot_status read_pieces(cuda_queue *q, CUdeviceptr from, char *host, size_t bytes)
{
    const size_t ring_bytes = (size_t)STAGING_SLOTS * STAGING_SLOT_BYTES;
    staging *s = &q->staging;
    size_t asked = 0;
    unsigned oldest = s->next;
    for (size_t done = 0; done < bytes; done += STAGING_SLOT_BYTES) {
        for (; asked < bytes && asked < done + ring_bytes; asked += STAGING_SLOT_BYTES) {
            unsigned slot = s->next;
            CUresult code =
                cu.MemcpyDtoHAsync(slot_memory(s, slot), from + asked, piece_bytes(asked, bytes), q->native);
            TRY(slot_mark(q, slot, "cuMemcpyDtoHAsync", code));
        }
        TRY(slot_wait(s, oldest));
        memcpy(host + done, slot_memory(s, oldest), piece_bytes(done, bytes));
        oldest = (oldest + 1) % STAGING_SLOTS;
    }
    return VECDOT_SUCCESS;
}

/* ---- Either way ---------------------------------------------------------------------------------- */

/* After a failure no part of the copy may still run. */
static vecdot_status settle(const cuda_queue *q, vecdot_status status)
{
    if (status != VECDOT_SUCCESS) cu.StreamSynchronize(q->native);
    return status;
}

vecdot_status staging_write(cuda_queue *q, CUdeviceptr to, const void *host, size_t bytes)
{
    if (is_pinned(host, bytes) || !staging_ready(&q->staging))
        return complete(q, "cuMemcpyHtoDAsync", cu.MemcpyHtoDAsync(to, host, bytes, q->native));
    return settle(q, write_pieces(q, to, host, bytes));
}

vecdot_status staging_read(cuda_queue *q, CUdeviceptr from, void *host, size_t bytes)
{
    if (is_pinned(host, bytes) || !staging_ready(&q->staging))
        return complete(q, "cuMemcpyDtoHAsync", cu.MemcpyDtoHAsync(host, from, bytes, q->native));
    return settle(q, read_pieces(q, from, host, bytes));
}
