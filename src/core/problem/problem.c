/* The names of a problem's parts, and how many sums it has. */
#include "core/problem/problem.h"

const char *operation_name(operation op)
{
    static const char *const names[] = {"vecdot", "matvec", "vecmat"};
    return names[op];
}

const char *array_name(int array)
{
    static const char *const names[ARRAYS] = {"x1", "x2", "out"};
    return names[array];
}

int64_t problem_outputs(const problem *p)
{
    int64_t count = 1;
    for (int d = 0; d < p->rank; d++)
        if (p->shape[d] == 0) return 0;
    for (int d = 0; d < p->rank; d++) count = (int64_t)((uint64_t)count * (uint64_t)p->shape[d]);
    return count;
}
