/* The registry of live objects. A handle is looked up here and never followed, so that a dead, wrong or
 * invented one is an error and not a crash; no number is given twice. */
#include "tests/cudasim/driver.h"

enum { BUCKETS = 1024, HANDLE_SHIFT = 20 };

/* No address of this process looks like one; the low bits are for a graph's nodes. */
static const uint64_t first_handle = UINT64_C(0x2c) << 56;

static object *buckets[BUCKETS];
static uint64_t last_serial, alive[OBJECT_GRAPH_EXEC + 1];

static object **bucket_of(uint64_t handle)
{
    return &buckets[(handle >> HANDLE_SHIFT) % BUCKETS];
}

void object_add(object *made, object_kind kind, context *owner)
{
    if (!made->handle) made->handle = first_handle | (++last_serial << HANDLE_SHIFT);
    object **bucket = bucket_of(made->handle);
    made->kind = kind;
    made->owner = owner;
    made->next = *bucket;
    *bucket = made;
    alive[kind]++;
}

void object_remove(object *gone)
{
    object **link = bucket_of(gone->handle);
    while (*link != gone) link = &(*link)->next;
    *link = gone->next;
    alive[gone->kind]--;
}

void *object_find(const void *handle, object_kind kind)
{
    const uint64_t number = (uint64_t)(uintptr_t)handle;
    for (object *o = *bucket_of(number); o; o = o->next)
        if (o->handle == number) return o->kind == kind ? o : NULL;
    return NULL;
}

object *object_first(object_kind kind, const context *owner)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (object *o = buckets[i]; o; o = o->next)
            if (o->kind == kind && (!owner || o->owner == owner)) return o;
    return NULL;
}

void object_each(object_kind kind, void (*visit)(object *, void *), void *user)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (object *o = buckets[i], *next; o; o = next) {
            next = o->next;
            if (o->kind == kind) visit(o, user);
        }
}

uint64_t object_count(object_kind kind)
{
    return alive[kind];
}
