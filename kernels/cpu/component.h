/* What the CPU schedule's vectors are made of. A component is a real number; complex numbers stay interleaved. WIDTH
 * components fill a vector of VECTOR_BYTES, which vector_opencl.h or vector_c.h sets; components of 16 bits fill half
 * of one. A row of the canonical sum is PARTS vectors. */
#if GROUP == GROUP_F64 || GROUP == GROUP_C128
#define COMPONENT_TYPE double
#define MASK_TYPE ulong
#elif GROUP != GROUP_INT
#define COMPONENT_TYPE float
#define MASK_TYPE uint
#elif IS_TYPED && (CODE(RESULT) == CODE_i32 || CODE(RESULT) == CODE_u32)
#define COMPONENT_TYPE uint
#define MASK_TYPE uint
#elif IS_TYPED && CODE(RESULT) != CODE_i64 && CODE(RESULT) != CODE_u64
#define COMPONENT_TYPE ushort /* enough for 8 and 16 bits, modulo their size */
#define MASK_TYPE ushort
#else
#define COMPONENT_TYPE ulong
#define MASK_TYPE ulong
#endif

#if IS_DOUBLE || (GROUP == GROUP_INT && RESULT_BYTES == 8)
#define COMPONENT_BYTES 8
#else
#define COMPONENT_BYTES 4 /* or 2, in half a vector */
#endif

/* Of the vectors in which integers.h adds up. */
#if IS_TYPED_BOOL
#define LOT_TYPE ulong
#else
#define LOT_TYPE COMPONENT_TYPE
#endif

#define COMPONENTS (IS_COMPLEX ? 2 : 1)      /* of an element               */
#define VECTOR_ELEMENTS (WIDTH / COMPONENTS) /* elements in a VECTOR        */
#define PARTS (LANES / VECTOR_ELEMENTS)      /* VECTORs in a canonical row  */
