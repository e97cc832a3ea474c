/* What the fault suites compute while something fails: a small matrix times a vector whose result is known,
 * in host arrays or in device arrays; and the failing of the library's own allocations. */
#ifndef SUPPORT_KNOWN_SUM_H
#define SUPPORT_KNOWN_SUM_H

#include <vecdot/vecdot.h>

/* Rows long enough for sums in several tree nodes, and for more than one piece of copying. */
enum { SUM_ROWS = 2, SUM_LENGTH = 70000 };

typedef enum arrays {
    ARRAYS_IN_PLACE,  /* host arrays that the device uses where they are      */
    ARRAYS_COPIED,    /* host arrays that are copied                          */
    ARRAYS_IN_PIECES, /* host arrays that are copied, a part of a row at a time */
    ARRAYS_ON_DEVICE, /* device arrays made before, faultless                 */
    ARRAYS_MADE,      /* device arrays, whose making and copying can fail too */
} arrays;

typedef struct known_sum {
    vecdot_context *context;
    vecdot_queue *queue;
    int32_t x1[SUM_ROWS * SUM_LENGTH], x2[SUM_LENGTH];
    int64_t out[SUM_ROWS], expected[SUM_ROWS]; /* wider than the result: it is cast in a launch of its own */
    DLManagedTensor *made[4];                  /* x1, x2, out and a copy of out                            */
} known_sum;

extern known_sum at; /* one for the program: it is large */

/* Writes the inputs, and into out what is not the result. */
void sum_fill(void);
vecdot_status sum_make_arrays(void);
vecdot_status sum_compute(arrays where);
vecdot_status sum_bring_back(void);
int sum_is_right(void);
int sum_is_untouched(void);
void sum_release_arrays(void);
void sum_release(void); /* queue and context too */

/* The program must be linked with --wrap=malloc and --wrap=calloc: call number `at` since `calls` was zeroed
 * fails; 0: none. */
typedef struct allocation_fault {
    int at, calls;
} allocation_fault;

extern allocation_fault allocation;

#endif
