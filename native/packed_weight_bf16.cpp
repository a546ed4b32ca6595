// PackedWeightBf16: rows times a packed bfloat16 matrix. Every output is one sum in a fixed order,
// two products per step (VDPBF16PS, not available in .NET 10), so a row does not depend on other
// rows. Panels of 32 outputs: [pairs of inputs][32 outputs][2].
#include "packed_weight_amx.h"
#include "rt.h"
#include "simd.h"

#include <cstring>

#if defined(__x86_64__)
#define RT_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16,fma")))

namespace {

template <int Rows>
RT_BF16 void tile(const uint16_t* x, int64_t ldx, const uint16_t* panel, int64_t pairs,
                  const float* bias, float* y, int64_t ldy, __mmask16 m0, __mmask16 m1) {
  __m512 low[Rows], high[Rows];
  const __m512 b0 = _mm512_loadu_ps(bias), b1 = _mm512_loadu_ps(bias + 16);
#pragma GCC unroll 12
  for (int r = 0; r < Rows; ++r) low[r] = b0, high[r] = b1;
  const uint16_t *x3 = x + 3 * ldx, *x6 = x + 6 * ldx, *x9 = x + 9 * ldx;
  for (int64_t p = 0; p < pairs; ++p) {
    const auto w0 = (__m512bh)_mm512_loadu_si512(panel + p * 64),
               w1 = (__m512bh)_mm512_loadu_si512(panel + p * 64 + 32);
#pragma GCC unroll 12
    for (int r = 0; r < Rows; ++r) {
      const uint16_t* row = r < 3 ? x : r < 6 ? x3 : r < 9 ? x6 : x9;
      int32_t pair;
      std::memcpy(&pair, row + (r % 3) * ldx + 2 * p, 4);
      const auto a = (__m512bh)_mm512_set1_epi32(pair);
      low[r] = _mm512_dpbf16_ps(low[r], a, w0);
      high[r] = _mm512_dpbf16_ps(high[r], a, w1);
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < Rows; ++r) {
    _mm512_mask_storeu_ps(y + r * ldy, m0, low[r]);
    _mm512_mask_storeu_ps(y + r * ldy + 16, m1, high[r]);
  }
}

using Tile = void (*)(const uint16_t*, int64_t, const uint16_t*, int64_t, const float*, float*,
                      int64_t, __mmask16, __mmask16);

constexpr Tile kTiles[] = {nullptr, tile<1>, tile<2>, tile<3>,  tile<4>,  tile<5>, tile<6>,
                           tile<7>, tile<8>, tile<9>, tile<10>, tile<11>, tile<12>};

RT_AVX512 void run(const uint16_t* x, int64_t ldx, int64_t rows, const uint16_t* panels,
                   int64_t pairs, const float* bias, int64_t outputs, int64_t first, int64_t last,
                   const rt::Epilogue& e) {
  const bool plain = e.gelu == 0 && e.coefficients == nullptr && e.bf16 == nullptr;
  alignas(64) float buffer[12 * 32];
  for (int64_t p = first; p < last; ++p) {
    const int64_t column = 32 * p, width = outputs - column < 32 ? outputs - column : 32;
    const uint16_t* panel = panels + p * pairs * 64;
    for (int64_t r = 0; r < rows; r += 12) {
      const int64_t count = rows - r < 12 ? rows - r : 12;
      if (plain) {
        kTiles[count](x + r * ldx, ldx, panel, pairs, bias + column, e.fp32 + r * e.stride + column,
                      e.stride, rt::lanes(width), rt::lanes(width - 16));
      } else {
        kTiles[count](x + r * ldx, ldx, panel, pairs, bias + column, buffer, 32, 0xffff, 0xffff);
        // Rows of an odd width end with a zero, which the next GEMM reads.
        rt::finish(buffer, count, width, e.bf16 == nullptr ? width : (width + 1) & ~1, e, r,
                   column);
      }
    }
  }
}

}  // namespace

// Panels first..last of y [rows, outputs] = x [rows, 2 pairs] (bfloat16, row stride ldx) W^T +
// bias, then optional GELU and coefficients [outputs] unless null, to fp32 or, rounded, to bf16
// (row stride ldy). Requires AVX512_BF16, and rt_amx_supported with `tiles`.
RT_API void rt_packed_weight_bf16(const uint16_t* x, int64_t ldx, int64_t rows,
                                  const uint16_t* panels, int64_t pairs, const float* bias,
                                  int64_t outputs, int64_t first, int64_t last, int32_t gelu,
                                  const float* coefficients, float* fp32, uint16_t* bf16,
                                  int64_t ldy, int32_t tiles) {
  const rt::Epilogue e{gelu, coefficients, fp32, bf16, ldy};
  if (tiles == 0) {
    run(x, ldx, rows, panels, pairs, bias, outputs, first, last, e);
    return;
  }
  const int64_t whole = rows - rows % 32;
  if (whole > 0) rt::amx_rows(x, ldx, 0, whole, panels, pairs, bias, outputs, first, last, e);
  if (whole < rows) rt::amx_rows(x, ldx, whole, rows, panels, pairs, bias, outputs, first, last, e);
}
// Without `tiles`: a virtual machine may hide AVX512_BF16 of a processor that has it.
RT_API int32_t rt_packed_weight_bf16_supported() {
  return rt_avx512_supported() && __builtin_cpu_supports("avx512bf16");
}
RT_API int32_t rt_amx_supported() { return rt_avx512_supported() && rt::amx_ready() ? 1 : 0; }
#else
RT_API void rt_packed_weight_bf16(const uint16_t*, int64_t, int64_t, const uint16_t*, int64_t,
                                  const float*, int64_t, int64_t, int64_t, int32_t, const float*,
                                  float*, uint16_t*, int64_t, int32_t) {}
RT_API int32_t rt_packed_weight_bf16_supported() { return 0; }
RT_API int32_t rt_amx_supported() { return 0; }
#endif
