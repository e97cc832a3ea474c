/* The one argument struct of every kernel, the same on the host and on the device: passed by value, at most
 * 1024 bytes (PoCL's limit). Included by C, OpenCL C and CUDA; the includer defines i64 and i32. */
#ifndef KERNEL_PARAMS_H
#define KERNEL_PARAMS_H

/* Batch dimensions a launch takes; the executor loops over more. */
#define LAUNCH_DIMS 16

typedef struct params {
    i64 n;            /* length of the contracted axis                                          */
    i64 stride1;      /* element strides along it                                               */
    i64 stride2;
    i64 offset1;      /* byte offsets of element [0, ..., 0] in the two operands and the output */
    i64 offset2;
    i64 offset_out;
    i64 outputs;      /* product of shape                                                       */
    i64 block;        /* outputs per work-item (CPU schedule); matrix_cpu: rows                 */
    i64 panel;        /* columns of a panel of panel_cpu: a multiple of its vector; of an item of matrix_cpu */
    i64 nodes;        /* tree nodes per output in this launch; with all_nodes == 1 it is the whole sum */
    i64 node_chunks;  /* chunks per node: a power of two, or all of them                        */
    i64 first_node;   /* of this launch                                                         */
    i64 all_nodes;    /* nodes per output over all launches                                     */
    i64 span;         /* GPU schedule: what a member of a group takes of a node                 */
    i32 type1;        /* dtypes, for kernels that take them at run time; bit 8: misaligned      */
    i32 type2;
    i32 type_out;
    i32 no_conj;
    i32 swap;         /* x1 and x2 are exchanged: multiply in the order of the originals; skinny_gpu: x2's lanes
                       * are the strips' long side                                              */
    i32 members;      /* GPU schedule: parts of a group that share a node, a power of two       */
    i32 fused;        /* the last group of an output adds the partials: no second launch        */
    i32 wide;         /* thread_gpu: bit 0, 1: all columns of x1, x2 in one load                */
    i32 reserved;
    i32 rank;         /* used entries below; the last one is innermost                          */
    i32 row_dims;     /* class matrix: how many of the last dimensions but column_dims are rows  */
    i32 column_dims;  /* ... and how many of the last are columns                               */
    i64 rows;         /* the product of the former's sizes                                      */
    i64 columns;      /* ... of the latter's                                                    */
    i64 shape[LAUNCH_DIMS];
    i64 step1[LAUNCH_DIMS]; /* element strides of the batch dimensions */
    i64 step2[LAUNCH_DIMS];
    i64 step_out[LAUNCH_DIMS];
} params;

#endif
