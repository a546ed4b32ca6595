// Steps of one attention head in AVX-512: small GEMM, transpose, softmax. Sums are in the order of
// the managed SmallGemm and PackedAttentionKernel, hence with the same bits (see simd.h).
#pragma once

#include "simd.h"

#include <limits>

#if defined(__x86_64__)
namespace rt {

constexpr int kRowsAtOnce = 8;

inline int64_t pad16(int64_t count) { return (count + 15) & ~15; }

// c [Rows, 16 Vecs] = a [Rows, k] (strides row, step) b [k, 16 Vecs]; masked columns are neither
// read nor written; every element is one sequential sum over k.
template <int Rows, int Vecs>
RT_AVX512 void tile(const float* a, int64_t row, int64_t step, const float* b, int64_t ldb,
                    int64_t k, __mmask16 m0, __mmask16 m1, float* c, int64_t ldc) {
  __m512 low[Rows], high[Rows];
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) low[r] = high[r] = _mm512_setzero_ps();
  const float* a4 = a + 4 * row;
  for (int64_t p = 0; p < k; ++p, a += step, a4 += step, b += ldb) {
    const __m512 b0 = _mm512_maskz_loadu_ps(m0, b),
                 b1 = Vecs > 1 ? _mm512_maskz_loadu_ps(m1, b + 16) : b0;
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      const __m512 x = _mm512_set1_ps((r < 4 ? a : a4)[(r % 4) * row]);
      low[r] = _mm512_fmadd_ps(x, b0, low[r]);
      if (Vecs > 1) high[r] = _mm512_fmadd_ps(x, b1, high[r]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) {
    _mm512_mask_storeu_ps(c + r * ldc, m0, low[r]);
    if (Vecs > 1) _mm512_mask_storeu_ps(c + r * ldc + 16, m1, high[r]);
  }
}

using Tile = void (*)(const float*, int64_t, int64_t, const float*, int64_t, int64_t, __mmask16,
                      __mmask16, float*, int64_t);

template <int Vecs>
constexpr Tile kTiles[] = {nullptr,       tile<1, Vecs>, tile<2, Vecs>,
                           tile<3, Vecs>, tile<4, Vecs>, tile<5, Vecs>,
                           tile<6, Vecs>, tile<7, Vecs>, tile<8, Vecs>};

// c [m, n] = a [m, k] (strides row, step) b [k, n].
inline void small_gemm(int64_t m, int64_t n, int64_t k, const float* a, int64_t row, int64_t step,
                       const float* b, int64_t ldb, float* c, int64_t ldc) {
  for (int64_t i = 0; i < m; i += kRowsAtOnce) {
    const int64_t rows = m - i < kRowsAtOnce ? m - i : kRowsAtOnce;
    for (int64_t j = 0; j < n; j += 32) {
      const auto* tiles = n - j > 16 ? kTiles<2> : kTiles<1>;
      tiles[rows](a + i * row, row, step, b + j, ldb, k, lanes(n - j), lanes(n - j - 16),
                  c + i * ldc + j, ldc);
    }
  }
}

// to [16, ldt] = transpose of rows x columns (at most 16 each) of from; the rest is zero.
RT_AVX512 inline void transpose16(const float* from, int64_t stride, int64_t rows,
                                  __mmask16 columns, float* to, int64_t ldt) {
  __m512 r[16], t[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i)
    r[i] = i < rows ? _mm512_maskz_loadu_ps(columns, from + i * stride) : _mm512_setzero_ps();
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    const __m512d a = _mm512_castps_pd(t[i]), b = _mm512_castps_pd(t[i + 1]),
                  c = _mm512_castps_pd(t[i + 2]), d = _mm512_castps_pd(t[i + 3]);
    r[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
    r[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
    r[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
    r[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    const __m512 p0 = _mm512_shuffle_f32x4(r[c], r[4 + c], 0x88),
                 p1 = _mm512_shuffle_f32x4(r[c], r[4 + c], 0xdd);
    const __m512 q0 = _mm512_shuffle_f32x4(r[8 + c], r[12 + c], 0x88),
                 q1 = _mm512_shuffle_f32x4(r[8 + c], r[12 + c], 0xdd);
    _mm512_storeu_ps(to + c * ldt, _mm512_shuffle_f32x4(p0, q0, 0x88));
    _mm512_storeu_ps(to + (4 + c) * ldt, _mm512_shuffle_f32x4(p1, q1, 0x88));
    _mm512_storeu_ps(to + (8 + c) * ldt, _mm512_shuffle_f32x4(p0, q0, 0xdd));
    _mm512_storeu_ps(to + (12 + c) * ldt, _mm512_shuffle_f32x4(p1, q1, 0xdd));
  }
}

// to [pad16(width), pad16(rows)] = transpose of from [rows, width].
RT_AVX512 inline void transpose(const float* from, int64_t stride, int64_t rows, int64_t width,
                                float* to) {
  const int64_t ld = pad16(rows);
  for (int64_t j = 0; j < rows; j += 16) {
    for (int64_t p = 0; p < width; p += 16)
      transpose16(from + j * stride + p, stride, rows - j, lanes(width - p), to + p * ld + j, ld);
  }
}

// Softmax of scale times a row [n]. Padding up to the next multiple of 16 is not read and is set to
// zero.
RT_AVX512 inline void softmax(float* row, int64_t n, float scale) {
  const __m512 none = _mm512_set1_ps(-std::numeric_limits<float>::infinity());
  __m512 top = none;
  for (int64_t j = 0; j < n; j += 16)
    top = _mm512_max_ps(top, _mm512_mask_loadu_ps(none, lanes(n - j), row + j));
  const __m512 shift = _mm512_set1_ps(_mm512_reduce_max_ps(top)), factor = _mm512_set1_ps(scale);
  __m256 sums = _mm256_setzero_ps();
  for (int64_t j = 0; j < n; j += 16) {
    const __m512 e = exp16(_mm512_mul_ps(
        _mm512_sub_ps(_mm512_mask_loadu_ps(none, lanes(n - j), row + j), shift), factor));
    _mm512_storeu_ps(row + j, e);
    sums = _mm256_add_ps(_mm256_add_ps(sums, lower8(e)), upper8(e));
  }
  const __m512 inverse = _mm512_set1_ps(1.0f / sum8(sums));
  for (int64_t j = 0; j < n; j += 16)
    _mm512_storeu_ps(row + j, _mm512_mul_ps(_mm512_loadu_ps(row + j), inverse));
}

}  // namespace rt
#endif
