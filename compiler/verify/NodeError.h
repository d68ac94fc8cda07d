// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// How far a node's value is from the one it should have, and whether that is near enough.
#pragma once

#include "runtime/tensor/Difference.h"
#include "runtime/tensor/Value.h"

namespace ncc::verify {

/// |a - b| <= atol + rtol * |b|; integers and bools exactly.
struct Tolerance {
  double rtol = 1e-3, atolShare = 1e-5; // atol as a share of the largest |b|,
  double atol = -1;                     // or as it is, if not negative
  double cosine = 2; // a direction at least this close is good enough, too; above 1: never
};

struct Error : Difference {
  double ulp = 0; // maxAbs in units of the last place (of the expected type) of the largest magnitude
  bool within = true;
};

/// Shapes are equal; element types may differ (an op that now computes in another float type).
Error errorOf(const Tensor &actual, const Tensor &expected, const Tolerance &tolerance);

/// The same for values of any kind, those of other types or shapes included: strings and keys are to be equal, of several
/// items the worst counts.
Error errorOf(const ops::Value &actual, const ops::Value &expected, const Tolerance &tolerance);

} // namespace ncc::verify
