/* The table of backends, in the order "auto" tries them. A new backend adds its line here and nothing
 * else outside its own folder. */
#include "core/backend.h"

#ifdef VECDOT_WITH_CUDA
extern const backend backend_cuda;
#endif
extern const backend backend_opencl;

const backend *const backend_registry[] = {
#ifdef VECDOT_WITH_CUDA
    &backend_cuda,
#endif
    &backend_opencl,
    NULL,
};
