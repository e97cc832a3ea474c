/* The simulated driver's control interface for tests: what a test sets before, and asks after, the code under
 * test used the driver. The functions are found with dlsym in the library that VECDOT_LIBCUDA names. */
#ifndef CUDASIM_H
#define CUDASIM_H

#include <stddef.h>
#include <stdint.h>

#define CUDASIM_EXPORT __attribute__((visibility("default")))

/* Gives one of the settings of README.md ("CUDASIM_DEVICES", "2"); it wins over the environment. 0 when
 * taken, else 1: unknown, not understood, or too late (only CUDASIM_MEMORY, CUDASIM_SEED and CUDASIM_LIMIT
 * may follow cuInit). */
CUDASIM_EXPORT int cudasim_configure(const char *setting, const char *value);

/* Back to a driver never initialised: destroys every object, forgets calls, faults, reports, misuses and what
 * cudasim_configure set. Stale handles stay invalid. */
CUDASIM_EXPORT void cudasim_reset(void);

/* ---- Fault injection: the failing call has no effect and returns `code` ---- */

/* Fails the n-th driver call from now (1: the next), and with `persistent` every later one. n 0: none. */
CUDASIM_EXPORT void cudasim_fail_at(uint64_t n, int code, int persistent);
/* Fails the k-th call from now of one function (1: the next). NULL: none. */
CUDASIM_EXPORT void cudasim_fail_call(const char *name, uint64_t k, int code);

/* ---- What happened ---- */

CUDASIM_EXPORT uint64_t cudasim_calls(void);
CUDASIM_EXPORT const char *cudasim_call_name(uint64_t i); /* i counts from 0; NULL past the end */
CUDASIM_EXPORT uint64_t cudasim_calls_of(const char *name);

/* The last kernel's or copy's fault in words, "" when there was none. Valid until the next driver call. */
CUDASIM_EXPORT const char *cudasim_last_report(void);

/* Uses that the real driver leaves undefined; each was also written to stderr. */
CUDASIM_EXPORT uint64_t cudasim_misuses(void);
CUDASIM_EXPORT const char *cudasim_last_misuse(void); /* "" when there was none */

/* Operations given to a stream and not done yet; thread instructions that kernels executed. */
CUDASIM_EXPORT uint64_t cudasim_pending(void);
CUDASIM_EXPORT uint64_t cudasim_instructions(void);

/* ---- For libraries that launch kernels of their own ---- */

/* The host's address of so many bytes of device memory; NULL, and the context is faulty, where they are not
 * alive. */
typedef void *cudasim_find(const void *user, uint64_t address, size_t bytes);
typedef void cudasim_kernel(const void *params, cudasim_find *find, const void *user);

/* Enqueues a function that stands for a kernel: it runs when its turn comes, once or as often as a captured
 * graph is launched, on a copy of the parameters. A CUresult. */
CUDASIM_EXPORT int cudasim_submit(void *stream, cudasim_kernel *run, const void *params, size_t bytes);

/* What is alive. */
typedef struct cudasim_alive {
    uint64_t contexts; /* made by cuCtxCreate_v2                                       */
    uint64_t retains;  /* of primary contexts                                          */
    uint64_t streams, events, modules, graphs, graph_execs;
    uint64_t allocations, bytes;   /* device and managed memory                                    */
    uint64_t pinned, pinned_bytes; /* host memory, allocated or registered                         */
    uint64_t orphans;              /* since the start: objects alive when a sound context was destroyed */
} cudasim_alive;

CUDASIM_EXPORT void cudasim_counts(cudasim_alive *alive);

#endif
