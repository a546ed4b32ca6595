// InferenceAttention: softmax(Q K^T / sqrt(d)) V of some heads of one packed sequence, forward
// only. Keys are transposed in registers, so that scores, softmax and context use full vectors;
// eight queries at a time stay in L1.
#include "attention.h"
#include "rt.h"

#include <algorithm>

#if defined(__x86_64__)
namespace {

RT_AVX512 void head(const float* q, int64_t ldq, int64_t queries, const float* k, const float* v,
                    int64_t ldk, int64_t keys, int64_t width, float scale, float* scratch,
                    const rt::Epilogue& e, int64_t column) {
  const int64_t padded = rt::pad16(keys);
  float *transposed = scratch, *table = scratch + rt::pad16(width) * padded;
  alignas(64) float context[rt::kRowsAtOnce * 32] = {};
  rt::transpose(k, ldk, keys, width, transposed);
  for (int64_t i = 0; i < queries; i += rt::kRowsAtOnce) {
    const int64_t rows = std::min<int64_t>(rt::kRowsAtOnce, queries - i);
    rt::small_gemm(rows, padded, width, q + i * ldq, ldq, 1, transposed, padded, table, padded);
    for (int64_t r = 0; r < rows; ++r) rt::softmax(table + r * padded, keys, scale);
    for (int64_t c = 0; c < width; c += 32) {
      const int64_t columns = std::min<int64_t>(32, width - c);
      rt::small_gemm(rows, columns, keys, table, padded, 1, v + c, ldk, context, 32);
      rt::finish(context, rows, columns, columns, e, i, column + c);
    }
  }
}

}  // namespace

// Heads first..last of one sequence: q [queries, heads * width], k and v [keys, heads * width],
// context to fp32 or bf16. `coefficients`: one factor per column, or null. Scratch: (pad16(width) +
// 8) * pad16(keys) floats. Requires rt_avx512_supported.
RT_API void rt_inference_attention(const float* q, int64_t ldq, int64_t queries, const float* k,
                                   const float* v, int64_t ldk, int64_t keys, int64_t first,
                                   int64_t last, int64_t width, float scale,
                                   const float* coefficients, float* scratch, float* fp32,
                                   uint16_t* bf16, int64_t stride) {
  for (int64_t h = first; h < last; ++h) {
    head(q + h * width, ldq, queries, k + h * width, v + h * width, ldk, keys, width, scale,
         scratch, {0, coefficients, fp32, bf16, stride}, h * width);
  }
}
#else
RT_API void rt_inference_attention(const float*, int64_t, int64_t, const float*, const float*,
                                   int64_t, int64_t, int64_t, int64_t, int64_t, float, const float*,
                                   float*, float*, uint16_t*, int64_t) {}
#endif
