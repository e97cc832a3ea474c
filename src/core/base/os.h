/* Opening a driver's library at run time and filling a table of its functions. All that is specific to the
 * operating system (libraries, environment, folders, threads, clocks) sits in os_posix.c. */
#ifndef CORE_OS_H
#define CORE_OS_H

#include <stddef.h>
#include <stdint.h>

/* Opens the file named by the environment variable (read as secure_getenv does) or else the first of the
 * NULL-terminated names that opens. Returns NULL with the loader's reasons in `reason`. Never unloaded. */
void *library_open(const char *environment, const char *const *names, char *reason, size_t capacity);

/* Puts a function's address into a pointer to it, which `function` points to. 0 when the library has none of
 * that name. */
int library_function(void *library, const char *name, void *function);

/* getenv that a set-user-id program ignores; NULL also when the value is empty. */
const char *environment_get(const char *name);

/* Calls visit for each name in a folder but those that start with a dot; 0 when it cannot be read. */
int folder_visit(const char *path, void (*visit)(void *user, const char *name), void *user);

/* Whether a file can be made in the folder, or the folder itself in its nearest ancestor that exists. */
int folder_writable(const char *path);

/* A folder whose files only this user can have written. */
typedef struct private_folder private_folder;

/* With `make` the folder and its parent are made (mode 0700) where they are missing. NULL, with why in
 * `reason` ("" when it is only missing), also when it is another user's or others may write to it, or, with
 * `make`, when this user may not. */
private_folder *private_folder_open(const char *path, int make, char *reason, size_t capacity);
void private_folder_close(private_folder *folder);

/* A whole file in memory that the caller frees, marked as used now. NULL when there is none, and when it is
 * not a plain file of this user alone or has more than `limit` bytes. */
void *private_file_read(const private_folder *folder, const char *name, size_t limit, size_t *size);

/* Replaces a file at once: readers see the old one or the new one. 0 when it cannot. The temporary file's
 * name starts with `name`. */
int private_file_write(const private_folder *folder, const char *name, const void *bytes, size_t size);

/* While the files that `ours` accepts take more than `limit` bytes, removes the one unused for longest. */
void private_folder_shrink(const private_folder *folder, uint64_t limit, int (*ours)(const char *name));

typedef struct mutex mutex;
mutex *mutex_create(void); /* NULL when memory is out */
void mutex_destroy(mutex *m);
void mutex_lock(mutex *m);
void mutex_unlock(mutex *m);

/* Runs init once in the process; all callers return after it has finished. */
typedef struct once {
    int state;
} once;
void once_run(once *o, void (*init)(void));

/* Seconds on a clock that only goes forward. */
double clock_seconds(void);

#endif
