/* Lists the devices of all backends, parses selectors, and explains a missing device. */
#include "core/run/device.h"

#include "core/base/os.h"
#include "core/run/blas.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_BYTES = 128, REFUSAL_BYTES = 2048 };

/* ---- All devices --------------------------------------------------------------------------------- */

typedef struct device_array {
    device *items;
    size_t count;
} device_array;

/* Appends one backend's devices. When a backend has none, its reason is added to `refusals`. In a child
 * process, a driver that is its parent's is a failure where it was asked for by name. */
static vecdot_status append_backend(device_array *all, const backend *b, int by_name, text *refusals)
{
    size_t count = 0;
    vecdot_status status = b->probe(NULL, 0, &count);
    if (status == VECDOT_SUCCESS && count > 0) {
        device *items = realloc(all->items, (all->count + count) * sizeof *items);
        if (items == NULL)
            return fail(VECDOT_ERROR_OUT_OF_MEMORY, "no host memory to list %zu devices", count);
        all->items = items;
        size_t now_there = 0;
        status = b->probe(items + all->count, count, &now_there);
        if (status == VECDOT_SUCCESS) all->count += now_there < count ? now_there : count;
    }
    if (status == VECDOT_ERROR_OUT_OF_MEMORY) return status;
    if (status == VECDOT_ERROR_BACKEND && by_name && process_number() > 1) return status;
    if (status != VECDOT_SUCCESS)
        text_add(refusals, "%s%s", refusals->length > 0 ? "\n" : "", vecdot_last_error());
    return VECDOT_SUCCESS;
}

static int kind_rank(int32_t kind)
{
    return kind == VECDOT_DEVICE_GPU ? 0 : kind == VECDOT_DEVICE_ACCELERATOR ? 1 : 2;
}

/* Sorts by kind; within a kind the order stays. */
static void sort_best_first(device_array *all)
{
    for (size_t i = 1; i < all->count; i++) {
        device moved = all->items[i];
        size_t j = i;
        for (; j > 0 && kind_rank(all->items[j - 1].info.kind) > kind_rank(moved.info.kind); j--) {
            all->items[j] = all->items[j - 1];
        }
        all->items[j] = moved;
    }
}

/* Finds the devices of all backends, or of `only` when that is not NULL. */
static vecdot_status find_devices(const backend *only, device_array *all, text *refusals)
{
    vecdot_status status = VECDOT_SUCCESS;
    *all = (device_array){NULL, 0};
    for (const backend *const *b = backend_registry; *b != NULL && status == VECDOT_SUCCESS; b++) {
        if (only == NULL || only == *b) status = append_backend(all, *b, only != NULL, refusals);
    }
    if (status != VECDOT_SUCCESS) {
        free(all->items);
        return status;
    }
    sort_best_first(all);
    return VECDOT_SUCCESS;
}

vecdot_status vecdot_device_list(vecdot_device_info *infos, size_t capacity, size_t *count)
{
    UNCANCELLED;
    if (count == NULL) return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_device_list: count is NULL");
    if (infos == NULL && capacity > 0) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_device_list: infos is NULL but capacity is %zu",
                    capacity);
    }
    device_array all;
    char lines[REFUSAL_BYTES];
    text refusals = {lines, sizeof lines, 0};
    TRY(find_devices(NULL, &all, &refusals));
    for (size_t i = 0; i < all.count && i < capacity; i++) infos[i] = all.items[i].info;
    *count = all.count;
    free(all.items);
    return VECDOT_SUCCESS;
}

/* ---- Selectors ----------------------------------------------------------------------------------- */

/* A parsed selector. */
typedef struct query {
    const backend *only;   /* NULL for "auto" */
    char word[WORD_BYTES]; /* the part after the colon: an index, a kind or part of a name; or "" */
} query;

static void lower(char *word)
{
    for (; *word != '\0'; word++) *word = (char)tolower((unsigned char)*word);
}

static int matches(const query *q, const vecdot_device_info *info)
{
    const char *word = q->word;
    if (word[0] == '\0') return 1;
    if (word[strspn(word, "0123456789")] == '\0') return strtoll(word, NULL, 10) == info->index;
    if (strcmp(word, "gpu") == 0) return info->kind == VECDOT_DEVICE_GPU;
    if (strcmp(word, "cpu") == 0) return info->kind == VECDOT_DEVICE_CPU;
    if (strcmp(word, "accelerator") == 0) return info->kind == VECDOT_DEVICE_ACCELERATOR;
    return text_contains(info->name, word) || text_contains(info->vendor, word) ||
           text_contains(info->platform, word);
}

/* Parses the backend, `length` bytes of `name`: "auto" or a backend's name. `origin`, the selector or a
 * variable's name, is for the message. */
static vecdot_status parse_backend(query *q, const char *name, size_t length, const char *origin)
{
    q->only = NULL;
    if (length == 4 && memcmp(name, "auto", 4) == 0) return VECDOT_SUCCESS;
    char known[128] = "";
    text list = {known, sizeof known, 0};
    for (const backend *const *b = backend_registry; *b != NULL; b++) {
        if (strlen((*b)->name) == length && memcmp((*b)->name, name, length) == 0) {
            q->only = *b;
            return VECDOT_SUCCESS;
        }
        text_add(&list, ", %s", (*b)->name);
    }
    int shown = length < 64 ? (int)length : 64;
    return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                "vecdot_context_create: unknown backend \"%.*s\" in %s; there are auto%s", shown, name,
                origin, known);
}

static vecdot_status parse_word(query *q, const char *word, const char *origin)
{
    if (word[0] == '\0' || strlen(word) >= sizeof q->word) {
        return fail(
            VECDOT_ERROR_INVALID_ARGUMENT,
            "vecdot_context_create: the device in %s has %zu characters, expected 1 to %zu: an index, gpu, "
            "cpu, accelerator, or part of a name",
            origin, strlen(word), sizeof q->word - 1);
    }
    memcpy(q->word, word, strlen(word) + 1);
    lower(q->word);
    return VECDOT_SUCCESS;
}

/* Parses the selector; when it is NULL, the two environment variables. */
static vecdot_status parse(query *q, const char *selector)
{
    *q = (query){.only = NULL};
    if (selector != NULL) {
        const char *colon = strchr(selector, ':');
        size_t length = colon != NULL ? (size_t)(colon - selector) : strlen(selector);
        TRY(parse_backend(q, selector, length, "the selector"));
        return colon != NULL ? parse_word(q, colon + 1, "the selector") : VECDOT_SUCCESS;
    }
    const char *name = environment_get("VECDOT_BACKEND");
    const char *word = environment_get("VECDOT_DEVICE");
    if (name != NULL) TRY(parse_backend(q, name, strlen(name), "VECDOT_BACKEND"));
    return word != NULL ? parse_word(q, word, "VECDOT_DEVICE") : VECDOT_SUCCESS;
}

/* Adds what the user asked for, as the user wrote it. */
static void add_query(text *t, const char *selector)
{
    if (selector != NULL) {
        text_add(t, "\"%.128s\"", selector);
        return;
    }
    const char *name = environment_get("VECDOT_BACKEND");
    const char *word = environment_get("VECDOT_DEVICE");
    text_add(t, "VECDOT_BACKEND=%.64s", name != NULL ? name : "auto");
    if (word != NULL) text_add(t, " VECDOT_DEVICE=%.128s", word);
}

static vecdot_status no_match(const char *selector, const device_array *all, const text *refusals)
{
    char wanted[256] = "", list[1024] = "";
    text asked = {wanted, sizeof wanted, 0}, found = {list, sizeof list, 0};
    add_query(&asked, selector);
    for (size_t i = 0; i < all->count; i++) {
        const vecdot_device_info *info = &all->items[i].info;
        text_add(&found, "%s%s:%" PRId32 " (%s)", i > 0 ? ", " : "; there are ", info->backend, info->index,
                 info->name);
    }
    return fail(VECDOT_ERROR_NO_DEVICE, "vecdot_context_create: no device matches %s%s%s%s", wanted, list,
                refusals->length > 0 ? "\n" : "", refusals->length > 0 ? refusals->data : "");
}

vecdot_status device_select(const char *selector, device_choice *choice)
{
    query q;
    device_array all;
    char lines[REFUSAL_BYTES] = "";
    text refusals = {lines, sizeof lines, 0};
    TRY(parse(&q, selector));
    TRY(find_devices(q.only, &all, &refusals));
    size_t kept = 0;
    for (size_t i = 0; i < all.count; i++) {
        if (!matches(&q, &all.items[i].info)) continue;
        device matched = all.items[i];
        all.items[i] = all.items[kept];
        all.items[kept++] = matched;
    }
    if (kept == 0) {
        vecdot_status status = no_match(selector, &all, &refusals);
        free(all.items);
        return status;
    }
    if (q.only == NULL && refusals.length > 0) log_line("auto: %s", lines);
    *choice = (device_choice){all.items, kept, q.only == NULL};
    return VECDOT_SUCCESS;
}

void device_choice_free(device_choice *choice)
{
    free(choice->devices);
}

/* ---- Diagnosis ----------------------------------------------------------------------------------- */

static void add_settings(text *report)
{
    static const char *const names[] = {"VECDOT_BACKEND", "VECDOT_DEVICE",      "VECDOT_REPRODUCIBLE",
                                        "VECDOT_BLAS",    "VECDOT_NUM_THREADS", "VECDOT_CACHE_DIR",
                                        "VECDOT_LOG"};
    text_add_environment(report, "", names, sizeof names / sizeof names[0]);
}

/* Says which device a context without a selector would get. */
static void add_default(text *report)
{
    device_choice choice;
    if (device_select(NULL, &choice) != VECDOT_SUCCESS) {
        /* Only the first line: the report has the others already. */
        const char *why = text_after(vecdot_last_error(), "vecdot_context_create: ");
        text_add(report, "no device is chosen by default: %.*s\n", (int)strcspn(why, "\n"), why);
        return;
    }
    const vecdot_device_info *info = &choice.devices[0].info;
    text_add(report, "chosen by default: %s:%" PRId32 " \"%s\"\n", info->backend, info->index, info->name);
    device_choice_free(&choice);
}

vecdot_status vecdot_diagnose(char *buffer, size_t capacity, size_t *needed)
{
    UNCANCELLED;
    if (buffer == NULL && capacity > 0) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_diagnose: text is NULL but capacity is %zu",
                    capacity);
    }
    text report = {buffer, capacity, 0};
    text_add(&report, "vecdot %s\n", vecdot_version());
    add_settings(&report);
    for (const backend *const *b = backend_registry; *b != NULL; b++) {
        text_add(&report, "%s:\n", (*b)->name);
        (*b)->diagnose(&report);
        blas_diagnose(*b, &report);
    }
    add_default(&report);
    if (needed != NULL) *needed = report.length + 1;
    return VECDOT_SUCCESS;
}
