/* The names of the driver's error codes, and the statuses that they become. */
#include "backend_cuda/objects.h"

const char *cuda_code_name(CUresult code)
{
    const char *name = NULL;
    if (cu.GetErrorName(code, &name) != CUDA_SUCCESS || name == NULL) return "an unlisted code";
    return name;
}

static const char *code_text(CUresult code)
{
    const char *words = NULL;
    if (cu.GetErrorString(code, &words) != CUDA_SUCCESS || words == NULL) return "no description";
    return words;
}

/* After one of these codes the context answers every call with the same code. */
static int is_lasting(CUresult code)
{
    switch (code) {
    case CUDA_ERROR_ECC_UNCORRECTABLE:
    case CUDA_ERROR_ILLEGAL_ADDRESS:
    case CUDA_ERROR_LAUNCH_TIMEOUT:
    case CUDA_ERROR_ASSERT:
    case CUDA_ERROR_HARDWARE_STACK_ERROR:
    case CUDA_ERROR_ILLEGAL_INSTRUCTION:
    case CUDA_ERROR_MISALIGNED_ADDRESS:
    case CUDA_ERROR_INVALID_ADDRESS_SPACE:
    case CUDA_ERROR_INVALID_PC:
    case CUDA_ERROR_LAUNCH_FAILED: return 1;
    default: return 0;
    }
}

vecdot_status cuda_fail(const char *call, CUresult code)
{
    return fail(
        code == CUDA_ERROR_OUT_OF_MEMORY ? VECDOT_ERROR_OUT_OF_MEMORY : VECDOT_ERROR_BACKEND,
        "cuda: %s gave %s (%d): %s%s", call, cuda_code_name(code), code, code_text(code),
        is_lasting(code) ? "; an earlier kernel may have failed, and the CUcontext can do no more work" : "");
}
