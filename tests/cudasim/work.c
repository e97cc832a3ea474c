/* What one operation does when its turn comes: a kernel, a copy, a fill, an event's record, a graph. A
 * failure stays with the context, as on a real device. */
#include "tests/cudasim/driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t nanoseconds, instructions;

work *work_make(work_kind kind, context *owner)
{
    work *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    w->kind = kind;
    w->owner = owner;
    return w;
}

void work_free(work *gone)
{
    if (!gone) return;
    if (gone->graph) plan_release(gone->graph);
    free(gone->params);
    free(gone->staged);
    free(gone);
}

uint64_t simulated_time(void)
{
    return nanoseconds;
}

uint64_t instructions_run(void)
{
    return instructions;
}

void work_reset(void)
{
    nanoseconds = instructions = 0;
}

/* ---- Kernels ---- */

/* Adds to the machine's words what the driver knows of the address in them. */
static void explain(const work *w, const fault_report *fault)
{
    const char *at = strstr(fault->text, "address 0x");
    char why[256];
    if (fault->kind != FAULT_OUT_OF_BOUNDS || !at) {
        report("%s", fault->text);
        return;
    }
    memory_explain(w->owner, strtoull(at + strlen("address "), NULL, 16), why, sizeof why);
    report("%s (%s)", fault->text, why);
}

static CUresult code_of(fault_kind kind)
{
    switch (kind) {
    case FAULT_OUT_OF_BOUNDS: return CUDA_ERROR_ILLEGAL_ADDRESS;
    case FAULT_MISALIGNED: return CUDA_ERROR_MISALIGNED_ADDRESS;
    default: return CUDA_ERROR_LAUNCH_FAILED;
    }
}

static void run_kernel(const work *w)
{
    const function *f = object_find((const void *)(uintptr_t)w->function, OBJECT_FUNCTION);
    fault_report fault = {0};
    if (!f) {
        misuse("a kernel is to run whose module was unloaded");
        w->owner->sticky = CUDA_ERROR_LAUNCH_FAILED;
        return;
    }
    machine_launch launch = {
        .dynamic_shared = w->shared,
        .params = w->params,
        .seed = random_next(),
        .max_instructions = (uint64_t)config.limit,
        .find = memory_for_kernel,
        .user = w->owner,
        .instructions = &instructions,
    };
    memcpy(launch.grid, w->grid, sizeof launch.grid);
    memcpy(launch.block, w->block, sizeof launch.block);
    if (machine_run(f->kernel, &launch, &fault) == 0) return;
    explain(w, &fault);
    w->owner->sticky = code_of(fault.kind);
}

/* ---- What another library computes ---- */

static void *find_for_host(const void *user, uint64_t address, size_t bytes)
{
    const work *w = user;
    char why[256];
    const memory_block *at = memory_for_kernel(w->owner, address);
    if (at && bytes <= at->bytes - (address - at->address)) return at->host + (address - at->address);
    memory_explain(w->owner, address, why, sizeof why);
    report("a library's kernel, %zu bytes: %s", bytes, why);
    w->owner->sticky = CUDA_ERROR_ILLEGAL_ADDRESS;
    return NULL;
}

int cudasim_submit(void *in, cudasim_kernel *run, const void *params, size_t bytes)
{
    stream *s;
    CUresult result = enter("cudasim_submit", CURRENT);
    if (result == CUDA_SUCCESS) result = stream_for_work(in, &s);
    if (result != CUDA_SUCCESS) return leave(result);
    work *w = work_make(WORK_HOST, s->head.owner);
    if (w) w->params = malloc(bytes);
    if (!w || !w->params) {
        work_free(w);
        return leave(CUDA_ERROR_OUT_OF_MEMORY);
    }
    memcpy(w->params, params, bytes);
    w->param_bytes = bytes;
    w->host = run;
    return leave(submit(s, w));
}

/* ---- Copies and fills ---- */

static unsigned char *bytes_at(const work *w, uint64_t address, bool tracked)
{
    char why[256];
    if (!tracked) return (unsigned char *)(uintptr_t)address;
    const block *b = block_find(address);
    if (b && w->bytes <= b->at.bytes - block_offset(b, address)) return b->at.host + block_offset(b, address);
    memory_explain(w->owner, address, why, sizeof why);
    report("a %s of %zu bytes: %s", w->kind == WORK_COPY ? "copy" : "fill", w->bytes, why);
    w->owner->sticky = CUDA_ERROR_ILLEGAL_ADDRESS;
    return NULL;
}

static void run_copy(const work *w)
{
    unsigned char *to = bytes_at(w, w->to, w->to_tracked);
    const unsigned char *from = w->staged ? w->staged : bytes_at(w, w->from, w->from_tracked);
    if (to && from) memmove(to, from, w->bytes);
}

static void run_set(const work *w)
{
    unsigned char *to = bytes_at(w, w->to, w->to_tracked);
    for (size_t i = 0; to && i < w->bytes; i += w->unit) memcpy(to + i, &w->value, w->unit);
}

static void run_record(const work *w, uint64_t operation)
{
    event *e = object_find((const void *)(uintptr_t)w->event, OBJECT_EVENT);
    if (e && e->recorded == operation) e->time = nanoseconds;
}

void work_run(const work *w, uint64_t operation)
{
    const uint64_t before = instructions;
    nanoseconds += 1000;
    switch (w->kind) {
    case WORK_KERNEL: run_kernel(w); break;
    case WORK_HOST: w->host(w->params, find_for_host, w); break;
    case WORK_COPY: run_copy(w); break;
    case WORK_SET: run_set(w); break;
    case WORK_RECORD: run_record(w, operation); break;
    case WORK_WAIT: break;
    case WORK_GRAPH: plan_run(w->graph); break;
    }
    nanoseconds += w->kind == WORK_COPY || w->kind == WORK_SET ? w->bytes / 16 : 0;
    if (w->kind == WORK_KERNEL) nanoseconds += (instructions - before) / 64;
}

/* Whether it would touch the block: for a kernel, whether a pointer into it is among the parameters. */
bool work_uses(const work *w, const block *b)
{
    const size_t bytes = b->at.bytes;
    if (w->kind == WORK_COPY || w->kind == WORK_SET)
        return (w->to_tracked && block_offset(b, w->to) < bytes) ||
               (w->from_tracked && block_offset(b, w->from) < bytes);
    const bool launched = w->kind == WORK_KERNEL || w->kind == WORK_HOST;
    for (size_t i = 0; launched && i + 8 <= w->param_bytes; i += 8) {
        uint64_t value;
        memcpy(&value, w->params + i, sizeof value);
        if (value - b->at.address < bytes) return true;
    }
    for (size_t i = 0; w->kind == WORK_GRAPH && i < w->graph->count; i++)
        if (work_uses(w->graph->nodes[i].what, b)) return true;
    return false;
}
