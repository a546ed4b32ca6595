// PackedWeightBf16 on AMX tiles, with the panels of packed_weight_bf16.cpp. An output is one sum in
// a fixed order, so a row does not depend on other rows; the order differs from VDPBF16PS, so last
// bits differ.
#pragma once
#include "simd.h"

#if defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#define RT_AMX __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512vl,fma")))

namespace rt {

// Whether the processor has AMX and Linux grants this process its tile state (requested once).
inline bool amx_ready() {
  static const bool ready = [] {
    uint32_t a = 7, b = 0, c = 0, d = 0;
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    constexpr uint32_t kBf16 = 1u << 22, kTile = 1u << 24;
    constexpr int kRequestPermission = 0x1023, kTileData = 18;
    return (d & kBf16) != 0 && (d & kTile) != 0 &&
           syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  }();
  return ready;
}

// Compiler barrier: tile loads read memory that the compiler does not see; stores before this are
// completed.
inline void settle() { __asm__ volatile("" ::: "memory"); }

// Tile configuration: sums 0 to 3, rows 4 and 5, weights 6 and 7.
struct alignas(64) TileShapes {
  uint8_t palette = 1, start = 0, reserved[14] = {};
  uint16_t bytes[16] = {};
  uint8_t rows[16] = {};

  explicit TileShapes(int64_t count) {
    const auto upper = static_cast<uint8_t>(count < 16 ? count : 16),
               lower = static_cast<uint8_t>(count - upper);
    const uint8_t shapes[8] = {upper, upper, lower, lower, upper, lower, 16, 16};
    for (int t = 0; t < 8; ++t) rows[t] = shapes[t], bytes[t] = shapes[t] > 0 ? 64 : 0;
  }
};

// sums [up to 32, 32] = x W^T + bias for one panel, 32 inputs per step: sixteen pairs of inputs by
// sixteen outputs are stored as one tile. `tail` is the panel's last, incomplete step padded with
// zeros. `Two`: there are more than sixteen rows.
template <bool Two>
RT_AMX inline void amx_tile(const uint16_t* x, int64_t ldx, int64_t rows, const uint16_t* panel,
                            const uint16_t* tail, int64_t pairs, const float* bias, float* sums) {
  const int64_t steps = pairs / 16, left = pairs % 16, row_bytes = 2 * ldx;
  _tile_loadd(0, bias, 0);  // the same sixteen biases in every row
  _tile_loadd(1, bias + 16, 0);
  if (Two) {
    _tile_loadd(2, bias, 0);
    _tile_loadd(3, bias + 16, 0);
  }
  const auto step = [](const uint16_t* from, int64_t stride, const uint16_t* weights) RT_AMX {
    _tile_loadd(6, weights, 128);
    _tile_loadd(7, weights + 32, 128);
    _tile_loadd(4, from, stride);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    if (Two) {
      _tile_loadd(5, reinterpret_cast<const char*>(from) + 16 * stride, stride);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
  };
  for (int64_t s = 0; s < steps; ++s) step(x + 32 * s, row_bytes, panel + 1024 * s);
  if (left > 0) {
    alignas(64) uint16_t last[32 * 32] = {};
    for (int64_t r = 0; r < rows; ++r)
      std::memcpy(last + 32 * r, x + r * ldx + 32 * steps, static_cast<size_t>(4 * left));
    settle();
    step(last, 64, tail);
  }
  _tile_stored(0, sums, 128);
  _tile_stored(1, sums + 16, 128);
  if (Two) {
    _tile_stored(2, sums + 512, 128);
    _tile_stored(3, sums + 528, 128);
  }
}

// Rows from..to of x times panels first..last, in blocks of 32 rows; the last block may be smaller.
RT_AMX inline void amx_rows(const uint16_t* x, int64_t ldx, int64_t from, int64_t to,
                            const uint16_t* panels, int64_t pairs, const float* bias,
                            int64_t outputs, int64_t first, int64_t last, const Epilogue& e) {
  const int64_t left = pairs % 16, block = to - from < 32 ? to - from : 32;
  const TileShapes shapes(block);
  settle();
  _tile_loadconfig(&shapes);
  alignas(64) float sums[32 * 32];
  alignas(64) uint16_t tail[1024] = {};
  for (int64_t p = first; p < last; ++p) {
    const int64_t column = 32 * p, width = outputs - column < 32 ? outputs - column : 32;
    const uint16_t* panel = panels + p * pairs * 64;
    std::memcpy(tail, panel + (pairs - left) * 64, static_cast<size_t>(128 * left));
    settle();
    for (int64_t r = from; r < to; r += block) {
      const auto tile = block > 16 ? amx_tile<true> : amx_tile<false>;
      tile(x + r * ldx, ldx, block, panel, tail, pairs, bias + column, sums);
      // Rows of an odd width end with a zero, which the next GEMM reads.
      finish(sums, block, width, e.bf16 == nullptr ? width : (width + 1) & ~1, e, r, column);
    }
  }
  _tile_release();
}

}  // namespace rt
#endif
