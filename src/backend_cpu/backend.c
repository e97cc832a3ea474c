/* The CPU backend's table, its contexts and its queues. There is no driver: a launch is complete when it
 * returns, and memory is the program's own. The core sees nothing else of this folder. */
#include "backend_cpu/objects.h"

#include <stdlib.h>

static vecdot_status context_open(void *context, const device *dev, void *native_context)
{
    cpu_context *c = context;
    (void)dev, (void)native_context; /* no interop header makes such contexts */
    TRY(pool_retain());
    c->set = cpu_instruction_set();
    return VECDOT_SUCCESS;
}

static void context_close(void *context)
{
    (void)context;
    pool_release();
}

static void set_parallel_for(void *context, vecdot_parallel_for_fn parallel_for, void *user)
{
    ((cpu_context *)context)->own = (own_pool){parallel_for, user};
}

static vecdot_status queue_open(void *queue, void *context, void *native_queue)
{
    (void)native_queue;
    ((cpu_queue *)queue)->context = context;
    return VECDOT_SUCCESS;
}

static vecdot_status queue_finish(void *queue)
{
    (void)queue;
    return VECDOT_SUCCESS;
}

static void queue_close(void *queue)
{
    free(((cpu_queue *)queue)->arena);
}

static vecdot_status queue_follow(void *queue, void *other)
{
    (void)queue, (void)other;
    return VECDOT_SUCCESS;
}

static void program_close(void *program)
{
    (void)program;
}

static void *no_native(const void *object)
{
    (void)object;
    return NULL;
}

const backend backend_cpu = {
    .name = "cpu",
    .schedules = ON_CPU,
    .tensor_device = kDLCPU,
    .works_in_child = 1,
    .context_size = sizeof(cpu_context),
    .queue_size = sizeof(cpu_queue),
    .program_size = sizeof(cpu_program),
    .probe = cpu_probe,
    .diagnose = cpu_diagnose,
    .place_of = cpu_place_of,
    .context_open = context_open,
    .context_close = context_close,
    .set_parallel_for = set_parallel_for,
    .queue_open = queue_open,
    .queue_finish = queue_finish,
    .queue_close = queue_close,
    .queue_follow = queue_follow,
    .context_native = no_native,
    .queue_native = no_native,
    .memory_create = cpu_memory_create,
    .memory_release = cpu_memory_release,
    .memory_write = cpu_memory_write,
    .memory_read = cpu_memory_read,
    .program_open = cpu_program_open,
    .program_close = program_close,
    .launch = cpu_launch,
};
