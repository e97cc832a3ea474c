/* The table of backends, in the order "auto" tries them. A new backend adds its line here and nothing
 * else outside its own folder. */
#include "core/run/backend.h"

extern const backend backend_cuda;
extern const backend backend_opencl;

const backend *const backend_registry[] = {
    &backend_cuda,
    &backend_opencl,
    NULL,
};
