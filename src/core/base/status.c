/* Statuses by name, the thread's last message, and the logger. */
#include "core/base/status.h"

#include "core/base/os.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define TEXT(x)     #x
#define EXPANDED(x) TEXT(x)

#define STATUS_TABLE(X)                                                                                      \
    X(SUCCESS)                                                                                               \
    X(ERROR_INVALID_ARGUMENT)                                                                                \
    X(ERROR_DTYPE)                                                                                           \
    X(ERROR_CAST)                                                                                            \
    X(ERROR_NDIM)                                                                                            \
    X(ERROR_AXIS)                                                                                            \
    X(ERROR_SIZE_MISMATCH)                                                                                   \
    X(ERROR_BROADCAST)                                                                                       \
    X(ERROR_OUT_SHAPE)                                                                                       \
    X(ERROR_OVERLAP)                                                                                         \
    X(ERROR_OVERFLOW)                                                                                        \
    X(ERROR_DEVICE_MISMATCH)                                                                                 \
    X(ERROR_NO_DEVICE)                                                                                       \
    X(ERROR_UNSUPPORTED)                                                                                     \
    X(ERROR_OUT_OF_MEMORY)                                                                                   \
    X(ERROR_COMPILE)                                                                                         \
    X(ERROR_BACKEND)

enum { MESSAGE_BYTES = 4096, LINE_BYTES = 2048 };

static _Thread_local char last_message[MESSAGE_BYTES];

const char *vecdot_version(void)
{
    return EXPANDED(VECDOT_VERSION_MAJOR) "." EXPANDED(VECDOT_VERSION_MINOR) "." EXPANDED(
        VECDOT_VERSION_PATCH);
}

const char *vecdot_status_name(vecdot_status status)
{
    switch (status) {
#define X(name)                                                                                              \
    case VECDOT_##name: return "VECDOT_" #name;
        STATUS_TABLE(X)
#undef X
    }
    return "unknown status";
}

const char *vecdot_last_error(void)
{
    return last_message;
}

vecdot_status(fail)(vecdot_status status, const char *format, ...)
{
    char message[MESSAGE_BYTES]; /* the arguments may point into last_message */
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    memcpy(last_message, message, strlen(message) + 1);
    return status;
}

/* ---- The logger ---------------------------------------------------------------------------------- */

/* The program's logger. */
typedef struct listener {
    vecdot_log_fn function; /* NULL: none */
    void *user;
} listener;

static struct {
    once ready;
    atomic_int active; /* whether a line goes anywhere; read without the lock */
    mutex lock;        /* guards the other fields and keeps lines apart */
    atomic_int
        chosen; /* which of the two listeners; the other is free, so that a child sees no half of one */
    listener listeners[2];
    FILE *file; /* the file of VECDOT_LOG; never closed */
} logger;

/* Set while the logger runs. A logger may call the library; lines logged by those calls are dropped, since
 * waiting for the lock would never end. */
static _Thread_local int inside_logger;

static void logger_init(void)
{
    const char *destination = environment_get("VECDOT_LOG");
    if (destination != NULL)
        logger.file = strcmp(destination, "stderr") == 0 ? stderr : fopen(destination, "a");
    if (destination != NULL && logger.file == NULL) /* no call fails for want of a log */
        fprintf(stderr, "vecdot: VECDOT_LOG=%s cannot be opened: %s\n", destination, strerror(errno));
    atomic_store(&logger.active, logger.file != NULL);
}

void vecdot_set_logger(vecdot_log_fn log, void *user)
{
    UNCANCELLED;
    once_run(&logger.ready, logger_init);
    if (inside_logger) return;
    unsigned held = mutex_lock(&logger.lock);
    int other = !atomic_load(&logger.chosen);
    logger.listeners[other] = (listener){log, user};
    atomic_store(&logger.chosen, other);
    atomic_store(&logger.active, log != NULL || logger.file != NULL);
    mutex_unlock(&logger.lock, held);
}

void log_line(const char *format, ...)
{
    once_run(&logger.ready, logger_init);
    if (!atomic_load_explicit(&logger.active, memory_order_relaxed) || inside_logger) return;
    char line[LINE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    unsigned held = mutex_lock(&logger.lock);
    const listener *l = &logger.listeners[atomic_load(&logger.chosen)];
    inside_logger = 1;
    if (l->function != NULL) {
        l->function(l->user, line);
    } else if (logger.file != NULL) {
        fprintf(logger.file, "vecdot: %s\n", line);
        fflush(logger.file);
    }
    inside_logger = 0;
    mutex_unlock(&logger.lock, held);
}
