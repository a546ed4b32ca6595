// GeluKernel in AVX-512, with the same bits: a = c GELU(z + bias) and its gradients over some rows
// and columns.
#include "rt.h"
#include "simd.h"

// Same fields as GeluTask.cs.
struct GeluTask {
  const float *z, *bias, *coefficients;  // of the first column; coefficients may be null
  float* fp32;                           // activations, or null
  uint16_t* bf16;                        // activations in bfloat16, or null
  int64_t stride, rows, columns;
  // Backward only: the gradient of a is replaced by that of z, also in bfloat16 unless
  // gradient_bf16 is null; the column sums of each `block` rows are `block_stride` apart.
  float* gradient;
  uint16_t* gradient_bf16;
  float *bias_sums, *coefficient_sums;
  int64_t block, block_stride;
};

#if defined(__x86_64__)
namespace {

// Prefetch distance in elements; continues from the end of a row into the next one.
constexpr int64_t kAhead = 256;

int64_t ahead(const GeluTask& g, int64_t row, int64_t column) {
  return column + kAhead < g.columns ? row * g.stride + column + kAhead
                                     : (row + 1) * g.stride + column + kAhead - g.columns;
}

RT_AVX512 void forward(const GeluTask& g) {
  for (int64_t r = 0; r < g.rows; ++r) {
    for (int64_t j = 0; j < g.columns; j += 16) {
      const __mmask16 m = rt::lanes(g.columns - j);
      const int64_t at = r * g.stride + j;
      const int64_t next = ahead(g, r, j);
      __builtin_prefetch(g.z + next);
      if (g.bf16 == nullptr) __builtin_prefetch(g.fp32 + next, 1);
      __m512 value = rt::gelu16(
          _mm512_add_ps(_mm512_maskz_loadu_ps(m, g.z + at), _mm512_maskz_loadu_ps(m, g.bias + j)));
      if (g.coefficients != nullptr)
        value = _mm512_mul_ps(value, _mm512_maskz_loadu_ps(m, g.coefficients + j));
      rt::store16(g.fp32, g.bf16, at, m, value);
    }
  }
}

RT_AVX512 void backward(const GeluTask& g) {
  for (int64_t r = 0; r < g.rows; ++r) {
    const int64_t block = r / g.block * g.block_stride;
    for (int64_t j = 0; j < g.columns; j += 16) {
      const __mmask16 m = rt::lanes(g.columns - j);
      const int64_t at = r * g.stride + j;
      const int64_t next = ahead(g, r, j);
      __builtin_prefetch(g.z + next);
      __builtin_prefetch(g.gradient + next, 1);
      if (g.bf16 == nullptr) __builtin_prefetch(g.fp32 + next, 1);
      const __m512 x =
          _mm512_add_ps(_mm512_maskz_loadu_ps(m, g.z + at), _mm512_maskz_loadu_ps(m, g.bias + j));
      const rt::NormalTail normal = rt::normal_tail16(x);
      __m512 value = rt::gelu16(x, normal), given = _mm512_maskz_loadu_ps(m, g.gradient + at);
      if (g.coefficients != nullptr) {
        float* sums = g.coefficient_sums + block + j;
        _mm512_mask_storeu_ps(sums, m,
                              _mm512_fmadd_ps(given, value, _mm512_maskz_loadu_ps(m, sums)));
        const __m512 c = _mm512_maskz_loadu_ps(m, g.coefficients + j);
        value = _mm512_mul_ps(value, c);
        given = _mm512_mul_ps(given, c);
      }
      const __m512 dz = _mm512_mul_ps(given, rt::gelu_slope16(x, normal));
      rt::store16(g.fp32, g.bf16, at, m, value);
      _mm512_mask_storeu_ps(g.gradient + at, m, dz);
      if (g.gradient_bf16 != nullptr)
        _mm256_mask_storeu_epi16(g.gradient_bf16 + at, m, rt::to_bf16(dz));
      float* sums = g.bias_sums + block + j;
      _mm512_mask_storeu_ps(sums, m, _mm512_add_ps(_mm512_maskz_loadu_ps(m, sums), dz));
    }
  }
}

}  // namespace

// Both require rt_avx512_supported.
RT_API void rt_gelu_forward(const GeluTask* task) { forward(*task); }
RT_API void rt_gelu_backward(const GeluTask* task) { backward(*task); }
#else
RT_API void rt_gelu_forward(const GeluTask*) {}
RT_API void rt_gelu_backward(const GeluTask*) {}
#endif
