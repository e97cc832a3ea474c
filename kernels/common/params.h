/* The one argument struct of every kernel, the same on the host and on the device: passed by value, at most
 * 1024 bytes (PoCL's limit). Included by C, OpenCL C and CUDA, after limits.h; the includer defines i64 and i32.
 *
 * A 1 in a name means the first operand as the kernel gets it, a 2 the second: the planner may have exchanged the
 * caller's x1 and x2 (`swap`). */
#ifndef KERNEL_PARAMS_H
#define KERNEL_PARAMS_H

typedef struct params {
    i64 n;            /* length of the contracted axis                                          */
    i64 stride1;      /* element strides along it, of the first operand and of the second       */
    i64 stride2;
    i64 offset1;      /* byte offsets of element [0, ..., 0] in the two operands and the output */
    i64 offset2;
    i64 offset_out;
    i64 outputs;      /* product of shape                                                       */
    i64 block;        /* CPU schedule: outputs of a work-item, or panels, tiles, strips; matrix_cpu: its rows.
                       * dense_gpu: rows of a group                                             */
    i64 panel;        /* neighbouring outputs of a panel (panel_cpu), of a tile (tile_cpu); matrix_cpu: columns of a
                       * work-item                                                              */
    i64 nodes;        /* tree nodes per output in this launch; with all_nodes == 1 it is the whole sum */
    i64 node_chunks;  /* chunks per node: a power of two, or all of them                        */
    i64 first_node;   /* of this launch                                                         */
    i64 all_nodes;    /* nodes per output over all launches                                     */
    i64 span;         /* GPU schedule: what a member takes of a node, in chunks (team_gpu), lanes (thread_gpu),
                       * pairs of elements or of sixteen bytes (short_gpu, dense_gpu)           */
    i32 type1;        /* dtypes, for kernels that take them at run time; bit 8: misaligned      */
    i32 type2;
    i32 type_out;
    i32 no_conj;
    i32 swap;         /* the first operand is the caller's x2 and the second its x1: kernels still multiply
                       * conj(x1) by x2; skinny_gpu: the columns are the long side of the strips */
    i32 members;      /* GPU schedule: parts of a group that share a node, a power of two       */
    i32 fused;        /* the last group of an output adds the partials: no second launch        */
    i32 wide;         /* thread_gpu: bits 0 and 1: one load takes all columns of the first operand, of the second */
    i32 reserved;
    i32 rank;         /* used entries below; the last one is innermost                          */
    i32 row_dims;     /* class matrix: dimensions that are rows; after them come ...            */
    i32 column_dims;  /* ... those that are columns, the last ones                              */
    i64 rows;         /* the product of the rows' sizes                                         */
    i64 columns;      /* ... of the columns'                                                    */
    i64 shape[LAUNCH_DIMS];
    i64 step1[LAUNCH_DIMS]; /* element strides of the batch dimensions */
    i64 step2[LAUNCH_DIMS];
    i64 step_out[LAUNCH_DIMS];
    i64 group;   /* in C: the group that a call of the kernel computes ... */
    i64 scratch; /* ... and the address of its memory for SCRATCH          */
} params;

#endif
