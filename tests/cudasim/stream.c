/* Streams: made ones, the legacy stream of each context, and the one that each thread has of its own. */
#include "tests/cudasim/driver.h"

#include <stdlib.h>

enum { NON_BLOCKING = 1, LEGACY = 1, PER_THREAD = 2, GREATEST_PRIORITY = -5 };

stream *stream_open(context *owner, unsigned flags, int priority)
{
    stream *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->flags = flags;
    s->blocking = !(flags & NON_BLOCKING);
    s->priority = priority;
    object_add(&s->head, OBJECT_STREAM, owner);
    return s;
}

void stream_close(stream *gone)
{
    if (gone->captured) {
        misuse("a stream is destroyed while it is capturing");
        capture_drop(gone);
    }
    object_remove(&gone->head);
    free(gone->tail.items);
    free(gone);
}

static void count_made(object *o, void *count)
{
    const stream *s = (const stream *)o;
    *(uint64_t *)count += !s->legacy && !s->per_thread;
}

uint64_t made_streams(void)
{
    uint64_t count = 0;
    object_each(OBJECT_STREAM, count_made, &count);
    return count;
}

typedef struct wanted {
    const context *owner;
    stream *found;
} wanted;

static void match_thread(object *o, void *user)
{
    stream *s = (stream *)o;
    wanted *w = user;
    if (s->per_thread && o->owner == w->owner && s->thread == thread_number()) w->found = s;
}

static stream *per_thread(context *owner)
{
    wanted w = {owner, NULL};
    object_each(OBJECT_STREAM, match_thread, &w);
    if (w.found) return w.found;
    stream *s = stream_open(owner, 0, 0);
    if (!s) return NULL;
    s->per_thread = true;
    s->thread = thread_number();
    return s;
}

CUresult stream_find(CUstream handle, stream **found)
{
    const uintptr_t number = (uintptr_t)handle;
    *found = number == PER_THREAD ? per_thread(current())
             : number <= LEGACY   ? current()->legacy
                                  : object_find(handle, OBJECT_STREAM);
    if (!*found) return number == PER_THREAD ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_ERROR_INVALID_HANDLE;
    return CUDA_SUCCESS;
}

/* The legacy stream would have to wait for a blocking one, which a capture does not allow. */
CUresult stream_for_work(CUstream handle, stream **found)
{
    const CUresult result = stream_find(handle, found);
    if (result == CUDA_SUCCESS && (*found)->legacy && capture_in_context((*found)->head.owner, true))
        return capture_forbids(NULL, CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
    return result;
}

static CUresult create(CUstream *made, unsigned flags, int priority)
{
    if (!made || flags > NON_BLOCKING) return CUDA_ERROR_INVALID_VALUE;
    priority = priority > 0 ? 0 : priority < GREATEST_PRIORITY ? GREATEST_PRIORITY : priority;
    const stream *s = stream_open(current(), flags, priority);
    if (!s) return CUDA_ERROR_OUT_OF_MEMORY;
    *made = HANDLE(CUstream, s);
    return CUDA_SUCCESS;
}

ENTRY(cuStreamCreate, CURRENT, (CUstream * made, unsigned flags), (made, flags))
{
    return create(made, flags, 0);
}

ENTRY(cuStreamCreateWithPriority, CURRENT, (CUstream * made, unsigned flags, int priority),
      (made, flags, priority))
{
    return create(made, flags, priority);
}

/* Its pending work is still done. */
ENTRY(cuStreamDestroy_v2, CURRENT, (CUstream gone), (gone))
{
    stream *s = object_find(gone, OBJECT_STREAM);
    if (!s || s->legacy || s->per_thread) return CUDA_ERROR_INVALID_HANDLE;
    stream_close(s);
    return CUDA_SUCCESS;
}

/* Waiting for, or asking after, a stream that only records. */
static CUresult for_waiting(CUstream handle, stream **found)
{
    const CUresult result = stream_for_work(handle, found);
    if (result == CUDA_SUCCESS && (*found)->captured)
        return capture_forbids(*found, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    return result;
}

ENTRY(cuStreamSynchronize, CURRENT | UNSAFE, (CUstream handle), (handle))
{
    stream *s;
    const CUresult result = for_waiting(handle, &s);
    if (result != CUDA_SUCCESS) return result;
    finish_stream(s);
    return s->head.owner->sticky;
}

ENTRY(cuStreamQuery, CURRENT | UNSAFE, (CUstream handle), (handle))
{
    stream *s;
    const CUresult result = for_waiting(handle, &s);
    if (result != CUDA_SUCCESS) return result;
    progress();
    if (s->head.owner->sticky) return s->head.owner->sticky;
    return stream_pending(s) ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS;
}

ENTRY(cuStreamGetCtx, CURRENT, (CUstream handle, CUcontext *owner), (handle, owner))
{
    stream *s;
    const CUresult result = stream_find(handle, &s);
    if (!owner) return CUDA_ERROR_INVALID_VALUE;
    if (result == CUDA_SUCCESS) *owner = HANDLE(CUcontext, s->head.owner);
    return result;
}

ENTRY(cuStreamGetFlags, CURRENT, (CUstream handle, unsigned *flags), (handle, flags))
{
    stream *s;
    const CUresult result = stream_find(handle, &s);
    if (!flags) return CUDA_ERROR_INVALID_VALUE;
    if (result == CUDA_SUCCESS) *flags = s->flags;
    return result;
}
