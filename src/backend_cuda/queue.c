/* Queues: a stream made here, or a program's own. */
#include "backend_cuda/objects.h"

/* Checks that the program's stream belongs to the context, which must be current. The two streams without
 * a handle of their own always do. */
static vecdot_status stream_check(const cuda_context *c, CUstream native)
{
    CUcontext of = NULL;
    if (native == CU_STREAM_LEGACY || native == CU_STREAM_PER_THREAD) return VECDOT_SUCCESS;
    CUresult code = cu.StreamGetCtx(native, &of);
    if (code != CUDA_SUCCESS) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "cuda: not a valid CUstream: cuStreamGetCtx gave %s (%d)",
                    cuda_code_name(code), code);
    }
    if (of == c->native) return VECDOT_SUCCESS;
    return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                "cuda: the CUstream belongs to another CUcontext than the vecdot context");
}

static vecdot_status stream_create(cuda_queue *q)
{
    CUresult code = cu.StreamCreate(&q->native, CU_STREAM_NON_BLOCKING);
    if (code != CUDA_SUCCESS) return cuda_fail("cuStreamCreate", code);
    q->owned = 1;
    return VECDOT_SUCCESS;
}

vecdot_status cuda_queue_open(void *queue, void *context, void *native_queue)
{
    cuda_queue *q = queue;
    q->context = context;
    q->native = native_queue;
    TRY(cuda_enter(q->context));
    return cuda_leave(native_queue != NULL ? stream_check(q->context, q->native) : stream_create(q));
}

static vecdot_status finish(const cuda_queue *q)
{
    CUresult code = cu.StreamSynchronize(q->native);
    return code == CUDA_SUCCESS ? VECDOT_SUCCESS : cuda_fail("cuStreamSynchronize", code);
}

vecdot_status cuda_queue_finish(void *queue)
{
    cuda_queue *q = queue;
    TRY(cuda_enter(q->context));
    return cuda_leave(finish(q));
}

void cuda_queue_close(void *queue)
{
    cuda_queue *q = queue;
    if (cuda_push(q->context) != CUDA_SUCCESS) return;
    staging_free(&q->staging);
    cuda_blas_close(q);
    if (q->reached != NULL) cu.EventDestroy(q->reached);
    if (q->owned) cu.StreamDestroy(q->native);
    cuda_leave(VECDOT_SUCCESS);
}

void *cuda_queue_handle(const void *queue)
{
    return ((const cuda_queue *)queue)->native;
}

static vecdot_status follow(const cuda_queue *q, cuda_queue *other)
{
    CUresult code = CUDA_SUCCESS;
    if (other->reached == NULL) code = cu.EventCreate(&other->reached, CU_EVENT_DISABLE_TIMING);
    if (code != CUDA_SUCCESS) return cuda_fail("cuEventCreate", code);
    code = cu.EventRecord(other->reached, other->native);
    if (code != CUDA_SUCCESS) return cuda_fail("cuEventRecord", code);
    code = cu.StreamWaitEvent(q->native, other->reached, 0);
    return code == CUDA_SUCCESS ? VECDOT_SUCCESS : cuda_fail("cuStreamWaitEvent", code);
}

vecdot_status cuda_queue_follow(void *queue, void *other)
{
    cuda_queue *q = queue;
    TRY(cuda_enter(q->context));
    return cuda_leave(follow(q, other));
}
