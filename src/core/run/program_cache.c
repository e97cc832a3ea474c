/* The programs of a context and the kernel objects of a queue, found by variant in small chained tables. A
 * program comes from the disk cache where that has it, else from its sources. */
#include "core/run/program_cache.h"

#include "core/run/disk_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 64, OPTION_BYTES = 1536, LABEL_BYTES = 128 };

/* ---- Tables -------------------------------------------------------------------------------------- */

typedef struct entry {
    struct entry *next;
    variant key;
    void *object;    /* the backend's program or kernel                     */
    mutex *building; /* programs only: held while one thread builds */
    int ready;       /* object is open (programs: guarded by building) */
    char *unsaved;   /* a program's key in the disk cache, when it was built and is to be saved */
} entry;

typedef struct table {
    entry *buckets[BUCKETS];
} table;

/* A variant is eight bytes without padding, so its bytes are its identity. */
static uint64_t bits_of(const variant *v)
{
    uint64_t bits = 0;
    _Static_assert(sizeof *v == sizeof bits, "a variant is eight bytes");
    memcpy(&bits, v, sizeof bits);
    return bits;
}

static entry **bucket_of(table *t, const variant *v)
{
    uint64_t mixed = bits_of(v) * UINT64_C(0x9E3779B97F4A7C15);
    return &t->buckets[mixed >> 58]; /* the top six bits: 64 buckets */
}

static entry *find(table *t, const variant *v)
{
    entry *e = *bucket_of(t, v);
    while (e != NULL && bits_of(&e->key) != bits_of(v)) e = e->next;
    return e;
}

static entry *insert(table *t, const variant *v, size_t object_size)
{
    entry *e = calloc(1, sizeof *e);
    if (e == NULL) return NULL;
    e->object = calloc(1, object_size);
    if (e->object == NULL) {
        free(e);
        return NULL;
    }
    entry **bucket = bucket_of(t, v);
    e->key = *v;
    e->next = *bucket;
    *bucket = e;
    return e;
}

/* ---- Programs ------------------------------------------------------------------------------------ */

struct program_cache {
    mutex *lock; /* guards the table, not the building of its entries */
    table programs;
    disk_cache *disk; /* NULL: there is none */
};

vecdot_status program_cache_create(program_cache **cache)
{
    program_cache *made = calloc(1, sizeof *made);
    if (made != NULL) made->lock = mutex_create();
    if (made == NULL || made->lock == NULL) {
        free(made);
        return fail(VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for the program cache");
    }
    made->disk = disk_cache_create();
    *cache = made;
    return VECDOT_SUCCESS;
}

/* All that a program's binary depends on, without a doubt about where one part ends and the next begins. */
static void write_key(const vecdot_context *context, const program_request *request, text *key)
{
    const device *dev = &context->dev;
    const char *parts[] = {
        vecdot_version(), dev->driver->name, dev->info.platform,           dev->info.name,
        dev->info.driver, dev->compiler,     dev->driver->program_options, request->options,
        request->name};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        text_add(key, "%zu:%s\n", strlen(parts[i]), parts[i]);
    for (size_t i = 0; i < request->source_count; i++)
        text_add(key, "%zu:%s\n", strlen(request->sources[i]), request->sources[i]);
}

/* The key in memory that the caller frees; NULL when there is no disk cache or no memory. */
static char *make_key(const vecdot_context *context, const program_request *request)
{
    text measured = {NULL, 0, 0};
    if (context->programs->disk == NULL || context->dev.driver->program_save == NULL) return NULL;
    write_key(context, request, &measured);
    text key = {malloc(measured.length + 1), measured.length + 1, 0};
    if (key.data != NULL) write_key(context, request, &key);
    return key.data;
}

static int load_program(vecdot_context *context, entry *e, const program_request *request, const char *key)
{
    size_t size = 0;
    double begin = clock_seconds();
    void *bytes = disk_cache_find(context->programs->disk, key, &size);
    if (bytes == NULL) return 0;
    vecdot_status status =
        context->dev.driver->program_load(e->object, context->native, request, bytes, size);
    free(bytes);
    if (status == VECDOT_SUCCESS) {
        log_line("loaded %s from the disk cache in %.1f ms", request->label, 1e3 * (clock_seconds() - begin));
    } else {
        log_line("disk cache: the driver refuses the binary of %s: %s", request->label, vecdot_last_error());
    }
    return status == VECDOT_SUCCESS;
}

/* At the end of the context and not when the program is built, since a driver may take as long for the binary
 * as for the program (PoCL compiles it anew, for groups of any size), and since it then knows what was
 * launched. */
static void save_program(vecdot_context *context, entry *e)
{
    const backend *driver = context->dev.driver;
    char label[LABEL_BYTES];
    size_t size = 0, again = 0;
    double begin = clock_seconds();
    variant_label(&e->key, label, sizeof label);
    if (!disk_cache_writable(context->programs->disk)) return;
    vecdot_status status = driver->program_save(e->object, NULL, 0, &size);
    void *bytes = status == VECDOT_SUCCESS && size > 0 ? malloc(size) : NULL;
    if (bytes != NULL) status = driver->program_save(e->object, bytes, size, &again);
    if (status != VECDOT_SUCCESS) {
        log_line("disk cache: no binary of %s: %s", label, vecdot_last_error());
    } else if (bytes != NULL && again == size &&
               disk_cache_store(context->programs->disk, e->unsaved, bytes, size)) {
        log_line("saved %s in %.1f ms", label, 1e3 * (clock_seconds() - begin));
    }
    free(bytes);
}

/* Saving must not keep a program from ending for long: what is left over is built and saved another time. */
void program_cache_destroy(vecdot_context *context, program_cache *cache)
{
    double until = clock_seconds() + context->policy.saving_seconds;
    for (int i = 0; i < BUCKETS; i++) {
        for (entry *e = cache->programs.buckets[i], *next; e != NULL; e = next) {
            next = e->next;
            if (e->unsaved != NULL && clock_seconds() < until) save_program(context, e);
            if (e->ready) context->dev.driver->program_close(e->object);
            mutex_destroy(e->building);
            free(e->unsaved);
            free(e->object);
            free(e);
        }
    }
    mutex_destroy(cache->lock);
    disk_cache_destroy(cache->disk);
    free(cache);
}

static vecdot_status build_program(vecdot_context *context, entry *e, const program_request *request)
{
    double begin = clock_seconds();
    TRY(context->dev.driver->program_open(e->object, context->native, request));
    log_line("built %s in %.1f ms", request->label, 1e3 * (clock_seconds() - begin));
    return VECDOT_SUCCESS;
}

static vecdot_status build(vecdot_context *context, entry *e)
{
    char options[OPTION_BYTES], label[LABEL_BYTES];
    kernel_id kernel = (kernel_id)e->key.kernel;
    program_request request = {.name = kernel_name(kernel), .label = label, .options = options};
    variant_label(&e->key, label, sizeof label);
    size_t length = variant_options(&e->key, options, sizeof options);
    if (!context->dev.info.has_fp64 && length < sizeof options) {
        length += (size_t)snprintf(options + length, sizeof options - length, " -DWITHOUT_FP64");
    }
    if (length >= sizeof options) {
        return fail(VECDOT_ERROR_COMPILE, "the build options of %s take more than %d bytes", label,
                    OPTION_BYTES);
    }
    request.sources = variant_sources(kernel, &request.source_count);
    char *key = make_key(context, &request);
    int loaded = key != NULL && load_program(context, e, &request, key);
    vecdot_status status = loaded ? VECDOT_SUCCESS : build_program(context, e, &request);
    if (!loaded && status == VECDOT_SUCCESS) {
        e->unsaved = key;
    } else {
        free(key);
    }
    return status;
}

/* The variant's entry, made if need be; NULL when memory is out. */
static entry *program_entry(vecdot_context *context, const variant *v)
{
    program_cache *cache = context->programs;
    mutex_lock(cache->lock);
    entry *e = find(&cache->programs, v);
    if (e == NULL) {
        mutex *building = mutex_create();
        e = building != NULL ? insert(&cache->programs, v, context->dev.driver->program_size) : NULL;
        if (e != NULL) {
            e->building = building;
        } else {
            mutex_destroy(building);
        }
    }
    mutex_unlock(cache->lock);
    return e;
}

vecdot_status program_get(vecdot_context *context, const variant *v, void **program)
{
    entry *e = program_entry(context, v);
    if (e == NULL) return fail(VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for a program");
    vecdot_status status = VECDOT_SUCCESS;
    mutex_lock(e->building);
    if (!e->ready) {
        status = build(context, e);
        e->ready = status == VECDOT_SUCCESS;
    }
    mutex_unlock(e->building);
    if (status == VECDOT_SUCCESS) *program = e->object;
    return status;
}

/* ---- Kernels ------------------------------------------------------------------------------------- */

struct kernel_table {
    table kernels;
};

vecdot_status kernel_table_create(kernel_table **made)
{
    *made = calloc(1, sizeof **made);
    return *made != NULL ? VECDOT_SUCCESS
                         : fail(VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for a kernel table");
}

void kernel_table_destroy(vecdot_context *context, kernel_table *t)
{
    for (int i = 0; i < BUCKETS; i++) {
        for (entry *e = t->kernels.buckets[i], *next; e != NULL; e = next) {
            next = e->next;
            if (e->ready) context->dev.driver->kernel_close(e->object);
            free(e->object);
            free(e);
        }
    }
    free(t);
}

/* Building logs, and a logger must find the driver as the program left it. */
static vecdot_status open_kernel(vecdot_context *context, entry *e)
{
    const backend *driver = context->dev.driver;
    void *program;
    TRY(context_leave(context, VECDOT_SUCCESS));
    TRY(program_get(context, &e->key, &program));
    TRY(context_enter(context));
    TRY(driver->kernel_open(e->object, program, kernel_name((kernel_id)e->key.kernel)));
    e->ready = 1;
    return VECDOT_SUCCESS;
}

vecdot_status kernel_get(vecdot_queue *queue, const variant *v, void **kernel)
{
    const backend *driver = queue->context->dev.driver;
    entry *e = find(&queue->kernels->kernels, v);
    if (e == NULL) e = insert(&queue->kernels->kernels, v, driver->kernel_size);
    if (e == NULL) return fail(VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for a kernel");
    if (!e->ready) TRY(open_kernel(queue->context, e));
    *kernel = e->object;
    return VECDOT_SUCCESS;
}
