/* Programs by variant, built at first use and kept for the life of the context; kernel objects by variant,
 * one table per queue, since setting a kernel's arguments is not thread-safe. */
#ifndef CORE_PROGRAM_CACHE_H
#define CORE_PROGRAM_CACHE_H

#include "core/plan/variant.h"
#include "core/run/context.h"

typedef struct program_cache program_cache;
typedef struct kernel_table kernel_table;

vecdot_status program_cache_create(program_cache **cache);
/* Saves what was built to the disk cache first, which can take as long as building did. */
void program_cache_destroy(vecdot_context *context, program_cache *cache);

/* The variant's program, built now if it is not there yet. Two threads that want different variants build
 * at the same time; two that want the same one build it once. */
vecdot_status program_get(vecdot_context *context, const variant *v, void **program);

vecdot_status kernel_table_create(kernel_table **made);
void kernel_table_destroy(vecdot_context *context, kernel_table *table);

/* The queue's kernel object of a variant. A warm call allocates nothing. */
vecdot_status kernel_get(vecdot_queue *queue, const variant *v, void **kernel);

#endif
