/* Operations given to streams and not done yet. They run only when something waits for them, in a random one
 * of the orders that streams and events allow, so that code that forgot to wait reads too early. */
#include "tests/cudasim/driver.h"

#include <stdlib.h>

typedef struct operation {
    uint64_t number;
    work *what;
    uint64_t stream;
    bool blocking, legacy;
    uint64_t after; /* another operation to come first, 0: none */
    bool needed;
    struct operation *previous, *next;
} operation;

enum { MOST_PENDING = 256 }; /* a real queue is finite, too */

static operation *oldest, *newest;
static uint64_t last_number, pending;

uint64_t pending_count(void)
{
    return pending;
}

/* Whether the earlier operation must be done before the later one begins. */
static bool precedes(const operation *earlier, const operation *later)
{
    if (later->after == earlier->number || later->stream == earlier->stream) return true;
    return earlier->what->owner == later->what->owner &&
           ((earlier->legacy && later->blocking) || (earlier->blocking && later->legacy));
}

static bool ready(const operation *o)
{
    for (const operation *p = oldest; p != o; p = p->next)
        if (precedes(p, o)) return false;
    return true;
}

static void discard(operation *o)
{
    *(o->previous ? &o->previous->next : &oldest) = o->next;
    *(o->next ? &o->next->previous : &newest) = o->previous;
    pending--;
    work_free(o->what);
    free(o);
}

/* Nothing else runs in a context whose kernel failed. */
static void run(operation *o)
{
    const context *owner = o->what->owner;
    work_run(o->what, o->number);
    discard(o);
    for (operation *p = oldest, *next; owner->sticky && p; p = next) {
        next = p->next;
        if (p->what->owner == owner) discard(p);
    }
}

/* One that may run now, at random: a needed one, or with some luck another. */
static operation *choose(unsigned luck)
{
    operation *chosen = NULL;
    size_t count = 0;
    for (operation *o = oldest; o; o = o->next)
        if ((o->needed || random_choice(100) < luck) && ready(o) && random_choice(++count) == 0) chosen = o;
    return chosen;
}

static bool any_needed(void)
{
    for (const operation *o = oldest; o; o = o->next)
        if (o->needed) return true;
    return false;
}

/* Runs what is marked as needed, with all that must come before it. */
static void finish_needed(void)
{
    for (operation *o = newest; o; o = o->previous)
        for (operation *p = oldest; o->needed && p != o; p = p->next) p->needed |= precedes(p, o);
    while (any_needed()) {
        operation *o = choose(25);
        if (o) run(o);
    }
}

void progress(void)
{
    for (size_t steps = random_choice(4); steps && oldest; steps--) run(choose(100));
}

uint64_t enqueue(stream *to, work *w, uint64_t after)
{
    operation *o = calloc(1, sizeof *o);
    if (!o) abort();
    while (pending >= MOST_PENDING) run(choose(100));
    *o = (operation){++last_number, w, to->head.handle, to->blocking, to->legacy, after, false, newest, NULL};
    *(newest ? &newest->next : &oldest) = o;
    newest = o;
    pending++;
    return o->number;
}

static CUresult submit_numbered(stream *to, work *w, uint64_t *number)
{
    *number = 0;
    if (to->captured) return capture_work(to, w);
    if (to->head.owner->sticky) {
        work_free(w);
        return to->head.owner->sticky;
    }
    *number = enqueue(to, w, 0);
    return CUDA_SUCCESS;
}

CUresult submit(stream *to, work *w)
{
    uint64_t number;
    return submit_numbered(to, w, &number);
}

CUresult submit_and_finish(stream *to, work *w)
{
    uint64_t number;
    const CUresult result = submit_numbered(to, w, &number);
    if (result != CUDA_SUCCESS) return result;
    finish_operation(number);
    return to->head.owner->sticky;
}

/* ---- Waiting and asking ---- */

bool operation_pending(uint64_t number)
{
    for (const operation *o = oldest; o && number; o = o->next)
        if (o->number == number) return true;
    return false;
}

void finish_operation(uint64_t number)
{
    for (operation *o = oldest; o; o = o->next) o->needed = o->number == number;
    finish_needed();
}

static bool holds_up(const operation *o, const stream *s)
{
    return o->stream == s->head.handle || (s->legacy && o->blocking && o->what->owner == s->head.owner);
}

bool stream_pending(const stream *s)
{
    for (const operation *o = oldest; o; o = o->next)
        if (holds_up(o, s)) return true;
    return false;
}

void finish_stream(const stream *s)
{
    for (operation *o = oldest; o; o = o->next) o->needed = holds_up(o, s);
    finish_needed();
}

void finish_context(const context *c)
{
    for (operation *o = oldest; o; o = o->next) o->needed = o->what->owner == c;
    finish_needed();
}

bool memory_pending(const block *b)
{
    for (const operation *o = oldest; o; o = o->next)
        if (work_uses(o->what, b)) return true;
    return false;
}

bool module_pending(const module *m)
{
    for (const operation *o = oldest; o; o = o->next) {
        const function *f = object_find((const void *)(uintptr_t)o->what->function, OBJECT_FUNCTION);
        if (f && f->from == m) return true;
    }
    return false;
}
