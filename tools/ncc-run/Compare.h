// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The comparison rule of the project: |a-b| <= atol + rtol*|b|; integers and bools exact, 8-bit quantized
// outputs within 1.
#pragma once

#include "runtime/tensor/Difference.h"

#include <string>

namespace ncc::tools {

struct Tolerance {
  double rtol = 1e-3;
  double atol = -1; // negative: atolScale * max|b|
  double atolScale = 1e-5;
};

struct Comparison : Difference {
  bool pass = false;
  std::string problem; // types or shapes differ
  int64_t rows = 0, sameTop = 0; // of scores: how many there are, and how many have their largest class in common
};

/// How far the host executor may be from the precise interpreter in a model whose products are in that type; see
/// docs/runtime.md. Bounds Comparison::norm of float outputs, ten times as wide for integer outputs.
double executorBound(const std::string &precision);

Comparison compare(const Tensor &actual, const Tensor &expected, const Tolerance &tolerance);

} // namespace ncc::tools
