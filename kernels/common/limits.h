/* Limits that the kernels share with the host's code: the planner plans by them, and the kernels' arrays are as large
 * as they say. The rule: a limit that both sides use stands here and nowhere else; a limit of one side stands where it
 * is used. Included by C, OpenCL C and CUDA, and used in the preprocessor's conditions. */
#ifndef KERNEL_LIMITS_H
#define KERNEL_LIMITS_H

/* The canonical sum: rows of so many bytes of the result dtype, and so many rows in a chunk. */
#define ROW_BYTES 512
#define ROWS 16

/* Levels of the stack that builds a sum's tree: one for each bit of the number of its leaves. */
#define STACK_DEPTH 48

/* Batch dimensions of a launch. The host loops over more. */
#define LAUNCH_DIMS 16

/* Class matrix: elements of a block, which has the place of a chunk in the tree. */
#define MATRIX_BLOCK 512

/* ---- CPU schedule ---- */

/* Components of a vector, by the bytes of one. A component is a real number; a complex element has two. Those of 16 bits
 * fill half of a vector. OpenCL's vectors have MOST_VECTOR_BYTES, those in C as many as the processor's registers. */
#define MOST_VECTOR_BYTES 64
#define VECTOR_COMPONENTS(component_bytes, vector_bytes) ((vector_bytes) / ((component_bytes) == 8 ? 8 : 4))

/* fold_cpu: bytes of a row in the result dtype at most, which are a chunk. */
#define FOLD_BYTES (ROW_BYTES * ROWS)

/* short_cpu: elements of a row at most. */
#define SHORT_ELEMENTS 32

/* tile_cpu: outputs side by side at most. */
#define TILE_OUTPUTS 128

/* panel_cpu: bytes of accumulators of a panel at most, and levels of the chunks' tree in a node. */
#define PANEL_BYTES 32768
#define PANEL_NODE_LEVELS 6
#define PANEL_NODE_CHUNKS (1 << PANEL_NODE_LEVELS)

/* matrix_cpu: bytes of a block of an item's columns, and bytes of the sums that wait for others in the tree. */
#define MATRIX_COLUMN_BYTES 524288
#define MATRIX_SUM_BYTES 1048576
/* Rows that a register tile has at most, and vectors that lie across it. */
#define MOST_TILE_ROWS 16
#define TILE_VECTORS 2

/* ---- GPU schedule ---- */

/* Work-items of a group and of a team, in all kernels but matrix_gpu and skinny_gpu. */
#define GROUP_ITEMS 256
#define TEAM 32
#define TEAMS (GROUP_ITEMS / TEAM)

/* team_gpu, tile_gpu: levels of the chunks' tree in a node. */
#define TEAM_NODE_LEVELS 20
#define TEAM_NODE_CHUNKS (1 << TEAM_NODE_LEVELS)

/* thread_gpu: lanes that a member sums at most, and the levels of their tree. */
#define MOST_SPAN_LEVELS 6
#define MOST_SPAN (1 << MOST_SPAN_LEVELS)

/* tile_gpu: bytes of the neighbouring outputs of a group. */
#define TILE_GROUP_BYTES 128

/* short_gpu: pairs of loads that a work-item has under way; fewer where an element has eight bytes or more, or where a
 * load is sixteen bytes. */
#define SHORT_PAIRS 8
#define SHORT_PAIRS_WIDE 4

/* dense_gpu: sixteen bytes of local memory that a work-item fills so many times, and the products that it adds up at
 * once; fewer where an element has eight bytes or more. */
#define DENSE_QUADS 4
#define DENSE_LEAVES 8
#define DENSE_LEAVES_WIDE 4

/* matrix_gpu, skinny_gpu: levels of the blocks' tree in a node. */
#define MATRIX_LEVELS 3
#define MATRIX_NODE_BLOCKS (1 << MATRIX_LEVELS)

/* matrix_gpu, by its variant's tile and by the bytes of an accumulator: work-items, and the outputs of a team. */
#define MATRIX_GROUP_ITEMS(tile) ((tile) == 1 ? 64 : 256)
#define MATRIX_TEAM_ITEMS(tile) ((tile) == 1 ? 16 : 256)
#define MATRIX_TEAM_ROWS(tile, value_bytes) ((tile) == 1 ? 16 : (tile) == 8 && (value_bytes) < 16 ? 128 : 64)
#define MATRIX_TEAM_COLUMNS(tile, value_bytes) ((tile) == 1 ? 16 : (tile) == 8 && (value_bytes) < 8 ? 128 : 64)

/* skinny_gpu: its variant for strips has the strip's width as its tile; the other has squares. */
#define STRIP 16
#define STRIP_ROWS 256
#define SKINNY_GROUP_ITEMS(tile) ((tile) == STRIP ? 128 : 64)
#define SKINNY_TEAM_ITEMS(tile) ((tile) == STRIP ? 128 : 4)
#define SKINNY_TEAM_ROWS(tile, value_bytes) ((tile) != STRIP ? 8 : (value_bytes) == 16 ? STRIP_ROWS / 2 : STRIP_ROWS)
#define SKINNY_TEAM_COLUMNS(tile) ((tile) == STRIP ? STRIP : 8)

#endif
