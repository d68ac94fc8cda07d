// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Tensors that operators compute from a few numbers: at import when those are constant, in a host stage when they
// are not.
#pragma once

#include "runtime/tensor/Tensor.h"

#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include <array>

namespace ncc::ops {

/// a0 - a1 cos(2 pi i / n) + a2 cos(4 pi i / n) for i < size, with n one less than `size` for a symmetric window.
absl::StatusOr<Tensor> cosineWindow(DType dtype, int64_t size, std::array<double, 3> a, bool periodic);

struct MelBank {
  int64_t bins = 0, transform = 0; // triangles; length of the Fourier transform
  double rate = 0, low = 0, high = 0;
};
/// Triangles that overlap by half on the mel scale: [transform / 2 + 1, bins].
absl::StatusOr<Tensor> melWeights(DType dtype, const MelBank &bank);

/// Homogeneous coordinates in [-1, 1] of every position of a grid, the last dim first: [positions, dims + 1].
absl::StatusOr<Tensor> gridPositions(absl::Span<const int64_t> spatial, bool corners);

/// start, start + delta, ... before limit; one number each, of one type. 64-bit integers exactly.
/// How many numbers there are from start to limit, at most 2^42; an error if there is no end.
absl::StatusOr<int64_t> rangeLength(const Tensor &start, const Tensor &limit, const Tensor &delta);
absl::StatusOr<Tensor> rangeOf(const Tensor &start, const Tensor &limit, const Tensor &delta);

} // namespace ncc::ops
