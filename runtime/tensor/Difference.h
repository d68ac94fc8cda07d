// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// How far one tensor is from another: the figures that every comparison in the project (per node, per output, per
// test) draws its verdict from.
#pragma once

#include "runtime/tensor/Tensor.h"

namespace ncc {

struct Difference {
  double maxAbs = 0;
  double maxRel = 0; // elements below a thousandth of the largest count as that: their own relative error says nothing
  double cosine = 1; // of both tensors as vectors, over the elements that are finite in both
  double norm = 0;   // |a - b| / |b|, both as vectors
  int64_t failures = 0; // elements with |a - b| > atol + rtol * |b|; equal infinities and two NaNs are equal
};

/// The largest finite magnitude; 0 when there is none.
double largestMagnitude(const Tensor &tensor);

/// Shapes are equal and elements numbers; element types may differ. `largest` is largestMagnitude(expected).
Difference difference(const Tensor &actual, const Tensor &expected, double rtol, double atol, double largest);

} // namespace ncc
