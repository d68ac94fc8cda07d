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

namespace {

/// a - b of integers of any kind, which doubles need not hold apart.
__int128 wholeDistance(const Tensor &a, const Tensor &b, int64_t i) {
  auto whole = [i](const Tensor &t) -> __int128 {
    return t.dtype() == DType::U64 ? static_cast<__int128>(static_cast<uint64_t>(t.asInt(i))) : static_cast<__int128>(t.asInt(i));
  };
  const __int128 distance = whole(a) - whole(b);
  return distance < 0 ? -distance : distance;
}

} // namespace

Difference ncc::difference(const Tensor &given, const Tensor &wanted, double rtol, double atol, double largest) {
  const Tensor actual = realPairs(given), expected = realPairs(wanted);
  Difference result;
  const bool whole = isInteger(actual.dtype()) && isInteger(expected.dtype());
  double dot = 0, aa = 0, bb = 0, dd = 0;
  for (int64_t i = 0; i < expected.size(); ++i) {
    double a = actual.asDouble(i), b = expected.asDouble(i);
    if (std::isfinite(a) && std::isfinite(b)) {
      dot += a * b;
      aa += a * a;
      bb += b * b;
    }
    // Rounding a distance that is not 0 to a double leaves it above 0, and integers up to 2^53 exact.
    double distance = whole ? static_cast<double>(wholeDistance(actual, expected, i)) : std::fabs(a - b);
    if (whole ? distance == 0 : a == b || (std::isnan(a) && std::isnan(b))) {
      continue;
    }
    // An infinity is close to itself only: rtol times it would cover everything.
    result.failures += !(std::isfinite(distance) && distance <= atol + rtol * std::fabs(b));
    distance = std::isnan(distance) ? INFINITY : distance;
    result.maxAbs = std::max(result.maxAbs, distance);
    result.maxRel = std::max(result.maxRel, distance / std::max(std::fabs(b), 1e-3 * largest));
    dd += distance * distance;
  }
  result.cosine = aa > 0 && bb > 0 ? std::min(1.0, dot / std::sqrt(aa * bb)) : aa == bb ? 1 : 0;
  result.norm = dd > 0 ? std::sqrt(dd / std::max(bb, 1e-300)) : 0;
  return result;
}
