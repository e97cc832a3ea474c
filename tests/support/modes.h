/* How a thread computes with floating-point numbers, as a program may have set it: rounding, flushing of
 * subnormals, traps. One word, that of the processor's register where the test knows it. */
#ifndef SUPPORT_MODES_H
#define SUPPORT_MODES_H

#include <stdint.h>

typedef uint64_t float_mode;

float_mode mode_get(void);
void mode_set(float_mode mode);

/* Writes the index-th mode to try; 0 when index is past the end. */
int mode_at(int index, float_mode *mode);

#endif
