/* What the library asks of the operating system: libraries opened at run time, the environment, folders and
 * clocks (os_posix.c), threads (os_threads.c), processors (os_processors.c). Nothing outside these three
 * files may call the operating system directly. */
#ifndef CORE_OS_H
#define CORE_OS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Opens the file that the environment variable names; without it, the first of the NULL-terminated `names`
 * that opens. A set-user-id program ignores the variable. The library is never closed. Returns NULL, with
 * the loader's reasons in `reason`, when none opens. */
void *library_open(const char *environment, const char *const *names, char *reason, size_t capacity);

/* Writes a function's address to the function pointer that `function` points to. Returns 0 when the
 * library has no function of that name. */
int library_function(void *library, const char *name, void *function);

/* Like getenv, but NULL when the value is empty, and always NULL in a set-user-id program. */
const char *environment_get(const char *name);

/* Calls visit for each name in the folder, except names that start with a dot. Returns 0 when the folder
 * cannot be read. */
int folder_visit(const char *path, void (*visit)(void *user, const char *name), void *user);

/* Whether this user can create a file in the folder. For a folder that does not exist: whether it can be
 * created. */
int folder_writable(const char *path);

/* An open folder whose files only this user can have written. */
typedef struct private_folder private_folder;

/* With `make` the folder and its parent are created (mode 0700) where they are missing. Returns NULL when
 * the folder is missing (`reason` is then "") or another user may have written to it, and with `make` also
 * when this user may not write to it; `reason` says why. */
private_folder *private_folder_open(const char *path, int make, char *reason, size_t capacity);
void private_folder_close(private_folder *folder);

/* Reads a whole file into memory that the caller frees, and marks the file as used now. Returns NULL when
 * there is no such file, when it is not a plain file that belongs to this user alone, and when it has more
 * than `limit` bytes. */
void *private_file_read(const private_folder *folder, const char *name, size_t limit, size_t *size);

/* Replaces a file in one step: readers see the old contents or the new. Returns 0 on failure. The
 * temporary file's name starts with `name`. */
int private_file_write(const private_folder *folder, const char *name, const void *bytes, size_t size);

/* Removes the file unused for longest, again and again, while the files that `ours` accepts take more than
 * `limit` bytes. */
void private_folder_shrink(const private_folder *folder, uint64_t limit, int (*ours)(const char *name));

/* A lock, which is free when it is zero. mutex_lock returns what mutex_unlock wants. In a child process it is
 * free: those who held it in the parent are not there. So at each moment of a change what it guards must be
 * of use to a child, or be put in order by what on_fork calls. */
typedef struct mutex {
    atomic_uint holder;
} mutex;
unsigned mutex_lock(mutex *m);
void mutex_unlock(mutex *m, unsigned held);

/* Runs init once in the process. Every caller returns after init has finished. A child process that was
 * forked while another thread was running init runs it again. */
typedef struct once {
    atomic_uint state;
} once;
void once_run(once *o, void (*init)(void));

/* Until the end of the block pthread_cancel waits: a thread that ended in the middle would leave locks
 * behind. For the public functions that take a lock, use memory or call a driver. */
#define UNCANCELLED __attribute__((cleanup(cancel_restore), unused)) const int cancel_state = cancel_disable()
int cancel_disable(void);
void cancel_restore(const int *before);

/* How large the stack of a new thread must be, so that `bytes` of it are left beside the thread-local storage
 * of the program and its libraries. */
size_t thread_stack(size_t bytes);

typedef struct thread {
    void *native;
    void (*body)(void);
} thread;

/* Runs body in a new thread named "vecdot". Signals go to the program's own threads: the new one blocks all
 * of them, except those that tell of a fault of the thread itself, which POSIX does not let anyone block.
 * Returns 0 when the thread cannot be created. *t must stay where it is until thread_join. */
int thread_start(thread *t, size_t stack, void (*body)(void));
void thread_join(thread *t);

/* Sleeps while *word is `seen`, until word_wake. May return for no reason. */
void word_wait(const atomic_uint *word, unsigned seen);
/* Wakes at most so many of those that sleep on the word. Change it first. */
void word_wake(const atomic_uint *word, int most);

/* 1 in the process that loaded the library, 1 more in a child, and so on. */
unsigned process_number(void);

/* Calls `child` in every child process, before fork returns there, until this library is closed; a later call
 * replaces it. Other threads of the parent do not exist in the child. Returns 0 when memory is out. */
int on_fork(void (*child)(void));

/* Why a child process cannot use a driver that its parent opened, and what to do. */
extern const char forked[];

/* The processor that the calling thread is running on; -1 where nobody knows. */
int processor_now(void);

/* Moves the calling thread off a processor and keeps it off, unless it may run on no other. The one that it
 * was to avoid before is free again. `limits` belongs to the thread and has zeros at first: where it may run
 * otherwise, and where it was last let run. Limits that others set in the meantime hold. */
typedef struct processor_limits {
    uint64_t all[128], kept[128];
} processor_limits;
void processor_avoid(processor_limits *limits, int processor);

/* How many processors the calling thread may run on; at least 1. */
int processors_of_thread(void);

/* How many the process may use; at least 1. Threads may have been bound to fewer each, and no thread's
 * binding is the process's: they are those of its first thread and those of the calling one. */
int processors_of_process(void);
/* Lets the calling thread run on all of them. */
void processors_of_process_allow(void);

/* How many processors' time the quotas of the process's control groups allow it, rounded up; INT_MAX where
 * there is none. Its files are looked for below the folder `root`, "" except in tests. */
int processors_of_quota(const char *root);

/* Bytes of the machine's memory; 0 when the system does not tell. */
uint64_t machine_memory(void);

/* Seconds on a clock that only goes forward. */
double clock_seconds(void);

#endif
