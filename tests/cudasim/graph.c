/* Graphs: nodes with edges, as a capture left them, instantiated and launched. A launch is one operation of
 * its stream. */
#include "tests/cudasim/driver.h"

#include <stdlib.h>

typedef struct graph_exec {
    object head;
    graph_plan *plan;
    uint64_t launched; /* its last launch: the next one comes after, in whatever stream */
} graph_exec;

graph_plan *plan_make(void)
{
    graph_plan *plan = calloc(1, sizeof *plan);
    if (plan) plan->references = 1;
    return plan;
}

bool plan_add(graph_plan *plan, work *w, const node_set *after)
{
    if (plan->count == plan->capacity) {
        const size_t capacity = plan->capacity ? 2 * plan->capacity : 16;
        graph_node *grown = realloc(plan->nodes, capacity * sizeof *grown);
        if (!grown) return false;
        plan->nodes = grown;
        plan->capacity = capacity;
    }
    graph_node node = {w, {0}};
    for (size_t i = 0; i < after->count; i++)
        if (!node_set_add(&node.after, after->items[i])) return false;
    plan->nodes[plan->count++] = node;
    return true;
}

void plan_release(graph_plan *plan)
{
    if (--plan->references) return;
    for (size_t i = 0; i < plan->count; i++) {
        work_free(plan->nodes[i].what);
        free(plan->nodes[i].after.items);
    }
    free(plan->nodes);
    free(plan);
}

static bool node_ready(const graph_node *node, const bool *done)
{
    for (size_t i = 0; i < node->after.count; i++)
        if (!done[node->after.items[i]]) return false;
    return true;
}

void plan_run(const graph_plan *plan)
{
    bool *done = calloc(plan->count + 1, sizeof *done);
    if (!done) abort();
    for (size_t left = plan->count; left; left--) {
        size_t chosen = 0, count = 0;
        for (size_t i = 0; i < plan->count; i++)
            if (!done[i] && node_ready(&plan->nodes[i], done) && random_choice(++count) == 0) chosen = i;
        work_run(plan->nodes[chosen].what, 0);
        done[chosen] = true;
        if (plan->nodes[chosen].what->owner->sticky) break;
    }
    free(done);
}

static void graph_close(graph *gone)
{
    object_remove(&gone->head);
    plan_release(gone->plan);
    free(gone);
}

static void exec_close(graph_exec *gone)
{
    object_remove(&gone->head);
    plan_release(gone->plan);
    free(gone);
}

void graphs_reset(void)
{
    object *o;
    while ((o = object_first(OBJECT_GRAPH, NULL))) graph_close((graph *)o);
    while ((o = object_first(OBJECT_GRAPH_EXEC, NULL))) exec_close((graph_exec *)o);
}

ENTRY(cuGraphInstantiateWithFlags, CURRENT, (CUgraphExec * made, CUgraph from, unsigned long long flags),
      (made, from, flags))
{
    const graph *g = object_find(from, OBJECT_GRAPH);
    if (!made || !g || flags > 15) return CUDA_ERROR_INVALID_VALUE;
    graph_exec *exec = calloc(1, sizeof *exec);
    if (!exec) return CUDA_ERROR_OUT_OF_MEMORY;
    exec->plan = g->plan;
    exec->plan->references++;
    object_add(&exec->head, OBJECT_GRAPH_EXEC, NULL);
    *made = HANDLE(CUgraphExec, exec);
    return CUDA_SUCCESS;
}

ENTRY(cuGraphLaunch, CURRENT, (CUgraphExec handle, CUstream in), (handle, in))
{
    graph_exec *exec = object_find(handle, OBJECT_GRAPH_EXEC);
    stream *s;
    const CUresult result = stream_for_work(in, &s);
    if (result != CUDA_SUCCESS) return result;
    if (!exec) return CUDA_ERROR_INVALID_VALUE;
    context *owner = s->head.owner;
    for (size_t i = 0; i < exec->plan->count; i++)
        if (exec->plan->nodes[i].what->owner != owner) return CUDA_ERROR_INVALID_CONTEXT;
    work *w = work_make(WORK_GRAPH, owner);
    if (!w) return CUDA_ERROR_OUT_OF_MEMORY;
    w->graph = exec->plan;
    w->graph->references++;
    if (s->captured || owner->sticky) return submit(s, w);
    exec->launched = enqueue(s, w, exec->launched);
    return CUDA_SUCCESS;
}

ENTRY(cuGraphDestroy, INITIALISED, (CUgraph gone), (gone))
{
    graph *g = object_find(gone, OBJECT_GRAPH);
    if (!g) return CUDA_ERROR_INVALID_VALUE;
    graph_close(g);
    return CUDA_SUCCESS;
}

ENTRY(cuGraphExecDestroy, INITIALISED, (CUgraphExec gone), (gone))
{
    graph_exec *exec = object_find(gone, OBJECT_GRAPH_EXEC);
    if (!exec) return CUDA_ERROR_INVALID_VALUE;
    exec_close(exec);
    return CUDA_SUCCESS;
}

/* A node's handle is its graph's and its number. */
ENTRY(cuGraphGetNodes, INITIALISED, (CUgraph of, CUgraphNode *nodes, size_t *count), (of, nodes, count))
{
    const graph *g = object_find(of, OBJECT_GRAPH);
    if (!g || !count) return CUDA_ERROR_INVALID_VALUE;
    for (size_t i = 0; nodes && i < *count; i++)
        nodes[i] = i < g->plan->count ? (CUgraphNode)(uintptr_t)(g->head.handle + 1 + i) : NULL;
    if (!nodes || *count > g->plan->count) *count = g->plan->count;
    return CUDA_SUCCESS;
}
