/* In place of ptx.c in a library that was built without CUDA kernels. */
#include "backend_cuda/ptx.h"

#include "core/base/status.h"

int ptx_exists(void)
{
    return 0;
}

vecdot_status ptx_text(const variant *v, char **text)
{
    (void)v;
    *text = NULL;
    return fail(VECDOT_ERROR_COMPILE, "cuda: this library was built without CUDA kernels");
}
