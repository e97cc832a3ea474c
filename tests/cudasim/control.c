/* What tests ask of the driver as a whole: what is alive, and to begin anew. */
#include "tests/cudasim/driver.h"

void cudasim_counts(cudasim_alive *alive)
{
    lock_driver();
    *alive = (cudasim_alive){0};
    alive->retains = primary_retains();
    alive->contexts = made_contexts();
    alive->streams = made_streams();
    alive->events = object_count(OBJECT_EVENT);
    alive->modules = object_count(OBJECT_MODULE);
    alive->graphs = object_count(OBJECT_GRAPH);
    alive->graph_execs = object_count(OBJECT_GRAPH_EXEC);
    alive->orphans = orphan_count();
    memory_counts(alive);
    unlock_driver();
}

uint64_t cudasim_pending(void)
{
    lock_driver();
    const uint64_t count = pending_count();
    unlock_driver();
    return count;
}

uint64_t cudasim_instructions(void)
{
    lock_driver();
    const uint64_t count = instructions_run();
    unlock_driver();
    return count;
}

void cudasim_reset(void)
{
    lock_driver();
    graphs_reset();
    contexts_reset();
    memory_reset();
    work_reset();
    faults_reset();
    config_reset();
    unlock_driver();
}
