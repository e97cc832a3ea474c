/* The table of backends, in the order "auto" tries them. Nothing else in the core names a backend; what a new
 * one adds outside its folder is listed in docs/backends.md. */
#include "core/run/backend.h"

extern const backend backend_cuda;
extern const backend backend_opencl;

const backend *const backend_registry[] = {
    &backend_cuda,
    &backend_opencl,
    NULL,
};
