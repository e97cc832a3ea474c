/* Statuses with messages. Every failing path calls fail() where the error is found, which stores the
 * thread's message and returns the status: `return fail(VECDOT_ERROR_AXIS, "vecdot: axis %d ...")`. A
 * status other than success never travels without a message. */
#ifndef CORE_STATUS_H
#define CORE_STATUS_H

#include <vecdot/vecdot.h>

#if defined(__GNUC__)
#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))
#define SELDOM                 __attribute__((cold)) /* moves what leads there out of the way */
#else
#define PRINTF_LIKE(at, first)
#define SELDOM
#endif

vecdot_status fail(vecdot_status status, const char *format, ...) PRINTF_LIKE(2, 3) SELDOM;
#ifdef __clang_analyzer__ /* reads one file at a time, so it cannot know fail's result */
#define fail(status, ...) (fail(status, __VA_ARGS__), (status))
#endif

/* Gives one line to the logger. Costs one load when there is none. */
void log_line(const char *format, ...) PRINTF_LIKE(1, 2);

/* Returns from the calling function when the status is not success. */
#define TRY(call)                                                                                            \
    do {                                                                                                     \
        vecdot_status try_status_ = (call);                                                                  \
        if (try_status_ != VECDOT_SUCCESS) return try_status_;                                               \
    } while (0)

#endif
