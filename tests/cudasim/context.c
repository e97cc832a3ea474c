/* Contexts: primary ones with their retain counts, made ones, and each thread's stack of current ones. */
#include "tests/cudasim/driver.h"

#include <stdlib.h>
#include <string.h>

enum { STACK_DEPTH = 64, API_VERSION = 3020 };

static context primaries[MAX_DEVICES];
static uint64_t orphans, threads;

static _Thread_local uint64_t stack[STACK_DEPTH]; /* handles: a context may die below */
static _Thread_local size_t depth;
static _Thread_local uint64_t thread;

uint64_t thread_number(void)
{
    if (!thread) thread = ++threads;
    return thread;
}

static const void *top(void)
{
    return (const void *)(uintptr_t)stack[depth - 1];
}

context *current(void)
{
    return depth ? object_find(top(), OBJECT_CONTEXT) : NULL;
}

CUresult current_check(void)
{
    if (!depth || !stack[depth - 1]) return CUDA_ERROR_INVALID_CONTEXT;
    const context *c = current();
    return c ? c->sticky : CUDA_ERROR_CONTEXT_IS_DESTROYED;
}

/* ---- Life ---- */

static bool context_begin(context *c, CUdevice device)
{
    c->device = device;
    c->sticky = CUDA_SUCCESS;
    object_add(&c->head, OBJECT_CONTEXT, c);
    c->legacy = stream_open(c, 0, 0);
    if (!c->legacy) {
        object_remove(&c->head);
        return false;
    }
    c->legacy->legacy = true;
    return true;
}

/* Graphs belong to no context and outlive it; all else goes with it. */
static void context_end(context *c)
{
    uint64_t left = 0;
    object *o;
    finish_context(c);
    while ((o = object_first(OBJECT_EVENT, c))) event_close((event *)o), left++;
    while ((o = object_first(OBJECT_MODULE, c))) module_destroy((module *)o), left++;
    while ((o = object_first(OBJECT_STREAM, c))) {
        const stream *s = (const stream *)o;
        left += !s->legacy && !s->per_thread;
        stream_close((stream *)o);
    }
    for (block *b; (b = block_of(c)); left++) block_free(b);
    if (c->sticky == CUDA_SUCCESS) orphans += left;
    object_remove(&c->head);
}

uint64_t primary_retains(void)
{
    uint64_t sum = 0;
    for (int i = 0; i < MAX_DEVICES; i++) sum += primaries[i].retains;
    return sum;
}

uint64_t made_contexts(void)
{
    uint64_t active = 0;
    for (int i = 0; i < MAX_DEVICES; i++) active += primaries[i].retains > 0;
    return object_count(OBJECT_CONTEXT) - active;
}

uint64_t orphan_count(void)
{
    return orphans;
}

void contexts_reset(void)
{
    object *o;
    while ((o = object_first(OBJECT_CONTEXT, NULL))) {
        context *c = (context *)o;
        context_end(c);
        c->retains = 0;
        if (!c->primary) free(c);
    }
    orphans = 0;
    depth = 0;
}

ENTRY(cuDevicePrimaryCtxRetain, INITIALISED, (CUcontext * made, CUdevice device), (made, device))
{
    if (!made) return CUDA_ERROR_INVALID_VALUE;
    if (!device_valid(device)) return CUDA_ERROR_INVALID_DEVICE;
    context *c = &primaries[device];
    c->primary = true;
    if (!c->retains && !context_begin(c, device)) return CUDA_ERROR_OUT_OF_MEMORY;
    c->retains++;
    *made = HANDLE(CUcontext, c);
    return CUDA_SUCCESS;
}

ENTRY(cuDevicePrimaryCtxRelease_v2, INITIALISED, (CUdevice device), (device))
{
    if (!device_valid(device)) return CUDA_ERROR_INVALID_DEVICE;
    context *c = &primaries[device];
    if (!c->retains) return CUDA_ERROR_INVALID_CONTEXT;
    if (c->retains == 1) context_end(c);
    c->retains--;
    return CUDA_SUCCESS;
}

ENTRY(cuDevicePrimaryCtxGetState, INITIALISED, (CUdevice device, unsigned *flags, int *active),
      (device, flags, active))
{
    if (!device_valid(device)) return CUDA_ERROR_INVALID_DEVICE;
    if (!flags || !active) return CUDA_ERROR_INVALID_VALUE;
    *flags = primaries[device].flags;
    *active = primaries[device].retains > 0;
    return CUDA_SUCCESS;
}

ENTRY(cuCtxCreate_v2, INITIALISED | UNSAFE, (CUcontext * made, unsigned flags, CUdevice device),
      (made, flags, device))
{
    if (!made || flags > 0xff) return CUDA_ERROR_INVALID_VALUE;
    if (!device_valid(device)) return CUDA_ERROR_INVALID_DEVICE;
    context *c = depth < STACK_DEPTH ? calloc(1, sizeof *c) : NULL;
    if (!c || !context_begin(c, device)) {
        free(c);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    c->flags = flags;
    stack[depth++] = c->head.handle;
    *made = HANDLE(CUcontext, c);
    return CUDA_SUCCESS;
}

ENTRY(cuCtxDestroy_v2, INITIALISED | UNSAFE, (CUcontext gone), (gone))
{
    context *c = object_find(gone, OBJECT_CONTEXT);
    if (!c || c->primary) return CUDA_ERROR_INVALID_CONTEXT;
    if (depth && stack[depth - 1] == c->head.handle) depth--;
    context_end(c);
    free(c);
    return CUDA_SUCCESS;
}

/* ---- The current one ---- */

ENTRY(cuCtxPushCurrent_v2, INITIALISED, (CUcontext pushed), (pushed))
{
    if (!object_find(pushed, OBJECT_CONTEXT)) return CUDA_ERROR_INVALID_CONTEXT;
    if (depth == STACK_DEPTH) return CUDA_ERROR_OUT_OF_MEMORY;
    stack[depth++] = (uint64_t)(uintptr_t)pushed;
    return CUDA_SUCCESS;
}

ENTRY(cuCtxPopCurrent_v2, INITIALISED, (CUcontext * popped), (popped))
{
    if (!depth) return CUDA_ERROR_INVALID_CONTEXT;
    depth--;
    if (popped) *popped = (CUcontext)(uintptr_t)stack[depth];
    return CUDA_SUCCESS;
}

ENTRY(cuCtxGetCurrent, INITIALISED, (CUcontext * found), (found))
{
    if (!found) return CUDA_ERROR_INVALID_VALUE;
    *found = depth ? (CUcontext)(uintptr_t)stack[depth - 1] : NULL;
    return CUDA_SUCCESS;
}

ENTRY(cuCtxSetCurrent, INITIALISED, (CUcontext set), (set))
{
    if (!set) {
        depth -= depth > 0;
        return CUDA_SUCCESS;
    }
    if (!object_find(set, OBJECT_CONTEXT)) return CUDA_ERROR_INVALID_CONTEXT;
    depth += !depth;
    stack[depth - 1] = (uint64_t)(uintptr_t)set;
    return CUDA_SUCCESS;
}

ENTRY(cuCtxGetDevice, CURRENT, (CUdevice * device), (device))
{
    if (!device) return CUDA_ERROR_INVALID_VALUE;
    *device = current()->device;
    return CUDA_SUCCESS;
}

ENTRY(cuCtxSynchronize, CURRENT, (void), ())
{
    context *c = current();
    if (capture_in_context(c, false)) return capture_forbids(NULL, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    finish_context(c);
    return c->sticky;
}

ENTRY(cuCtxGetApiVersion, INITIALISED, (CUcontext of, unsigned *version), (of, version))
{
    if (!version) return CUDA_ERROR_INVALID_VALUE;
    if (of && !object_find(of, OBJECT_CONTEXT)) return CUDA_ERROR_INVALID_CONTEXT;
    if (!of && !current()) return CUDA_ERROR_INVALID_CONTEXT;
    *version = API_VERSION;
    return CUDA_SUCCESS;
}
