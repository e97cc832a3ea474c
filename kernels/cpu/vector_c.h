/* Vectors of the CPU schedule in C: as wide as the processor's registers. OpenCL's names of types and conversions are
 * those that vector_cpu.h uses; vector_opencl.h has the same names in OpenCL C. */
#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#define VECTOR_REGISTERS 32
#elif defined(__AVX2__)
#define VECTOR_BYTES 32
#define VECTOR_REGISTERS 16
#else
#define VECTOR_BYTES 16
#if defined(__aarch64__)
#define VECTOR_REGISTERS 32
#else
#define VECTOR_REGISTERS 16
#endif
#endif

#if VECTOR_BYTES / COMPONENT_BYTES == 16
#define WIDTH 16
#elif VECTOR_BYTES / COMPONENT_BYTES == 8
#define WIDTH 8
#elif VECTOR_BYTES / COMPONENT_BYTES == 4
#define WIDTH 4
#else
#define WIDTH 2
#endif

typedef unsigned char uchar;
typedef u16 ushort;
typedef u32 uint;
typedef u64 ulong;
typedef u16 half;

/* A function that is called: where it is inlined, compilers compute its addresses early, for the calls that take another
 * way too. */
#define OUT_OF_LINE static __attribute__((noinline, unused))

/* loose_: at any address. */
#define VECTORS_OF_TYPE(T, name)                                                                    \
    typedef T name##2 __attribute__((vector_size(2 * sizeof(T))));                                  \
    typedef T loose_##name##2 __attribute__((vector_size(2 * sizeof(T)), aligned(1), may_alias));   \
    typedef T name##4 __attribute__((vector_size(4 * sizeof(T))));                                  \
    typedef T loose_##name##4 __attribute__((vector_size(4 * sizeof(T)), aligned(1), may_alias));   \
    typedef T name##8 __attribute__((vector_size(8 * sizeof(T))));                                  \
    typedef T loose_##name##8 __attribute__((vector_size(8 * sizeof(T)), aligned(1), may_alias));   \
    typedef T name##16 __attribute__((vector_size(16 * sizeof(T))));                                \
    typedef T loose_##name##16 __attribute__((vector_size(16 * sizeof(T)), aligned(1), may_alias));
VECTORS_OF_TYPE(i8, char)
VECTORS_OF_TYPE(u8, uchar)
VECTORS_OF_TYPE(i16, short)
VECTORS_OF_TYPE(u16, ushort)
VECTORS_OF_TYPE(i32, int)
VECTORS_OF_TYPE(u32, uint)
VECTORS_OF_TYPE(u64, ulong)
VECTORS_OF_TYPE(float, float)
VECTORS_OF_TYPE(double, double)

typedef COMPONENT_TYPE component;
typedef MASK_TYPE mask_component;
typedef PASTE(COMPONENT_TYPE, WIDTH) VECTOR;
typedef PASTE(MASK_TYPE, WIDTH) MASK;

/* ---- Memory: any address ---- */

#define LOAD_FLOATS(T, Q, p) ((T##Q)(*(const loose_##T##Q *)(p)))
#define LOAD_INTEGERS(T, Q, p) ((T##Q)(*(const loose_##T##Q *)(p)))
typedef PASTE(PASTE(loose_, COMPONENT_TYPE), WIDTH) loose_vector;
typedef PASTE(PASTE(loose_, MASK_TYPE), WIDTH) loose_mask;
#define LOAD_COMPONENTS(j, p) ((VECTOR)(*(const loose_vector *)((p) + (j) * WIDTH)))
#define LOAD_MASK(p) ((MASK)(*(const loose_mask *)(p)))
#define STORE_COMPONENTS(v, j, p) (*(loose_vector *)((p) + (j) * WIDTH) = (v))

/* Keeps the compiler from loading a vector from memory again for each instruction that uses it. Where vectors are not
 * aligned to their size, many loads take two lines of the cache. */
#if defined(__SSE2__)
#define LOADED_ONCE(v) __asm__("" : "+v"(v))
#else
#define LOADED_ONCE(v)
#endif

/* A VECTOR's components, as whole numbers that lack their higher bits, side by side. */
typedef PASTE(loose_uchar, WIDTH) loose_bytes;
typedef PASTE(loose_ushort, WIDTH) loose_shorts;
#define STORE_BYTES(v, p) (*(loose_bytes *)(p) = __builtin_convertvector(v, loose_bytes))
#define STORE_SHORTS(v, p) (*(loose_shorts *)(p) = __builtin_convertvector(v, loose_shorts))

/* VECTOR_BYTES at `to`: the first `bytes` from `from` on, fewer than those, and zeros after them. Nothing else is read. */
FUNCTION void COPY_FIRST(void *to, const void *from, i64 bytes)
{
#if defined(__AVX512BW__)
    _mm512_storeu_si512(to, _mm512_maskz_loadu_epi8(((u64)1 << bytes) - 1, from));
#elif defined(__AVX2__)
    /* Whole words by a mask; up to three bytes more go into the word after them. */
    const __m256i place = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), words = _mm256_set1_epi32((int)(bytes >> 2));
    const u8 *left = (const u8 *)from + (bytes & ~(i64)3);
    u32 last = 0;
    for (i32 k = 0; k < (bytes & 3); k++) last |= (u32)left[k] << 8 * k;
    _mm256_storeu_si256(to, _mm256_or_si256(_mm256_maskload_epi32(from, _mm256_cmpgt_epi32(words, place)),
                                            _mm256_and_si256(_mm256_cmpeq_epi32(words, place),
                                                             _mm256_set1_epi32((int)last))));
#else
    memset(to, 0, VECTOR_BYTES);
    memcpy(to, from, (size_t)bytes);
#endif
}
#define COPY_FIRST COPY_FIRST

/* ---- Casts ---- */

#define convert_double2(v) __builtin_convertvector(v, double2)
#define convert_uint2(v) __builtin_convertvector(v, uint2)
#define convert_uint4(v) __builtin_convertvector(v, uint4)
#define convert_ushort2(v) __builtin_convertvector(v, ushort2)
#define convert_ushort4(v) __builtin_convertvector(v, ushort4)
#if defined(__AVX2__) /* GCC 12 converts halves, and joins them */
#define convert_double4(v) ((double4)_mm256_cvtps_pd((__m128)(v)))
#define convert_uint8(v) ((uint8)_mm256_cvtepu16_epi32((__m128i)(v)))
#define convert_ushort8(v) ((ushort8)_mm_cvtepu8_epi16(_mm_cvtsi64_si128((i64)(v))))
#define convert_ushort16(v) ((ushort16)_mm256_cvtepu8_epi16((__m128i)(v)))
#else
#define convert_double4(v) __builtin_convertvector(v, double4)
#define convert_uint8(v) __builtin_convertvector(v, uint8)
#define convert_ushort8(v) __builtin_convertvector(v, ushort8)
#define convert_ushort16(v) __builtin_convertvector(v, ushort16)
#endif
#if defined(__AVX512F__)
#define convert_double8(v) ((double8)_mm512_cvtps_pd((__m256)(v)))
#define convert_uint16(v) ((uint16)_mm512_cvtepu16_epi32((__m256i)(v)))
#endif
#define as_float2(v) ((float2)(v))
#define as_float4(v) ((float4)(v))
#define as_float8(v) ((float8)(v))
#define as_float16(v) ((float16)(v))

#define BITS_OF(v) ((MASK)(v))

/* v where the mask has all bits set, +0 where it has none. */
#define KEEP(v, mask) ((VECTOR)(BITS_OF(v) & (mask)))

/* Fills `room` bytes at `to`, 4 to VECTOR_BYTES, with the first `bytes` at `from`, fewer, and zeros after them. Nothing
 * else is read. */
#if defined(__AVX512BW__)
FUNCTION void load_first(void *to, i32 room, const void *from, i32 bytes)
{
    const u64 mask = ((u64)1 << bytes) - 1;
    if (room == 64) _mm512_storeu_si512(to, _mm512_maskz_loadu_epi8(mask, from));
    if (room == 32) _mm256_storeu_si256((__m256i *)to, _mm256_maskz_loadu_epi8((__mmask32)mask, from));
    if (room == 16) _mm_storeu_si128((__m128i *)to, _mm_maskz_loadu_epi8((__mmask16)mask, from));
}
#else
/* At most 8 bytes as a little-endian number. */
FUNCTION u64 first_word(const u8 *from, i32 bytes)
{
    u32 low, high;
    u64 word = 0;
    if (bytes >= 8) {
        memcpy(&word, from, 8);
    } else if (bytes >= 4) {
        memcpy(&low, from, 4);
        memcpy(&high, from + bytes - 4, 4);
        word = low | (u64)high << 8 * (bytes - 4);
    } else if (bytes > 0) {
        word = from[0] | (u32)from[bytes / 2] << bytes / 2 * 8 | (u32)from[bytes - 1] << 8 * (bytes - 1);
    }
    return word;
}

FUNCTION void load_first(void *to, i32 room, const void *from, i32 bytes)
{
#if defined(__AVX2__)
    static const i32 masks[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    if (room == 32) { /* its components have 4 bytes or 8 */
        const __m256i mask = _mm256_loadu_si256((const __m256i *)(masks + 8 - bytes / 4));
        _mm256_storeu_si256((__m256i *)to, _mm256_maskload_epi32((const int *)from, mask));
        return;
    }
#endif
    const ulong2 words = {first_word(from, bytes), first_word((const u8 *)from + 8, bytes - 8)};
    if (room == 16)
        *(loose_ulong2 *)to = words;
    else
        memcpy(to, &words, (size_t)room);
}
#endif

#define FIRST(which)                                                                \
    FUNCTION VECTOR first##which(const stored##which *from, i32 count)              \
    {                                                                               \
        stored##which room[VECTOR_ELEMENTS];                                        \
        load_first(room, (i32)sizeof room, from, count * (i32)sizeof(stored##which)); \
        return WIDE##which(0, room);                                                \
    }

/* Q numbers of 16 bits as floats. */
#define HALVES_ONE_BY_ONE(Q)                                   \
    FUNCTION float##Q halves_##Q(const half *from)             \
    {                                                          \
        float##Q v;                                            \
        for (i32 k = 0; k < Q; k++) v[k] = f32_of_f16(from[k]); \
        return v;                                              \
    }
#if defined(__F16C__)
FUNCTION float2 halves_2(const half *from)
{
    const float4 v = (float4)_mm_cvtph_ps(_mm_loadu_si32(from));
    return __builtin_shufflevector(v, v, 0, 1);
}
FUNCTION float4 halves_4(const half *from) { return (float4)_mm_cvtph_ps(_mm_loadl_epi64((const __m128i *)from)); }
FUNCTION float8 halves_8(const half *from) { return (float8)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)from)); }
#if defined(__AVX512F__)
FUNCTION float16 halves_16(const half *from)
{
    return (float16)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)from));
}
#endif
#elif defined(__aarch64__)
HALVES_ONE_BY_ONE(2)
FUNCTION float4 halves_4(const half *from) { return (float4)vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from))); }
#else
HALVES_ONE_BY_ONE(2)
HALVES_ONE_BY_ONE(4)
#endif
#define vload_half2(j, p) halves_2((p) + 2 * (j))
#define vload_half4(j, p) halves_4((p) + 4 * (j))
#define vload_half8(j, p) halves_8((p) + 8 * (j))
#define vload_half16(j, p) halves_16((p) + 16 * (j))

/* Writes a VECTOR of floats as halves. */
#if GROUP == GROUP_F16
FUNCTION void STORE_HALVES(VECTOR v, u8 *to)
{
#if defined(__AVX512F__)
    _mm256_storeu_si256((__m256i *)to, _mm512_cvtps_ph((__m512)v, _MM_FROUND_TO_NEAREST_INT));
#elif defined(__F16C__)
    _mm_storeu_si128((__m128i *)to, _mm256_cvtps_ph((__m256)v, _MM_FROUND_TO_NEAREST_INT));
#elif defined(__aarch64__)
    vst1_u16((u16 *)to, vreinterpret_u16_f16(vcvt_f16_f32((float32x4_t)v)));
#else
    for (i32 k = 0; k < WIDTH; k++) ((u16 *)to)[k] = f16_of_f32(v[k]);
#endif
}

FUNCTION VECTOR ROUNDED_TO_HALF(VECTOR v)
{
    half bits[WIDTH];
    STORE_HALVES(v, (u8 *)bits);
    return PASTE(vload_half, WIDTH)(0, bits);
}
#endif

/* ---- Arithmetic ---- */

#if GROUP == GROUP_INT
/* Integers have no fused multiply-add. */
#elif defined(__AVX512F__) && IS_DOUBLE
#define VECTOR_FMA(a, b, c) ((VECTOR)_mm512_fmadd_pd((__m512d)(a), (__m512d)(b), (__m512d)(c)))
#elif defined(__AVX512F__)
#define VECTOR_FMA(a, b, c) ((VECTOR)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#elif defined(__FMA__) && IS_DOUBLE
#define VECTOR_FMA(a, b, c) ((VECTOR)_mm256_fmadd_pd((__m256d)(a), (__m256d)(b), (__m256d)(c)))
#elif defined(__FMA__)
#define VECTOR_FMA(a, b, c) ((VECTOR)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#elif defined(__aarch64__) && IS_DOUBLE
#define VECTOR_FMA(a, b, c) ((VECTOR)vfmaq_f64((float64x2_t)(c), (float64x2_t)(a), (float64x2_t)(b)))
#elif defined(__aarch64__)
#define VECTOR_FMA(a, b, c) ((VECTOR)vfmaq_f32((float32x4_t)(c), (float32x4_t)(a), (float32x4_t)(b)))
#else
/* The processor may have no such instruction; the C library's function is exact on any. */
FUNCTION VECTOR VECTOR_FMA(VECTOR a, VECTOR b, VECTOR c)
{
    for (i32 k = 0; k < WIDTH; k++) c[k] = FMA(a[k], b[k], c[k]);
    return c;
}
#endif

/* The lesser of each two components of 16 bits. */
#if IS_TYPED_BOOL && WIDTH == 16
#define LEAST(a, b) ((VECTOR)_mm256_min_epu16((__m256i)(a), (__m256i)(b)))
#elif IS_TYPED_BOOL && WIDTH == 8
#define LEAST(a, b) ((VECTOR)_mm_min_epu16((__m128i)(a), (__m128i)(b)))
#elif IS_TYPED_BOOL
FUNCTION VECTOR LEAST(VECTOR a, VECTOR b)
{
    const VECTOR less = (VECTOR)(a < b);
    return (a & less) | (b & ~less);
}
#endif

/* ---- Components in other orders ---- */

/* Registers are put in another order most cheaply within each 16 bytes, or 16 bytes at a time. NEAR: of those. */
#define NEAR_COMPONENTS ((i32)(sizeof(VECTOR) < 16 ? WIDTH : 16 / sizeof(component)))
#define NEAR_ELEMENTS (NEAR_COMPONENTS / COMPONENTS)

/* F(0), F(1), ... for each component. */
#define LIST_2_(F, k) F((k)), F((k) + 1)
#define LIST_4_(F, k) LIST_2_(F, (k)), LIST_2_(F, (k) + 2)
#define LIST_8_(F, k) LIST_4_(F, (k)), LIST_4_(F, (k) + 4)
#define LIST_2(F) LIST_2_(F, 0)
#define LIST_4(F) LIST_4_(F, 0)
#define LIST_8(F) LIST_8_(F, 0)
#define LIST_16(F) LIST_8_(F, 0), LIST_8_(F, 8)
#define COMPONENTS_OF(a, b, F) ((VECTOR)__builtin_shufflevector(a, b, PASTE(LIST_, WIDTH)(F)))

#define SAME_(k) x
FUNCTION VECTOR SPLAT(component x)
{
    return (VECTOR){PASTE(LIST_, WIDTH)(SAME_)};
}

/* Two vectors of Q components as one. */
#define PLACE_(k) k
#define JOIN_2(a, b) __builtin_shufflevector(a, b, LIST_4(PLACE_))
#define JOIN_4(a, b) __builtin_shufflevector(a, b, LIST_8(PLACE_))
#define JOIN_8(a, b) __builtin_shufflevector(a, b, LIST_16(PLACE_))

/* Where the k-th component of a result comes from: of E components to an element. Places from WIDTH on are b's. */
#define ELEMENT_(k, E) ((k) / (E))
#define EVEN_(k, E) (2 * ELEMENT_(k, E) * (E) + (k) % (E))
#define ODD_(k, E) ((2 * ELEMENT_(k, E) + 1) * (E) + (k) % (E))
#define ZIP_(k, E) (ELEMENT_(k, E) % 2 * WIDTH + ELEMENT_(k, E) / 2 * (E) + (k) % (E))
#define EVEN_COMPONENT_(k) EVEN_(k, 1)
#define ODD_COMPONENT_(k) ODD_(k, 1)
#define LOW_COMPONENT_(k) ZIP_(k, 1)
#define HIGH_COMPONENT_(k) (ZIP_(k, 1) + WIDTH / 2)
#define EVEN_ELEMENT_(k) EVEN_(k, COMPONENTS)
#define ODD_ELEMENT_(k) ODD_(k, COMPONENTS)
#define LOW_ELEMENT_(k) ZIP_(k, COMPONENTS)
#define HIGH_ELEMENT_(k) (ZIP_(k, COMPONENTS) + WIDTH / 2)
/* Within each 16 bytes of a and b. */
#define NEAR_ELEMENT_(k) (ELEMENT_(k, COMPONENTS) % NEAR_ELEMENTS)
#define EVEN_NEAR_(k)                                                                              \
    ((k) / NEAR_COMPONENTS * NEAR_COMPONENTS + (k) % COMPONENTS + 2 * NEAR_ELEMENT_(k) * COMPONENTS + \
     (NEAR_ELEMENT_(k) < (NEAR_ELEMENTS + 1) / 2 ? 0 : WIDTH - NEAR_COMPONENTS))
#define ODD_NEAR_(k) (EVEN_NEAR_(k) + COMPONENTS)
#define EVEN_FAR_(k) EVEN_(k, NEAR_COMPONENTS)
#define ODD_FAR_(k) ODD_(k, NEAR_COMPONENTS)
#define LOW_NEAR_(k) ((k) / NEAR_COMPONENTS * NEAR_COMPONENTS + (k) % NEAR_COMPONENTS / 2 + (k) % 2 * WIDTH)
#define HIGH_NEAR_(k) (LOW_NEAR_(k) + NEAR_COMPONENTS / 2)
#define LOW_FAR_(k) ZIP_(k, NEAR_COMPONENTS)
#define HIGH_FAR_(k) (LOW_FAR_(k) + WIDTH / 2)
#define EVEN_THEN_ODD_(k) \
    (EVEN_ELEMENT_(k) + (ELEMENT_(k, COMPONENTS) < (VECTOR_ELEMENTS + 1) / 2 ? 0 : COMPONENTS))
#define REVERSED_(k) ((VECTOR_ELEMENTS - 1 - ELEMENT_(k, COMPONENTS)) * COMPONENTS + (k) % COMPONENTS)

#define EVEN_NEAR(a, b) COMPONENTS_OF(a, b, EVEN_NEAR_)
#define ODD_NEAR(a, b) COMPONENTS_OF(a, b, ODD_NEAR_)
#define EVEN_FAR(a, b) COMPONENTS_OF(a, b, EVEN_FAR_)
#define ODD_FAR(a, b) COMPONENTS_OF(a, b, ODD_FAR_)
#define EVEN_COMPONENTS(a, b) COMPONENTS_OF(a, b, EVEN_COMPONENT_)
#define ODD_COMPONENTS(a, b) COMPONENTS_OF(a, b, ODD_COMPONENT_)
#define zip_low_near(a, b) COMPONENTS_OF(a, b, LOW_NEAR_)
#define zip_high_near(a, b) COMPONENTS_OF(a, b, HIGH_NEAR_)
#define zip_low_far(a, b) COMPONENTS_OF(a, b, LOW_FAR_)
#define zip_high_far(a, b) COMPONENTS_OF(a, b, HIGH_FAR_)
#define zip_low(a, b) COMPONENTS_OF(a, b, LOW_COMPONENT_)
#define zip_high(a, b) COMPONENTS_OF(a, b, HIGH_COMPONENT_)
#define EVEN_ELEMENTS(a, b) COMPONENTS_OF(a, b, EVEN_ELEMENT_)
#define ODD_ELEMENTS(a, b) COMPONENTS_OF(a, b, ODD_ELEMENT_)
#define zip_low_elements(a, b) COMPONENTS_OF(a, b, LOW_ELEMENT_)
#define zip_high_elements(a, b) COMPONENTS_OF(a, b, HIGH_ELEMENT_)
#define EVEN_THEN_ODD_ELEMENTS(a, b) COMPONENTS_OF(a, b, EVEN_THEN_ODD_)
#define REVERSED(v) COMPONENTS_OF(v, v, REVERSED_)

#if IS_COMPLEX
#define REAL_(k) ((k) / 2 * 2)
#define IMAG_(k) ((k) / 2 * 2 + 1)
#define OTHER_(k) ((k) ^ 1)
#define CONJ_SIGN_(k) ((k) % 2 ? -1 : 1)
#define REAL_TWICE(v) COMPONENTS_OF(v, v, REAL_)
#define IMAG_TWICE(v) COMPONENTS_OF(v, v, IMAG_)
#define EXCHANGED(v) COMPONENTS_OF(v, v, OTHER_)
#define CONJ_SIGNS ((VECTOR){PASTE(LIST_, WIDTH)(CONJ_SIGN_)})
#endif

/* ---- Integers as they lie in memory: see integers.h ---- */

#if GROUP == GROUP_INT && IS_TYPED
typedef LOT_TYPE LOT __attribute__((vector_size(VECTOR_BYTES)));
typedef LOT_TYPE loose_lot __attribute__((vector_size(VECTOR_BYTES), aligned(1), may_alias));
typedef ulong WORDS __attribute__((vector_size(VECTOR_BYTES)));
#define LOT_OF(x) ((LOT){0} + (LOT_TYPE)(x))
#define WORDS_OF(x) ((WORDS){0} + (x))
#define WORDS_OF_LOT(v) ((WORDS)(v))
#define LOAD_LOT(p) ((LOT)(*(const loose_lot *)(p)))

FUNCTION ulong SUM_OF_WORDS(WORDS v)
{
    ulong sum = 0;
    UNROLL for (i32 k = 0; k < VECTOR_BYTES / 8; k++) sum += v[k];
    return sum;
}

/* The first bytes of a LOT at p, fewer than it has, and zeros after them; nothing else is read. */
FUNCTION LOT FIRST_BYTES(const u8 *p, i64 bytes)
{
    LOT v;
    COPY_FIRST(&v, p, bytes);
    return v;
}

#if defined(__AVX512BW__)
#define ANY_WORD(v) (_mm512_test_epi64_mask((__m512i)(v), (__m512i)(v)) != 0)
#define LEAST_BYTES(a, b) ((LOT)_mm512_min_epu8((__m512i)(a), (__m512i)(b)))
#elif defined(__AVX2__)
#define ANY_WORD(v) (!_mm256_testz_si256((__m256i)(v), (__m256i)(v)))
#define LEAST_BYTES(a, b) ((LOT)_mm256_min_epu8((__m256i)(a), (__m256i)(b)))
#elif defined(__SSE2__)
#define ANY_WORD(v) (((v)[0] | (v)[1]) != 0)
#define LEAST_BYTES(a, b) ((LOT)_mm_min_epu8((__m128i)(a), (__m128i)(b)))
#elif defined(__aarch64__)
#define ANY_WORD(v) (((v)[0] | (v)[1]) != 0)
#define LEAST_BYTES(a, b) ((LOT)vminq_u8((uint8x16_t)(a), (uint8x16_t)(b)))
#else
#define ANY_WORD(v) (((v)[0] | (v)[1]) != 0)
#endif
#if defined(__AVX512VNNI__)
#define BYTE_PRODUCTS(sums, a, b) ((LOT)_mm512_dpbusd_epi32((__m512i)(sums), (__m512i)(a), (__m512i)(b)))
#endif
#endif

/* ---- Integers that were cast to 16 or 32 bits: see integers_any.h ---- */

#if GROUP == GROUP_INT && LOAD == LOAD_ANY
typedef uint NARROW __attribute__((vector_size(VECTOR_BYTES)));
typedef uint loose_narrow __attribute__((vector_size(VECTOR_BYTES), aligned(1), may_alias));
#define LOAD_NARROW(p) ((NARROW)(*(const loose_narrow *)(p)))
#define STORE_NARROW(v, p) (*(loose_narrow *)(p) = (v))

/* The products of signed numbers of 16 bits, added in pairs. */
#if defined(__AVX512BW__)
#define PAIR_PRODUCTS(a, b) ((NARROW)_mm512_madd_epi16((__m512i)(a), (__m512i)(b)))
#elif defined(__AVX2__)
#define PAIR_PRODUCTS(a, b) ((NARROW)_mm256_madd_epi16((__m256i)(a), (__m256i)(b)))
#elif defined(__SSE2__)
#define PAIR_PRODUCTS(a, b) ((NARROW)_mm_madd_epi16((__m128i)(a), (__m128i)(b)))
#else
typedef int SIGNED_NARROW __attribute__((vector_size(VECTOR_BYTES)));
FUNCTION NARROW PAIR_PRODUCTS(NARROW a, NARROW b)
{
    const NARROW low1 = (NARROW)((SIGNED_NARROW)(a << 16) >> 16), low2 = (NARROW)((SIGNED_NARROW)(b << 16) >> 16);
    return low1 * low2 + (NARROW)((SIGNED_NARROW)a >> 16) * (NARROW)((SIGNED_NARROW)b >> 16);
}
#endif
#endif
