// Attention of one packed sequence, forward only: softmax(Q K^T / sqrt(d)) V for some of its heads. Keys are transposed in registers, so that scores, softmax and context are
// made of whole vectors; eight queries at a time stay in the first cache. Each sum has the order of PackedAttentionKernel and so its bits.
#include "rt.h"
#include "simd.h"

#include <limits>

#if defined(__x86_64__)
namespace {

constexpr int kRows = 8;

// c [Rows, 16 Vecs] = a [Rows, k] b [k, 16 Vecs], masked columns zero; every element one chain over k.
template <int Rows, int Vecs>
RT_AVX512 void product(const float* a, int64_t lda, const float* b, int64_t ldb, int64_t k, __mmask16 m0, __mmask16 m1, float* c, int64_t ldc) {
  __m512 low[Rows], high[Rows];
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) low[r] = high[r] = _mm512_setzero_ps();
  const float* a4 = a + 4 * lda;
  for (int64_t p = 0; p < k; ++p, b += ldb) {
    const __m512 b0 = _mm512_maskz_loadu_ps(m0, b), b1 = Vecs > 1 ? _mm512_maskz_loadu_ps(m1, b + 16) : b0;
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      const __m512 x = _mm512_set1_ps((r < 4 ? a : a4)[(r % 4) * lda + p]);
      low[r] = _mm512_fmadd_ps(x, b0, low[r]);
      if (Vecs > 1) high[r] = _mm512_fmadd_ps(x, b1, high[r]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) {
    _mm512_storeu_ps(c + r * ldc, low[r]);
    if (Vecs > 1) _mm512_storeu_ps(c + r * ldc + 16, high[r]);
  }
}

using Product = void (*)(const float*, int64_t, const float*, int64_t, int64_t, __mmask16, __mmask16, float*, int64_t);

template <int Vecs>
constexpr Product kProducts[] = {nullptr,          product<1, Vecs>, product<2, Vecs>, product<3, Vecs>, product<4, Vecs>,
                                 product<5, Vecs>, product<6, Vecs>, product<7, Vecs>, product<8, Vecs>};

// to [16, ldt] = the transpose of rows x columns (at most 16 each) of from; the rest is zero.
RT_AVX512 void transpose(const float* from, int64_t stride, int64_t rows, __mmask16 columns, float* to, int64_t ldt) {
  __m512 r[16], t[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) r[i] = i < rows ? _mm512_maskz_loadu_ps(columns, from + i * stride) : _mm512_setzero_ps();
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]), t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    const __m512d a = _mm512_castps_pd(t[i]), b = _mm512_castps_pd(t[i + 1]), c = _mm512_castps_pd(t[i + 2]), d = _mm512_castps_pd(t[i + 3]);
    r[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c)), r[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
    r[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d)), r[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    const __m512 p0 = _mm512_shuffle_f32x4(r[c], r[4 + c], 0x88), p1 = _mm512_shuffle_f32x4(r[c], r[4 + c], 0xdd);
    const __m512 q0 = _mm512_shuffle_f32x4(r[8 + c], r[12 + c], 0x88), q1 = _mm512_shuffle_f32x4(r[8 + c], r[12 + c], 0xdd);
    _mm512_storeu_ps(to + c * ldt, _mm512_shuffle_f32x4(p0, q0, 0x88));
    _mm512_storeu_ps(to + (4 + c) * ldt, _mm512_shuffle_f32x4(p1, q1, 0x88));
    _mm512_storeu_ps(to + (8 + c) * ldt, _mm512_shuffle_f32x4(p0, q0, 0xdd));
    _mm512_storeu_ps(to + (12 + c) * ldt, _mm512_shuffle_f32x4(p1, q1, 0xdd));
  }
}

// Softmax of scale times a row [n]; what lies behind it up to the next multiple of 16 is not read.
RT_AVX512 void softmax(float* row, int64_t n, float scale) {
  const __m512 none = _mm512_set1_ps(-std::numeric_limits<float>::infinity());
  __m512 top = none;
  for (int64_t j = 0; j < n; j += 16) top = _mm512_max_ps(top, _mm512_mask_loadu_ps(none, rt::lanes(n - j), row + j));
  const __m512 shift = _mm512_set1_ps(_mm512_reduce_max_ps(top)), factor = _mm512_set1_ps(scale);
  __m256 sums = _mm256_setzero_ps();
  for (int64_t j = 0; j < n; j += 16) {
    const __m512 e = rt::exp16(_mm512_mul_ps(_mm512_sub_ps(_mm512_mask_loadu_ps(none, rt::lanes(n - j), row + j), shift), factor));
    _mm512_storeu_ps(row + j, e);
    sums = _mm256_add_ps(sums, _mm512_castps512_ps256(e));
    sums = _mm256_add_ps(sums, _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(e), 1)));
  }
  alignas(32) float s[8];
  _mm256_store_ps(s, sums);
  const __m512 inverse = _mm512_set1_ps(1.0f / (((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]))));
  for (int64_t j = 0; j < n; j += 16) _mm512_storeu_ps(row + j, _mm512_mul_ps(_mm512_loadu_ps(row + j), inverse));
}

RT_AVX512 void head(
    const float* q, int64_t ldq, int64_t queries, const float* k, const float* v, int64_t ldk, int64_t keys, int64_t width, float scale, float* scratch, const rt::Epilogue& e, int64_t column) {
  const int64_t padded = (keys + 15) & ~15;
  float *transposed = scratch, *table = scratch + ((width + 15) & ~15) * padded;
  alignas(64) float context[kRows * 32];
  for (int64_t j = 0; j < keys; j += 16) {
    for (int64_t p = 0; p < width; p += 16) transpose(k + j * ldk + p, ldk, keys - j, rt::lanes(width - p), transposed + p * padded + j, padded);
  }
  for (int64_t i = 0; i < queries; i += kRows) {
    const int64_t rows = queries - i < kRows ? queries - i : kRows;
    for (int64_t j = 0; j < padded; j += 32) {
      const auto* products = padded - j > 16 ? kProducts<2> : kProducts<1>;
      products[rows](q + i * ldq, ldq, transposed + j, padded, width, 0xffff, 0xffff, table + j, padded);
    }
    for (int64_t r = 0; r < rows; ++r) softmax(table + r * padded, keys, scale);
    for (int64_t c = 0; c < width; c += 32) {
      const int64_t columns = width - c < 32 ? width - c : 32;
      const auto* products = columns > 16 ? kProducts<2> : kProducts<1>;
      products[rows](table, padded, v + c, ldk, keys, rt::lanes(columns), rt::lanes(columns - 16), context, 32);
      rt::finish(context, rows, columns, columns, e, i, column + c);
    }
  }
}

}  // namespace

// Heads first..last of one sequence: queries q [queries, heads width], keys k and values v [keys, heads width], context into wide or half. `coefficients` holds one factor a
// column, or is null. Scratch holds (round16(width) + 8) round16(keys) floats. The caller has checked that rt_avx512_supported.
RT_API void rt_attention(
    const float* q, int64_t ldq, int64_t queries, const float* k, const float* v, int64_t ldk, int64_t keys, int64_t first, int64_t last, int64_t width, float scale,
    const float* coefficients, float* scratch, float* wide, uint16_t* half, int64_t stride) {
  for (int64_t h = first; h < last; ++h) {
    head(q + h * width, ldq, queries, k + h * width, v + h * width, ldk, keys, width, scale, scratch, {0, coefficients, wide, half, stride}, h * width);
  }
}
#else
RT_API void rt_attention(
    const float*, int64_t, int64_t, const float*, const float*, int64_t, int64_t, int64_t, int64_t, int64_t, float, const float*, float*, float*, uint16_t*, int64_t) {}
#endif
