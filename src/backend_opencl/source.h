/* What a variant's program is built from: OpenCL C and the compiler's options. All of the variant table that
 * this backend reads. */
#ifndef BACKEND_OPENCL_SOURCE_H
#define BACKEND_OPENCL_SOURCE_H

#include "core/run/backend.h"

enum { SOURCE_OPTION_BYTES = 2048, SOURCE_LABEL_BYTES = 128 };

typedef struct opencl_source {
    const char *kernel;       /* the name of its one kernel                     */
    const char *const *texts; /* `count` strings, compiled as one; never freed  */
    size_t count;
    char options[SOURCE_OPTION_BYTES];
    char label[SOURCE_LABEL_BYTES]; /* for messages */
} opencl_source;

vecdot_status opencl_source_of(const device *dev, const variant *v, opencl_source *s);

#endif
