/* The thresholds that `vecdot tune` found best on a kind of device, kept in the cache folder as JSON: one
 * file for each device's name. What is wrong with a file costs the tuning and nothing else, and is said only
 * in the log. */
#ifndef CORE_TUNED_H
#define CORE_TUNED_H

#include "core/schedule.h"

/* What was found for one threshold. */
typedef struct tuned_entry {
    int index;
    int64_t value, instead_of;
    double gain; /* share of the time that it saves where it changes a plan */
} tuned_entry;

/* Replaces the thresholds that the device's file has, each if it is legal. */
void tuned_load(const device *dev, thresholds *t);

/* The same from a file's bytes. The number of thresholds replaced, or -1, with why in `why`, where it is no
 * file of this format, device and driver. */
int tuned_parse(const char *bytes, size_t size, const device *dev, thresholds *t, text *why);

/* Replaces the device's file; `path` receives its name. */
vecdot_status tuned_save(const device *dev, const tuned_entry *entries, int count, text *path);

#endif
