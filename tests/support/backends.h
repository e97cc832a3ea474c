/* The devices a suite runs on, one after another. VECDOT_TEST_BACKENDS names them (selectors between commas)
 * and each must open; without it every device that is found is tested. On the CPU backend the kernels are
 * those of the best instruction set, or of the one that VECDOT_TEST_CPU_SET names. */
#ifndef SUPPORT_BACKENDS_H
#define SUPPORT_BACKENDS_H

#include "core/run/context.h"

#include <vecdot/vecdot.h>

#define EXIT_SKIPPED 77

/* Whether the tests are built with a sanitizer that makes stacks larger and everything slower. */
#if defined(__has_feature)
#define SANITIZED_BY_CLANG (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define SANITIZED_BY_CLANG 0
#endif
#if SANITIZED_BY_CLANG || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

typedef struct target {
    char selector[64];
    vecdot_context *context;
    vecdot_queue *queue;
    vecdot_device_info info;
    plan_policy policy; /* as the library chose it; tests change context->policy */
    long cases;         /* executed so far; a suite counts each                  */
} target;

/* Opens each device and calls `run`, which returns how many tests failed. Returns the exit code of the suite:
 * failure also when a device cannot be opened or no case was executed on it. */
int targets_run(int (*run)(target *t));

/* Lets the CPU backend use the instruction set that VECDOT_TEST_CPU_SET names, if it is set; targets_run
 * calls this first. Returns EXIT_SKIPPED where the processor lacks it, EXIT_FAILURE where the library does.
 */
int targets_choose_cpu_set(void);

/* The library's own policy again. */
void target_reset(target *t);

/* Whether the backend has the kernels of that schedule. */
int target_has_schedule(const target *t, schedule s);

/* Whether it should have that variant, or one of the kernel. */
int target_has_variant(const target *t, const variant *v);
int target_has_kernel(const target *t, kernel_id kernel);

/* Lets the planner follow the schedule, or the only one there is. */
void target_follow(target *t, schedule s);

/* "gpu" or "cpu". */
const char *schedule_name(schedule s);

/* "short", "split", ...: the name of a plan class, lower case. */
const char *class_name(plan_class c);

#endif
