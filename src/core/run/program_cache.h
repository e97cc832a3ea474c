/* A context's programs by variant. Each is built at first use and kept as long as the context. */
#ifndef CORE_PROGRAM_CACHE_H
#define CORE_PROGRAM_CACHE_H

#include "core/plan/variant.h"
#include "core/run/backend.h"

typedef struct program_cache program_cache;

/* Makes the cache for programs of a backend's context on the device. Both must outlive the cache. */
vecdot_status program_cache_create(const device *dev, void *context, program_cache **cache);
/* Saves the built programs to the disk cache, then frees everything. Saving can take as long as building,
 * so no save begins after `saving_seconds`. */
void program_cache_destroy(program_cache *cache, double saving_seconds);

/* Returns the variant's program; NULL when it is not built. Takes no lock. */
void *program_find(const program_cache *cache, const variant *v);

/* Returns the variant's program and builds it if needed. Two threads build different variants at the same
 * time. Of two that want the same variant, one builds and the other waits. */
vecdot_status program_get(program_cache *cache, const variant *v, void **program);

#endif
