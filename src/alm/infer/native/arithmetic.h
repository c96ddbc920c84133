/* What is computed in float32: norms, rotations, exponentials, and the way into int8 blocks.
 *
 * Nothing here comes from a mathematics library but the square root, which IEEE 754 defines to the
 * last bit, and sums go by lanes in an order that is written down. So every processor and compiler
 * gives the same bits, as long as nobody allows them to fuse or to reorder (see build.py).
 */

/* 1.5 * 2^23: adding it rounds to the nearest integer, halves to even, and leaves that integer in
 * the low bits. */
#define ROUNDER 12582912.0f
#define ROUNDER_BITS 0x4B400000u
#define INFINITY_BITS 0x7f800000u
#define SIGN_BIT 0x80000000u
#define SMALLEST_STEP 1.17549435e-38f /* below it the inverse of a step overflows */

ALWAYS uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

ALWAYS float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

ALWAYS bool is_finite(float x) { return (bits_of(x) & ~SIGN_BIT) < INFINITY_BITS; }

/* A float16 that is not negative. */
ALWAYS float float_of_half(uint16_t bits) {
    const float value = float_of((uint32_t)bits << 13) * 0x1p112f;
    return bits < 0x7c00 ? value : NAN;
}

/* e^x within 2 units in the last place, for x in [-87, 88]; beyond, as at the nearer end.
 * Reference: Moshier, Cephes, expf. NaN gives NaN, and no float is ever converted to an integer. */
ALWAYS float exponential(float x) {
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    const float rounded = x * 1.44269504088896341f + ROUNDER;
    const float n = rounded - ROUNDER;
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float y = 1.9875691500e-4f;
    y = y * r + 1.3981999507e-3f;
    y = y * r + 8.3334519073e-3f;
    y = y * r + 4.1665795894e-2f;
    y = y * r + 1.6666665459e-1f;
    y = y * r + 5.0000001201e-1f;
    y = y * (r * r) + r + 1.0f;
    return y * float_of((bits_of(rounded) - ROUNDER_BITS + 127u) << 23);
}

/* The sum of 16 lanes, halves added to halves. */
ALWAYS float add_lanes(const float *x) {
    float sum[ROWS];
    memcpy(sum, x, sizeof sum);
    for (int n = ROWS / 2; n; n /= 2)
        for (int i = 0; i < n; i++) sum[i] += sum[i + n];
    return sum[0];
}

/* x . y; a rest of fewer than 16 goes into the first lanes. */
static float dot(const float *x, const float *y, int n) {
    float sums[ROWS] = {0};
    int i = 0;
    for (; i + ROWS <= n; i += ROWS)
        for (int l = 0; l < ROWS; l++) sums[l] += x[i + l] * y[i + l];
    for (int l = 0; i + l < n; l++) sums[l] += x[i + l] * y[i + l];
    return add_lanes(sums);
}

/* y = weight * x / sqrt(mean(x^2) + eps) */
static void normalise(const float *x, const float *weight, float eps, int n, float *y) {
    const float scale = 1.0f / sqrtf(dot(x, x, n) / (float)n + eps);
    for (int i = 0; i < n; i++) y[i] = x[i] * scale * weight[i];
}

/* Turn component i of the first half with component i of the second. */
static void rotate(float *x, const float *cosine, const float *sine, int n_pairs) {
    for (int i = 0; i < n_pairs; i++) {
        const float a = x[i], b = x[i + n_pairs];
        x[i] = a * cosine[i] - b * sine[i];
        x[i + n_pairs] = b * cosine[i] + a * sine[i];
    }
}

/* silu(gate) * up, for 16 components */
static void gate_up(const float *gate, const float *up, float *out) {
    for (int i = 0; i < ROWS; i++) out[i] = gate[i] / (1.0f + exponential(-gate[i])) * up[i];
}

/* Round 32 numbers to int8 with one step; one that is not finite makes the step NaN. */
static void quantize_block(const float *x, block *out) {
    uint32_t largest = 0; /* as bits, which have the order of sizes, NaN on top */
    for (int i = 0; i < BLOCK; i++) {
        const uint32_t size = bits_of(x[i]) & ~SIGN_BIT;
        largest = size > largest ? size : largest;
    }
    const bool finite = largest < INFINITY_BITS;
    const float step = finite ? float_of(largest) / 127.0f : 0.0f;
    const float inverse = step >= SMALLEST_STEP ? 1.0f / step : 0.0f;
    int32_t sum = 0;
    for (int i = 0; i < BLOCK; i++) {
        const float scaled = finite ? x[i] * inverse : 0.0f;
        const int32_t value = (int32_t)(bits_of(scaled + ROUNDER) - ROUNDER_BITS);
        out->values[i] = (activation)(value + ADDED);
        sum += value;
    }
    out->step = finite ? step : NAN;
    out->offset = -OFFSET * sum;
}

static void quantize(const float *x, int n, block *out) {
    for (int i = 0; i < n / BLOCK; i++) quantize_block(x + i * BLOCK, out + i);
}
