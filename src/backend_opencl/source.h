/* The OpenCL C text and the compiler's options of a variant. No other file of this backend reads the
 * variant table. */
#ifndef BACKEND_OPENCL_SOURCE_H
#define BACKEND_OPENCL_SOURCE_H

#include "core/run/backend.h"

enum { SOURCE_OPTION_BYTES = 2048, SOURCE_LABEL_BYTES = 128 };

typedef struct opencl_source {
    const char *kernel;       /* each program has one kernel */
    const char *const *texts; /* `count` strings that are compiled as one; static storage */
    size_t count;
    char options[SOURCE_OPTION_BYTES];
    char label[SOURCE_LABEL_BYTES]; /* for messages */
} opencl_source;

vecdot_status opencl_source_of(const device *dev, const variant *v, opencl_source *s);

#endif
