/* Opening a driver's library at run time and filling a table of its functions. All that is specific to the
 * operating system (libraries, environment, threads, clocks) sits in library.c. */
#ifndef CORE_LIBRARY_H
#define CORE_LIBRARY_H

#include <stddef.h>

/* Opens the file named by the environment variable (read as secure_getenv does) or else the first of the
 * NULL-terminated names that opens. Returns NULL with the loader's reasons in `reason`. Never unloaded. */
void *library_open(const char *environment, const char *const *names, char *reason, size_t capacity);

/* NULL when the library has no such symbol. */
void *library_symbol(void *library, const char *name);

/* getenv that a set-user-id program ignores; NULL also when the value is empty. */
const char *environment_get(const char *name);

/* Calls visit for each name in a folder but those that start with a dot; 0 when it cannot be read. */
int folder_visit(const char *path, void (*visit)(void *user, const char *name), void *user);

/* Whether a file can be made in the folder, or the folder itself in its nearest ancestor that exists. */
int folder_writable(const char *path);

typedef struct mutex mutex;
mutex *mutex_create(void); /* NULL when memory is out */
void   mutex_destroy(mutex *m);
void   mutex_lock(mutex *m);
void   mutex_unlock(mutex *m);

/* Runs init once in the process; all callers return after it has finished. */
typedef struct once {
    int state;
} once;
void once_run(once *o, void (*init)(void));

/* Seconds on a clock that only goes forward. */
double clock_seconds(void);

#endif
