// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// AMX matmuls: blocks of 2x2 result tiles of 16x16, kept in tile registers over the whole chain. Stationary tiles
// are [16 m][16 words of k], moving tiles [16 words of k][16 n].

#include "runtime/host/Kernels.h"
#include "runtime/hw/Limits.h"

#include <immintrin.h>

namespace ncc::host {
namespace {

#include "runtime/host/PackInterleaved.inl"

constexpr int kTile = 16;

/// [m/16][k/16 words][16 m][16 words]: the transpose of what packColumns makes.
template <int PerWord>
void packRows(uint8_t *to, const uint8_t *from, int64_t pitch, int k, int m, uint8_t flip) {
  const int groups = (k + PerWord * kTile - 1) / (PerWord * kTile) * kTile;
  auto *out = reinterpret_cast<uint32_t *>(to);
  forEachGroup<PerWord>(from, pitch, k, groups, m, flip, [&](int g, uint32_t *words) {
    for (int c = m; c % kTile != 0; ++c) {
      words[c] = 0;
    }
    for (int c = 0; c < m; c += kTile) {
      uint32_t *tile = out + (static_cast<int64_t>(c / kTile) * groups + g / kTile * kTile) * kTile + g % kTile;
      for (int j = 0; j < kTile; ++j) {
        tile[j * kTile] = words[c + j];
      }
    }
  });
}

template <int PerWord>
constexpr int paddedGroups(int k) {
  return (k + PerWord * kTile - 1) / (PerWord * kTile) * kTile;
}

void packStationaryBf16(uint8_t *to, const uint8_t *from, int64_t pitch, int k, int m, DType) { packRows<2>(to, from, pitch, k, m, 0); }
void packMovingBf16(uint8_t *to, const uint8_t *from, int64_t pitch, int k, int n, DType) {
  packColumns<2, kTile>(to, from, pitch, k, n, paddedGroups<2>(k), 0);
}
void packStationaryI8(uint8_t *to, const uint8_t *from, int64_t pitch, int k, int m, DType type) {
  packRows<4>(to, from, pitch, k, m, type == DType::U8 ? 0x80 : 0);
}
void packMovingI8(uint8_t *to, const uint8_t *from, int64_t pitch, int k, int n, DType type) {
  packColumns<4, kTile>(to, from, pitch, k, n, paddedGroups<4>(k), type == DType::I8 ? 0x80 : 0);
}

struct alignas(64) TileConfig {
  uint8_t palette = 1, start = 0, reserved[14] = {};
  uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfig) == 64);
// A constant in memory: the intrinsic tells the compiler of its first bytes only.
const TileConfig kConfig;

/// The tile loads are opaque to the compiler; what they read must be in memory before them.
inline void settleMemory() { __asm__ volatile("" ::: "memory"); }

/// Result tiles that hang over the edge are loaded and stored through a buffer.
struct Edge {
  alignas(64) uint32_t words[kTile][kTile];
  void read(const uint8_t *c, int64_t pitch, int rows, int columns) {
    const __mmask16 mask = maskOf(columns);
    for (int i = 0; i < kTile && i < rows; ++i) { // rows below are never stored
      _mm512_store_si512(words[i], _mm512_maskz_loadu_epi32(mask, c + i * pitch));
    }
    settleMemory();
  }
  void write(uint8_t *c, int64_t pitch, int rows, int columns) const {
    const __mmask16 mask = maskOf(columns);
    for (int i = 0; i < rows && i < kTile; ++i) {
      _mm512_mask_storeu_epi32(c + i * pitch, mask, _mm512_load_si512(words[i]));
    }
  }
  static __mmask16 maskOf(int columns) { return columns >= kTile ? __mmask16(0xffff) : static_cast<__mmask16>((1u << columns) - 1); }
};

#define NCC_START_TILE(T, ROW, COLUMN)                                                                                 \
  if (!accumulate) {                                                                                                   \
    _tile_zero(T);                                                                                                     \
  } else if (m - (ROW) >= kTile && n - (COLUMN) >= kTile) {                                                            \
    _tile_loadd(T, c + (ROW) * pitch + (COLUMN) * 4, pitch);                                                           \
  } else {                                                                                                             \
    edge.read(c + (ROW) * pitch + (COLUMN) * 4, pitch, m - (ROW), n - (COLUMN));                                       \
    _tile_loadd(T, edge.words, 64);                                                                                    \
  }
#define NCC_STORE_TILE(T, ROW, COLUMN)                                                                                 \
  if (m - (ROW) >= kTile && n - (COLUMN) >= kTile) {                                                                   \
    _tile_stored(T, c + (ROW) * pitch + (COLUMN) * 4, pitch);                                                          \
  } else {                                                                                                             \
    _tile_stored(T, edge.words, 64);                                                                                   \
    edge.write(c + (ROW) * pitch + (COLUMN) * 4, pitch, m - (ROW), n - (COLUMN));                                      \
  }

template <bool Bytes>
void runChain(const ChainItem *items, int count, int m, int n, uint8_t *c, int64_t pitch, bool accumulate) {
  constexpr int perWord = Bytes ? 4 : 2;
  _tile_loadconfig(&kConfig);
  Edge edge;
  __builtin_memset(edge.words, 0, sizeof edge.words);
  settleMemory();
  for (int n0 = 0; n0 < n; n0 += 2 * kTile) {
    const bool n2 = n - n0 > kTile;
    for (int m0 = 0; m0 < m; m0 += 2 * kTile) {
      const bool m2 = m - m0 > kTile;
      NCC_START_TILE(0, m0, n0)
      if (n2) {
        NCC_START_TILE(1, m0, n0 + kTile)
      }
      if (m2) {
        NCC_START_TILE(2, m0 + kTile, n0)
      }
      if (n2 && m2) {
        NCC_START_TILE(3, m0 + kTile, n0 + kTile)
      }
      for (int item = 0; item < count; ++item) {
        const int groups = paddedGroups<perWord>(items[item].k);
        const int64_t block = static_cast<int64_t>(groups) * kTile * 4;
        const uint8_t *a = items[item].stationary + m0 / kTile * block, *b = items[item].moving + n0 / kTile * block;
        for (int g = 0; g < groups; g += kTile, a += kTile * 64, b += kTile * 64) {
          if (n0 == 0) { // weights stream from memory once; ask for them a few tiles early
            for (int line = 0; line < kTile; ++line) {
              _mm_prefetch(reinterpret_cast<const char *>(a + 4 * kTile * 64 + line * 64), _MM_HINT_T0);
              _mm_prefetch(reinterpret_cast<const char *>(a + block + 4 * kTile * 64 + line * 64), _MM_HINT_T0);
            }
          }
          _tile_loadd(4, a, 64);
          _tile_loadd(6, b, 64);
          if constexpr (Bytes) {
            _tile_dpbsud(0, 4, 6);
          } else {
            _tile_dpbf16ps(0, 4, 6);
          }
          if (n2) {
            _tile_loadd(7, b + block, 64);
            if constexpr (Bytes) {
              _tile_dpbsud(1, 4, 7);
            } else {
              _tile_dpbf16ps(1, 4, 7);
            }
          }
          if (m2) {
            _tile_loadd(5, a + block, 64);
            if constexpr (Bytes) {
              _tile_dpbsud(2, 5, 6);
            } else {
              _tile_dpbf16ps(2, 5, 6);
            }
            if (n2) {
              if constexpr (Bytes) {
                _tile_dpbsud(3, 5, 7);
              } else {
                _tile_dpbf16ps(3, 5, 7);
              }
            }
          }
        }
      }
      NCC_STORE_TILE(0, m0, n0)
      if (n2) {
        NCC_STORE_TILE(1, m0, n0 + kTile)
      }
      if (m2) {
        NCC_STORE_TILE(2, m0 + kTile, n0)
      }
      if (n2 && m2) {
        NCC_STORE_TILE(3, m0 + kTile, n0 + kTile)
      }
    }
  }
}

} // namespace

MatmulKernel amxBf16Matmul() { return {"amx-bf16", DType::BF16, 32, kTile, kTile, 2, packStationaryBf16, packMovingBf16, runChain<false>}; }
MatmulKernel amxInt8Matmul() { return {"amx-int8", DType::I8, 64, kTile, kTile, 1, packStationaryI8, packMovingI8, runChain<true>}; }

} // namespace ncc::host
