/* The way of threads into a job and out of it, in one word. So many may enter; whoever has closed the gate
 * waits only for those who are inside. */
#ifndef CPU_GATE_H
#define CPU_GATE_H

#include <stdatomic.h>

/* All zero: closed, nobody is inside. */
typedef struct gate {
    atomic_uint word;
} gate;

typedef struct gate_view {
    int places; /* so many may still enter */
    int inside;
} gate_view;

/* For at most 4095. Nobody is inside, and the gate is closed. What was written before is seen by those who
 * enter. */
void gate_open(gate *g, int places);

/* Returns a number from 1 to `places` that nobody else gets, or 0 when no place is left. */
int gate_enter(gate *g);

/* Nobody enters any more. */
void gate_close(gate *g);

/* For one who has entered. What it wrote is seen by those for whom nobody is inside any more. */
void gate_leave(gate *g);

gate_view gate_look(const gate *g);

/* Waits until nobody is inside a closed gate. Polls until clock_seconds() is `time` before it sleeps; 0: does
 * not poll. */
void gate_await(gate *g, double time);

/* Polls the word until it is no longer `seen`. Returns 0 when it is `time` before that. */
int word_changes_by(const atomic_uint *word, unsigned seen, double time);

#endif
