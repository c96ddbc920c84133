/* Products of int8 blocks: 16 rows of a matrix with a few vectors at a time.
 *
 * A matrix is cut into panels of 16 rows. In memory a panel is its scales, 16 for each block of 32
 * columns, then its values: block by block, GROUP neighbouring columns of each row side by side. So
 * one load feeds 16 rows, weights are read once, in order, and a block's sum stays in integers.
 *
 * Every kernel adds in one order: per row, block after block, float(integers) * (scale * step), and
 * never fuses a product with a sum. So all of them give the same bits, for any number of vectors.
 *
 * Reference: GGML's q8_0 x q8_0 product (both sides in int8 blocks of 32), in another layout and
 * with float32 steps for the vectors.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ROWS 16
#define BLOCK 32
#define ALWAYS static inline __attribute__((always_inline))

/* 16 numbers; GCC and clang make of it whatever vectors a processor has. */
typedef float vector __attribute__((vector_size(64), aligned(4), may_alias));

/* As many numbers as a register holds, and how many such sums stay in registers. */
#if defined(__AVX512F__)
#define LANES 16
#define SUMS 4
#elif defined(__AVX__)
#define LANES 8
#define SUMS 8
#else
#define LANES 4
#define SUMS 8
#endif
typedef float lanes __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

#if defined(ALM_PORTABLE)
#elif defined(__AVX512VNNI__) && defined(__AVX512F__)
#define AVX512
#elif defined(__AVX2__) && defined(__F16C__)
#define AVX2
#elif defined(__ARM_NEON) && defined(__ARM_FEATURE_DOTPROD)
#define NEON
#endif

#if defined(AVX512) || defined(AVX2)
#include <immintrin.h>
#elif defined(NEON)
#include <arm_neon.h>
#endif

/* One number of a vector, and what is added to it. */
#if defined(AVX512) || defined(AVX2) || defined(NEON)
typedef int8_t activation;
#define ADDED 0
#else
typedef uint16_t activation;
#define ADDED 128
#endif

/* 32 numbers of a vector. `offset` undoes what is added to the weights to make them unsigned. */
typedef struct {
    float step;
    int32_t offset;
    activation values[BLOCK];
} block;

ALWAYS int32_t four_bytes(const int8_t *bytes) {
    int32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

typedef uint16_t scale; /* float16 */

/* Where a panel's values begin: behind the scales, on a cache line of their own. */
#define values_at(n_blocks) (((n_blocks) + 1) / 2 * 2 * ROWS * sizeof(scale))

/* ---- AVX512-VNNI: unsigned weights, 64 products an instruction ------------------------------- */
#if defined(AVX512)

#define KERNEL "avx512-vnni"
#define GROUP 4
#define OFFSET 128
#define AT_ONCE 8

ALWAYS void multiply(const uint8_t *panel, int n_blocks, const block *const *x, const int n,
                     vector *sums) {
    const scale *scales = (const scale *)panel;
    const uint8_t *values = panel + values_at(n_blocks);
    __m512 total[AT_ONCE];
    __m512i dots[AT_ONCE];
    for (int t = 0; t < n; t++) total[t] = _mm512_setzero_ps();
    for (int b = 0; b < n_blocks; b++, scales += ROWS) {
        const __m512 scale_of = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)scales));
        for (int t = 0; t < n; t++) dots[t] = _mm512_set1_epi32(x[t][b].offset);
        for (int c = 0; c < BLOCK; c += GROUP, values += ROWS * GROUP) {
            const __m512i w = _mm512_loadu_si512(values);
            for (int t = 0; t < n; t++)
                dots[t] = _mm512_dpbusd_epi32(
                    dots[t], w, _mm512_set1_epi32(four_bytes(x[t][b].values + c)));
        }
        for (int t = 0; t < n; t++) {
            const __m512 step = _mm512_mul_ps(scale_of, _mm512_set1_ps(x[t][b].step));
            total[t] = _mm512_add_ps(total[t], _mm512_mul_ps(_mm512_cvtepi32_ps(dots[t]), step));
        }
    }
    for (int t = 0; t < n; t++) _mm512_storeu_ps((float *)&sums[t], total[t]);
}

/* ---- AVX2: pairs of products fit 16 bits, as neither side holds -128 ------------------------- */
#elif defined(AVX2)

#define KERNEL "avx2"
#define GROUP 4
#define OFFSET 0
#define AT_ONCE 2

ALWAYS __m256i add_products(__m256i dots, __m256i w, __m256i size_of_w, __m256i x) {
    const __m256i pairs = _mm256_maddubs_epi16(size_of_w, _mm256_sign_epi8(x, w));
    return _mm256_add_epi32(dots, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

ALWAYS void multiply(const uint8_t *panel, int n_blocks, const block *const *x, const int n,
                     vector *sums) {
    const scale *scales = (const scale *)panel;
    const uint8_t *values = panel + values_at(n_blocks);
    __m256 total[AT_ONCE][2];
    __m256i dots[AT_ONCE][2];
    for (int t = 0; t < n; t++) total[t][0] = total[t][1] = _mm256_setzero_ps();
    for (int b = 0; b < n_blocks; b++) {
        for (int t = 0; t < n; t++) dots[t][0] = dots[t][1] = _mm256_setzero_si256();
        for (int c = 0; c < BLOCK; c += GROUP)
            for (int half = 0; half < 2; half++, values += ROWS / 2 * GROUP) {
                const __m256i w = _mm256_loadu_si256((const __m256i *)values);
                const __m256i size = _mm256_abs_epi8(w);
                for (int t = 0; t < n; t++) {
                    const __m256i four = _mm256_set1_epi32(four_bytes(x[t][b].values + c));
                    dots[t][half] = add_products(dots[t][half], w, size, four);
                }
            }
        for (int half = 0; half < 2; half++, scales += ROWS / 2) {
            const __m256 of_rows = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)scales));
            for (int t = 0; t < n; t++) {
                const __m256 step = _mm256_mul_ps(of_rows, _mm256_set1_ps(x[t][b].step));
                const __m256 part = _mm256_mul_ps(_mm256_cvtepi32_ps(dots[t][half]), step);
                total[t][half] = _mm256_add_ps(total[t][half], part);
            }
        }
    }
    for (int t = 0; t < n; t++)
        for (int half = 0; half < 2; half++)
            _mm256_storeu_ps((float *)&sums[t] + half * ROWS / 2, total[t][half]);
}

/* ---- NEON with the dot product --------------------------------------------------------------- */
#elif defined(NEON)

#define KERNEL "neon-dotprod"
#define GROUP 4
#define OFFSET 0
#define AT_ONCE 4

ALWAYS void multiply(const uint8_t *panel, int n_blocks, const block *const *x, const int n,
                     vector *sums) {
    const scale *scales = (const scale *)panel;
    const int8_t *values = (const int8_t *)panel + values_at(n_blocks);
    float32x4_t total[AT_ONCE][4];
    int32x4_t dots[AT_ONCE][4];
    for (int t = 0; t < n; t++)
        for (int q = 0; q < 4; q++) total[t][q] = vdupq_n_f32(0);
    for (int b = 0; b < n_blocks; b++) {
        for (int t = 0; t < n; t++)
            for (int q = 0; q < 4; q++) dots[t][q] = vdupq_n_s32(0);
        for (int c = 0; c < BLOCK; c += GROUP)
            for (int q = 0; q < 4; q++, values += 16)
                for (int t = 0; t < n; t++)
                    dots[t][q] = vdotq_s32(
                        dots[t][q], vld1q_s8(values),
                        vreinterpretq_s8_s32(vdupq_n_s32(four_bytes(x[t][b].values + c))));
        for (int q = 0; q < 4; q++, scales += 4) {
            const float32x4_t of_rows = vcvt_f32_f16(vld1_f16((const __fp16 *)scales));
            for (int t = 0; t < n; t++) {
                const float32x4_t step = vmulq_n_f32(of_rows, x[t][b].step);
                total[t][q] = vaddq_f32(total[t][q], vmulq_f32(vcvtq_f32_s32(dots[t][q]), step));
            }
        }
    }
    for (int t = 0; t < n; t++)
        for (int q = 0; q < 4; q++) vst1q_f32((float *)&sums[t] + 4 * q, total[t][q]);
}

/* ---- Plain C: unsigned on both sides, so that two products share 32 bits --------------------- */
#else

#define KERNEL "portable"
#define GROUP 2
#define OFFSET 128
#define AT_ONCE 2
typedef uint16_t halves __attribute__((vector_size(32), aligned(2), may_alias));
typedef uint8_t bytes __attribute__((vector_size(32), may_alias));
typedef uint16_t shorts __attribute__((vector_size(64)));
typedef uint32_t words __attribute__((vector_size(64)));
typedef int32_t integers __attribute__((vector_size(64)));
#define widen(x, type) __builtin_convertvector(x, type)

/* What float16 scales are in float32. Their exponents are moved by a product, so that those with
 * the smallest exponent come out right too; infinity and NaN are put back behind it. */
ALWAYS vector widen_scales(const scale *scales) {
    const words bits = widen(*(const halves *)scales, words) << 13;
    const words special = (words)(bits >= 0x0f800000) & 0x7f800000;
    const union { words bits; vector values; } small = {bits};
    union { vector values; words bits; } wide = {small.values * 0x1p112f};
    wide.bits |= special;
    return wide.values;
}

/* A vector's two neighbours, for each row. */
ALWAYS shorts repeat(const activation *pair) {
    uint32_t both;
    memcpy(&both, pair, sizeof both);
    return (shorts)((words){0} + both);
}

/* (w + 128) (x + 128) fits 16 bits. Sums of whole words and of their upper halves give those of
 * the lower ones; of both, less what 128 has added, is the sum of w x. */
ALWAYS void multiply(const uint8_t *panel, int n_blocks, const block *const *x, const int n,
                     vector *sums) {
    const scale *scales = (const scale *)panel;
    const bytes *columns = (const bytes *)(panel + values_at(n_blocks));
    for (int t = 0; t < n; t++) sums[t] = (vector){0};
    for (int b = 0; b < n_blocks; b++, scales += ROWS) {
        words whole[AT_ONCE] = {{0}}, upper[AT_ONCE] = {{0}};
        shorts weights = {0};
        for (int c = 0; c < BLOCK; c += GROUP, columns++) {
            const shorts w = widen(*columns, shorts);
            weights += w;
            for (int t = 0; t < n; t++) {
                const words products = (words)(w * repeat(x[t][b].values + c));
                whole[t] += products;
                upper[t] += products >> 16;
            }
        }
        const vector scale_of = widen_scales(scales);
        const words of_weights = ((words)weights & 0xffff) + ((words)weights >> 16);
        for (int t = 0; t < n; t++) {
            const words lower = whole[t] - (upper[t] << 16);
            const words dots = lower + upper[t] - OFFSET * of_weights + (uint32_t)x[t][b].offset;
            sums[t] += widen((integers)dots, vector) * (scale_of * x[t][b].step);
        }
    }
}

#endif
