// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// AVX-512 BF16 and VNNI matmuls: 8 broadcast stationary words x 2 moving vectors in registers over the whole chain.

#include "runtime/host/Kernels.h"
#include "runtime/hw/Limits.h"

#include <immintrin.h>

namespace ncc::host {
namespace {

#include "runtime/host/PackInterleaved.inl"

constexpr int kMr = 8, kNr = 32;

void packStationaryBf16(uint8_t *to, const uint8_t *from, int64_t pitch, int k, int m, DType) {
  packColumns<2, kMr>(to, from, pitch, k, m, (k + 1) / 2, 0);
}
void packMovingBf16(uint8_t *to, const uint8_t *from, int64_t pitch, int k, int n, DType) {
  packColumns<2, kNr>(to, from, pitch, k, n, (k + 1) / 2, 0);
}
void packStationaryI8(uint8_t *to, const uint8_t *from, int64_t pitch, int k, int m, DType type) {
  packColumns<4, kMr>(to, from, pitch, k, m, (k + 3) / 4, type == DType::U8 ? 0x80 : 0);
}
void packMovingI8(uint8_t *to, const uint8_t *from, int64_t pitch, int k, int n, DType type) {
  packColumns<4, kNr>(to, from, pitch, k, n, (k + 3) / 4, type == DType::I8 ? 0x80 : 0);
}

struct Bf16 {
  static constexpr int kPerWord = 2;
  using Acc = __m512;
  static Acc zero() { return _mm512_setzero_ps(); }
  static Acc load(const uint8_t *p) { return _mm512_loadu_ps(p); }
  static Acc loadMasked(__mmask16 mask, const uint8_t *p) { return _mm512_maskz_loadu_ps(mask, p); }
  static void store(uint8_t *p, __mmask16 mask, Acc v) { _mm512_mask_storeu_ps(p, mask, v); }
  static Acc madd(Acc c, __m512i stationary, __m512i moving) {
    return _mm512_dpbf16_ps(c, reinterpret_cast<__m512bh>(stationary), reinterpret_cast<__m512bh>(moving));
  }
};
struct Int8 {
  static constexpr int kPerWord = 4;
  using Acc = __m512i;
  static Acc zero() { return _mm512_setzero_si512(); }
  static Acc load(const uint8_t *p) { return _mm512_loadu_si512(p); }
  static Acc loadMasked(__mmask16 mask, const uint8_t *p) { return _mm512_maskz_loadu_epi32(mask, p); }
  static void store(uint8_t *p, __mmask16 mask, Acc v) { _mm512_mask_storeu_epi32(p, mask, v); }
  static Acc madd(Acc c, __m512i stationary, __m512i moving) { return _mm512_dpbusd_epi32(c, moving, stationary); }
};

template <typename Op, int Rows>
inline void tile(const ChainItem *items, int count, int mBlock, int nBlock, uint8_t *c, int64_t pitch, __mmask16 mask0, __mmask16 mask1, bool accumulate) {
  typename Op::Acc acc[Rows][2];
#pragma GCC unroll 8
  for (int i = 0; i < Rows; ++i) {
    acc[i][0] = accumulate ? Op::loadMasked(mask0, c + i * pitch) : Op::zero();
    acc[i][1] = accumulate ? Op::loadMasked(mask1, c + i * pitch + 64) : Op::zero();
  }
  for (int item = 0; item < count; ++item) {
    const int groups = (items[item].k + Op::kPerWord - 1) / Op::kPerWord;
    const auto *a = reinterpret_cast<const uint32_t *>(items[item].stationary) + static_cast<int64_t>(mBlock) * groups * kMr;
    const uint8_t *b = items[item].moving + static_cast<int64_t>(nBlock) * groups * kNr * 4;
    for (int g = 0; g < groups; ++g, a += kMr, b += kNr * 4) {
      const __m512i b0 = _mm512_loadu_si512(b), b1 = _mm512_loadu_si512(b + 64);
#pragma GCC unroll 8
      for (int i = 0; i < Rows; ++i) {
        const __m512i word = _mm512_set1_epi32(static_cast<int>(a[i]));
        acc[i][0] = Op::madd(acc[i][0], word, b0);
        acc[i][1] = Op::madd(acc[i][1], word, b1);
      }
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < Rows; ++i) {
    Op::store(c + i * pitch, mask0, acc[i][0]);
    Op::store(c + i * pitch + 64, mask1, acc[i][1]);
  }
}

template <typename Op>
void runChain(const ChainItem *items, int count, int m, int n, uint8_t *c, int64_t pitch, bool accumulate) {
  auto maskOf = [](int left) { return left >= 16 ? __mmask16(0xffff) : left <= 0 ? __mmask16(0) : static_cast<__mmask16>((1u << left) - 1); };
  for (int n0 = 0; n0 < n; n0 += kNr) {
    const __mmask16 mask0 = maskOf(n - n0), mask1 = maskOf(n - n0 - 16);
    for (int m0 = 0; m0 < m; m0 += kMr) {
      uint8_t *at = c + m0 * pitch + n0 * 4;
      auto go = [&]<int Rows>() { tile<Op, Rows>(items, count, m0 / kMr, n0 / kNr, at, pitch, mask0, mask1, accumulate); };
      switch (m - m0) {
      case 1:
        go.template operator()<1>();
        break;
      case 2:
        go.template operator()<2>();
        break;
      case 3:
        go.template operator()<3>();
        break;
      case 4:
        go.template operator()<4>();
        break;
      case 5:
        go.template operator()<5>();
        break;
      case 6:
        go.template operator()<6>();
        break;
      case 7:
        go.template operator()<7>();
        break;
      default:
        go.template operator()<8>();
      }
    }
  }
}

} // namespace

MatmulKernel avx512Bf16Matmul() {
  return {"avx512-bf16", DType::BF16, 2, kMr, kNr, 2, packStationaryBf16, packMovingBf16, runChain<Bf16>};
}
MatmulKernel vnniInt8Matmul() { return {"avx512-vnni", DType::I8, 4, kMr, kNr, 1, packStationaryI8, packMovingI8, runChain<Int8>}; }

} // namespace ncc::host
