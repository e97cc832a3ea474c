/* Finds a variant's function and runs a launch's groups on as many threads as its work is worth. */
#include "backend_cpu/objects.h"
#include "backend_cpu/rounding.h"

#include <stdlib.h>
#include <string.h>

/* ---- Programs ---- */

static const kernel_entry *find(const instruction_set *set, const variant *v)
{
    for (; set != NULL; set = set->rest)
        for (size_t k = 0; k < set->count; k++)
            if (memcmp(&set->kernels[k].v, v, sizeof *v) == 0) return set->kernels[k].kernel;
    return NULL;
}

vecdot_status cpu_program_open(void *program, void *context, const variant *v)
{
    const instruction_set *set = ((cpu_context *)context)->set;
    const kernel_entry *kernel = find(set, v);
    if (kernel == NULL) {
        char label[96];
        variant_label(v, label, sizeof label);
        return fail(VECDOT_ERROR_COMPILE, "cpu: the library was built without a kernel \"%s\" for %s", label,
                    set->name);
    }
    ((cpu_program *)program)->kernel = kernel;
    cpu_rate(v, set, program);
    return VECDOT_SUCCESS;
}

/* ---- Launches ---- */

enum { MOST_BUFFERS = 3, CACHE_LINE = 64 };

typedef struct job {
    kernel_function *run;
    void *buffers[MOST_BUFFERS];
    const void *params;
    char *arena;
    size_t slot_bytes; /* of the arena */
} job;

static void run_groups(void *user, int slot, int64_t begin, int64_t end)
{
    const job *j = user;
    uint64_t before = rounding_begin();
    j->run(j->buffers, j->params, begin, end, j->arena + (size_t)slot * j->slot_bytes);
    rounding_end(before);
}

/* Makes the queue's arena large enough for so many threads; a program's own pool takes one slot more. Where
 * memory is short, fewer threads compute. What a kernel leaves in the arena is not kept. */
static vecdot_status reserve(cpu_queue *q, size_t slot_bytes, int *threads)
{
    for (;; *threads = (*threads + 1) / 2) {
        const int slots = *threads + (*threads > 1 && q->context->own.run != NULL);
        const size_t bytes = slot_bytes * (size_t)slots;
        if (bytes <= q->arena_bytes) return VECDOT_SUCCESS;
        free(q->arena);
        q->arena = aligned_alloc(CACHE_LINE, bytes);
        q->arena_bytes = q->arena != NULL ? bytes : 0;
        if (q->arena != NULL) return VECDOT_SUCCESS;
        if (*threads == 1)
            return fail(VECDOT_ERROR_OUT_OF_MEMORY, "cpu: no memory for %zu bytes of the kernels' scratch",
                        bytes);
    }
}

vecdot_status cpu_launch(void *queue, void *program, const launch *l)
{
    cpu_queue *q = queue;
    const kernel_entry *kernel = ((cpu_program *)program)->kernel;
    const own_pool *own = &q->context->own;
    const double ns = cpu_launch_ns(program, l);
    int threads = cpu_threads_now(q, ns, cpu_most_threads(l, ns));
    job j = {.run = kernel->run, .params = l->args[l->arg_count - 1].value};
    j.slot_bytes = (kernel->scratch_bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    for (size_t k = 0; k + 1 < l->arg_count; k++) j.buffers[k] = (void *)(uintptr_t)l->args[k].value;
    TRY(reserve(q, j.slot_bytes, &threads));
    j.arena = q->arena;
    const int64_t groups = (int64_t)(l->groups * l->group_size);
    if (threads == 1)
        run_groups(&j, 0, 0, groups);
    else if (own->run != NULL)
        own_pool_run(own, &q->job, threads, groups, run_groups, &j);
    else
        pool_run(threads, groups, 1, run_groups, &j);
    return VECDOT_SUCCESS;
}
