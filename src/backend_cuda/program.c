/* Programs from embedded PTX, which the driver compiles, and their launches. */
#include "backend_cuda/objects.h"
#include "backend_cuda/ptx.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_BYTES = 3000, LABEL_BYTES = 128, MOST_ARGUMENTS = 8 };

/* ---- Programs ------------------------------------------------------------------------------------ */

/* Writes what to do when the driver refuses the PTX. */
static void write_hint(CUresult code, const char *ptx, char *hint, size_t bytes)
{
    int major = 0, minor = 0, driver = cuda_driver_version();
    const char *line = strstr(ptx, ".version ");
    hint[0] = '\0';
    if (line != NULL) sscanf(line, ".version %d.%d", &major, &minor);
    switch (code) {
    case CUDA_ERROR_UNSUPPORTED_PTX_VERSION: /* PTX 6.x belongs to CUDA 10, 7.x to CUDA 11, and so on */
        snprintf(hint, bytes,
                 "; it is PTX %d.%d, which came with CUDA %d, the driver is for CUDA %d.%d: "
                 "install a newer NVIDIA driver",
                 major, minor, major + 4, driver / 1000, driver % 1000 / 10);
        break;
    case CUDA_ERROR_JIT_COMPILER_NOT_FOUND:
        snprintf(hint, bytes,
                 "; libnvidia-ptxjitcompiler.so.1, a part of NVIDIA's driver, is missing: install it");
        break;
    case CUDA_ERROR_JIT_COMPILATION_DISABLED:
        snprintf(hint, bytes, "; unset CUDA_DISABLE_PTX_JIT: the kernels come as PTX");
        break;
    default: break;
    }
}

/* Returns COMPILE with the log of the driver's compiler in the message. */
static vecdot_status load_failed(const variant *v, CUresult code, const char *ptx, const char *errors,
                                 const char *infos)
{
    char hint[256], label[LABEL_BYTES];
    switch (code) {
    case CUDA_ERROR_INVALID_IMAGE:
    case CUDA_ERROR_NO_BINARY_FOR_GPU:
    case CUDA_ERROR_INVALID_PTX:
    case CUDA_ERROR_JIT_COMPILER_NOT_FOUND:
    case CUDA_ERROR_UNSUPPORTED_PTX_VERSION:
    case CUDA_ERROR_JIT_COMPILATION_DISABLED:
    case CUDA_ERROR_INVALID_SOURCE: break;
    default: return cuda_fail("cuModuleLoadDataEx", code);
    }
    write_hint(code, ptx, hint, sizeof hint);
    variant_label(v, label, sizeof label);
    return fail(VECDOT_ERROR_COMPILE,
                "cuda: cuModuleLoadDataEx gave %s (%d) for %s%s; the compiler's log: %s%s",
                cuda_code_name(code), code, label, hint, errors[0] != '\0' ? errors : "(empty)", infos);
}

static vecdot_status load_module(cuda_program *p, const variant *v, const char *ptx)
{
    char errors[LOG_BYTES] = "", infos[LOG_BYTES / 4] = "";
    const int options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
                           CU_JIT_INFO_LOG_BUFFER, CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES};
    void *values[] = {errors, (void *)(uintptr_t)sizeof errors, infos, (void *)(uintptr_t)sizeof infos};
    CUresult code = cu.ModuleLoadDataEx(&p->native, ptx, sizeof options / sizeof options[0], options, values);
    errors[sizeof errors - 1] = infos[sizeof infos - 1] = '\0';
    return code == CUDA_SUCCESS ? VECDOT_SUCCESS : load_failed(v, code, ptx, errors, infos);
}

/* Finds the program's kernel. Unloads the program when it has none of that name. */
static vecdot_status find_kernel(cuda_program *p, const variant *v)
{
    const char *name = kernel_name((kernel_id)v->kernel);
    char call[96];
    CUresult code = cu.ModuleGetFunction(&p->kernel, p->native, name);
    if (code == CUDA_SUCCESS) return VECDOT_SUCCESS;
    snprintf(call, sizeof call, "cuModuleGetFunction(\"%.64s\")", name);
    vecdot_status status = cuda_fail(call, code);
    cu.ModuleUnload(p->native);
    return status;
}

static vecdot_status load_kernel(cuda_program *p, const variant *v, const char *ptx)
{
    TRY(load_module(p, v, ptx));
    return find_kernel(p, v);
}

vecdot_status cuda_program_open(void *program, void *context, const variant *v)
{
    cuda_program *p = program;
    char *ptx = NULL;
    p->context = context;
    TRY(ptx_text(v, &ptx));
    vecdot_status status = cuda_enter(p->context);
    if (status == VECDOT_SUCCESS) status = cuda_leave(load_kernel(p, v, ptx));
    free(ptx);
    return status;
}

void cuda_program_close(void *program)
{
    cuda_program *p = program;
    if (cuda_push(p->context) != CUDA_SUCCESS) return;
    cu.ModuleUnload(p->native);
    cuda_leave(VECDOT_SUCCESS);
}

/* ---- Launches ------------------------------------------------------------------------------------ */

vecdot_status cuda_launch(void *queue, void *program, const launch *l)
{
    cuda_queue *q = queue;
    const cuda_program *p = program;
    void *arguments[MOST_ARGUMENTS];
    if (l->groups > INT_MAX || l->group_size > UINT_MAX || l->arg_count > MOST_ARGUMENTS)
        return fail(
            VECDOT_ERROR_UNSUPPORTED,
            "cuda: a launch of %zu groups of %zu with %zu arguments; at most %d groups and %d arguments are "
            "possible",
            l->groups, l->group_size, l->arg_count, INT_MAX, MOST_ARGUMENTS);
    for (size_t i = 0; i < l->arg_count; i++) { /* only read, but the driver's type has no const */
        const kernel_arg *a = &l->args[i];
        arguments[i] = (void *)(uintptr_t)(a->size == 0 ? (const void *)&a->value : a->value);
    }
    TRY(cuda_enter(q->context));
    CUresult code = cu.LaunchKernel(p->kernel, (unsigned)l->groups, 1, 1, (unsigned)l->group_size, 1, 1, 0,
                                    q->native, arguments, NULL);
    return cuda_leave(code == CUDA_SUCCESS ? VECDOT_SUCCESS : cuda_fail("cuLaunchKernel", code));
}
