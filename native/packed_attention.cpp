// PackedAttentionKernel in AVX-512, with the same bits: one head over one sequence, forward with
// dropout and backward. Backward regenerates dropout masks from their key.
#include "attention.h"
#include "rt.h"

#include <algorithm>

// Same fields as PackedAttentionTask.cs.
struct PackedAttentionTask {
  const float *query, *key, *value;  // [queries, width], [keys, width] twice, rows `stride` apart
  int64_t stride, queries, keys, width;
  float scale, coefficient;  // 1 / sqrt(width), and the head's coefficient
  uint64_t dropout_key;      // of this example; derived by query and head
  int64_t head;
  uint32_t dropped_below;  // out of 2^24; with `keeps` 0 nothing is dropped
  float keeps;             // 1 / (1 - p)
  float* table;            // [queries, pad8(keys)] probabilities kept for backward, or null
  float* scratch;          // 4 queries pad8(keys) + (pad16(width) + 8) pad16(keys) floats
};

#if defined(__x86_64__)
namespace {

// RandomKey.Derive
uint64_t derive(uint64_t key, uint64_t coordinate) {
  uint64_t z = (key ^ (coordinate * 0xd6e8feb86659fd93ull)) + 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

int64_t pad8(int64_t count) { return (count + 7) & ~7; }

uint64_t row_key(const PackedAttentionTask& t, int64_t query) {
  return derive(derive(t.dropout_key, static_cast<uint64_t>(query)), static_cast<uint64_t>(t.head));
}

// Probabilities of `count` (at most eight) queries from `first` on: rows [count, pad16(keys)], zero
// beyond the keys. `transposed` contains the transposed keys.
RT_AVX512 void probabilities(const PackedAttentionTask& t, const float* transposed, int64_t first,
                             int64_t count, float* rows) {
  const int64_t ld = rt::pad16(t.keys);
  rt::small_gemm(count, ld, t.width, t.query + first * t.stride, t.stride, 1, transposed, ld, rows,
                 ld);
  for (int64_t r = 0; r < count; ++r) rt::softmax(rows + r * ld, t.keys, t.scale);
}

RT_AVX512 void multiply(float* row, int64_t count, float factor) {
  for (int64_t j = 0; j < count; j += 16) {
    const __mmask16 m = rt::lanes(count - j);
    _mm512_mask_storeu_ps(row + j, m,
                          _mm512_mul_ps(_mm512_maskz_loadu_ps(m, row + j), _mm512_set1_ps(factor)));
  }
}

RT_AVX512 float dot(const float* a, const float* b, int64_t count) {
  __m256 sums = _mm256_setzero_ps();
  for (int64_t j = 0; j < count; j += 8)
    sums = _mm256_fmadd_ps(_mm256_loadu_ps(a + j), _mm256_loadu_ps(b + j), sums);
  return rt::sum8(sums);
}

// Replaces gradient [n] by p (gradient - sum(p gradient)) factor.
RT_AVX512 void softmax_gradient(const float* p, float* gradient, int64_t n, float factor) {
  const __m256 sum = _mm256_set1_ps(dot(p, gradient, n)), f = _mm256_set1_ps(factor);
  for (int64_t j = 0; j < n; j += 8) {
    _mm256_storeu_ps(gradient + j,
                     _mm256_mul_ps(_mm256_mul_ps(_mm256_loadu_ps(p + j),
                                                 _mm256_sub_ps(_mm256_loadu_ps(gradient + j), sum)),
                                   f));
  }
}

RT_AVX512 void forward(const PackedAttentionTask& t, float* context) {
  const int64_t ld = rt::pad16(t.keys), kept = pad8(t.keys);
  float *transposed = t.scratch, *rows = transposed + rt::pad16(t.width) * ld;
  rt::transpose(t.key, t.stride, t.keys, t.width, transposed);
  for (int64_t i = 0; i < t.queries; i += rt::kRowsAtOnce) {
    const int64_t count = std::min<int64_t>(rt::kRowsAtOnce, t.queries - i);
    probabilities(t, transposed, i, count, rows);
    for (int64_t r = 0; r < count; ++r) {
      float* row = rows + r * ld;
      if (t.table != nullptr) std::copy_n(row, kept, t.table + (i + r) * kept);
      if (t.keeps == 0) continue;
      const rt::Draw draw(row_key(t, i + r), t.dropped_below, t.keeps);
      for (int64_t j = 0; j < ld; j += 16)
        _mm512_storeu_ps(row + j, _mm512_mul_ps(_mm512_loadu_ps(row + j), rt::dropout16(draw, j)));
    }
    rt::small_gemm(count, t.width, t.keys, rows, ld, 1, t.value, t.stride, context + i * t.stride,
                   t.stride);
    if (t.coefficient != 1)
      for (int64_t r = 0; r < count; ++r)
        multiply(context + (i + r) * t.stride, t.width, t.coefficient);
  }
}

RT_AVX512 void backward(const PackedAttentionTask& t, const float* gradient, float* query,
                        float* key, float* value, float* coefficient) {
  const int64_t ld = rt::pad16(t.keys), kept = pad8(t.keys), size = t.queries * kept;
  float *transposed = t.scratch, *rows = transposed + rt::pad16(t.width) * ld,
        *weights = rows + rt::kRowsAtOnce * ld, *gradients = weights + size,
        *scores = gradients + size;
  const float* table = t.table;
  if (table == nullptr) {
    float* again = scores + size;
    rt::transpose(t.key, t.stride, t.keys, t.width, transposed);
    for (int64_t i = 0; i < t.queries; i += rt::kRowsAtOnce) {
      const int64_t count = std::min<int64_t>(rt::kRowsAtOnce, t.queries - i);
      probabilities(t, transposed, i, count, rows);
      for (int64_t r = 0; r < count; ++r) std::copy_n(rows + r * ld, kept, again + (i + r) * kept);
    }
    table = again;
  }
  // dW = g V^T, the gradient of the dropped probabilities W before the head's coefficient.
  rt::transpose(t.value, t.stride, t.keys, t.width, transposed);
  rt::small_gemm(t.queries, kept, t.width, gradient, t.stride, 1, transposed, ld, gradients, kept);
  for (int64_t i = 0; i < t.queries; ++i) {
    const rt::Draw draw(t.keeps == 0 ? 0 : row_key(t, i), t.dropped_below, t.keeps);
    for (int64_t j = 0; j < kept; j += 16) {
      const __mmask16 m = rt::lanes(kept - j);
      const int64_t at = i * kept + j;
      __m512 w = _mm512_maskz_loadu_ps(m, table + at), d = _mm512_maskz_loadu_ps(m, gradients + at);
      if (t.keeps != 0) {
        const __m512 f = rt::dropout16(draw, j);
        w = _mm512_mul_ps(w, f);
        d = _mm512_mul_ps(d, f);
      }
      _mm512_mask_storeu_ps(weights + at, m, w);
      _mm512_mask_storeu_ps(scores + at, m, d);
    }
    softmax_gradient(table + i * kept, scores + i * kept, kept,
                     t.coefficient * t.scale);  // dS = P (dP - sum(dP P)) / sqrt(d), dP = c mask dW
  }
  if (coefficient != nullptr) *coefficient = dot(weights, gradients, size);  // d/dc = sum(W dW)
  rt::small_gemm(t.keys, t.width, t.queries, weights, 1, kept, gradient, t.stride, value,
                 t.stride);  // dV = c W^T g
  if (t.coefficient != 1)
    for (int64_t j = 0; j < t.keys; ++j) multiply(value + j * t.stride, t.width, t.coefficient);
  rt::small_gemm(t.queries, t.width, t.keys, scores, kept, 1, t.key, t.stride, query,
                 t.stride);  // dQ = dS K
  rt::small_gemm(t.keys, t.width, t.queries, scores, 1, kept, t.query, t.stride, key,
                 t.stride);  // dK = dS^T Q
}

}  // namespace

// context [queries, width]. Both require rt_avx512_supported.
RT_API void rt_packed_attention_forward(const PackedAttentionTask* task, float* context) {
  forward(*task, context);
}

// Gradients of query, key, value and, unless null, of the coefficient, from that of the context.
RT_API void rt_packed_attention_backward(const PackedAttentionTask* task, const float* gradient,
                                         float* query, float* key, float* value,
                                         float* coefficient) {
  backward(*task, gradient, query, key, value, coefficient);
}
#else
RT_API void rt_packed_attention_forward(const PackedAttentionTask*, float*) {}
RT_API void rt_packed_attention_backward(const PackedAttentionTask*, const float*, float*, float*,
                                         float*, float*) {}
#endif
