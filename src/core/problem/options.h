/* Converts a caller's options, from a struct of any release, to this release's struct. Nothing else in the
 * library may read a caller's struct, since one of an earlier release lacks the last fields. */
#ifndef CORE_OPTIONS_H
#define CORE_OPTIONS_H

#include "core/base/status.h"

/* Copies and checks the options, and sets the fields that the caller's struct lacks to their defaults.
 * given == NULL gives all defaults. A new field of vecdot_options and VECDOT_OPTIONS_INIT needs no change
 * here except its own check. */
vecdot_status options_read(const char *op, const vecdot_options *given, vecdot_options *options);

/* Copies a struct without knowing its fields. `given` begins with its size in bytes, which must be at
 * least `least`, the size in the first release. `known` has known_size bytes, begins with its size too,
 * holds the defaults and receives the values. */
vecdot_status options_copy(const char *op, const void *given, size_t least, void *known, size_t known_size);

#endif
