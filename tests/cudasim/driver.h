/* The driver's side of the simulated GPU: its objects, and what its files give to one another. Everything
 * here is used under the one lock that enter() takes. */
#ifndef CUDASIM_DRIVER_H
#define CUDASIM_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/cudasim/codes.h"
#include "tests/cudasim/cudasim.h"
#include "tests/cudasim/machine.h"

/* ---- ABI ---- */

typedef int CUresult;
typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUstream_st *CUstream;
typedef struct CUevent_st *CUevent;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUgraph_st *CUgraph;
typedef struct CUgraphNode_st *CUgraphNode;
typedef struct CUgraphExec_st *CUgraphExec;

/* ---- Entry points ---- */

/* What an entry point asks for before its body runs. */
typedef enum entry_rules {
    ANY = 0,
    INITIALISED = 1,           /* cuInit has succeeded                                             */
    CURRENT = 2 | INITIALISED, /* a current context, alive and without a sticky error              */
    UNSAFE = 4,                /* not while a capture forbids potentially unsafe calls             */
} entry_rules;

/* Takes the lock, counts the call, injects a fault, checks the rules. Always followed by leave. */
CUresult enter(const char *name, entry_rules rules);
CUresult leave(CUresult result);
void lock_driver(void);
void unlock_driver(void);

/* ENTRY(cuX, rules, (parameters), (their names)) { body }: the exported function around its body. */
#define ENTRY(name, rules, parameters, names)                                                                \
    CUDASIM_EXPORT CUresult name parameters;                                                                 \
    static CUresult name##_body parameters;                                                                  \
    CUresult name parameters                                                                                 \
    {                                                                                                        \
        CUresult result = enter(#name, rules);                                                               \
        return leave(result == CUDA_SUCCESS ? name##_body names : result);                                   \
    }                                                                                                        \
    static CUresult name##_body parameters

/* ---- Settings (config.c) ---- */

enum { MAX_DEVICES = 8 };

typedef struct settings {
    int64_t devices, capability, memory, units, driver_version, init_error, seed, integrated, limit;
} settings;

extern settings config;
extern bool initialised;
void config_read(void); /* the environment, where cudasim_configure has not spoken */
void config_reset(void);

uint64_t random_next(void);         /* from the seed */
size_t random_choice(size_t count); /* 0 <= result < count */

/* ---- Reports (faults.c) ---- */

__attribute__((format(printf, 1, 2))) void misuse(const char *format, ...);
__attribute__((format(printf, 1, 2))) void report(const char *format, ...);
const char *current_call(void);
uint64_t call_number(void);
void faults_from_environment(void);
void faults_reset(void);

/* ---- Objects (object.c) ---- */

typedef enum object_kind {
    OBJECT_CONTEXT,
    OBJECT_STREAM,
    OBJECT_EVENT,
    OBJECT_MODULE,
    OBJECT_FUNCTION,
    OBJECT_GRAPH,
    OBJECT_GRAPH_EXEC,
} object_kind;

typedef struct context context;

/* The first member of every object. Handles are numbers that are never reused and never an address. */
typedef struct object {
    object_kind kind;
    uint64_t handle;
    context *owner;
    struct object *next;
} object;

void object_add(object *made, object_kind kind, context *owner); /* keeps a handle it already has */
void object_remove(object *gone);
void *object_find(const void *handle, object_kind kind);      /* NULL: dead, or another kind */
object *object_first(object_kind kind, const context *owner); /* any one of that owner (NULL: of all) */
void object_each(object_kind kind, void (*visit)(object *, void *), void *user);
uint64_t object_count(object_kind kind);
#define HANDLE(type, made) ((type)(uintptr_t)(made)->head.handle)

/* ---- Contexts (context.c) ---- */

typedef struct stream stream;

struct context {
    object head;
    CUdevice device;
    bool primary;
    uint64_t retains;
    CUresult sticky; /* of the kernel or copy that failed */
    unsigned flags;
    stream *legacy;
};

CUresult current_check(void); /* whether there is one, alive and sound */
context *current(void);       /* after current_check said so */
bool device_valid(CUdevice device);
bool device_attribute(CUdevice device, int attribute, int *value);
uint64_t primary_retains(void);
uint64_t made_contexts(void);
uint64_t orphan_count(void);
uint64_t thread_number(void);
void contexts_reset(void);

/* ---- Memory (memory.c) ---- */

/* Write-combined memory is pinned, too, but kernels see it at another address than the host. */
typedef enum memory_kind {
    MEMORY_DEVICE,
    MEMORY_MANAGED,
    MEMORY_PINNED,
    MEMORY_COMBINED,
    MEMORY_REGISTERED
} memory_kind;

typedef struct block {
    memory_block at; /* first: what the machine sees */
    memory_kind kind;
    context *owner;
    uint64_t serial;
    unsigned char *map; /* the whole mapping, fences included */
    size_t mapped;
    unsigned char poison;
} block;

CUresult block_make(memory_kind kind, size_t bytes, context *owner, block **made);
CUresult block_register(void *host, size_t bytes, context *owner);
void block_free(block *gone);
block *block_find(uint64_t address);   /* the live one that contains address, the host's or the device's */
block *block_of(const context *owner); /* any one */
uint64_t block_offset(const block *b, uint64_t address);
bool address_is_tagged(uint64_t address);
const memory_block *memory_for_kernel(void *context, uint64_t address);
/* Why nothing that this context may use is alive at the address. */
void memory_explain(const context *user, uint64_t address, char *text, size_t capacity);
uint64_t memory_used(CUdevice device);
void memory_counts(cudasim_alive *alive);
void memory_reset(void);

/* ---- Modules (module.c) ---- */

typedef struct module {
    object head;
    ptx_module *ptx;
    struct function *functions;
} module;

typedef struct function {
    object head;
    const ptx_kernel *kernel;
    ptx_kernel_info info;
    module *from;
    struct function *sibling;
    int max_dynamic_shared;
    char name[256];
} function;

void module_destroy(module *gone);

/* ---- Work and the order it runs in (work.c, queue.c) ---- */

typedef enum work_kind {
    WORK_KERNEL,
    WORK_HOST,
    WORK_COPY,
    WORK_SET,
    WORK_RECORD,
    WORK_WAIT,
    WORK_GRAPH
} work_kind;

typedef struct graph_plan graph_plan;

/* What one operation does, whenever it runs and however often. */
typedef struct work {
    work_kind kind;
    context *owner;
    uint64_t function; /* KERNEL: the handle, looked up again when it runs */
    uint32_t grid[3], block[3];
    size_t shared;
    cudasim_kernel *host; /* HOST */
    unsigned char *params;
    size_t param_bytes;
    uint64_t to, from;             /* COPY, SET: addresses */
    bool to_tracked, from_tracked; /* the driver's memory, not pageable */
    unsigned char *staged;         /* COPY: the source's bytes as they were at the call */
    size_t bytes;
    uint32_t value; /* SET */
    size_t unit;
    uint64_t event; /* RECORD, WAIT: the handle */
    graph_plan *graph;
} work;

work *work_make(work_kind kind, context *owner); /* NULL: the host is out of memory */
void work_free(work *gone);
void work_run(const work *w, uint64_t operation); /* a failure becomes the owner's sticky error */
bool work_uses(const work *w, const block *b);
uint64_t simulated_time(void); /* nanoseconds */
uint64_t instructions_run(void);
void work_reset(void);

/* Appends to the stream's queue, or to its capture's graph. Takes the work in any case. */
CUresult submit(stream *to, work *w);
/* The same, and runs until it is done. */
CUresult submit_and_finish(stream *to, work *w);
uint64_t enqueue(stream *to, work *w, uint64_t after); /* the operation's number */
bool operation_pending(uint64_t operation);
bool stream_pending(const stream *s);
bool memory_pending(const block *b);
bool module_pending(const module *m);
void finish_operation(uint64_t operation);
void finish_stream(const stream *s);
void finish_context(const context *c);
void progress(void); /* a random number of operations that may run now */
uint64_t pending_count(void);

/* ---- Streams and events (stream.c, event.c) ---- */

typedef struct capture capture;

typedef struct node_set {
    size_t *items;
    size_t count, capacity;
} node_set;

struct stream {
    object head;
    bool blocking, legacy, per_thread;
    unsigned flags;
    int priority;
    uint64_t thread;   /* of a per-thread stream */
    capture *captured; /* the sequence it takes part in */
    node_set tail;     /* the nodes its next one follows */
};

typedef struct event {
    object head;
    unsigned flags;
    uint64_t recorded; /* the last record's operation, 0: none */
    uint64_t time;     /* when that one ran */
    uint64_t capture;  /* the sequence it was last recorded in, 0: none */
    node_set nodes;
} event;

stream *stream_open(context *owner, unsigned flags, int priority);
void stream_close(stream *gone);
uint64_t made_streams(void);
/* The stream of a handle. _for_work also refuses where a capture forbids new work. */
CUresult stream_find(CUstream handle, stream **found);
CUresult stream_for_work(CUstream handle, stream **found);
void event_close(event *gone);

/* ---- Capture and graphs (capture.c, graph.c) ---- */

CUresult capture_permits_unsafe(void);
CUresult capture_forbids(const stream *s,
                         CUresult code); /* code, and the sequences of s (NULL: all) invalidated */
bool capture_in_context(const context *c, bool blocking_only);
CUresult capture_work(stream *s, work *w);
CUresult capture_record(stream *s, event *e);
CUresult capture_wait(stream *s, const event *e);
void capture_drop(stream *s); /* a stream of it goes away */
bool event_captured(const event *e);
bool node_set_add(node_set *set, size_t node);

typedef struct graph_node {
    work *what;
    node_set after;
} graph_node;

/* Shared by a graph, what was instantiated from it, and the launches not done yet. */
struct graph_plan {
    size_t references;
    graph_node *nodes;
    size_t count, capacity;
};

typedef struct graph {
    object head;
    graph_plan *plan;
} graph;

graph_plan *plan_make(void);
bool plan_add(graph_plan *plan, work *w, const node_set *after); /* takes the work when true */
void plan_release(graph_plan *plan);
void plan_run(const graph_plan *plan); /* in a random order that the edges allow */
void graphs_reset(void);

#endif
