/* A variant's program as text: what an OpenCL compiler, or NVRTC when the library is built, is given. */
#ifndef CORE_PROGRAM_TEXT_H
#define CORE_PROGRAM_TEXT_H

#include "core/plan/variant.h"

/* The sources of a kernel's program for OpenCL, in order. */
const char *const *variant_sources(kernel_id kernel, size_t *count);

/* Writes the -D options of a variant's program; returns the length. */
size_t variant_options(const variant *v, char *options, size_t capacity);

#endif
