/* Which of the instruction sets that the library was built with the processor has. */
#include "backend_cpu/objects.h"

#include <stdatomic.h>
#include <string.h>

#if defined(__x86_64__)
static int processor_has(const char *set)
{
    int avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (strcmp(set, "avx512vnni") == 0) return avx512 && __builtin_cpu_supports("avx512vnni");
    if (strcmp(set, "avx512") == 0) return avx512;
    if (strcmp(set, "avx2") == 0) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return 1; /* what every processor has that runs the library */
}
#else
static int processor_has(const char *set)
{
    (void)set;
    return 1; /* what every processor has that runs the library */
}
#endif

static const instruction_set *find(const char *name)
{
    for (const instruction_set *const *s = instruction_sets; *s != NULL; s++)
        if (processor_has((*s)->name) && (name == NULL || strcmp((*s)->name, name) == 0)) return *s;
    return NULL;
}

static _Atomic(const instruction_set *) wanted;

const instruction_set *cpu_instruction_set(void)
{
    const instruction_set *set = atomic_load(&wanted);
    return set != NULL ? set : find(NULL);
}

int cpu_use_instruction_set(const char *name)
{
    const instruction_set *set = name != NULL ? find(name) : NULL;
    if (name != NULL && set == NULL) return 0;
    atomic_store(&wanted, set);
    return 1;
}
