/* What the simulated machine is: settings from cudasim_configure, else from the environment when cuInit runs.
 * Also the random numbers that decide every order and pattern. */
#include "tests/cudasim/driver.h"

#include "tests/support/random.h"

#include <stdlib.h>
#include <string.h>

settings config;
bool initialised;

static random_source source;

typedef struct setting {
    const char *name;
    int64_t *value;
    int64_t standard, least, most;
    bool late; /* may change after cuInit */
} setting;

static const setting table[] = {
    {"CUDASIM_DEVICES", &config.devices, 1, 0, MAX_DEVICES, false},
    {"CUDASIM_CAPABILITY", &config.capability, 90, 50, 129, false},
    {"CUDASIM_MEMORY", &config.memory, INT64_C(8) << 30, 0, INT64_MAX, true},
    {"CUDASIM_UNITS", &config.units, 16, 1, 1024, false},
    {"CUDASIM_DRIVER_VERSION", &config.driver_version, 13000, 8000, 99990, false},
    {"CUDASIM_INIT_ERROR", &config.init_error, 0, 0, 999, false},
    {"CUDASIM_SEED", &config.seed, 1, INT64_MIN, INT64_MAX, true},
    {"CUDASIM_INTEGRATED", &config.integrated, 0, 0, 1, false},
    {"CUDASIM_LIMIT", &config.limit, 1000000000, 0, INT64_MAX, true},
};

enum { SETTINGS = sizeof table / sizeof *table };

static bool given[SETTINGS]; /* by cudasim_configure */

/* A whole number; a capability "9.0" becomes 90. */
static bool parse(const setting *s, const char *text, int64_t *value)
{
    char *end = NULL;
    long long number = strtoll(text, &end, 10);
    if (end == text) return false;
    if (s->value == &config.capability) {
        if (*end != '.' || end[1] < '0' || end[1] > '9' || number < 0 || number > 12) return false;
        number = number * 10 + (end[1] - '0');
        end += 2;
    }
    if (*end || number < s->least || number > s->most) return false;
    *value = number;
    return true;
}

static void seed_changed(void)
{
    source = random_start((uint64_t)config.seed, 0);
}

void config_read(void)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        if (given[i]) continue;
        const char *text = getenv(table[i].name);
        *table[i].value = table[i].standard;
        if (text && !parse(&table[i], text, table[i].value))
            misuse("the environment's %s=%s is not understood", table[i].name, text);
    }
    seed_changed();
}

void config_reset(void)
{
    memset(given, 0, sizeof given);
    initialised = false;
}

int cudasim_configure(const char *name, const char *value)
{
    int refused = 1;
    lock_driver();
    for (size_t i = 0; i < SETTINGS; i++) {
        if (strcmp(name, table[i].name) != 0 || (initialised && !table[i].late)) continue;
        if (!parse(&table[i], value, table[i].value)) break;
        given[i] = true;
        refused = 0;
        if (table[i].value == &config.seed) seed_changed();
    }
    unlock_driver();
    return refused;
}

uint64_t random_next(void)
{
    return random_bits(&source);
}

size_t random_choice(size_t count)
{
    return (size_t)random_below(&source, (int64_t)count);
}
