/* Every function of the null backend counts, and fails only where it is told to. */
#include "support/null_backend.h"

#include "core/base/status.h"

#include <stdio.h>
#include <string.h>

null_record null_did;
null_launch *null_kept;
long null_fail_at, null_without_memory;

static vecdot_status done(long *count, const char *call)
{
    (*count)++;
    if (null_fail_at > 0 && --null_fail_at == 0)
        return fail(VECDOT_ERROR_BACKEND, "null: %s fails as told", call);
    return VECDOT_SUCCESS;
}

/* ---- Contexts, queues, programs ------------------------------------------------------------------ */

static vecdot_status context_made(void *context, const device *dev, void *native)
{
    (void)context, (void)dev, (void)native;
    return VECDOT_SUCCESS;
}

static vecdot_status context_entered(void *context)
{
    (void)context;
    TRY(done(&null_did.enters, "context_enter"));
    null_did.inside = 1;
    return VECDOT_SUCCESS;
}

static vecdot_status context_left(void *context, vecdot_status status)
{
    (void)context;
    null_did.inside = 0;
    vecdot_status left = done(&null_did.leaves, "context_leave");
    return status != VECDOT_SUCCESS ? status : left;
}

static vecdot_status queue_made(void *queue, void *context, void *native)
{
    (void)queue, (void)context, (void)native;
    return VECDOT_SUCCESS;
}

static void closed(void *object)
{
    (void)object;
}

static vecdot_status queue_finished(void *queue)
{
    (void)queue;
    return done(&null_did.finishes, "queue_finish");
}

static vecdot_status program_made(void *program, void *context, const variant *v)
{
    (void)context;
    *(variant *)program = *v;
    null_did.built_inside += null_did.inside;
    return done(&null_did.programs, "program_open");
}

static place place_of(DLDeviceType type)
{
    return type == kDLCPU ? PLACE_HOST : type == kDLCUDA ? PLACE_ADDRESS : PLACE_ELSEWHERE;
}

/* ---- Memory: addresses are numbers ----------------------------------------------------------------- */

static vecdot_status memory_made(void *context, size_t bytes, void **memory)
{
    (void)context;
    if (null_without_memory > 0) {
        null_without_memory--;
        return fail(VECDOT_ERROR_OUT_OF_MEMORY, "null: no memory for %zu bytes", bytes);
    }
    *memory = (void *)(uintptr_t)0x1000;
    return done(&null_did.creates, "memory_create");
}

static vecdot_status memory_wrapped(void *context, void *host, size_t bytes, int writable, void **memory)
{
    (void)context, (void)bytes, (void)writable;
    *memory = host;
    return done(&null_did.wraps, "memory_wrap");
}

static void memory_released(void *context, void *memory)
{
    (void)context, (void)memory;
    null_did.releases++;
}

static vecdot_status memory_checked(void *context, void *memory, size_t bytes, const char *argument)
{
    (void)context, (void)memory, (void)bytes, (void)argument;
    return done(&null_did.checks, "memory_check");
}

static vecdot_status memory_revealed(void *queue, void *memory, size_t bytes)
{
    (void)queue, (void)memory, (void)bytes;
    return done(&null_did.reveals, "memory_reveal");
}

static vecdot_status memory_rooted(void *context, void *memory, void **root, size_t *offset)
{
    (void)context;
    *root = NULL;
    *offset = (size_t)(uintptr_t)memory;
    return done(&null_did.roots, "memory_root");
}

static vecdot_status written(void *queue, void *memory, size_t offset, const void *host, size_t bytes)
{
    (void)queue, (void)memory, (void)offset, (void)host, (void)bytes;
    return done(&null_did.writes, "memory_write");
}

static vecdot_status read_back(void *queue, void *memory, size_t offset, void *host, size_t bytes)
{
    (void)queue, (void)memory, (void)offset, (void)host, (void)bytes;
    return done(&null_did.reads, "memory_read");
}

/* ---- Launches ------------------------------------------------------------------------------------ */

static void keep(const variant *v, const launch *how)
{
    const kernel_arg *last = &how->args[how->arg_count - 1];
    *null_kept = (null_launch){.v = *v,
                               .groups = how->groups,
                               .group_size = how->group_size,
                               .buffers = how->arg_count - 1,
                               .products = how->products,
                               .bytes = how->bytes};
    for (size_t k = 0; k < null_kept->buffers; k++) null_kept->memory[k] = how->args[k].value;
    memcpy(null_kept->params, last->value, last->size);
}

static vecdot_status launched(void *queue, void *program, const launch *how)
{
    (void)queue;
    if (null_kept != NULL) keep(program, how);
    return done(&null_did.launches, "launch");
}

#define NULL_BACKEND                                                                                         \
    .name = "null", .schedules = ON_BOTH, .context_size = 1, .queue_size = 1,                                \
    .program_size = sizeof(variant), .context_open = context_made, .context_close = closed,                  \
    .context_enter = context_entered, .context_leave = context_left, .queue_open = queue_made,               \
    .queue_finish = queue_finished, .queue_close = closed, .memory_create = memory_made,                     \
    .memory_release = memory_released, .memory_write = written, .memory_read = read_back,                    \
    .program_open = program_made, .program_close = closed, .launch = launched

static const backend null_backend = {NULL_BACKEND,
                                     .tensor_device = kDLCUDA,
                                     .place_of = place_of,
                                     .memory_wrap = memory_wrapped,
                                     .memory_check = memory_checked,
                                     .memory_reveal = memory_revealed,
                                     .memory_root = memory_rooted};

static place host_place_of(DLDeviceType type)
{
    return type == kDLCPU ? PLACE_HOST : PLACE_ELSEWHERE;
}

static const backend host_backend = {NULL_BACKEND, .tensor_device = kDLCPU, .place_of = host_place_of};

vecdot_status null_context_create(null_device which, vecdot_context **context)
{
    device dev = {.driver = which == NULL_HOST ? &host_backend : &null_backend,
                  .groups_per_unit = 8,
                  .fenced_groups = 1,
                  .max_group_size = 1024};
    snprintf(dev.info.backend, sizeof dev.info.backend, "null");
    snprintf(dev.info.name, sizeof dev.info.name, "no device");
    dev.info.kind = which == NULL_GPU ? VECDOT_DEVICE_GPU : VECDOT_DEVICE_CPU;
    dev.info.memory_bytes = UINT64_C(1) << 34;
    dev.info.max_alloc_bytes = UINT64_C(1) << 32;
    dev.info.compute_units = 16;
    dev.info.has_fp64 = 1;
    dev.info.shares_host_memory = which != NULL_GPU;
    return context_open(&dev, NULL, context);
}
