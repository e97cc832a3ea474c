/* Random legal problems: the index-th problem of a seed, small or not, is always the same one. */
#ifndef SUPPORT_GENERATE_H
#define SUPPORT_GENERATE_H

#include "support/random.h"
#include "support/trial.h"

/* Fills *p, storages and values included, ready for trial_seal. `small`: results have no more than some ten
 * thousand elements; else one in twenty problems may have many more. Returns 0 when memory is out. */
int trial_generate(trial *p, int small, random_source *random);

/* Fills an array's elements, or writes one value of the dtype. `palette` is a number that all values of an
 * array share: it says whether they are small integers, ordinary, far apart, half-way between two float16,
 * special or not finite. */
#define PALETTES 7
void array_fill(trial *p, const array *a, int palette, random_source *random);
void value_generate(ref_type type, int palette, random_source *random, unsigned char *element);

#endif
