/* What went wrong, for the functions of the command that can fail: a text for a person and, where one fits,
 * the library's status. `return fault_set(f, ...)` reports an error where it is found. */
#ifndef TOOLS_FAULT_H
#define TOOLS_FAULT_H

#include <stdbool.h>
#include <vecdot/vecdot.h>

#if defined(__GNUC__)
#define FAULT_FORMAT __attribute__((format(printf, 3, 4)))
#else
#define FAULT_FORMAT
#endif

typedef struct fault {
    vecdot_status status; /* VECDOT_SUCCESS: none fits, as for a file that cannot be opened */
    char text[480];
} fault;

/* Always false, so that the caller can return it. */
bool fault_set(fault *f, vecdot_status status, const char *format, ...) FAULT_FORMAT;

/* The calling thread's last error of the library. Always false. */
bool fault_from_library(fault *f, vecdot_status status);

/* Copies `length` bytes that came from a file, at most 60, and makes them fit to print. */
void quote_bytes(char quoted[64], const char *bytes, size_t length);

#endif
