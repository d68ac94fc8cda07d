// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "tools/ncc-run/Compare.h"

#include <algorithm>
#include <cmath>

namespace ncc::tools {

namespace {

/// Outputs that look like scores: [N, C] (or [N, C, 1, 1]) floats; how many of the N rows have the same largest class.
void compareTop(const Tensor &actual, const Tensor &expected, Comparison &result) {
  const Shape &shape = expected.shape();
  if (!isFloat(expected.dtype()) || shape.size() < 2 || shape[1] < 2 || numElements(shape) != shape[0] * shape[1]) {
    return;
  }
  result.rows = shape[0];
  for (int64_t row = 0; row < shape[0]; ++row) {
    auto top = [&](const Tensor &tensor) {
      int64_t best = 0;
      for (int64_t c = 1; c < shape[1]; ++c) {
        best = tensor.asDouble(row * shape[1] + c) > tensor.asDouble(row * shape[1] + best) ? c : best;
      }
      return best;
    };
    result.sameTop += top(actual) == top(expected);
  }
}

} // namespace

double executorBound(const std::string &precision) {
  if (precision == "f32") {
    return 2e-5;
  }
  return 2e-2;
}

Comparison compare(const Tensor &actual, const Tensor &expected, const Tolerance &tolerance) {
  Comparison result;
  if (actual.dtype() != expected.dtype() || actual.shape() != expected.shape()) {
    result.problem = std::string(dtypeName(actual.dtype())) + " " + shapeString(actual.shape()) + ", expected " +
                     std::string(dtypeName(expected.dtype())) + " " + shapeString(expected.shape());
    return result;
  }
  const DType type = expected.dtype();
  if (type == DType::String) {
    for (int64_t i = 0; i < expected.size(); ++i) {
      result.failures += actual.strings()[static_cast<size_t>(i)] != expected.strings()[static_cast<size_t>(i)];
    }
    result.cosine = 1;
    result.pass = result.failures == 0;
    return result;
  }
  double largest = 0;
  for (int64_t i = 0; i < expected.size(); ++i) {
    double b = std::fabs(expected.asDouble(i));
    largest = std::isfinite(b) ? std::max(largest, b) : largest;
  }
  double atol = tolerance.atol >= 0 ? tolerance.atol : tolerance.atolScale * largest, rtol = tolerance.rtol;
  if (!isFloat(type)) {
    rtol = 0;
    atol = type == DType::I8 || type == DType::U8 ? 1 : 0;
  }
  double dot = 0, aa = 0, bb = 0, dd = 0;
  for (int64_t i = 0; i < expected.size(); ++i) {
    double a = actual.asDouble(i), b = expected.asDouble(i);
    if (a == b || (std::isnan(a) && std::isnan(b))) {
      if (std::isfinite(a)) {
        dot += a * b;
        aa += a * a;
        bb += b * b;
      }
      continue;
    }
    double difference = std::fabs(a - b);
    result.failures += !(difference <= atol + rtol * std::fabs(b));
    difference = std::isnan(difference) ? INFINITY : difference;
    result.maxAbs = std::max(result.maxAbs, difference);
    // Elements that are tiny beside the tensor's largest say nothing by their relative error.
    result.maxRel = std::max(result.maxRel, difference / std::max(std::fabs(b), 1e-3 * largest));
    if (std::isfinite(a) && std::isfinite(b)) {
      dot += a * b;
      aa += a * a;
      bb += b * b;
    }
    dd += difference * difference;
  }
  result.cosine = aa > 0 && bb > 0 ? dot / std::sqrt(aa * bb) : aa == bb ? 1 : 0;
  result.norm = dd > 0 ? std::sqrt(dd / std::max(bb, 1e-300)) : 0;
  compareTop(actual, expected, result);
  result.pass = result.failures == 0;
  return result;
}

} // namespace ncc::tools
