// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/verify/NodeError.h"

#include <algorithm>
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
  Error error;
  double largest = 0, dot = 0, aa = 0, bb = 0;
  for (int64_t i = 0; i < expected.size(); ++i) {
    double b = std::fabs(expected.asDouble(i));
    largest = std::isfinite(b) ? std::max(largest, b) : largest;
  }
  const bool exact = !isFloat(expected.dtype());
  const double atol = exact ? 0 : tolerance.atol >= 0 ? tolerance.atol : tolerance.atolShare * largest;
  for (int64_t i = 0; i < expected.size(); ++i) {
    double a = actual.asDouble(i), b = expected.asDouble(i);
    if (std::isfinite(a) && std::isfinite(b)) {
      dot += a * b;
      aa += a * a;
      bb += b * b;
    }
    if (a == b || (std::isnan(a) && std::isnan(b))) {
      continue;
    }
    double difference = std::fabs(a - b);
    error.within &= !exact && difference <= atol + tolerance.rtol * std::fabs(b);
    difference = std::isnan(difference) ? INFINITY : difference;
    error.maxAbs = std::max(error.maxAbs, difference);
    error.maxRel = std::max(error.maxRel, difference / std::max(std::fabs(b), 1e-3 * largest));
  }
  error.cosine = aa > 0 && bb > 0 ? std::min(1.0, dot / std::sqrt(aa * bb)) : aa == bb ? 1 : 0;
  error.ulp = largest > 0 && !exact ? error.maxAbs / std::ldexp(1.0, std::ilogb(largest) - mantissaBits(expected.dtype())) : error.maxAbs;
  error.within |= !exact && std::isfinite(error.maxAbs) && error.cosine >= tolerance.cosine;
  return error;
}
