/* Statuses with messages. Every failing path calls fail(), which stores the thread's message and returns the
 * status, so an error is reported where it is found: `return fail(VECDOT_ERROR_AXIS, "vecdot: axis %d ...")`.
 */
#ifndef CORE_STATUS_H
#define CORE_STATUS_H

#include <vecdot/vecdot.h>

#if defined(__GNUC__)
#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))
#else
#define PRINTF_LIKE(at, first)
#endif

vecdot_status fail(vecdot_status status, const char *format, ...) PRINTF_LIKE(2, 3);
#ifdef __clang_analyzer__ /* sees one file at a time, and so not what fail returns */
#define fail(status, ...) (fail(status, __VA_ARGS__), (status))
#endif

/* Hands one line to the logger; costs a load when there is none. */
void log_line(const char *format, ...) PRINTF_LIKE(1, 2);

/* Returns from the calling function when the status is not success. */
#define TRY(call)                                                                                            \
    do {                                                                                                     \
        vecdot_status try_status_ = (call);                                                                  \
        if (try_status_ != VECDOT_SUCCESS) return try_status_;                                               \
    } while (0)

#endif
