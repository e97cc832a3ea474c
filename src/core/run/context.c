/* Makes, shares and releases contexts and queues. */
#include "core/run/context.h"

#include "core/run/blas.h"
#include "core/run/device.h"
#include "core/run/program_cache.h"
#include "core/run/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static vecdot_status missing(const char *function, const char *argument)
{
    return fail(VECDOT_ERROR_INVALID_ARGUMENT, "%s: %s is NULL", function, argument);
}

/* ---- Settings ------------------------------------------------------------------------------------ */

typedef struct settings {
    int reproducible;
    blas_setting blas;
} settings;

static vecdot_status settings_read(settings *s)
{
    const char *value = environment_get("VECDOT_REPRODUCIBLE");
    s->reproducible = value != NULL && strcmp(value, "1") == 0;
    if (value != NULL && !s->reproducible && strcmp(value, "0") != 0)
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "VECDOT_REPRODUCIBLE is \"%.64s\", expected 0 or 1",
                    value);
    return blas_setting_read(&s->blas);
}

/* ---- Contexts ------------------------------------------------------------------------------------ */

void context_retain(vecdot_context *context)
{
    atomic_fetch_add_explicit(&context->references, 1, memory_order_relaxed);
}

int context_is_lost(const vecdot_context *context)
{
    return context->process != process_number() && !context->dev.driver->works_in_child;
}

vecdot_status context_check(const vecdot_context *context)
{
    return context_is_lost(context) ? fail(VECDOT_ERROR_BACKEND, "%s: %s", context->dev.driver->name, forked)
                                    : VECDOT_SUCCESS;
}

vecdot_status context_enter(vecdot_context *context)
{
    TRY(context_check(context));
    const backend *driver = context->dev.driver;
    return driver->context_enter != NULL ? driver->context_enter(context->native) : VECDOT_SUCCESS;
}

vecdot_status context_leave(vecdot_context *context, vecdot_status status)
{
    const backend *driver = context->dev.driver;
    return driver->context_leave != NULL ? driver->context_leave(context->native, status) : status;
}

place tensor_place(const vecdot_context *context, const DLTensor *tensor)
{
    return context->dev.driver->place_of(tensor->device.device_type);
}

/* DLPack's name for a device type. The installed header may be older than the tensor, so these are texts. */
static const char *device_type_name(int type)
{
    static const char *const names[] = {
        "unknown",   "kDLCPU",    "kDLCUDA",    "kDLCUDAHost", "kDLOpenCL",   "unknown",   "unknown",
        "kDLVulkan", "kDLMetal",  "kDLVPI",     "kDLROCM",     "kDLROCMHost", "kDLExtDev", "kDLCUDAManaged",
        "kDLOneAPI", "kDLWebGPU", "kDLHexagon", "kDLMAIA",     "kDLTrn"};
    return type >= 0 && (size_t)type < sizeof names / sizeof names[0] ? names[type] : names[0];
}

vecdot_status refuse_place(const vecdot_context *context, const char *function, const char *array,
                           const DLTensor *tensor)
{
    const backend *driver = context->dev.driver;
    const int type = (int)tensor->device.device_type, own = (int)driver->tensor_device;
    char more[64] = "";
    if (own != kDLCPU) snprintf(more, sizeof more, " and its own (%s, %d)", device_type_name(own), own);
    return fail(VECDOT_ERROR_DEVICE_MISMATCH,
                "%s: %s is on %s (%d); a queue of the backend %s takes host arrays (kDLCPU, %d)%s", function,
                array, device_type_name(type), type, driver->name, (int)kDLCPU, more);
}

/* Frees what context_open has allocated so far. */
static void context_free(vecdot_context *c)
{
    free(c->native);
    free(c);
}

vecdot_status context_open(const device *dev, void *native_context, vecdot_context **context)
{
    settings set;
    TRY(settings_read(&set));
    vecdot_context *c = calloc(1, sizeof *c);
    if (c == NULL) return fail(VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for a context");
    c->dev = *dev;
    c->process = process_number();
    c->native = calloc(1, dev->driver->context_size);
    atomic_init(&c->references, 1);
    policy_init(&c->policy, &dev->info, dev->groups_per_unit, dev->fenced_groups);
    if (dev->vector_bytes > 0) c->policy.vector_bytes = dev->vector_bytes;
    c->policy.typed_kernels = !dev->only_any;
    c->policy.reproducible = set.reproducible;
    c->policy.blas.setting = set.blas;
    blas_choose(c);
    vecdot_status status =
        c->native != NULL ? VECDOT_SUCCESS : fail(VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for a context");
    if (status == VECDOT_SUCCESS) status = program_cache_create(&c->dev, c->native, &c->programs);
    if (status != VECDOT_SUCCESS) {
        context_free(c);
        return status;
    }
    status = dev->driver->context_open(c->native, &c->dev, native_context);
    if (status != VECDOT_SUCCESS) {
        program_cache_destroy(c->programs, 0);
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
    UNCANCELLED;
    device_choice choice;
    settings set;
    if (context == NULL) return missing("vecdot_context_create", "context");
    TRY(settings_read(&set)); /* a wrong setting is reported before a missing device */
    TRY(device_select(selector, &choice));
    vecdot_status status = VECDOT_SUCCESS;
    char refused[2048] = "";
    text reasons = {refused, sizeof refused, 0};
    for (size_t i = 0; i < choice.count; i++) { /* a wrong setting is no reason to try another device */
        status = context_open(&choice.devices[i], NULL, context);
        if (status == VECDOT_SUCCESS || status == VECDOT_ERROR_INVALID_ARGUMENT || !choice.any) break;
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
    UNCANCELLED;
    if (context == NULL || context_is_lost(context)) return;
    if (atomic_fetch_sub_explicit(&context->references, 1, memory_order_acq_rel) != 1) return;
    program_cache_destroy(context->programs, context->policy.saving_seconds);
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

vecdot_status vecdot_set_parallel_for(vecdot_context *context, vecdot_parallel_for_fn parallel_for,
                                      void *user)
{
    if (context == NULL) return missing("vecdot_set_parallel_for", "context");
    const device *dev = &context->dev;
    if (dev->driver->set_parallel_for == NULL)
        return fail(VECDOT_ERROR_UNSUPPORTED,
                    "vecdot_set_parallel_for: context is on %s:%d, whose driver has threads of its own; "
                    "expected a context that computes on this library's threads",
                    dev->info.backend, (int)dev->info.index);
    dev->driver->set_parallel_for(context->native, parallel_for, user);
    return VECDOT_SUCCESS;
}

/* ---- Queues -------------------------------------------------------------------------------------- */

vecdot_status queue_open(vecdot_context *context, void *native_queue, vecdot_queue **queue)
{
    const backend *driver = context->dev.driver;
    TRY(context_check(context));
    vecdot_queue *q = calloc(1, sizeof *q);
    if (q == NULL) return fail(VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for a queue");
    q->context = context;
    q->native = calloc(1, driver->queue_size);
    vecdot_status status = q->native != NULL ? driver->queue_open(q->native, context->native, native_queue)
                                             : fail(VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for a queue");
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
    UNCANCELLED;
    if (context == NULL) return missing("vecdot_queue_create", "context");
    if (queue == NULL) return missing("vecdot_queue_create", "queue");
    return queue_open(context, NULL, queue);
}

vecdot_status vecdot_queue_finish(vecdot_queue *queue)
{
    UNCANCELLED;
    if (queue == NULL) return missing("vecdot_queue_finish", "queue");
    TRY(context_check(queue->context));
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
    UNCANCELLED;
    if (queue == NULL || context_is_lost(queue->context)) return;
    vecdot_context *context = queue->context;
    const backend *driver = context->dev.driver;
    if (driver->queue_finish(queue->native) != VECDOT_SUCCESS) {
        log_line("a released queue had failed: %s", vecdot_last_error());
    }
    if (queue->scratch != NULL) driver->memory_release(context->native, queue->scratch);
    if (queue->counters != NULL) driver->memory_release(context->native, queue->counters);
    (void)stage_drop(queue);
    if (queue->copy_queue != NULL) driver->queue_close(queue->copy_queue);
    driver->queue_close(queue->native);
    free(queue->copy_queue);
    free(queue->native);
    free(queue);
    vecdot_context_release(context);
}
