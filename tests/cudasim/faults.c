/* The way into every entry point: the lock, the log of calls, injected faults and the rules that come first.
 * Also where reports and misuses are kept. */
#include "tests/cudasim/driver.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static const char **names; /* of all calls */
static size_t names_capacity;
static uint64_t calls, misuses;
static char last_report[2048], last_misuse[512];

/* Faults to come: the call's number, or how many calls of that name. */
static uint64_t fail_number;
static int fail_code;
static bool fail_persistent;
static char fail_name[64];
static uint64_t fail_name_in;
static int fail_name_code;

void lock_driver(void)
{
    pthread_mutex_lock(&mutex);
}

void unlock_driver(void)
{
    pthread_mutex_unlock(&mutex);
}

static void log_call(const char *name)
{
    if (calls == names_capacity) {
        names_capacity = names_capacity ? 2 * names_capacity : 4096;
        const char **grown = realloc(names, names_capacity * sizeof *names);
        if (!grown) abort(); /* a test's own process: nothing sensible is left to do */
        names = grown;
    }
    names[calls++] = name;
}

static bool environment_read;

static CUresult injected(const char *name)
{
    if (fail_number && (calls == fail_number || (fail_persistent && calls > fail_number))) return fail_code;
    if (fail_name_in && !strcmp(name, fail_name) && --fail_name_in == 0) return fail_name_code;
    return CUDA_SUCCESS;
}

CUresult enter(const char *name, entry_rules rules)
{
    lock_driver();
    if (!environment_read) faults_from_environment();
    environment_read = true;
    log_call(name);
    CUresult result = injected(name);
    if (result == CUDA_SUCCESS && (rules & INITIALISED) && !initialised) result = CUDA_ERROR_NOT_INITIALIZED;
    if (result == CUDA_SUCCESS && (rules & CURRENT) == CURRENT) result = current_check();
    if (result == CUDA_SUCCESS && (rules & UNSAFE)) result = capture_permits_unsafe();
    return result;
}

CUresult leave(CUresult result)
{
    unlock_driver();
    return result;
}

const char *current_call(void)
{
    return calls ? names[calls - 1] : "";
}

uint64_t call_number(void)
{
    return calls;
}

/* CUDASIM_FAIL=name:code or n:code. */
void faults_from_environment(void)
{
    const char *text = getenv("CUDASIM_FAIL"), *colon = text ? strchr(text, ':') : NULL;
    if (!text) return;
    if (!colon || (size_t)(colon - text) >= sizeof fail_name) {
        misuse("the environment's CUDASIM_FAIL=%s is not name:code or n:code", text);
        return;
    }
    if (*text >= '0' && *text <= '9') {
        fail_number = strtoull(text, NULL, 10);
        fail_code = atoi(colon + 1);
    } else {
        memcpy(fail_name, text, (size_t)(colon - text));
        fail_name_in = 1;
        fail_name_code = atoi(colon + 1);
    }
}

void faults_reset(void)
{
    calls = misuses = fail_number = fail_name_in = 0;
    environment_read = fail_persistent = false;
    last_report[0] = last_misuse[0] = '\0';
}

void cudasim_fail_at(uint64_t n, int code, int persistent)
{
    lock_driver();
    fail_number = n ? calls + n : 0;
    fail_code = code;
    fail_persistent = persistent != 0;
    unlock_driver();
}

void cudasim_fail_call(const char *name, uint64_t k, int code)
{
    lock_driver();
    fail_name_in = name ? k : 0;
    snprintf(fail_name, sizeof fail_name, "%s", name ? name : "");
    fail_name_code = code;
    unlock_driver();
}

uint64_t cudasim_calls(void)
{
    lock_driver();
    const uint64_t count = calls;
    unlock_driver();
    return count;
}

const char *cudasim_call_name(uint64_t i)
{
    lock_driver();
    const char *name = i < calls ? names[i] : NULL;
    unlock_driver();
    return name;
}

uint64_t cudasim_calls_of(const char *name)
{
    uint64_t count = 0;
    lock_driver();
    for (uint64_t i = 0; i < calls; i++) count += !strcmp(names[i], name);
    unlock_driver();
    return count;
}

/* ---- Reports ---- */

void misuse(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_misuse, sizeof last_misuse, format, arguments);
    va_end(arguments);
    fprintf(stderr, "cudasim: misuse in call %llu, %s: %s\n", (unsigned long long)calls, current_call(),
            last_misuse);
    misuses++;
}

void report(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_report, sizeof last_report, format, arguments);
    va_end(arguments);
    fprintf(stderr, "cudasim: %s\n", last_report);
}

uint64_t cudasim_misuses(void)
{
    lock_driver();
    const uint64_t count = misuses;
    unlock_driver();
    return count;
}

const char *cudasim_last_report(void)
{
    return last_report;
}

const char *cudasim_last_misuse(void)
{
    return last_misuse;
}
