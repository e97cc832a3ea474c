/* Failing allocations: the linker leads the library's calls here. */
#include "support/known_sum.h"

#include <stdlib.h>

allocation_fault allocation;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_malloc(size_t size)
{
    return ++allocation.calls == allocation.at ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return ++allocation.calls == allocation.at ? NULL : __real_calloc(count, size);
}
