/* `vecdot devices`: lists the devices. */
#include "commands.h"

#include "json.h"
#include "session.h"

#include <inttypes.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *kind_name(int32_t kind)
{
    return kind == VECDOT_DEVICE_GPU ? "gpu" : kind == VECDOT_DEVICE_CPU ? "cpu" : "accelerator";
}

/* Lists all devices in memory that the caller frees. There is always one. */
static bool list_devices(vecdot_device_info **infos, size_t *count, fault *f)
{
    *infos = NULL;
    vecdot_status status = vecdot_device_list(NULL, 0, count);
    if (status != VECDOT_SUCCESS) return fault_from_library(f, status);
    size_t capacity = *count;
    *infos = calloc(capacity, sizeof **infos);
    if (*infos == NULL) return fault_set(f, VECDOT_ERROR_OUT_OF_MEMORY, "no memory for the list of devices");
    status = vecdot_device_list(*infos, capacity, count);
    if (*count > capacity) *count = capacity;
    if (status == VECDOT_SUCCESS) return true;
    free(*infos);
    *infos = NULL;
    return fault_from_library(f, status);
}

/* ---- As a table ---------------------------------------------------------------------------------- */

static void describe_memory(char text[32], uint64_t bytes)
{
    double gib = (double)bytes / 1073741824.0;
    if (gib >= 1)
        snprintf(text, 32, "%.1f GiB", gib);
    else
        snprintf(text, 32, "%.0f MiB", gib * 1024);
}

static void print_row(const char *selector, const char *kind, const char *memory, const char *units,
                      const char *fp64, const char *driver, const char *name)
{
    printf("%-10s  %-11s  %10s  %5s  %-4s  %-24.24s  %s\n", selector, kind, memory, units, fp64, driver,
           name);
}

static void print_table(const vecdot_device_info *infos, size_t count)
{
    print_row("SELECTOR", "KIND", "MEMORY", "UNITS", "FP64", "DRIVER", "NAME");
    for (size_t i = 0; i < count; i++) {
        char selector[40], memory[32], units[16];
        snprintf(selector, sizeof selector, "%s:%" PRId32, infos[i].backend, infos[i].index);
        snprintf(units, sizeof units, "%" PRIu32, infos[i].compute_units);
        describe_memory(memory, infos[i].memory_bytes);
        print_row(selector, kind_name(infos[i].kind), memory, units, infos[i].has_fp64 ? "yes" : "no",
                  infos[i].driver, infos[i].name);
    }
}

/* ---- As JSON ------------------------------------------------------------------------------------- */

static void print_json_text(const char *key, const char *text)
{
    printf("    \"%s\": ", key);
    json_string(stdout, text);
    printf(",\n");
}

static void print_json_device(const vecdot_device_info *info)
{
    char selector[40];
    snprintf(selector, sizeof selector, "%s:%" PRId32, info->backend, info->index);
    printf("  {\n");
    print_json_text("selector", selector);
    print_json_text("backend", info->backend);
    print_json_text("kind", kind_name(info->kind));
    print_json_text("name", info->name);
    print_json_text("vendor", info->vendor);
    print_json_text("platform", info->platform);
    print_json_text("driver", info->driver);
    printf("    \"index\": %" PRId32 ",\n", info->index);
    printf("    \"memory_bytes\": %" PRIu64 ",\n", info->memory_bytes);
    printf("    \"max_alloc_bytes\": %" PRIu64 ",\n", info->max_alloc_bytes);
    printf("    \"compute_units\": %" PRIu32 ",\n", info->compute_units);
    printf("    \"capability\": %" PRId32 ",\n", info->capability);
    printf("    \"fp64\": %s,\n", info->has_fp64 ? "true" : "false");
    printf("    \"shares_host_memory\": %s\n  }", info->shares_host_memory ? "true" : "false");
}

static void print_json(const vecdot_device_info *infos, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        printf("%s\n", i > 0 ? "," : "[");
        print_json_device(&infos[i]);
    }
    printf("\n]\n");
}

int devices_command(const command *self, const options *o)
{
    (void)self;
    vecdot_device_info *infos;
    size_t count;
    fault f;
    if (!list_devices(&infos, &count, &f)) return report(NULL, &f);
    if (o->json)
        print_json(infos, count);
    else
        print_table(infos, count);
    free(infos);
    return finish_output();
}
