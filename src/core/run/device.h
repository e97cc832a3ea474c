/* The devices of every backend in the order in which "auto" tries them, and the selectors that choose
 * among them. Opens no context. */
#ifndef CORE_DEVICE_H
#define CORE_DEVICE_H

#include "core/run/backend.h"

/* The devices that a selector matches, best first. */
typedef struct device_choice {
    device *devices; /* freed by device_choice_free */
    size_t count;    /* at least 1 */
    int any;         /* the selector is "auto": when a device does not open, try the next */
} device_choice;

/* Finds the devices of a selector, whose form vecdot_context_create describes. INVALID_ARGUMENT, NO_DEVICE
 * (the message lists the devices and why backends were refused), OUT_OF_MEMORY, BACKEND (in a child process,
 * of a driver that was asked for by name). */
vecdot_status device_select(const char *selector, device_choice *choice);
void device_choice_free(device_choice *choice);

#endif
