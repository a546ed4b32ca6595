// PackedWeightFp32 in AVX-512, with the same bits: rows times a packed float matrix. An output is
// its bias plus one fused multiply-add per input, in order, so a row does not depend on other rows.
// Panels of 16 outputs: [bias, inputs][16].
#include "rt.h"
#include "simd.h"

#include <algorithm>

#if defined(__x86_64__)
namespace {

constexpr int64_t kAhead = 8 * 16;  // weights of eight inputs

// A tile prefetches its own weights kAhead elements early (into L1), and a share of the next two
// panels from L3 (into L2): one cache line per input, `pace` bytes apart.
struct Later {
  const char* from;
  int64_t pace;
};

// Up to twelve rows times one or two panels.
template <int Rows, int Panels>
RT_AVX512 void tile(const float* x, int64_t ldx, const float* panel, int64_t step, int64_t inputs,
                    Later later, float* y, int64_t ldy, __mmask16 m0, __mmask16 m1) {
  __m512 low[Rows], high[Rows];
  const __m512 b0 = _mm512_loadu_ps(panel), b1 = _mm512_loadu_ps(panel + (Panels > 1 ? step : 0));
#pragma GCC unroll 12
  for (int r = 0; r < Rows; ++r) low[r] = b0, high[r] = b1;
  const float* w = panel + 16;
  const float *x3 = x + 3 * ldx, *x6 = x + 6 * ldx, *x9 = x + 9 * ldx;
  for (int64_t q = 0; q < inputs; ++q, w += 16, later.from += later.pace) {
    _mm_prefetch(later.from, _MM_HINT_T1);
    _mm_prefetch(reinterpret_cast<const char*>(w + kAhead), _MM_HINT_T0);
    if (Panels > 1) _mm_prefetch(reinterpret_cast<const char*>(w + step + kAhead), _MM_HINT_T0);
    const __m512 w0 = _mm512_loadu_ps(w), w1 = Panels > 1 ? _mm512_loadu_ps(w + step) : w0;
#pragma GCC unroll 12
    for (int r = 0; r < Rows; ++r) {
      const float* row = r < 3 ? x : r < 6 ? x3 : r < 9 ? x6 : x9;
      const __m512 a = _mm512_set1_ps(row[(r % 3) * ldx + q]);
      low[r] = _mm512_fmadd_ps(a, w0, low[r]);
      if (Panels > 1) high[r] = _mm512_fmadd_ps(a, w1, high[r]);
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < Rows; ++r) {
    _mm512_mask_storeu_ps(y + r * ldy, m0, low[r]);
    if (Panels > 1) _mm512_mask_storeu_ps(y + r * ldy + 16, m1, high[r]);
  }
}

using Tile = void (*)(const float*, int64_t, const float*, int64_t, int64_t, Later, float*, int64_t,
                      __mmask16, __mmask16);

template <int Panels>
constexpr Tile kTiles[] = {nullptr,         tile<1, Panels>, tile<2, Panels>,  tile<3, Panels>,
                           tile<4, Panels>, tile<5, Panels>, tile<6, Panels>,  tile<7, Panels>,
                           tile<8, Panels>, tile<9, Panels>, tile<10, Panels>, tile<11, Panels>,
                           tile<12, Panels>};

RT_AVX512 void run(const float* x, int64_t ldx, int64_t rows, const float* panels, int64_t inputs,
                   int64_t outputs, int64_t first, int64_t last, const rt::Epilogue& e) {
  const int64_t step = 16 * (inputs + 1);
  const bool plain = e.gelu == 0 && e.coefficients == nullptr && e.bf16 == nullptr;
  alignas(64) float buffer[12 * 32];
  // Bytes of the next two panels that each block of rows prefetches, and how many per input.
  const int64_t blocks = std::max<int64_t>(1, (rows + 11) / 12), share = 8 * step / blocks,
                pace = share / (inputs + 1) + 1;
  for (int64_t p = first; p < last; p += 2) {
    const auto* tiles = last - p > 1 ? kTiles<2> : kTiles<1>;
    const int64_t column = 16 * p, width = outputs - column < 32 ? outputs - column : 32,
                  wide = last - p > 1 ? width
                         : width < 16 ? width
                                      : 16;
    const float *panel = panels + p * step, *next = p + 2 < last ? panel + 2 * step : panel;
    for (int64_t r = 0; r < rows; r += 12) {
      const int64_t count = rows - r < 12 ? rows - r : 12;
      const Later later{reinterpret_cast<const char*>(next) + r / 12 * share, pace};
      if (plain) {
        tiles[count](x + r * ldx, ldx, panel, step, inputs, later, e.fp32 + r * e.stride + column,
                     e.stride, rt::lanes(wide), rt::lanes(wide - 16));
      } else {
        tiles[count](x + r * ldx, ldx, panel, step, inputs, later, buffer, 32, 0xffff, 0xffff);
        rt::finish(buffer, count, wide, wide, e, r, column);
      }
    }
  }
}

}  // namespace

// Panels first..last of y [rows, outputs] (row stride ldy) = x [rows, inputs] (row stride ldx) W^T
// + b, then optional GELU and coefficients [outputs] unless null. Requires rt_avx512_supported.
RT_API void rt_packed_weight_fp32(const float* x, int64_t ldx, int64_t rows, const float* panels,
                                  int64_t inputs, int64_t outputs, int64_t first, int64_t last,
                                  int32_t gelu, const float* coefficients, float* y, int64_t ldy) {
  run(x, ldx, rows, panels, inputs, outputs, first, last, {gelu, coefficients, y, nullptr, ldy});
}
#else
RT_API void rt_packed_weight_fp32(const float*, int64_t, int64_t, const float*, int64_t, int64_t,
                                  int64_t, int64_t, int32_t, const float*, float*, int64_t) {}
#endif
