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
