/* Contexts: the device's primary one or a program's own. A context is current only while the backend
 * works. */
#include "backend_cuda/objects.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The context that this thread made current for a whole call, between cuda_context_enter and
 * cuda_context_leave. The thread uses no other context meanwhile. */
static _Thread_local const cuda_context *entered;

static _Thread_local char pending_note[256]; /* a line to log after leaving; "" when there is none */

void cuda_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(pending_note, sizeof pending_note, format, args);
    va_end(args);
}

/* The line is cleared first: the logger may call the library, which may leave another line. */
static void log_note(void)
{
    char line[sizeof pending_note];
    if (pending_note[0] == '\0') return;
    memcpy(line, pending_note, sizeof line);
    pending_note[0] = '\0';
    log_line("%s", line);
}

CUresult cuda_push(const cuda_context *c)
{
    return entered == c ? CUDA_SUCCESS : cu.CtxPushCurrent(c->native);
}

vecdot_status cuda_enter(const cuda_context *c)
{
    CUresult code = cuda_push(c);
    return code == CUDA_SUCCESS ? VECDOT_SUCCESS : cuda_fail("cuCtxPushCurrent", code);
}

vecdot_status cuda_leave(vecdot_status status)
{
    CUcontext ours = NULL;
    if (entered != NULL) return status;
    CUresult code = cu.CtxPopCurrent(&ours);
    log_note();
    if (code == CUDA_SUCCESS || status != VECDOT_SUCCESS) return status;
    return cuda_fail("cuCtxPopCurrent", code);
}

vecdot_status cuda_context_enter(void *context)
{
    TRY(cuda_enter(context));
    entered = context;
    return VECDOT_SUCCESS;
}

vecdot_status cuda_context_leave(void *context, vecdot_status status)
{
    if (entered != context) return status;
    entered = NULL;
    return cuda_leave(status);
}

/* Checks that the program's CUcontext is valid and belongs to the device. */
static vecdot_status context_check(CUcontext native, CUdevice wanted)
{
    CUdevice found = 0;
    CUresult code = cu.CtxPushCurrent(native);
    if (code != CUDA_SUCCESS) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                    "cuda: not a valid CUcontext: cuCtxPushCurrent gave %s (%d)", cuda_code_name(code), code);
    }
    code = cu.CtxGetDevice(&found);
    if (code != CUDA_SUCCESS) return cuda_leave(cuda_fail("cuCtxGetDevice", code));
    if (found == wanted) return cuda_leave(VECDOT_SUCCESS);
    return cuda_leave(fail(VECDOT_ERROR_INVALID_ARGUMENT,
                           "cuda: the CUcontext is of device %d, not of the device %d that came with it",
                           found, wanted));
}

vecdot_status cuda_context_open(void *context, const device *dev, void *native_context)
{
    cuda_context *c = context;
    c->device = cuda_device_handle(dev);
    c->ordinal = dev->info.index;
    if (native_context != NULL) {
        c->native = native_context;
        return context_check(c->native, c->device);
    }
    CUresult code = cu.DevicePrimaryCtxRetain(&c->native, c->device);
    if (code != CUDA_SUCCESS) return cuda_fail("cuDevicePrimaryCtxRetain", code);
    c->primary = 1;
    return VECDOT_SUCCESS;
}

void cuda_context_close(void *context)
{
    cuda_context *c = context;
    if (c->primary) cu.DevicePrimaryCtxRelease(c->device);
}

void *cuda_context_handle(const void *context)
{
    return ((const cuda_context *)context)->native;
}
