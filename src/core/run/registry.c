/* The table of backends, in the order in which "auto" tries them. No other file of the core names a
 * backend. docs/backends.md lists what a new backend adds outside its folder. */
#include "core/run/backend.h"

extern const backend backend_cuda;
extern const backend backend_opencl;

const backend *const backend_registry[] = {
    &backend_cuda,
    &backend_opencl,
    NULL,
};
