/* The programs of a context and the kernel objects of a queue, found by variant in small chained tables. */
#include "core/program_cache.h"

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
};

vecdot_status program_cache_create(program_cache **cache)
{
    program_cache *made = calloc(1, sizeof *made);
    if (made != NULL) made->lock = mutex_create();
    if (made == NULL || made->lock == NULL) {
        free(made);
        return fail(VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for the program cache");
    }
    *cache = made;
    return VECDOT_SUCCESS;
}

void program_cache_destroy(vecdot_context *context, program_cache *cache)
{
    for (int i = 0; i < BUCKETS; i++) {
        for (entry *e = cache->programs.buckets[i], *next; e != NULL; e = next) {
            next = e->next;
            if (e->ready) context->dev.driver->program_close(e->object);
            mutex_destroy(e->building);
            free(e->object);
            free(e);
        }
    }
    mutex_destroy(cache->lock);
    free(cache);
}

static vecdot_status build(vecdot_context *context, entry *e)
{
    char options[OPTION_BYTES], label[LABEL_BYTES];
    kernel_id kernel = (kernel_id)e->key.kernel;
    program_request request = {.name = kernel_name(kernel), .label = label, .options = options};
    variant_label(&e->key, label, sizeof label);
    if (variant_options(&e->key, options, sizeof options) >= sizeof options) {
        return fail(VECDOT_ERROR_COMPILE, "the build options of %s take more than %d bytes", label,
                    OPTION_BYTES);
    }
    request.sources = variant_sources(kernel, &request.source_count);
    double begin = clock_seconds();
    TRY(context->dev.driver->program_open(e->object, context->native, &request));
    log_line("built %s in %.1f ms", label, 1e3 * (clock_seconds() - begin));
    return VECDOT_SUCCESS;
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

vecdot_status kernel_get(vecdot_queue *queue, const variant *v, void **kernel)
{
    const backend *driver = queue->context->dev.driver;
    entry *e = find(&queue->kernels->kernels, v);
    if (e == NULL) e = insert(&queue->kernels->kernels, v, driver->kernel_size);
    if (e == NULL) return fail(VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for a kernel");
    if (!e->ready) {
        void *program;
        TRY(program_get(queue->context, v, &program));
        TRY(driver->kernel_open(e->object, program, kernel_name((kernel_id)v->kernel)));
        e->ready = 1;
    }
    *kernel = e->object;
    return VECDOT_SUCCESS;
}
