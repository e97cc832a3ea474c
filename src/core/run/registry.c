/* The table of backends. A new one takes two lines here: its declaration, and its place, which is its rank
 * for "auto" among devices of one kind (GPUs come first, then accelerators, then CPUs). No other file of the
 * core names a backend. docs/backends.md lists what a new one adds outside its folder. */
#include "core/run/backend.h"

extern const backend backend_cpu;
extern const backend backend_cuda;
extern const backend backend_opencl;

const backend *const backend_registry[] = {
    &backend_cuda,
    &backend_cpu,
    &backend_opencl,
    NULL,
};
