// Rows times a packed bfloat16 matrix, for forward passes whose row must not depend on the rows around it: every output is one sum in one order, two products a step
// (VDPBF16PS, which .NET 10 cannot name). A library's product promises no such order. Weights lie in panels of 32 outputs, [pairs of inputs][32 outputs][2].
#include "rt.h"

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>

#define RT_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))

namespace {

template <int Rows>
RT_BF16 inline void tile(const uint16_t* x, int64_t ldx, const uint16_t* panel, int64_t pairs, const float* bias, float* y, int64_t ldy, int32_t width) {
  __m512 low[Rows], high[Rows];
  const __m512 b0 = _mm512_loadu_ps(bias), b1 = _mm512_loadu_ps(bias + 16);
#pragma GCC unroll 12
  for (int r = 0; r < Rows; ++r) low[r] = b0, high[r] = b1;
  for (int64_t p = 0; p < pairs; ++p) {
    const auto w0 = (__m512bh)_mm512_loadu_si512(panel + p * 64), w1 = (__m512bh)_mm512_loadu_si512(panel + p * 64 + 32);
#pragma GCC unroll 12
    for (int r = 0; r < Rows; ++r) {
      int32_t pair;
      std::memcpy(&pair, x + r * ldx + 2 * p, 4);
      const auto a = (__m512bh)_mm512_set1_epi32(pair);
      low[r] = _mm512_dpbf16_ps(low[r], a, w0);
      high[r] = _mm512_dpbf16_ps(high[r], a, w1);
    }
  }
  const __mmask16 m0 = width >= 16 ? 0xffff : static_cast<__mmask16>((1u << width) - 1);
  const __mmask16 m1 = width >= 32 ? 0xffff : width <= 16 ? 0 : static_cast<__mmask16>((1u << (width - 16)) - 1);
#pragma GCC unroll 12
  for (int r = 0; r < Rows; ++r) {
    _mm512_mask_storeu_ps(y + r * ldy, m0, low[r]);
    if (m1 != 0) _mm512_mask_storeu_ps(y + r * ldy + 16, m1, high[r]);
  }
}

RT_BF16 void block(const uint16_t* x, int64_t ldx, int64_t rows, const uint16_t* panel, int64_t pairs, const float* bias, float* y, int64_t ldy, int32_t width) {
  int64_t r = 0;
  for (; r + 12 <= rows; r += 12) tile<12>(x + r * ldx, ldx, panel, pairs, bias, y + r * ldy, ldy, width);
  for (; r + 4 <= rows; r += 4) tile<4>(x + r * ldx, ldx, panel, pairs, bias, y + r * ldy, ldy, width);
  for (; r < rows; ++r) tile<1>(x + r * ldx, ldx, panel, pairs, bias, y + r * ldy, ldy, width);
}

}  // namespace

// y [rows, width of at most 32] (row stride ldy) = x [rows, 2 pairs] (bfloat16, row stride ldx) times a panel, plus bias [32]. The caller has checked that the processor has AVX512_BF16.
RT_API void rt_bf16_panel(const uint16_t* x, int64_t ldx, int64_t rows, const uint16_t* panel, int64_t pairs, const float* bias, float* y, int64_t ldy, int32_t width) {
  block(x, ldx, rows, panel, pairs, bias, y, ldy, width);
}
RT_API int32_t rt_bf16_supported() { return 1; }
#else
RT_API void rt_bf16_panel(const uint16_t*, int64_t, int64_t, const uint16_t*, int64_t, const float*, float*, int64_t, int32_t) {}
RT_API int32_t rt_bf16_supported() { return 0; }
#endif
