// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What each output position of a resized dim takes from the input: the one definition of ONNX's Resize that the
// reference kernel evaluates and the compiler lowers.
#pragma once

#include "runtime/ops/Attributes.h"

#include <cstdint>
#include <vector>

namespace ncc::ops {

/// One output position: sum of weight[i] * x[index[i]]. An input whose weight is zero is not sampled, so what is infinite
/// there stays there.
struct Taps {
  std::vector<int64_t> index;
  std::vector<double> weight;
  bool outside = false; // beyond a crop: takes the extrapolation value
};

/// All positions of dim `dim` of a resize from `in` to `out` elements. `attrs` are those of graph.resize over `rank` dims.
std::vector<Taps> resizeTaps(const Attributes &attrs, int64_t dim, int64_t rank, int64_t in, int64_t out);

/// Does the resize change that dim at all?
bool resizesDim(const Attributes &attrs, int64_t dim, int64_t rank, int64_t in, int64_t out);

} // namespace ncc::ops
