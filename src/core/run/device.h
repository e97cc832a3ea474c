/* The devices of every backend in the order "auto" tries them, and the selectors that pick from them. */
#ifndef CORE_DEVICE_H
#define CORE_DEVICE_H

#include "core/run/backend.h"

/* What a selector matches, best first. */
typedef struct device_choice {
    device *devices; /* to be freed by device_choice_free               */
    size_t count;    /* at least one                                    */
    int any;         /* "auto": when the first does not open, try the next */
} device_choice;

/* selector as in vecdot_context_create. INVALID_ARGUMENT, NO_DEVICE (the message lists what exists and why
 * backends were refused), OUT_OF_MEMORY. */
vecdot_status device_select(const char *selector, device_choice *choice);
void device_choice_free(device_choice *choice);

#endif
