// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What is known of a value without its inputs, and of what is read from it: the conditions under which a rewrite is
// equal for every input (docs/rewrites.md). Every answer errs towards "not known".
#pragma once

#include "mlir/IR/Value.h"

#include <limits>

namespace ncc::graph {

/// Bounds of every element that is a number. NaN is never excluded.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool negativeZero = true; // may be -0.0
};

/// Follows elementwise ops, reductions and moves of elements for a few steps.
Range rangeOf(mlir::Value value, unsigned steps = 8);

/// True when what is read from `value` changes by jumps (rounding, comparisons, positions of extremes), so that a
/// difference in the last bit may change it by a whole unit. Sums of products, reductions and transcendental functions
/// end the search: they round by themselves. Quantization counts as rounding by itself too.
bool feedsDiscrete(mlir::Value value);

/// True when no reader of `value` tells -0.0 from +0.0.
bool zeroSignIgnored(mlir::Value value);

} // namespace ncc::graph
