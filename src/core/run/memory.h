/* Where a tensor lives, as the running half sees it. vecdot_empty and vecdot_copy are in memory.c. */
#ifndef CORE_MEMORY_H
#define CORE_MEMORY_H

#include "core/run/context.h"

typedef enum place {
    PLACE_HOST,   /* data is an address the host can read and write  */
    PLACE_DEVICE, /* data is memory of the context's backend         */
    PLACE_ELSEWHERE
} place;

place tensor_place(const vecdot_context *context, const DLTensor *tensor);

/* Whether the data of tensors on such a device are addresses, which can be compared and offset (a cl_mem is
 * not). */
int memory_is_address(DLDeviceType type);

#endif
