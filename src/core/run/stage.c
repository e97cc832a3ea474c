/* Allocates, finds and keeps the memory through which host arrays are copied. */
#include "core/run/stage.h"

#include "core/base/status.h"

#include <stdlib.h>

vecdot_status stage_host(stage *s, const problem *p, int array, size_t bytes, char **memory)
{
    if (s->host_bytes[array] < bytes) {
        free(s->host[array]);
        s->host[array] = malloc(bytes);
        s->host_bytes[array] = s->host[array] ? bytes : 0;
    }
    *memory = s->host[array];
    if (*memory) return VECDOT_SUCCESS;
    return fail(VECDOT_ERROR_OUT_OF_MEMORY, "%s: no host memory for %zu bytes of staging",
                operation_name(p->op), bytes);
}

vecdot_status stage_next(vecdot_queue *queue, stage *s, int array, size_t bytes, stage_buffer **found)
{
    const backend *driver = queue->context->dev.driver;
    s->turn[array] = (s->turn[array] + 1) % s->turns;
    stage_buffer *b = *found = &s->buffers[array][s->turn[array]];
    b->source = NULL;
    if (bytes <= b->bytes) return VECDOT_SUCCESS;
    if (b->memory) {
        TRY(driver->queue_finish(queue->native));
        TRY(driver->queue_finish(s->copy_queue));
        driver->memory_release(queue->context->native, b->memory);
        *b = (stage_buffer){0};
    }
    size_t wanted = (size_t)s->least_bytes[array] > bytes ? (size_t)s->least_bytes[array] : bytes;
    TRY(driver->memory_create(queue->context->native, wanted, &b->memory));
    b->bytes = wanted;
    return VECDOT_SUCCESS;
}

void *stage_find(stage *s, int array, const char *host, size_t bytes)
{
    const stage_buffer *other = &s->buffers[X1][s->turn[X1]];
    if (array == X2 && other->source == host && other->source_bytes == bytes) return other->memory;
    for (int turn = 0; turn < s->turns; turn++) {
        const stage_buffer *b = &s->buffers[array][turn];
        if (b->source != host || b->source_bytes != bytes) continue;
        s->turn[array] = turn;
        return b->memory;
    }
    return NULL;
}

void stage_free(const vecdot_context *context, stage *s)
{
    for (int a = 0; a < ARRAYS; a++) {
        for (int turn = 0; turn < TURNS; turn++)
            if (s->buffers[a][turn].memory)
                context->dev.driver->memory_release(context->native, s->buffers[a][turn].memory);
        free(s->host[a]);
    }
}

int stage_take(vecdot_queue *queue, stage *s)
{
    int taken = 0;
    for (int a = 0; a < ARRAYS; a++) {
        struct kept_memory *kept = &queue->kept[a];
        taken |= kept->memory != NULL;
        s->buffers[a][0] = (stage_buffer){.memory = kept->memory, .bytes = kept->bytes};
        *kept = (struct kept_memory){0};
    }
    return taken;
}

int stage_drop(vecdot_queue *queue)
{
    int dropped = 0;
    for (int a = 0; a < ARRAYS; a++) {
        struct kept_memory *kept = &queue->kept[a];
        if (!kept->memory) continue;
        queue->context->dev.driver->memory_release(queue->context->native, kept->memory);
        *kept = (struct kept_memory){0};
        dropped = 1;
    }
    return dropped;
}

/* At most this many bytes of a buffer are kept. Larger ones take far longer to fill than to
 * allocate, so keeping them saves little. */
static size_t most_kept(const vecdot_context *context)
{
    const int64_t most = 16 << 20, share = context->policy.max_alloc / 64;
    return (size_t)(share < most ? share : most);
}

void stage_keep(vecdot_queue *queue, stage *s)
{
    for (int a = 0; a < ARRAYS; a++) {
        stage_buffer *b = &s->buffers[a][0];
        if (b->bytes > most_kept(queue->context) || queue->kept[a].memory) continue;
        queue->kept[a] = (struct kept_memory){b->memory, b->bytes};
        b->memory = NULL;
    }
    stage_free(queue->context, s);
}
