/* A context's programs by variant, built at first use and kept for its life. */
#ifndef CORE_PROGRAM_CACHE_H
#define CORE_PROGRAM_CACHE_H

#include "core/plan/variant.h"
#include "core/run/backend.h"

typedef struct program_cache program_cache;

/* For programs of a backend's context on the device; both live longer than the cache. */
vecdot_status program_cache_create(const device *dev, void *context, program_cache **cache);
/* Saves what was built to the disk cache first, which can take as long as building did: none is begun later
 * than these seconds into it. */
void program_cache_destroy(program_cache *cache, double saving_seconds);

/* The variant's program, NULL where it has not been built. Takes no lock. */
void *program_find(const program_cache *cache, const variant *v);

/* The variant's program, built now if it is not there yet. Two threads that want different variants build
 * at the same time; two that want the same one build it once. */
vecdot_status program_get(program_cache *cache, const variant *v, void **program);

#endif
