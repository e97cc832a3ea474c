/* Opening the devices to test, and the rule that a run which tested nothing is no success. */
#include "support/backends.h"

#include "backend_cpu/objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void target_reset(target *t)
{
    t->context->policy = t->policy;
}

int target_has_schedule(const target *t, schedule s)
{
    return t->context->dev.driver->schedules >> s & 1;
}

void target_follow(target *t, schedule s)
{
    schedule other = s == SCHEDULE_GPU ? SCHEDULE_CPU : SCHEDULE_GPU;
    t->context->policy.schedule = target_has_schedule(t, s) ? s : other;
}

int target_has_variant(const target *t, const variant *v)
{
    return (kernel_rows[v->kernel].schedules & t->context->dev.driver->schedules) != 0 &&
           (t->policy.typed_kernels || !variant_has_types(v)) && (t->info.has_fp64 || !variant_needs_fp64(v));
}

int target_has_kernel(const target *t, kernel_id kernel)
{
    variant v;
    for (size_t k = 0; variant_at(k, &v); k++)
        if (v.kernel == kernel && target_has_variant(t, &v)) return 1;
    return 0;
}

const char *schedule_name(schedule s)
{
    return s == SCHEDULE_GPU ? "gpu" : "cpu";
}

const char *class_name(plan_class c)
{
    static const char *const names[CLASS_COUNT] = {"auto",  "fill",   "short",  "lanes",
                                                   "split", "column", "shared", "matrix"};
    return c < CLASS_COUNT ? names[c] : "unknown";
}

/* VECDOT_TEST_FP64=0: as if the device had no 64-bit floating point; its programs are built without. */
static void pretend(target *t)
{
    const char *fp64 = getenv("VECDOT_TEST_FP64");
    if (!fp64 || strcmp(fp64, "0") != 0) return;
    t->info.has_fp64 = t->context->policy.has_fp64 = t->context->dev.info.has_fp64 = 0;
}

/* Returns 0 on success. */
static int run_one(const char *selector, int (*run)(target *t))
{
    target t;
    memset(&t, 0, sizeof t);
    snprintf(t.selector, sizeof t.selector, "%s", selector);
    if (vecdot_context_create(selector, &t.context) != VECDOT_SUCCESS ||
        vecdot_context_info(t.context, &t.info) != VECDOT_SUCCESS ||
        vecdot_queue_create(t.context, &t.queue) != VECDOT_SUCCESS) {
        fprintf(stderr, "cannot open device %s: %s\n", selector, vecdot_last_error());
        vecdot_context_release(t.context);
        return 1;
    }
    pretend(&t);
    printf("device %s: %s, driver %s\n", selector, t.info.name, t.info.driver);
    t.policy = t.context->policy;
    int failed = run(&t);
    if (!t.cases) fprintf(stderr, "no case was executed on %s\n", selector);
    printf("%s: %ld cases\n", selector, t.cases);
    vecdot_queue_release(t.queue);
    vecdot_context_release(t.context);
    return failed != 0 || t.cases == 0;
}

static int run_named(const char *list, int (*run)(target *t))
{
    int failed = 0, opened = 0;
    while (*list) {
        size_t length = strcspn(list, ",");
        char selector[64];
        if (length >= sizeof selector) {
            fprintf(stderr, "VECDOT_TEST_BACKENDS: selector too long: %s\n", list);
            return EXIT_FAILURE;
        }
        memcpy(selector, list, length);
        selector[length] = 0;
        if (length) {
            failed |= run_one(selector, run);
            opened++;
        }
        list += length + (list[length] == ',');
    }
    return failed || !opened ? EXIT_FAILURE : EXIT_SUCCESS;
}

int targets_choose_cpu_set(void)
{
    const char *wanted = getenv("VECDOT_TEST_CPU_SET");
    if (wanted == NULL || cpu_use_instruction_set(wanted)) return EXIT_SUCCESS;
    for (const instruction_set *const *set = instruction_sets; *set != NULL; set++)
        if (strcmp((*set)->name, wanted) == 0) {
            printf("skipped: the processor has no %s\n", wanted);
            return EXIT_SKIPPED;
        }
    fprintf(stderr, "VECDOT_TEST_CPU_SET: the library was built without \"%s\"\n", wanted);
    return EXIT_FAILURE;
}

int targets_run(int (*run)(target *t))
{
    const char *list = getenv("VECDOT_TEST_BACKENDS");
    vecdot_device_info infos[16];
    size_t count = 0;
    int failed = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    int chosen = targets_choose_cpu_set();
    if (chosen != EXIT_SUCCESS) return chosen;
    if (list && *list) return run_named(list, run);
    if (vecdot_device_list(infos, 16, &count) != VECDOT_SUCCESS) {
        fprintf(stderr, "cannot list devices: %s\n", vecdot_last_error());
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < count && i < 16; i++) {
        char selector[64];
        snprintf(selector, sizeof selector, "%.15s:%d", infos[i].backend, infos[i].index);
        failed |= run_one(selector, run);
    }
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
