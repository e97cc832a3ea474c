/* The planner's thresholds as data: which there are, the values each may take, and what they are on each
 * family of devices. Any combination of legal values gives the same bits; only the speed differs. Pure. */
#ifndef CORE_THRESHOLDS_H
#define CORE_THRESHOLDS_H

#include <vecdot/vecdot.h>

/* F(id, name, ...): what has a column of its own. A new family takes a line here, a cell in each row below
 * that has one for each family (the compiler counts them), and its devices in device_family_of. */
/* clang-format off */
#define FAMILY_TABLE(F, ...)                                                                                 \
    F(TURING, "NVIDIA Turing", __VA_ARGS__)  /* capability 7.5                             */                \
    F(AMPERE, "NVIDIA Ampere", __VA_ARGS__)  /* capability 8.x: Ampere and Ada             */                \
    F(HOPPER, "NVIDIA Hopper", __VA_ARGS__)  /* capability 9.0 and later                   */                \
    F(NVIDIA, "NVIDIA", __VA_ARGS__)         /* through OpenCL, which tells no capability  */                \
    F(AMD, "AMD", __VA_ARGS__)               /* GPUs                                       */                \
    F(INTEL, "Intel GPU", __VA_ARGS__)                                                                       \
    F(HOST, "CPU", __VA_ARGS__)                                                                              \
    F(UNKNOWN, "unknown", __VA_ARGS__)       /* all else                                   */
/* clang-format on */

typedef enum device_family {
#define F(id, ...) FAMILY_##id,
    FAMILY_TABLE(F, )
#undef F
        FAMILIES
} device_family;

/* X(name, unit, least, most, factor, values): legal are least * factor^k up to most. The values are a cell
 * for each family in the order above: P(value) for a prediction, from what is known of such devices, or
 * M(value) for what was measured (docs/decisions.md). SAME(value) predicts one for all. The thresholds of
 * either schedule have values on all, since tests run both anywhere. Names in capital letters are the
 * kernels' limits (kernels/common/limits.h). */
#define THRESHOLD_TABLE(X)                                                                                   \
    /* Rows of at most so many bytes are class short. One canonical row is what the kernel takes. */         \
    X(short_gpu_bytes, "bytes", 16, ROW_BYTES, 2, SAME(ROW_BYTES))                                           \
    /* Contiguous rows of at most so many bytes are class short. One chunk is what the kernel takes. */      \
    X(fold_cpu_bytes, "bytes", 16, FOLD_BYTES, 2, P(FOLD_BYTES), P(FOLD_BYTES), P(FOLD_BYTES),               \
      P(FOLD_BYTES), P(FOLD_BYTES), P(FOLD_BYTES), M(FOLD_BYTES), P(FOLD_BYTES))                             \
    /* Other rows of at most so many vectors of accumulators are class short. */                             \
    X(short_cpu_vectors, "vectors", 1, 4, 2, P(2), P(2), P(2), P(2), P(2), P(2), M(2), P(2))                 \
    /* Outputs that share a load. The kernel exists with one and with four. */                               \
    X(shared_tile, "outputs", 1, 4, 4, SAME(4))                                                              \
    /* Accumulators of a panel of columns, at most. Most is what the kernel holds. */                        \
    X(panel_bytes, "bytes", 4096, PANEL_BYTES, 2, P(32768), P(32768), P(32768), P(32768), P(32768),          \
      P(32768), M(32768), P(32768))                                                                          \
    /* ... and at least, where cores would be idle: a row's columns should fill pages. */                    \
    X(least_panel_bytes, "bytes", 1024, PANEL_BYTES, 2, SAME(4096))                                          \
    /* Items of work that even out uneven cores. */                                                          \
    X(items_per_core, "items", 4, 256, 2, SAME(32))                                                          \
    /* With fewer outputs than this a core, sums are split. */                                               \
    X(least_items_per_core, "items", 1, 32, 2, SAME(4))                                                      \
    /* The least work of an item, so that dispatch does not show. */                                         \
    X(item_bytes, "bytes", 4096, 4194304, 2, SAME(65536))                                                    \
    /* Part of a shared row that stays in a core's cache ... */                                              \
    X(shared_node_bytes, "bytes", 8192, 4194304, 2, SAME(65536))                                             \
    /* ... and the partials that this may cost. */                                                           \
    X(shared_partials_bytes, "bytes", 1048576, 268435456, 4, SAME(67108864))                                 \
    /* Groups of 256 that keep a compute unit busy, never more than the device says it holds. CUDA's are the \
     * kernels' launch bounds; Intel's compute units are small, 8 threads of 32 lanes. */                    \
    X(groups_per_unit, "groups", 1, 32, 2, P(4), P(4), P(4), P(8), P(8), P(1), P(1), P(8))                   \
    /* Times the groups that fill the device: no short last wave. */                                         \
    X(waves, "waves", 1, 16, 2, SAME(2))                                                                     \
    /* Lanes of a member of thread_gpu, at least. It walks up to eight at a time, and its stack holds        \
     * MOST_SPAN. */                                                                                         \
    X(least_span, "lanes", 8, MOST_SPAN, 2, SAME(8))                                                         \
    /* Members of thread_gpu for the sake of more groups: a row of a group's columns stays 512 bytes. */     \
    X(column_members, "members", 4, 32, 2, SAME(8))                                                          \
    /* Neighbouring outputs that are worth tile_gpu, which takes 128 bytes of them at a time. */             \
    X(tile_gpu_bytes, "bytes", 16, 256, 2, SAME(64))                                                         \
    /* Partials of an output that one team adds; more take a group. */                                       \
    X(combined_by_team, "partials", 64, 65536, 2, SAME(2048))

/* A value of each. */
typedef struct thresholds {
#define X(name, ...) int64_t name;
    THRESHOLD_TABLE(X)
#undef X
} thresholds;

enum {
#define X(name, ...) THRESHOLD_##name,
    THRESHOLD_TABLE(X)
#undef X
        THRESHOLDS
};

typedef struct threshold_row {
    const char *name, *unit;
    int64_t least, most, factor;
    int64_t on[FAMILIES];
} threshold_row;

extern const threshold_row threshold_rows[THRESHOLDS];

/* The column of a device. OpenCL's are told apart by their vendors' names. */
device_family device_family_of(const vecdot_device_info *info);

thresholds thresholds_of(device_family family);

#endif
