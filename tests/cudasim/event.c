/* Events: recorded in a stream, waited for by others or by the host. */
#include "tests/cudasim/driver.h"

#include <stdlib.h>

enum { DISABLE_TIMING = 2, FLAGS = 7 };

void event_close(event *gone)
{
    object_remove(&gone->head);
    free(gone->nodes.items);
    free(gone);
}

ENTRY(cuEventCreate, CURRENT, (CUevent * made, unsigned flags), (made, flags))
{
    if (!made || flags & ~(unsigned)FLAGS || (flags & 4 && !(flags & DISABLE_TIMING)))
        return CUDA_ERROR_INVALID_VALUE;
    event *e = calloc(1, sizeof *e);
    if (!e) return CUDA_ERROR_OUT_OF_MEMORY;
    e->flags = flags;
    object_add(&e->head, OBJECT_EVENT, current());
    *made = HANDLE(CUevent, e);
    return CUDA_SUCCESS;
}

ENTRY(cuEventDestroy_v2, CURRENT, (CUevent gone), (gone))
{
    event *e = object_find(gone, OBJECT_EVENT);
    if (!e) return CUDA_ERROR_INVALID_HANDLE;
    event_close(e);
    return CUDA_SUCCESS;
}

/* Event and stream must be of one context. */
ENTRY(cuEventRecord, CURRENT, (CUevent handle, CUstream in), (handle, in))
{
    event *e = object_find(handle, OBJECT_EVENT);
    stream *s;
    const CUresult result = stream_for_work(in, &s);
    if (result != CUDA_SUCCESS) return result;
    if (!e || e->head.owner != s->head.owner) return CUDA_ERROR_INVALID_HANDLE;
    if (s->captured) return capture_record(s, e);
    if (s->head.owner->sticky) return s->head.owner->sticky;
    work *w = work_make(WORK_RECORD, s->head.owner);
    if (!w) return CUDA_ERROR_OUT_OF_MEMORY;
    w->event = e->head.handle;
    e->capture = 0;
    e->time = 0;
    e->recorded = enqueue(s, w, 0);
    return CUDA_SUCCESS;
}

ENTRY(cuStreamWaitEvent, CURRENT, (CUstream waiter, CUevent handle, unsigned flags), (waiter, handle, flags))
{
    const event *e = object_find(handle, OBJECT_EVENT);
    stream *s;
    const CUresult result = stream_for_work(waiter, &s);
    if (result != CUDA_SUCCESS) return result;
    if (!e) return CUDA_ERROR_INVALID_HANDLE;
    if (flags > 1) return CUDA_ERROR_INVALID_VALUE;
    if (s->captured || event_captured(e)) return capture_wait(s, e);
    if (s->head.owner->sticky) return s->head.owner->sticky;
    if (!operation_pending(e->recorded)) return CUDA_SUCCESS;
    work *w = work_make(WORK_WAIT, s->head.owner);
    if (!w) return CUDA_ERROR_OUT_OF_MEMORY;
    enqueue(s, w, e->recorded);
    return CUDA_SUCCESS;
}

static CUresult for_waiting(CUevent handle, event **found)
{
    *found = object_find(handle, OBJECT_EVENT);
    if (!*found) return CUDA_ERROR_INVALID_HANDLE;
    return event_captured(*found) ? capture_forbids(NULL, CUDA_ERROR_CAPTURED_EVENT) : CUDA_SUCCESS;
}

ENTRY(cuEventSynchronize, CURRENT | UNSAFE, (CUevent handle), (handle))
{
    event *e;
    const CUresult result = for_waiting(handle, &e);
    if (result != CUDA_SUCCESS) return result;
    finish_operation(e->recorded);
    return e->head.owner->sticky;
}

ENTRY(cuEventQuery, CURRENT | UNSAFE, (CUevent handle), (handle))
{
    event *e;
    const CUresult result = for_waiting(handle, &e);
    if (result != CUDA_SUCCESS) return result;
    progress();
    if (e->head.owner->sticky) return e->head.owner->sticky;
    return operation_pending(e->recorded) ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS;
}

static CUresult elapsed(float *milliseconds, CUevent start, CUevent end)
{
    const event *a = object_find(start, OBJECT_EVENT), *b = object_find(end, OBJECT_EVENT);
    if (!milliseconds) return CUDA_ERROR_INVALID_VALUE;
    if (!a || !b || a->head.owner != b->head.owner || !a->recorded || !b->recorded)
        return CUDA_ERROR_INVALID_HANDLE;
    if ((a->flags | b->flags) & DISABLE_TIMING) return CUDA_ERROR_INVALID_HANDLE;
    if (event_captured(a) || event_captured(b)) return CUDA_ERROR_CAPTURED_EVENT;
    if (operation_pending(a->recorded) || operation_pending(b->recorded)) return CUDA_ERROR_NOT_READY;
    *milliseconds = (float)((double)b->time - (double)a->time) / 1e6f;
    return CUDA_SUCCESS;
}

ENTRY(cuEventElapsedTime, CURRENT, (float *milliseconds, CUevent start, CUevent end),
      (milliseconds, start, end))
{
    return elapsed(milliseconds, start, end);
}

ENTRY(cuEventElapsedTime_v2, CURRENT, (float *milliseconds, CUevent start, CUevent end),
      (milliseconds, start, end))
{
    return elapsed(milliseconds, start, end);
}
