/* How many processors this process may use: those that its threads may run on, and the quotas of its control
 * groups. For Linux, control groups of version 1 and 2. */
#include "core/base/os.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int processor_now(void)
{
    return sched_getcpu();
}

enum { SETS = 8 }; /* more processors than Linux can have (8192) */

static int count_of(const cpu_set_t set[SETS], int known)
{
    long count = known ? CPU_COUNT_S(SETS * sizeof *set, set) : sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count > INT_MAX ? INT_MAX : (int)count;
}

int processors_of_thread(void)
{
    cpu_set_t set[SETS];
    return count_of(set, sched_getaffinity(0, sizeof set, set) == 0);
}

/* The processors that the calling thread or the process's first may run on. Returns 0 when nobody knows. */
static int find_processors(cpu_set_t set[SETS])
{
    cpu_set_t first[SETS];
    const size_t bytes = sizeof first;
    if (sched_getaffinity(0, bytes, set) != 0) return 0;
    if (sched_getaffinity(getpid(), bytes, first) == 0) CPU_OR_S(bytes, set, set, first);
    return 1;
}

int processors_of_process(void)
{
    cpu_set_t set[SETS];
    return count_of(set, find_processors(set));
}

void processors_of_process_allow(void)
{
    cpu_set_t set[SETS];
    if (find_processors(set)) sched_setaffinity(0, sizeof set, set);
}

_Static_assert(sizeof(((processor_limits *)0)->all) == sizeof(cpu_set_t[SETS]), "a bit for each processor");

void processor_avoid(processor_limits *limits, int processor)
{
    cpu_set_t set[SETS];
    if (processor < 0 || sched_getaffinity(0, sizeof set, set) != 0) return;
    if (memcmp(set, limits->kept, sizeof set) != 0) memcpy(limits->all, set, sizeof set);
    memcpy(set, limits->all, sizeof set);
    CPU_CLR_S((size_t)processor, sizeof set, set);
    if (sched_setaffinity(0, sizeof set, set) == 0) memcpy(limits->kept, set, sizeof set);
}

/* ---- Control groups ------------------------------------------------------------------------------ */

enum { PATH_BYTES = 2048, LINE_BYTES = 4096, WORD_BYTES = 256 };

/* A mounted hierarchy of control groups that can have quotas. */
typedef struct hierarchy {
    int version;            /* 1 or 2 */
    char top[PATH_BYTES];   /* the group that is mounted */
    char point[PATH_BYTES]; /* where it is mounted */
} hierarchy;

static FILE *open_below(const char *root, const char *path)
{
    char whole[2 * PATH_BYTES];
    int length = snprintf(whole, sizeof whole, "%s%s", root, path);
    return length < (int)sizeof whole ? fopen(whole, "re") : NULL;
}

/* Reads a line. What does not fit is dropped. */
static int next_line(FILE *file, char line[LINE_BYTES])
{
    if (fgets(line, LINE_BYTES, file) == NULL) return 0;
    size_t length = strcspn(line, "\n");
    if (line[length] == '\0')
        for (int c = getc(file); c != '\n' && c != EOF; c = getc(file)) {
        }
    line[length] = '\0';
    return 1;
}

/* Whether the word is one of those between the commas. */
static int lists(const char *list, const char *word)
{
    for (;;) {
        size_t length = strcspn(list, ",");
        if (length == strlen(word) && memcmp(list, word, length) == 0) return 1;
        if (list[length] == '\0') return 0;
        list += length + 1;
    }
}

static int is_octal(char c)
{
    return c >= '0' && c <= '7';
}

/* Puts characters in the place of the escapes by which mountinfo writes blanks and backslashes, as "\040". */
static void decode(char *path)
{
    char *to = path;
    for (const char *from = path; *from != '\0';) {
        if (from[0] == '\\' && is_octal(from[1]) && is_octal(from[2]) && is_octal(from[3])) {
            *to++ = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
            from += 4;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

/* Takes a line of /proc/self/mountinfo apart. Returns 0 when it is of something else. */
static int read_hierarchy(const char *line, hierarchy *h)
{
    char type[WORD_BYTES], options[WORD_BYTES];
    const char *second = strstr(line, " - ");
    if (second == NULL || sscanf(second, " - %255s %*s %255s", type, options) != 2) return 0;
    h->version = strcmp(type, "cgroup2") == 0                           ? 2
                 : strcmp(type, "cgroup") == 0 && lists(options, "cpu") ? 1
                                                                        : 0;
    if (h->version == 0 || sscanf(line, "%*s %*s %*s %2047s %2047s", h->top, h->point) != 2) return 0;
    decode(h->top);
    decode(h->point);
    return 1;
}

/* Finds the process's own group, a path below the mount point; "" is the group that is mounted. */
static void own_group(const char *root, const hierarchy *h, char group[PATH_BYTES])
{
    char line[LINE_BYTES];
    FILE *file = open_below(root, "/proc/self/cgroup");
    group[0] = '\0';
    while (file != NULL && next_line(file, line)) { /* such as "4:cpu,cpuacct:/some/group" or "0::/group" */
        char *names = strchr(line, ':'), *path = names != NULL ? strchr(names + 1, ':') : NULL;
        if (path == NULL) continue;
        *path++ = '\0';
        if (h->version == 2 ? names[1] != '\0' : !lists(names + 1, "cpu")) continue;
        size_t top = strcmp(h->top, "/") == 0 ? 0 : strlen(h->top);
        int below = strncmp(path, h->top, top) == 0 && (path[top] == '/' || path[top] == '\0');
        if (below && strncmp(path, "/..", 3) != 0 && strlen(path + top) < PATH_BYTES)
            memcpy(group, path + top, strlen(path + top) + 1);
        break;
    }
    if (file != NULL) fclose(file);
}

/* Reads up to two numbers from a group's file. Returns how many there are. */
static int read_numbers(const char *root, const char *point, const char *group, const char *name,
                        long long numbers[2])
{
    char path[2 * PATH_BYTES];
    int count = 0;
    if (snprintf(path, sizeof path, "%s%s/%s", point, group, name) >= (int)sizeof path) return 0;
    FILE *file = open_below(root, path);
    if (file == NULL) return 0;
    count = fscanf(file, "%lld %lld", &numbers[0], &numbers[1]);
    fclose(file);
    return count;
}

/* The quota of one group alone, in processors. "max" and -1 are none. */
static int quota_of(const char *root, const hierarchy *h, const char *group)
{
    long long time[2] = {0, 0}; /* microseconds of processors, in so many microseconds */
    if (h->version == 2) {
        if (read_numbers(root, h->point, group, "cpu.max", time) != 2) return INT_MAX;
    } else if (read_numbers(root, h->point, group, "cpu.cfs_period_us", time) < 1) {
        return INT_MAX;
    } else {
        time[1] = time[0];
        if (read_numbers(root, h->point, group, "cpu.cfs_quota_us", time) < 1) return INT_MAX;
    }
    if (time[0] <= 0 || time[1] <= 0 || (time[0] - 1) / time[1] >= INT_MAX) return INT_MAX;
    return (int)((time[0] - 1) / time[1]) + 1;
}

/* A group is held to the quotas of those around it too. */
int processors_of_quota(const char *root)
{
    char line[LINE_BYTES], group[PATH_BYTES];
    hierarchy h;
    int least = INT_MAX;
    FILE *mounts = open_below(root, "/proc/self/mountinfo");
    while (mounts != NULL && next_line(mounts, line)) {
        if (!read_hierarchy(line, &h)) continue;
        own_group(root, &h, group);
        for (;;) {
            int quota = quota_of(root, &h, group);
            if (quota < least) least = quota;
            char *last = strrchr(group, '/');
            if (last == NULL) break;
            *last = '\0';
        }
    }
    if (mounts != NULL) fclose(mounts);
    return least;
}

uint64_t machine_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && bytes > 0 ? (uint64_t)pages * (uint64_t)bytes : 0;
}
