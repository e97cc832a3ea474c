/* A context's programs in a small hash table with chains. A program comes from the disk cache if that has
 * it; otherwise the backend builds it. */
#include "core/run/program_cache.h"

#include "core/base/os.h"
#include "core/run/disk_cache.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 64, LABEL_BYTES = 128 };

/* An entry is complete before it is added to its bucket, and stays there until the cache is destroyed. So
 * readers need no lock. */
typedef struct entry {
    struct entry *next;
    variant key;
    mutex building;   /* held by the thread that builds the program */
    atomic_int ready; /* `program` is open */
    char *unsaved;    /* the disk cache's key of a program that is to be saved; else NULL */
    void *program;    /* the backend's */
} entry;

struct program_cache {
    const device *dev;
    void *context;    /* the backend's */
    mutex adding;     /* held by the thread that adds an entry */
    disk_cache *disk; /* NULL: no disk cache */
    _Atomic(entry *) buckets[BUCKETS];
};

vecdot_status program_cache_create(const device *dev, void *context, program_cache **cache)
{
    program_cache *made = calloc(1, sizeof *made);
    if (made == NULL) return fail(VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for the program cache");
    made->dev = dev;
    made->context = context;
    made->disk = disk_cache_create();
    for (int i = 0; i < BUCKETS; i++) atomic_init(&made->buckets[i], NULL);
    *cache = made;
    return VECDOT_SUCCESS;
}

/* ---- The table ----------------------------------------------------------------------------------- */

/* A variant's eight bytes have no padding, so they identify it. */
static uint64_t bits_of(const variant *v)
{
    uint64_t bits = 0;
    _Static_assert(sizeof *v == sizeof bits, "a variant is eight bytes");
    memcpy(&bits, v, sizeof bits);
    return bits;
}

static size_t bucket_of(const variant *v)
{
    return (size_t)(bits_of(v) * UINT64_C(0x9E3779B97F4A7C15) >> 58); /* the top six bits: 64 buckets */
}

static entry *find(const program_cache *cache, const variant *v)
{
    entry *e = atomic_load_explicit(&cache->buckets[bucket_of(v)], memory_order_acquire);
    while (e != NULL && bits_of(&e->key) != bits_of(v)) e = e->next;
    return e;
}

static void entry_free(entry *e)
{
    if (e == NULL) return;
    free(e->unsaved);
    free(e->program);
    free(e);
}

/* Adds an entry. Returns NULL when memory is out. */
static entry *add(program_cache *cache, const variant *v)
{
    size_t bucket = bucket_of(v);
    entry *e = calloc(1, sizeof *e);
    if (e != NULL) e->program = calloc(1, cache->dev->driver->program_size);
    if (e == NULL || e->program == NULL) {
        entry_free(e);
        return NULL;
    }
    e->key = *v;
    atomic_init(&e->ready, 0);
    e->next = atomic_load_explicit(&cache->buckets[bucket], memory_order_relaxed);
    atomic_store_explicit(&cache->buckets[bucket], e, memory_order_release);
    return e;
}

/* Returns the variant's entry, which is added if there is none; NULL when memory is out. */
static entry *find_or_add(program_cache *cache, const variant *v)
{
    entry *e = find(cache, v);
    if (e != NULL) return e;
    unsigned held = mutex_lock(&cache->adding);
    e = find(cache, v);
    if (e == NULL) e = add(cache, v);
    mutex_unlock(&cache->adding, held);
    return e;
}

/* ---- The disk cache ------------------------------------------------------------------------------ */

/* Writes everything that a program's bytes depend on. */
static vecdot_status write_key(const device *dev, const variant *v, text *key)
{
    const char *parts[] = {vecdot_version(), dev->driver->name, dev->info.platform, dev->info.name,
                           dev->info.driver};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) text_add_part(key, parts[i]);
    return dev->driver->program_key(dev, v, key);
}

/* Returns the key in memory that the caller frees; NULL when there is no disk cache, no key or no memory. */
static char *make_key(const program_cache *cache, const variant *v)
{
    text measured = {NULL, 0, 0};
    if (cache->disk == NULL || cache->dev->driver->program_save == NULL) return NULL;
    if (write_key(cache->dev, v, &measured) != VECDOT_SUCCESS) return NULL;
    text key = {malloc(measured.length + 1), measured.length + 1, 0};
    if (key.data != NULL) write_key(cache->dev, v, &key);
    return key.data;
}

static int load_program(const program_cache *cache, entry *e, const char *key, const char *label)
{
    size_t size = 0;
    double begin = clock_seconds();
    void *bytes = disk_cache_find(cache->disk, key, &size);
    if (bytes == NULL) return 0;
    vecdot_status status = cache->dev->driver->program_load(e->program, cache->context, &e->key, bytes, size);
    free(bytes);
    if (status == VECDOT_SUCCESS) {
        log_line("loaded %s from the disk cache in %.1f ms", label, 1e3 * (clock_seconds() - begin));
    } else {
        log_line("disk cache: the driver refuses the binary of %s: %s", label, vecdot_last_error());
    }
    return status == VECDOT_SUCCESS;
}

/* Programs are saved when the context ends, not when they are built: a driver may take as long for the
 * binary as for the program (PoCL compiles it again, for groups of any size), and only at the end does it
 * know what was launched. */
static void save_program(const program_cache *cache, entry *e)
{
    const backend *driver = cache->dev->driver;
    char label[LABEL_BYTES];
    size_t size = 0, again = 0;
    double begin = clock_seconds();
    variant_label(&e->key, label, sizeof label);
    if (!disk_cache_writable(cache->disk)) return;
    vecdot_status status = driver->program_save(e->program, NULL, 0, &size);
    void *bytes = status == VECDOT_SUCCESS && size > 0 ? malloc(size) : NULL;
    if (bytes != NULL) status = driver->program_save(e->program, bytes, size, &again);
    if (status != VECDOT_SUCCESS) {
        log_line("disk cache: no binary of %s: %s", label, vecdot_last_error());
    } else if (bytes != NULL && again == size && disk_cache_store(cache->disk, e->unsaved, bytes, size)) {
        log_line("saved %s in %.1f ms", label, 1e3 * (clock_seconds() - begin));
    }
    free(bytes);
}

/* Saving must not delay the end of the program for long. What is not saved is built again and saved
 * another time. */
void program_cache_destroy(program_cache *cache, double saving_seconds)
{
    double until = clock_seconds() + saving_seconds;
    for (int i = 0; i < BUCKETS; i++) {
        for (entry *e = atomic_load(&cache->buckets[i]), *next; e != NULL; e = next) {
            next = e->next;
            if (e->unsaved != NULL && clock_seconds() < until) save_program(cache, e);
            if (atomic_load(&e->ready)) cache->dev->driver->program_close(e->program);
            entry_free(e);
        }
    }
    disk_cache_destroy(cache->disk);
    free(cache);
}

/* ---- Building ------------------------------------------------------------------------------------ */

static vecdot_status build(const program_cache *cache, entry *e)
{
    char label[LABEL_BYTES];
    variant_label(&e->key, label, sizeof label);
    char *key = make_key(cache, &e->key);
    if (key != NULL && load_program(cache, e, key, label)) {
        free(key);
        return VECDOT_SUCCESS;
    }
    double begin = clock_seconds();
    vecdot_status status = cache->dev->driver->program_open(e->program, cache->context, &e->key);
    if (status != VECDOT_SUCCESS) {
        free(key);
        return status;
    }
    log_line("built %s in %.1f ms", label, 1e3 * (clock_seconds() - begin));
    e->unsaved = key;
    return VECDOT_SUCCESS;
}

void *program_find(const program_cache *cache, const variant *v)
{
    const entry *e = find(cache, v);
    return e != NULL && atomic_load_explicit(&e->ready, memory_order_acquire) ? e->program : NULL;
}

vecdot_status program_get(program_cache *cache, const variant *v, void **program)
{
    entry *e = find_or_add(cache, v);
    if (e == NULL) return fail(VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for a program");
    vecdot_status status = VECDOT_SUCCESS;
    unsigned held = mutex_lock(&e->building);
    if (!atomic_load_explicit(&e->ready, memory_order_relaxed)) {
        status = build(cache, e);
        if (status == VECDOT_SUCCESS) atomic_store_explicit(&e->ready, 1, memory_order_release);
    }
    mutex_unlock(&e->building, held);
    if (status == VECDOT_SUCCESS) *program = e->program;
    return status;
}
