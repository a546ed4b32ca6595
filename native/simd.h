// Elementary functions on sixteen floats, with the same bits as the managed ones on eight
// (VectorMath, GeluMath, GeluKernel, BFloat16, KeyedFill). Files that include this are compiled
// with -ffp-contract=off.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>

#define RT_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,fma")))
#define RT_AVX512_INLINE \
  __attribute__((target("avx512f,avx512bw,avx512vl,fma"), always_inline)) inline

namespace rt {

// Mask of the lanes below count, clamped to 0..16.
inline __mmask16 lanes(int64_t count) {
  return count >= 16 ? 0xffff : count <= 0 ? 0 : static_cast<__mmask16>((1u << count) - 1);
}

RT_AVX512_INLINE __m512 exp16(__m512 x) {
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504088896341f)),
                                        _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m512 r = _mm512_fmadd_ps(n, _mm512_set1_ps(-0.693359375f), x);
  r = _mm512_fmadd_ps(n, _mm512_set1_ps(2.12194440e-4f), r);
  __m512 p = _mm512_set1_ps(1.9875691500e-4f);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.3981999507e-3f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(8.3334519073e-3f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(4.1665795894e-2f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.6666665459e-1f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.0000001201e-1f));
  p = _mm512_fmadd_ps(p, _mm512_mul_ps(r, r), _mm512_add_ps(r, _mm512_set1_ps(1.0f)));
  const __m512i scaled =
      _mm512_add_epi32(_mm512_castps_si512(p), _mm512_slli_epi32(_mm512_cvtps_epi32(n), 23));
  const __mmask16 vanishes = _mm512_cmp_ps_mask(x, _mm512_set1_ps(-87.0f), _CMP_LT_OQ),
                  unordered = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  const __m512 result =
      _mm512_castsi512_ps(_mm512_maskz_mov_epi32(static_cast<__mmask16>(~vanishes), scaled));
  return _mm512_mask_mov_ps(result, unordered, x);
}

// GeluMath.NormalTail: the terms of GELU and of its derivative.
struct NormalTail {
  __m512 tail;         // 1 - erf(|x| / sqrt 2)
  __m512 exponential;  // exp(-x^2 / 2)
};

RT_AVX512_INLINE NormalTail normal_tail16(__m512 x) {
  const __m512 magnitude = _mm512_abs_ps(_mm512_mul_ps(x, _mm512_set1_ps(0.70710678118654752f)));
  const __m512 t =
      _mm512_div_ps(_mm512_set1_ps(1.0f),
                    _mm512_fmadd_ps(_mm512_set1_ps(0.3275911f), magnitude, _mm512_set1_ps(1.0f)));
  __m512 p = _mm512_set1_ps(1.061405429f);
  p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(-1.453152027f));
  p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(1.421413741f));
  p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(-0.284496736f));
  p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(0.254829592f));
  const __m512 square = _mm512_mul_ps(magnitude, magnitude);
  const __m512 minus = _mm512_castsi512_ps(
      _mm512_xor_epi32(_mm512_castps_si512(square), _mm512_set1_epi32(INT32_MIN)));
  const __m512 exponential = exp16(minus);
  return {_mm512_mul_ps(_mm512_mul_ps(p, t), exponential), exponential};
}

// GeluMath.Gelu. For x < 0: x tail / 2, without the cancellation of 1 - (1 - tail).
RT_AVX512_INLINE __m512 gelu16(__m512 x, const NormalTail& normal) {
  const __m512 half = _mm512_mul_ps(x, _mm512_set1_ps(0.5f));
  const __mmask16 negative = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ);
  return _mm512_mask_mul_ps(_mm512_mul_ps(half, _mm512_sub_ps(_mm512_set1_ps(2.0f), normal.tail)),
                            negative, half, normal.tail);
}

RT_AVX512_INLINE __m512 gelu16(__m512 x) { return gelu16(x, normal_tail16(x)); }

// Phi(x) + x phi(x): GeluKernel.GeluAndSlope.
RT_AVX512_INLINE __m512 gelu_slope16(__m512 x, const NormalTail& normal) {
  const __mmask16 negative = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ);
  const __m512 below = _mm512_mul_ps(_mm512_set1_ps(0.5f), normal.tail);
  const __m512 cdf =
      _mm512_mask_mov_ps(_mm512_sub_ps(_mm512_set1_ps(1.0f), below), negative, below);
  const __m512 density =
      _mm512_mul_ps(x, _mm512_mul_ps(normal.exponential, _mm512_set1_ps(0.39894228040143268f)));
  // x phi(x) is 0 at both infinities, where 0 * infinity would be NaN.
  const __mmask16 vanishes =
      _mm512_cmp_ps_mask(normal.exponential, _mm512_setzero_ps(), _CMP_EQ_OQ) &
      _mm512_cmp_ps_mask(x, x, _CMP_ORD_Q);
  return _mm512_add_ps(cdf, _mm512_mask_mov_ps(density, vanishes, _mm512_setzero_ps()));
}

// BFloat16.Round: to nearest, ties to even. The processor's own conversion flushes denormals.
RT_AVX512_INLINE __m256i to_bf16(__m512 x) {
  const __m512i bits = _mm512_castps_si512(x), high = _mm512_srli_epi32(bits, 16);
  const __m512i odd = _mm512_and_epi32(high, _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_srli_epi32(
      _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd), 16);
  const __mmask16 unordered = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  return _mm512_cvtepi32_epi16(
      _mm512_mask_or_epi32(rounded, unordered, high, _mm512_set1_epi32(0x40)));
}

// Managed sums have eight lanes: the lower half of the sixteen is added first.
RT_AVX512_INLINE __m256 lower8(__m512 x) { return _mm512_castps512_ps256(x); }
RT_AVX512_INLINE __m256 upper8(__m512 x) {
  return _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(x), 1));
}

// The order of Vector256.Sum: neighbours, then pairs, then halves.
RT_AVX512_INLINE float sum8(__m256 x) {
  __m128 low = _mm256_castps256_ps128(x), high = _mm256_extractf128_ps(x, 1);
  low = _mm_add_ps(low, _mm_shuffle_ps(low, low, 0xb1));
  high = _mm_add_ps(high, _mm_shuffle_ps(high, high, 0xb1));
  low = _mm_add_ps(low, _mm_shuffle_ps(low, low, 0x4e));
  high = _mm_add_ps(high, _mm_shuffle_ps(high, high, 0x4e));
  return _mm_cvtss_f32(_mm_add_ss(low, high));
}

// Dropout of one row: its key, the 24-bit threshold below which an element is dropped, and the
// scale of kept ones.
struct Draw {
  __m512i low, high, limit;
  __m512 kept;

  RT_AVX512_INLINE Draw(uint64_t key, uint32_t threshold, float factor) {
    low = _mm512_set1_epi32(static_cast<int32_t>(key));
    high = _mm512_set1_epi32(static_cast<int32_t>(key >> 32));
    limit = _mm512_set1_epi32(static_cast<int32_t>(threshold));
    kept = _mm512_set1_ps(factor);
  }
};

// KeyedFill.DropoutRow for sixteen elements from `first` on. Factors are multiplied rather than
// selected, so that NaN stays NaN.
RT_AVX512_INLINE __m512 dropout16(const Draw& draw, int64_t first) {
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i feature = _mm512_add_epi32(_mm512_set1_epi32(static_cast<int32_t>(first)), lane);
  __m512i x = _mm512_add_epi32(
      draw.low, _mm512_mullo_epi32(feature, _mm512_set1_epi32(static_cast<int32_t>(0x9e3779b9u))));
  x = _mm512_xor_epi32(x, _mm512_srli_epi32(x, 16));
  x = _mm512_xor_epi32(_mm512_mullo_epi32(x, _mm512_set1_epi32(0x7feb352d)), draw.high);
  x = _mm512_xor_epi32(x, _mm512_srli_epi32(x, 15));
  x = _mm512_mullo_epi32(x, _mm512_set1_epi32(static_cast<int32_t>(0x846ca68bu)));
  x = _mm512_xor_epi32(x, _mm512_srli_epi32(x, 16));
  return _mm512_maskz_mov_ps(_mm512_cmpge_epu32_mask(_mm512_srli_epi32(x, 8), draw.limit),
                             draw.kept);
}

// Stores the lanes of m as float, or rounded to bfloat16 if `bf16` is given.
RT_AVX512_INLINE void store16(float* fp32, uint16_t* bf16, int64_t at, __mmask16 m, __m512 value) {
  if (bf16 != nullptr)
    _mm256_mask_storeu_epi16(bf16 + at, m, to_bf16(value));
  else
    _mm512_mask_storeu_ps(fp32 + at, m, value);
}

// Operations after a GEMM while its tile is in L1: GELU, one coefficient per column, rounding to
// bfloat16 for the next GEMM.
struct Epilogue {
  int32_t gelu;
  const float* coefficients;  // of the tile's first column
  float* fp32;                // the target, or null
  uint16_t* bf16;             // the target in bfloat16, or null
  int64_t stride;
};

// Applies the epilogue to `width` columns of a tile [rows, 32]; columns between `width` and
// `written` become zero.
RT_AVX512 inline void finish(const float* tile, int64_t rows, int64_t width, int64_t written,
                             const Epilogue& e, int64_t row, int64_t column) {
  for (int64_t half = 0; half < 2; ++half) {
    const __mmask16 inside = lanes(width - 16 * half), stored = lanes(written - 16 * half);
    if (stored == 0) break;
    const __m512 c = e.coefficients == nullptr
                         ? _mm512_set1_ps(1.0f)
                         : _mm512_maskz_loadu_ps(inside, e.coefficients + column + 16 * half);
    for (int64_t r = 0; r < rows; ++r) {
      __m512 value = _mm512_loadu_ps(tile + r * 32 + 16 * half);
      if (e.gelu != 0) value = gelu16(value);
      if (e.coefficients != nullptr) value = _mm512_mul_ps(value, c);
      value = _mm512_maskz_mov_ps(inside, value);
      store16(e.fp32, e.bf16, (row + r) * e.stride + column + 16 * half, stored, value);
    }
  }
}

}  // namespace rt
#endif
