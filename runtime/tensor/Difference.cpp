// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "runtime/tensor/Difference.h"

#include <algorithm>
#include <cmath>

using namespace ncc;

double ncc::largestMagnitude(const Tensor &given) {
  const Tensor tensor = realPairs(given);
  double largest = 0;
  for (int64_t i = 0; i < tensor.size(); ++i) {
    double value = std::fabs(tensor.asDouble(i));
    largest = std::isfinite(value) ? std::max(largest, value) : largest;
  }
  return largest;
}

Difference ncc::difference(const Tensor &given, const Tensor &wanted, double rtol, double atol, double largest) {
  const Tensor actual = realPairs(given), expected = realPairs(wanted);
  Difference result;
  double dot = 0, aa = 0, bb = 0, dd = 0;
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
    double distance = std::fabs(a - b);
    result.failures += !(distance <= atol + rtol * std::fabs(b));
    distance = std::isnan(distance) ? INFINITY : distance;
    result.maxAbs = std::max(result.maxAbs, distance);
    result.maxRel = std::max(result.maxRel, distance / std::max(std::fabs(b), 1e-3 * largest));
    dd += distance * distance;
  }
  result.cosine = aa > 0 && bb > 0 ? std::min(1.0, dot / std::sqrt(aa * bb)) : aa == bb ? 1 : 0;
  result.norm = dd > 0 ? std::sqrt(dd / std::max(bb, 1e-300)) : 0;
  return result;
}
