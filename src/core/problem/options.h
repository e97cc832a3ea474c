/* The options of a call, from the struct of whichever release the caller was built for to this release's. */
#ifndef CORE_OPTIONS_H
#define CORE_OPTIONS_H

#include "core/base/status.h"

/* Copies the options, checks them, and fills what the caller's struct lacks with defaults. given may be NULL:
 * then all are defaults. Nobody else reads a caller's struct: one of an earlier release ends before the last
 * fields. A field that is added to vecdot_options and to VECDOT_OPTIONS_INIT needs no change here except its
 * own check. */
vecdot_status options_read(const char *op, const vecdot_options *given, vecdot_options *options);

/* The part that knows nothing of the fields. `given` begins with its size in bytes: at least `least`, the
 * size in the first release. `known`, of `known_size` bytes, begins with its size too, holds the defaults,
 * and receives the values. */
vecdot_status options_copy(const char *op, const void *given, size_t least, void *known, size_t known_size);

#endif
