/* Stream capture: work given to a capturing stream becomes a graph's nodes; what CUDA forbids meanwhile is
 * refused and invalidates the capture. */
#include "tests/cudasim/driver.h"

#include <stdlib.h>

typedef enum capture_mode { MODE_GLOBAL, MODE_THREAD_LOCAL, MODE_RELAXED } capture_mode;
enum { STATUS_NONE, STATUS_ACTIVE, STATUS_INVALIDATED };

struct capture {
    uint64_t number;
    graph_plan *plan;
    stream *origin;
    capture_mode mode;
    uint64_t thread;
    bool invalid;
    capture *next;
};

static capture *sequences; /* all that go on */
static uint64_t last_number;

bool node_set_add(node_set *set, size_t node)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i] == node) return true;
    if (set->count == set->capacity) {
        const size_t capacity = set->capacity ? 2 * set->capacity : 4;
        size_t *grown = realloc(set->items, capacity * sizeof *grown);
        if (!grown) return false;
        set->items = grown;
        set->capacity = capacity;
    }
    set->items[set->count++] = node;
    return true;
}

static bool node_set_join(node_set *set, const node_set *more)
{
    bool good = true;
    for (size_t i = 0; i < more->count; i++) good = good && node_set_add(set, more->items[i]);
    return good;
}

/* ---- What is forbidden meanwhile ---- */

CUresult capture_permits_unsafe(void)
{
    CUresult result = CUDA_SUCCESS;
    for (capture *c = sequences; c; c = c->next)
        if (c->mode == MODE_GLOBAL || (c->mode == MODE_THREAD_LOCAL && c->thread == thread_number())) {
            c->invalid = true;
            result = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
        }
    return result;
}

CUresult capture_forbids(const stream *s, CUresult code)
{
    for (capture *c = sequences; c; c = c->next)
        if (s ? c == s->captured : c->origin->head.owner == current()) c->invalid = true;
    return code;
}

typedef struct question {
    const context *owner;
    bool blocking_only, yes;
} question;

static void ask(object *o, void *user)
{
    const stream *s = (const stream *)o;
    question *q = user;
    if (s->captured && o->owner == q->owner && (s->blocking || !q->blocking_only)) q->yes = true;
}

bool capture_in_context(const context *c, bool blocking_only)
{
    question q = {c, blocking_only, false};
    if (sequences) object_each(OBJECT_STREAM, ask, &q);
    return q.yes;
}

/* ---- Work, records and waits in a capturing stream ---- */

CUresult capture_work(stream *s, work *w)
{
    capture *c = s->captured;
    if (c->invalid || !plan_add(c->plan, w, &s->tail)) {
        work_free(w);
        return c->invalid ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED : CUDA_ERROR_OUT_OF_MEMORY;
    }
    s->tail.count = 0;
    return node_set_add(&s->tail, c->plan->count - 1) ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult capture_record(stream *s, event *e)
{
    if (s->captured->invalid) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    e->capture = s->captured->number;
    e->nodes.count = 0;
    return node_set_join(&e->nodes, &s->tail) ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

static capture *capture_of(const event *e)
{
    for (capture *c = sequences; c; c = c->next)
        if (c->number == e->capture) return c;
    return NULL;
}

bool event_captured(const event *e)
{
    return capture_of(e) != NULL;
}

/* A stream outside joins the event's sequence; one inside must not wait for anything outside. */
CUresult capture_wait(stream *s, const event *e)
{
    capture *theirs = capture_of(e);
    if (s->captured && s->captured->invalid) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    if (theirs && theirs->invalid) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    if (!theirs && !e->recorded) return CUDA_SUCCESS;
    if (!theirs) return capture_forbids(s, CUDA_ERROR_STREAM_CAPTURE_ISOLATION);
    if (s->captured && s->captured != theirs) {
        theirs->invalid = true;
        return capture_forbids(s, CUDA_ERROR_STREAM_CAPTURE_MERGE);
    }
    if (s->legacy) return capture_forbids(NULL, CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
    s->captured = theirs;
    return node_set_join(&s->tail, &e->nodes) ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

/* ---- Begin and end ---- */

static void leave_sequence(object *o, void *sequence)
{
    stream *s = (stream *)o;
    if (s->captured != sequence) return;
    s->captured = NULL;
    s->tail.count = 0;
}

static void end(capture *c)
{
    capture **link = &sequences;
    while (*link != c) link = &(*link)->next;
    *link = c->next;
    object_each(OBJECT_STREAM, leave_sequence, c);
    plan_release(c->plan);
    free(c);
}

void capture_drop(stream *s)
{
    if (s->captured->origin == s)
        end(s->captured);
    else
        s->captured->invalid = true;
}

/* Whether all nodes come before the origin's last ones: a node comes after lower numbers only. */
static bool joined(const capture *c)
{
    bool *reached = calloc(c->plan->count + 1, sizeof *reached), all = true;
    if (!reached) return false;
    for (size_t i = 0; i < c->origin->tail.count; i++) reached[c->origin->tail.items[i]] = true;
    for (size_t i = c->plan->count; i-- > 0;) {
        const node_set *after = &c->plan->nodes[i].after;
        all = all && reached[i];
        for (size_t k = 0; k < after->count; k++) reached[after->items[k]] = true;
    }
    free(reached);
    return all;
}

ENTRY(cuStreamBeginCapture_v2, CURRENT, (CUstream handle, int mode), (handle, mode))
{
    stream *s;
    const CUresult result = stream_find(handle, &s);
    if (result != CUDA_SUCCESS) return result;
    if (mode < MODE_GLOBAL || mode > MODE_RELAXED) return CUDA_ERROR_INVALID_VALUE;
    if (s->legacy) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    if (s->captured) return CUDA_ERROR_ILLEGAL_STATE;
    capture *c = calloc(1, sizeof *c);
    graph_plan *plan = c ? plan_make() : NULL;
    if (!plan) {
        free(c);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *c = (capture){++last_number, plan, s, (capture_mode)mode, thread_number(), false, sequences};
    sequences = c;
    s->captured = c;
    return CUDA_SUCCESS;
}

ENTRY(cuStreamEndCapture, CURRENT, (CUstream handle, CUgraph *made), (handle, made))
{
    stream *s;
    const CUresult result = stream_find(handle, &s);
    if (result != CUDA_SUCCESS) return result;
    if (!made) return CUDA_ERROR_INVALID_VALUE;
    *made = NULL;
    capture *c = s->captured;
    if (!c) return CUDA_ERROR_ILLEGAL_STATE;
    if (c->origin != s) return capture_forbids(s, CUDA_ERROR_STREAM_CAPTURE_UNMATCHED);
    if (c->mode != MODE_RELAXED && c->thread != thread_number())
        return CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
    const bool invalid = c->invalid, whole = joined(c);
    graph *g = !invalid && whole ? calloc(1, sizeof *g) : NULL;
    if (g) {
        g->plan = c->plan;
        g->plan->references++;
        object_add(&g->head, OBJECT_GRAPH, NULL);
        *made = HANDLE(CUgraph, g);
    }
    end(c);
    if (g) return CUDA_SUCCESS;
    return invalid  ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED
           : !whole ? CUDA_ERROR_STREAM_CAPTURE_UNJOINED
                    : CUDA_ERROR_OUT_OF_MEMORY;
}

ENTRY(cuStreamIsCapturing, CURRENT, (CUstream handle, int *status), (handle, status))
{
    stream *s;
    const CUresult result = stream_find(handle, &s);
    if (result != CUDA_SUCCESS) return result;
    if (!status) return CUDA_ERROR_INVALID_VALUE;
    if (s->legacy && capture_in_context(s->head.owner, true)) return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
    *status = !s->captured ? STATUS_NONE : s->captured->invalid ? STATUS_INVALIDATED : STATUS_ACTIVE;
    return CUDA_SUCCESS;
}
