// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "tools/ncc-run/Compare.h"

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
    result.pass = result.failures == 0;
    return result;
  }
  const double largest = largestMagnitude(expected);
  double atol = tolerance.atol >= 0 ? tolerance.atol : tolerance.atolScale * largest, rtol = tolerance.rtol;
  if (!isFloat(type)) {
    rtol = 0;
    atol = type == DType::I8 || type == DType::U8 ? 1 : 0;
  }
  static_cast<Difference &>(result) = difference(actual, expected, rtol, atol, largest);
  compareTop(actual, expected, result);
  result.pass = result.failures == 0;
  return result;
}

} // namespace ncc::tools
