// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The comparison rule of the project: |a-b| <= atol + rtol*|b|; integers and bools exact, 8-bit quantized
// outputs within 1.
#pragma once

#include "runtime/tensor/Tensor.h"

#include <string>

namespace ncc::tools {

struct Tolerance {
  double rtol = 1e-3;
  double atol = -1; // negative: atolScale * max|b|
  double atolScale = 1e-5;
};

struct Comparison {
  bool pass = false;
  std::string problem; // types or shapes differ
  double maxAbs = 0, maxRel = 0, cosine = 1;
  int64_t failures = 0;
};

Comparison compare(const Tensor &actual, const Tensor &expected, const Tolerance &tolerance);

} // namespace ncc::tools
