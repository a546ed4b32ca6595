// ResidualNormKernel in AVX-512, with the same bits: y = LayerNorm(dropout(x + bias) + residual) of
// whole rows and its gradients. The dropout mask is generated in registers and never stored.
#include "rt.h"
#include "simd.h"

#include <algorithm>
#include <cmath>

// Same fields as ResidualNormTask.cs.
struct ResidualNormTask {
  int64_t rows, width;   // rows are contiguous
  const uint64_t* keys;  // [rows], or null: no dropout
  uint32_t threshold;    // 24-bit: elements drawn below it are dropped
  float kept;            // scale of kept elements
  const float* gamma;
  float *normalised, *inverse;  // forward: x is replaced by the normalised rows; backward reads both
  // Forward only.
  const float *bias, *residual, *beta;
  double epsilon;
  float* y;
  // Backward only; dx may alias dy. The sums are [width]; these rows are added to them.
  const float* dy;
  float *dx, *d_residual, *gamma_sums, *beta_sums, *bias_sums;
};

#if defined(__x86_64__)
namespace {

#define RT_STEP __attribute__((target("avx512f,avx512bw,avx512vl,fma"), always_inline))

// Rows per group: each pass runs over a group before the next pass, whose input is then still in
// L2. The first pass prefetches the output of the last.
constexpr int64_t kGroup = 8;
// Rows whose squares are summed together: the order within a sum is fixed, so only independent sums
// hide the latency of additions.
constexpr int kChains = 4;

// Sixteen columns from `column` on, of which `inside` are in the row. The managed kernel processes
// `eights` as vectors and the rest one by one.
struct Lanes {
  int64_t column;
  __mmask16 inside, eights;
};

template <typename Step>
RT_AVX512_INLINE void for_columns(int64_t width, Step step) {
  int64_t j = 0;
  for (; j + 16 <= width; j += 16) step(Lanes{j, 0xffff, 0xffff});
  if (j < width) step(Lanes{j, rt::lanes(width - j), rt::lanes((width - j) & ~int64_t{7})});
}

RT_AVX512_INLINE __m512 load(const float* p, const Lanes& l) {
  return l.inside == 0xffff ? _mm512_loadu_ps(p) : _mm512_maskz_loadu_ps(l.inside, p);
}

RT_AVX512_INLINE void store(float* p, const Lanes& l, __m512 value) {
  if (l.inside == 0xffff)
    _mm512_storeu_ps(p, value);
  else
    _mm512_mask_storeu_ps(p, l.inside, value);
}

// a b + c as in the managed backward: fused in vectors, rounded twice in the scalar tail.
RT_AVX512_INLINE __m512 multiply_add(__m512 a, __m512 b, __m512 c, const Lanes& l) {
  const __m512 fused = _mm512_fmadd_ps(a, b, c);
  return l.eights == 0xffff
             ? fused
             : _mm512_mask_mov_ps(_mm512_add_ps(_mm512_mul_ps(a, b), c), l.eights, fused);
}

// Adds to the eight lanes of the managed sums, which cover whole vectors only.
RT_AVX512_INLINE void add(__m256& sums, __m512 x, const Lanes& l) {
  if (l.eights & 0xff) sums = _mm256_add_ps(sums, rt::lower8(x));
  if (l.eights & 0xff00) sums = _mm256_add_ps(sums, rt::upper8(x));
}

RT_AVX512_INLINE void add_product(__m256& sums, __m512 a, __m512 b, const Lanes& l) {
  if (l.eights & 0xff) sums = _mm256_fmadd_ps(rt::lower8(a), rt::lower8(b), sums);
  if (l.eights & 0xff00) sums = _mm256_fmadd_ps(rt::upper8(a), rt::upper8(b), sums);
}

// Replaces x by dropout(x + bias) + residual. Returns the mean.
template <bool kDropout>
RT_AVX512 float add_row(const ResidualNormTask& p, int64_t row) {
  const int64_t width = p.width;
  const float *bias = p.bias, *residual = p.residual + row * width, *y = p.y + row * width;
  float* x = p.normalised + row * width;
  const rt::Draw draw(kDropout ? p.keys[row] : 0, p.threshold, p.kept);
  __m256 sums = _mm256_setzero_ps();
  for_columns(width, [&](Lanes l) RT_STEP {
    const int64_t j = l.column;
    __builtin_prefetch(y + j, 1);
    __m512 value = _mm512_add_ps(load(x + j, l), load(bias + j, l));
    if (kDropout) value = _mm512_mul_ps(value, rt::dropout16(draw, j));
    value = _mm512_add_ps(value, load(residual + j, l));
    store(x + j, l, value);
    add(sums, value, l);
  });
  float sum = rt::sum8(sums);
  for (int64_t j = width & ~int64_t{7}; j < width; ++j) sum += x[j];
  return sum / static_cast<float>(width);
}

// 1 / deviation of each of N rows.
template <int N>
RT_AVX512 void deviate(const ResidualNormTask& p, int64_t row, const float* means) {
  const int64_t width = p.width;
  const float* x = p.normalised + row * width;
  __m512 centre[N];
  __m256 squares[N];
#pragma GCC unroll 4
  for (int r = 0; r < N; ++r) {
    centre[r] = _mm512_set1_ps(means[r]);
    squares[r] = _mm256_setzero_ps();
  }
  for_columns(width, [&](Lanes l) RT_STEP {
#pragma GCC unroll 4
    for (int r = 0; r < N; ++r) {
      const __m512 d = _mm512_sub_ps(load(x + r * width + l.column, l), centre[r]);
      add_product(squares[r], d, d, l);
    }
  });
#pragma GCC unroll 4
  for (int r = 0; r < N; ++r) {
    float square = rt::sum8(squares[r]);
    for (int64_t j = width & ~int64_t{7}; j < width; ++j)
      square += (x[r * width + j] - means[r]) * (x[r * width + j] - means[r]);
    p.inverse[row + r] = static_cast<float>(
        1.0 / std::sqrt(static_cast<double>(square / static_cast<float>(width)) + p.epsilon));
  }
}

RT_AVX512 void normalise_row(const ResidualNormTask& p, int64_t row, float mean) {
  const float *gamma = p.gamma, *beta = p.beta;
  float *x = p.normalised + row * p.width, *y = p.y + row * p.width;
  const __m512 centre = _mm512_set1_ps(mean), scale = _mm512_set1_ps(p.inverse[row]);
  for_columns(p.width, [&](Lanes l) RT_STEP {
    const int64_t j = l.column;
    const __m512 n = _mm512_mul_ps(_mm512_sub_ps(load(x + j, l), centre), scale);
    store(x + j, l, n);
    store(y + j, l, _mm512_fmadd_ps(n, load(gamma + j, l), load(beta + j, l)));
  });
}

template <bool kDropout>
void forward(const ResidualNormTask& p) {
  float means[kGroup];
  for (int64_t first = 0; first < p.rows; first += kGroup) {
    const int64_t count = std::min(kGroup, p.rows - first);
    for (int64_t r = 0; r < count; ++r) means[r] = add_row<kDropout>(p, first + r);
    int64_t r = 0;
    for (; r + kChains <= count; r += kChains) deviate<kChains>(p, first + r, means + r);
    for (; r < count; ++r) deviate<1>(p, first + r, means + r);
    for (r = 0; r < count; ++r) normalise_row(p, first + r, means[r]);
  }
}

// With g = dy gamma and n the normalised row: ds = (g - mean(g) - n mean(g n)) / deviation.
struct Means {
  float plain, weighted;
};

RT_AVX512 Means sum_row(const ResidualNormTask& p, int64_t row) {
  const int64_t width = p.width, at = row * width;
  const float *gamma = p.gamma, *dy = p.dy + at, *normalised = p.normalised + at, *dx = p.dx + at,
              *d_residual = p.d_residual + at;
  float *gamma_sums = p.gamma_sums, *beta_sums = p.beta_sums;
  __m256 plain = _mm256_setzero_ps(), weighted = _mm256_setzero_ps();
  for_columns(width, [&](Lanes l) RT_STEP {
    const int64_t j = l.column;
    __builtin_prefetch(d_residual + j, 1);
    __builtin_prefetch(dx + j, 1);
    const __m512 given = load(dy + j, l), n = load(normalised + j, l),
                 g = _mm512_mul_ps(given, load(gamma + j, l));
    add(plain, g, l);
    add_product(weighted, g, n, l);
    store(gamma_sums + j, l, multiply_add(given, n, load(gamma_sums + j, l), l));
    store(beta_sums + j, l, _mm512_add_ps(load(beta_sums + j, l), given));
  });
  float sum = rt::sum8(plain), product = rt::sum8(weighted);
  for (int64_t j = width & ~int64_t{7}; j < width; ++j) {
    const float g = dy[j] * gamma[j];
    sum += g;
    product += g * normalised[j];
  }
  return {sum / static_cast<float>(width), product / static_cast<float>(width)};
}

template <bool kDropout>
RT_AVX512 void slope_row(const ResidualNormTask& p, int64_t row, Means means) {
  const int64_t at = row * p.width;
  const float *gamma = p.gamma, *dy = p.dy + at, *normalised = p.normalised + at;
  float *dx = p.dx + at, *d_residual = p.d_residual + at, *bias_sums = p.bias_sums;
  const __m512 centre = _mm512_set1_ps(means.plain), along = _mm512_set1_ps(-means.weighted),
               scale = _mm512_set1_ps(p.inverse[row]);
  const rt::Draw draw(kDropout ? p.keys[row] : 0, p.threshold, p.kept);
  for_columns(p.width, [&](Lanes l) RT_STEP {
    const int64_t j = l.column;
    const __m512 g = _mm512_mul_ps(load(dy + j, l), load(gamma + j, l));
    const __m512 ds = _mm512_mul_ps(
        multiply_add(load(normalised + j, l), along, _mm512_sub_ps(g, centre), l), scale);
    const __m512 dropped = kDropout ? _mm512_mul_ps(ds, rt::dropout16(draw, j)) : ds;
    store(d_residual + j, l, ds);
    store(dx + j, l, dropped);
    store(bias_sums + j, l, _mm512_add_ps(load(bias_sums + j, l), dropped));
  });
}

template <bool kDropout>
void backward(const ResidualNormTask& p) {
  Means means[kGroup];
  for (int64_t first = 0; first < p.rows; first += kGroup) {
    const int64_t count = std::min(kGroup, p.rows - first);
    for (int64_t r = 0; r < count; ++r) means[r] = sum_row(p, first + r);
    for (int64_t r = 0; r < count; ++r) slope_row<kDropout>(p, first + r, means[r]);
  }
}

}  // namespace

// Both require rt_avx512_supported.
RT_API void rt_residual_norm_forward(const ResidualNormTask* task) {
  task->keys == nullptr ? forward<false>(*task) : forward<true>(*task);
}
RT_API void rt_residual_norm_backward(const ResidualNormTask* task) {
  task->keys == nullptr ? backward<false>(*task) : backward<true>(*task);
}
#else
RT_API void rt_residual_norm_forward(const ResidualNormTask*) {}
RT_API void rt_residual_norm_backward(const ResidualNormTask*) {}
#endif
