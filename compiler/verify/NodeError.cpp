// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/verify/NodeError.h"

#include <cmath>

using namespace ncc;
using namespace ncc::verify;

namespace {

int mantissaBits(DType type) {
  switch (type) {
  case DType::F64: return 52;
  case DType::F16: return 10;
  case DType::BF16: return 7;
  default: return 23;
  }
}

} // namespace

Error verify::errorOf(const Tensor &actual, const Tensor &expected, const Tolerance &tolerance) {
  const bool exact = !isFloat(expected.dtype());
  const double largest = largestMagnitude(expected);
  const double atol = exact ? 0 : tolerance.atol >= 0 ? tolerance.atol : tolerance.atolShare * largest;
  Error error;
  static_cast<Difference &>(error) = difference(actual, expected, exact ? 0 : tolerance.rtol, atol, largest);
  error.ulp = largest > 0 && !exact ? error.maxAbs / std::ldexp(1.0, std::ilogb(largest) - mantissaBits(expected.dtype())) : error.maxAbs;
  error.within = error.failures == 0 || (!exact && std::isfinite(error.maxAbs) && error.cosine >= tolerance.cosine);
  return error;
}

/// An error beyond all tolerance.
static Error unlike() {
  Error error;
  error.maxAbs = error.maxRel = error.ulp = INFINITY;
  error.cosine = 0;
  error.within = false;
  return error;
}

Error verify::errorOf(const ops::Value &actual, const ops::Value &expected, const Tolerance &tolerance) {
  if (actual.isTensor() && expected.isTensor()) {
    const Tensor &a = actual.tensor(), &b = expected.tensor();
    if (a.shape() != b.shape() || (a.dtype() == DType::String) != (b.dtype() == DType::String)) {
      return unlike();
    }
    if (b.dtype() == DType::String) {
      return a.strings() == b.strings() ? Error() : unlike();
    }
    return errorOf(a, b, tolerance);
  }
  const bool keysDiffer = expected.kind() == ValueKind::Map && !identical(ops::Value(actual.tensor()), ops::Value(expected.tensor()));
  if (actual.kind() != expected.kind() || actual.items().size() != expected.items().size() || keysDiffer) {
    return unlike();
  }
  Error worst;
  for (size_t i = 0; i < expected.items().size(); ++i) {
    Error one = errorOf(actual.items()[i], expected.items()[i], tolerance);
    worst = !one.within || one.maxRel > worst.maxRel ? one : worst;
    if (!worst.within) {
      break;
    }
  }
  return worst;
}
