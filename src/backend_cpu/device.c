/* The one device: the processors that this process may use. It is always there. */
#include "backend_cpu/objects.h"
#include "backend_cpu/pool.h"

#include "core/base/os.h"

#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

/* The brand string lies in 48 bytes of three leaves, padded with spaces. */
static void processor_name(char name[64], char vendor[16])
{
    unsigned words[12] = {0}, leaf[4] = {0};
    if (__get_cpuid(0, &leaf[0], &leaf[1], &leaf[2], &leaf[3])) {
        const unsigned letters[3] = {leaf[1], leaf[3], leaf[2]};
        memcpy(vendor, letters, sizeof letters);
    }
    for (unsigned k = 0; k < 3; k++)
        __get_cpuid(0x80000002u + k, &words[4 * k], &words[4 * k + 1], &words[4 * k + 2], &words[4 * k + 3]);
    const char *brand = (const char *)words;
    while (*brand == ' ' && brand < (const char *)(words + 12)) brand++;
    snprintf(name, 64, "%.*s", (int)((const char *)(words + 12) - brand), brand);
    for (size_t end = strlen(name); end > 0 && name[end - 1] == ' ';) name[--end] = '\0';
}
#else
static void processor_name(char name[64], char vendor[16])
{
    (void)vendor;
#if defined(__aarch64__)
    snprintf(name, 64, "AArch64 processor");
#else
    snprintf(name, 64, "processor");
#endif
}
#endif

vecdot_status cpu_probe(device *devices, size_t capacity, size_t *count)
{
    *count = 1;
    if (capacity == 0) return VECDOT_SUCCESS;
    const instruction_set *set = cpu_instruction_set();
    char name[64] = "", vendor[16] = "";
    processor_name(name, vendor);
    device *d = devices;
    *d = (device){.driver = &backend_cpu,
                  .max_group_size = 1,
                  .vector_bytes = set->vector_bytes,
                  .only_any = !set->typed};
    snprintf(d->info.backend, sizeof d->info.backend, "%s", backend_cpu.name);
    snprintf(d->info.name, sizeof d->info.name, "%s", name[0] != '\0' ? name : "processor");
    snprintf(d->info.vendor, sizeof d->info.vendor, "%s", vendor);
    snprintf(d->info.platform, sizeof d->info.platform, "no driver");
    snprintf(d->info.driver, sizeof d->info.driver, "vecdot %s, %s", vecdot_version(), set->name);
    d->info.kind = VECDOT_DEVICE_CPU;
    d->info.memory_bytes = d->info.max_alloc_bytes = machine_memory();
    d->info.compute_units = (uint32_t)pool_threads();
    d->info.has_fp64 = 1;
    d->info.shares_host_memory = 1;
    return VECDOT_SUCCESS;
}

void cpu_diagnose(text *report)
{
    const instruction_set *best = cpu_instruction_set();
    const int threads = pool_threads();
    text_add(report, "  no driver is needed; %d thread%s, instruction set %s (there is code for", threads,
             threads == 1 ? "" : "s", best->name);
    for (const instruction_set *const *s = instruction_sets; *s != NULL; s++)
        text_add(report, " %s", (*s)->name);
    text_add(report, ")\n");
}
