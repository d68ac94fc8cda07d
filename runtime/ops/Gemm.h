// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The one blocked matrix product that the reference kernels of matmul, conv and attention share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace ncc::ops {

/// c[m][n] += a[m][k] * b[k][n], all row-major with the given row pitches. The sum over k runs in ascending order
/// for every element, so the result does not depend on the blocking. `Acc` is the type of c.
template <typename TA, typename TB, typename Acc>
void gemm(int64_t m, int64_t n, int64_t k, const TA *a, int64_t pitchA, const TB *b, int64_t pitchB, Acc *c,
          int64_t pitchC) {
  constexpr int64_t kBlockK = 256, kBlockN = 512, kRows = 4;
  for (int64_t k0 = 0; k0 < k; k0 += kBlockK) {
    int64_t k1 = k0 + kBlockK < k ? k0 + kBlockK : k;
    for (int64_t n0 = 0; n0 < n; n0 += kBlockN) {
      int64_t width = n0 + kBlockN < n ? kBlockN : n - n0;
      int64_t i = 0;
      for (; i + kRows <= m; i += kRows) {
        Acc *c0 = c + i * pitchC + n0, *c1 = c0 + pitchC, *c2 = c1 + pitchC, *c3 = c2 + pitchC;
        const TA *a0 = a + i * pitchA, *a1 = a0 + pitchA, *a2 = a1 + pitchA, *a3 = a2 + pitchA;
        for (int64_t p = k0; p < k1; ++p) {
          const TB *row = b + p * pitchB + n0;
          Acc v0 = a0[p], v1 = a1[p], v2 = a2[p], v3 = a3[p];
          for (int64_t j = 0; j < width; ++j) {
            Acc w = row[j];
            c0[j] += v0 * w;
            c1[j] += v1 * w;
            c2[j] += v2 * w;
            c3[j] += v3 * w;
          }
        }
      }
      for (; i < m; ++i) {
        Acc *out = c + i * pitchC + n0;
        for (int64_t p = k0; p < k1; ++p) {
          const TB *row = b + p * pitchB + n0;
          Acc v = a[i * pitchA + p];
          for (int64_t j = 0; j < width; ++j) {
            out[j] += v * static_cast<Acc>(row[j]);
          }
        }
      }
    }
  }
}

/// The transpose of a matrix, with an element type change.
template <typename To, typename From>
std::vector<To> transposed(const From *x, int64_t rows, int64_t columns) {
  std::vector<To> out(static_cast<size_t>(rows * columns));
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      out[j * rows + i] = static_cast<To>(x[i * columns + j]);
    }
  }
  return out;
}

} // namespace ncc::ops
