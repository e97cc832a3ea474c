/* The error of a function of the command: a text for people and, where one fits, the library's status.
 * `return fault_set(f, ...)` reports an error where it is found. */
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
    vecdot_status status; /* VECDOT_SUCCESS: no status fits, as for a file that cannot be opened */
    char text[480];
} fault;

/* Always returns false, so that the caller can return it. */
bool fault_set(fault *f, vecdot_status status, const char *format, ...) FAULT_FORMAT;

/* Copies the calling thread's last error of the library, without the name of the C function that it begins
 * with. Always returns false. */
bool fault_from_library(fault *f, vecdot_status status);

enum { QUOTE_BYTES = 61 }; /* the NUL included */

/* Copies `length` bytes from a file, and replaces those that cannot be printed. Of many it copies the first,
 * and "..." follows. */
void quote_bytes(char quoted[QUOTE_BYTES], const char *bytes, size_t length);

#endif
