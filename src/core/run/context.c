/* Contexts and queues: their making, sharing and end, and the policy a device calls for. */
#include "core/run/context.h"

#include "core/run/blas.h"
#include "core/run/device.h"
#include "core/run/host/host_path.h"
#include "core/run/program_cache.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static vecdot_status missing(const char *function, const char *argument)
{
    return fail(VECDOT_ERROR_INVALID_ARGUMENT, "%s: %s is NULL", function, argument);
}

/* ---- Policy -------------------------------------------------------------------------------------- */

/* Every plan follows the canonical tree, so the setting changes nothing; a value that is not one is refused.
 */
static vecdot_status check_reproducible_setting(void)
{
    const char *value = environment_get("VECDOT_REPRODUCIBLE");
    if (value != NULL && strcmp(value, "0") != 0 && strcmp(value, "1") != 0) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                    "vecdot_context_create: VECDOT_REPRODUCIBLE is \"%.64s\", expected "
                    "0 or 1",
                    value);
    }
    return VECDOT_SUCCESS;
}

/* Host arrays that are copied lie in the device's memory together: three of them, and the scratch. */
static int64_t largest_buffer(const vecdot_device_info *info)
{
    uint64_t bytes = info->max_alloc_bytes;
    if (!info->shares_host_memory && bytes > info->memory_bytes / 4) bytes = info->memory_bytes / 4;
    return bytes < INT64_MAX ? (int64_t)bytes : INT64_MAX;
}

static void policy_init(plan_policy *p, const device *dev)
{
    const vecdot_device_info *info = &dev->info;
    p->schedule = info->kind == VECDOT_DEVICE_CPU ? SCHEDULE_CPU : SCHEDULE_GPU;
    p->force = CLASS_AUTO;
    p->share_host = info->shares_host_memory;
    p->share_out = info->kind == VECDOT_DEVICE_CPU;
    p->max_alloc = largest_buffer(info);
    p->units = info->compute_units < INT_MAX ? (int)info->compute_units : INT_MAX;
    p->fenced_groups = dev->fenced_groups;
    p->has_fp64 = info->has_fp64;
    p->host = info->kind == VECDOT_DEVICE_CPU && info->shares_host_memory ? HOST_AUTO : HOST_NEVER;
    p->host_set = host_set_after(-1);
    p->saving_seconds = 1.0;
    const char *reproducible = environment_get("VECDOT_REPRODUCIBLE"); /* checked before */
    p->reproducible = reproducible != NULL && strcmp(reproducible, "1") == 0;
}

void context_set_thresholds(vecdot_context *context, const thresholds *at)
{
    plan_policy *p = &context->policy;
    int64_t resident = context->dev.groups_per_unit, groups = at->groups_per_unit;
    if (resident > 0 && resident < groups) groups = resident;
    p->thresholds = *at;
    p->parallel_groups = p->units <= INT_MAX / groups ? (int)(p->units * groups) : INT_MAX;
}

/* ---- Contexts ------------------------------------------------------------------------------------ */

void context_retain(vecdot_context *context)
{
    atomic_fetch_add_explicit(&context->references, 1, memory_order_relaxed);
}

vecdot_status context_enter(vecdot_context *context)
{
    const backend *driver = context->dev.driver;
    return driver->context_enter != NULL ? driver->context_enter(context->native) : VECDOT_SUCCESS;
}

vecdot_status context_leave(vecdot_context *context, vecdot_status status)
{
    const backend *driver = context->dev.driver;
    return driver->context_leave != NULL ? driver->context_leave(context->native, status) : status;
}

/* What context_open allocates, as far as it came. */
static void context_free(vecdot_context *c)
{
    free(c->native);
    free(c);
}

vecdot_status context_open(const device *dev, void *native_context, vecdot_context **context)
{
    blas_setting blas;
    TRY(blas_setting_read(&blas));
    vecdot_context *c = calloc(1, sizeof *c);
    if (c == NULL) return fail(VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for a context");
    c->dev = *dev;
    c->native = calloc(1, dev->driver->context_size);
    atomic_init(&c->references, 1);
    policy_init(&c->policy, dev);
    c->policy.blas.setting = blas;
    thresholds at = thresholds_of(device_family_of(&dev->info));
    context_set_thresholds(c, &at);
    blas_choose(c);
    vecdot_status status =
        c->native != NULL ? VECDOT_SUCCESS : fail(VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for a context");
    if (status == VECDOT_SUCCESS) status = program_cache_create(&c->programs);
    if (status != VECDOT_SUCCESS) {
        context_free(c);
        return status;
    }
    status = dev->driver->context_open(c->native, dev, native_context);
    if (status != VECDOT_SUCCESS) {
        program_cache_destroy(c, c->programs);
        context_free(c);
        return status;
    }
    log_line("context on %s:%d \"%s\" (driver %s)", dev->info.backend, (int)dev->info.index, dev->info.name,
             dev->info.driver);
    *context = c;
    return VECDOT_SUCCESS;
}

vecdot_status vecdot_context_create(const char *selector, vecdot_context **context)
{
    device_choice choice;
    blas_setting blas;
    if (context == NULL) return missing("vecdot_context_create", "context");
    TRY(check_reproducible_setting());
    TRY(blas_setting_read(&blas));
    TRY(device_select(selector, &choice));
    vecdot_status status = VECDOT_SUCCESS;
    char refused[2048] = "";
    text reasons = {refused, sizeof refused, 0};
    for (size_t i = 0; i < choice.count; i++) {
        status = context_open(&choice.devices[i], NULL, context);
        if (status == VECDOT_SUCCESS || !choice.any) break;
        const vecdot_device_info *info = &choice.devices[i].info;
        log_line("auto: %s:%d is refused: %s", info->backend, (int)info->index, vecdot_last_error());
        text_add(&reasons, "\n%s:%d: %s", info->backend, (int)info->index, vecdot_last_error());
        status = fail(status, "vecdot_context_create: no device could be opened%s", refused);
    }
    device_choice_free(&choice);
    return status;
}

void vecdot_context_release(vecdot_context *context)
{
    if (context == NULL) return;
    if (atomic_fetch_sub_explicit(&context->references, 1, memory_order_acq_rel) != 1) return;
    program_cache_destroy(context, context->programs);
    context->dev.driver->context_close(context->native);
    context_free(context);
}

vecdot_status vecdot_context_info(const vecdot_context *context, vecdot_device_info *info)
{
    if (context == NULL) return missing("vecdot_context_info", "context");
    if (info == NULL) return missing("vecdot_context_info", "info");
    *info = context->dev.info;
    return VECDOT_SUCCESS;
}

/* ---- Queues -------------------------------------------------------------------------------------- */

vecdot_status queue_open(vecdot_context *context, void *native_queue, vecdot_queue **queue)
{
    const backend *driver = context->dev.driver;
    vecdot_queue *q = calloc(1, sizeof *q);
    if (q == NULL) return fail(VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for a queue");
    q->context = context;
    q->native = calloc(1, driver->queue_size);
    vecdot_status status = q->native != NULL ? kernel_table_create(&q->kernels)
                                             : fail(VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for a queue");
    if (status == VECDOT_SUCCESS) {
        status = driver->queue_open(q->native, context->native, native_queue);
        if (status != VECDOT_SUCCESS) kernel_table_destroy(context, q->kernels);
    }
    if (status != VECDOT_SUCCESS) {
        free(q->native);
        free(q);
        return status;
    }
    context_retain(context);
    *queue = q;
    return VECDOT_SUCCESS;
}

vecdot_status vecdot_queue_create(vecdot_context *context, vecdot_queue **queue)
{
    if (context == NULL) return missing("vecdot_queue_create", "context");
    if (queue == NULL) return missing("vecdot_queue_create", "queue");
    return queue_open(context, NULL, queue);
}

vecdot_status vecdot_queue_finish(vecdot_queue *queue)
{
    if (queue == NULL) return missing("vecdot_queue_finish", "queue");
    return queue->context->dev.driver->queue_finish(queue->native);
}

vecdot_status vecdot_set_progress(vecdot_queue *queue, vecdot_progress_fn progress, void *user)
{
    if (queue == NULL) return missing("vecdot_set_progress", "queue");
    queue->progress = progress;
    queue->progress_user = user;
    return VECDOT_SUCCESS;
}

void vecdot_queue_release(vecdot_queue *queue)
{
    if (queue == NULL) return;
    vecdot_context *context = queue->context;
    const backend *driver = context->dev.driver;
    if (driver->queue_finish(queue->native) != VECDOT_SUCCESS) {
        log_line("a released queue had failed: %s", vecdot_last_error());
    }
    kernel_table_destroy(context, queue->kernels);
    if (queue->scratch != NULL) driver->memory_release(context->native, queue->scratch);
    if (queue->counters != NULL) driver->memory_release(context->native, queue->counters);
    for (int a = 0; a < ARRAYS; a++)
        if (queue->kept[a].memory != NULL) driver->memory_release(context->native, queue->kept[a].memory);
    if (queue->copies != NULL) driver->queue_close(queue->copies);
    driver->queue_close(queue->native);
    free(queue->copies);
    free(queue->native);
    free(queue);
    vecdot_context_release(context);
}
