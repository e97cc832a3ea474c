/* The short way of a job: bound once, launched, waited for. Nothing is copied, staged, cut or reported. */
#include "core/run/whole.h"

#include "core/base/status.h"
#include "core/run/launch.h"

static int has_host_array(const job *j)
{
    return j->at[X1].on_host || j->at[X2].on_host || j->at[OUT].on_host;
}

int whole_takes(const vecdot_queue *queue, const job *j, preparation *ready)
{
    const plan_policy *policy = &queue->context->policy;
    if (queue->progress && has_host_array(j)) return 0; /* is cut, to report */
    if (!job_is_in_place(j, policy)) return 0;
    job_prepare(j, policy, ready);
    return j->overlaps || plan_scratch_bytes(&ready->pl) <= (size_t)policy->max_alloc;
}

/* The end of a job on host arrays. Work on the device's own stays enqueued. */
static vecdot_status complete(vecdot_queue *queue, const job *j, const preparation *ready, const bindings *b)
{
    if (!has_host_array(j)) return VECDOT_SUCCESS;
    if (!j->at[OUT].on_host) return queue->context->dev.driver->queue_finish(queue->native);
    return bind_deliver(queue, NULL, &(delivery){&j->p, &ready->p, j->at[OUT], b->at[OUT], 0});
}

static vecdot_status run(vecdot_queue *queue, const job *j, preparation *ready)
{
    bindings b = {0};
    TRY(launch_reserve(queue, ready));
    vecdot_status status =
        bind_arrays(queue, NULL, &j->p, &ready->p, &ready->transfer, j->at, 0, ready->p.n, 1, &b);
    if (status == VECDOT_SUCCESS) status = launch_all(queue, ready, &b);
    if (status == VECDOT_SUCCESS) status = complete(queue, j, ready, &b);
    if (status != VECDOT_SUCCESS) (void)queue->context->dev.driver->queue_finish(queue->native);
    bind_release(queue, &b, 1);
    return status;
}

/* Memory that the queue kept from earlier host arrays may be what is missing. */
vecdot_status whole_run(vecdot_queue *queue, const job *j, preparation *ready)
{
    vecdot_status status = run(queue, j, ready);
    if (status != VECDOT_ERROR_OUT_OF_MEMORY || j->overlaps || !stage_drop(queue)) return status;
    return run(queue, j, ready);
}
