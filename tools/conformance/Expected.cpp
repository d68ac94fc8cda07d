// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "tools/conformance/Expected.h"

#include "compiler/frontend/onnx/Model.h"
#include "tools/ncc-run/Compare.h"

#include "absl/strings/str_cat.h"

#include <algorithm>
#include <cmath>

namespace ncc::conformance {

namespace {

bool drawsNumbers(const onnx::NodeProto &node) {
  static const char *kOps[] = {"RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial", "Bernoulli"};
  bool trains = node.op_type() == "Dropout" && node.input_size() == 3;
  return trains || std::any_of(std::begin(kOps), std::end(kOps), [&](const char *op) { return node.op_type() == op; });
}

/// How many elements are not equal to the bit (as integers: doubles do not hold all of 64 bits).
int64_t unequalIntegers(const Tensor &actual, const Tensor &expected) {
  int64_t count = 0;
  for (int64_t i = 0; i < expected.size(); ++i) {
    count += actual.asInt(i) != expected.asInt(i);
  }
  return count;
}

/// Type and shape as expected, and no value far outside the range of the expected ones.
std::string compareDrawn(const Tensor &actual, const Tensor &expected) {
  double low = INFINITY, high = -INFINITY;
  for (int64_t i = 0; i < expected.size(); ++i) {
    low = std::min(low, expected.asDouble(i));
    high = std::max(high, expected.asDouble(i));
  }
  double slack = std::max(high - low, 1e-6);
  for (int64_t i = 0; i < actual.size(); ++i) {
    double value = actual.asDouble(i);
    if (!(value >= low - slack && value <= high + slack)) {
      return absl::StrCat("drew ", value, ", the expected values lie in [", low, ", ", high, "]");
    }
  }
  return "";
}

/// The same numbers as f32.
Tensor asFloats(const Tensor &tensor) {
  Tensor floats(DType::F32, tensor.shape());
  for (int64_t i = 0; i < tensor.size(); ++i) {
    floats.setDouble(i, tensor.asDouble(i));
  }
  return floats;
}

std::string compareOne(const Tensor &actual, const Tensor &given, const Rules &rules) {
  bool doubled = rules.doubled && given.dtype() == DType::F64;
  Tensor expected = doubled ? asFloats(given) : retyped(given, actual.dtype());
  if (actual.dtype() != expected.dtype() || actual.shape() != expected.shape()) {
    return absl::StrCat("is ", std::string(dtypeName(actual.dtype())), " ", shapeString(actual.shape()), ", expected ",
                        std::string(dtypeName(expected.dtype())), " ", shapeString(expected.shape()));
  }
  if (actual.dtype() == DType::String) {
    return actual.strings() == expected.strings() ? "" : "strings differ";
  }
  if (isComplex(actual.dtype())) {
    return identical(ops::Value(actual), ops::Value(expected)) ? "" : "complex numbers differ";
  }
  if (rules.random) {
    return compareDrawn(actual, expected);
  }
  if (!isFloat(actual.dtype()) && !rules.quantized) {
    int64_t unequal = unequalIntegers(actual, expected);
    return unequal ? absl::StrCat(unequal, " of ", expected.size(), " exact values differ") : "";
  }
  tools::Tolerance tolerance;
  if (rules.coarse || (isFloat(actual.dtype()) && dtypeSize(actual.dtype()) <= 2)) {
    tolerance.rtol = tolerance.atolScale = rules.coarse ? 5e-2 : 1e-2;
  }
  if (actual.dtype() == DType::F64) {
    tolerance.rtol = 1e-12;
    tolerance.atolScale = 1e-14;
  }
  tools::Comparison compared = tools::compare(actual, expected, tolerance);
  return compared.pass ? "" : absl::StrCat(compared.failures, " of ", expected.size(), " differ, by up to ", compared.maxAbs);
}

std::string compareValues(const ops::Value &actual, const ops::Value &expected, const Rules &rules) {
  if (actual.isTensor() && expected.isTensor()) {
    return compareOne(actual.tensor(), expected.tensor(), rules);
  }
  if (actual.kind() != expected.kind() || actual.items().size() != expected.items().size()) {
    return absl::StrCat("is a ", typeOf(actual).str(), " of ", actual.items().size(), ", expected a ", typeOf(expected).str(), " of ", expected.items().size());
  }
  if (actual.kind() == ValueKind::Map && !identical(ops::Value(actual.tensor()), ops::Value(expected.tensor()))) {
    return "keys differ";
  }
  for (size_t i = 0; i < expected.items().size(); ++i) {
    if (std::string what = compareValues(actual.items()[i], expected.items()[i], rules); !what.empty()) {
      return absl::StrCat("item ", i, ": ", what);
    }
  }
  return "";
}

} // namespace

Rules rulesFor(const frontend::Model &model) {
  Rules rules;
  for (const onnx::NodeProto &node : model.proto().graph().node()) {
    rules.random |= drawsNumbers(node);
    rules.coarse |= node.op_type() == "DynamicQuantizeLSTM";
    rules.doubled |= node.op_type() == "Hardmax" && model.opsetVersion("") < 7;
    rules.quantized |= node.op_type().find("Quant") != std::string::npos || node.op_type().starts_with("QLinear");
  }
  return rules;
}

Tensor retyped(const Tensor &tensor, DType wanted) {
  bool bits = tensor.dtype() == DType::U16 && wanted == DType::BF16;
  return bits ? Tensor(wanted, tensor.shape(), tensor.data(), std::make_shared<Tensor>(tensor)) : tensor;
}

std::string differences(const std::vector<ops::Value> &actual, const std::vector<ops::Value> &expected, const Rules &rules) {
  if (actual.size() < expected.size()) {
    return absl::StrCat("gives ", actual.size(), " outputs, expected ", expected.size());
  }
  for (size_t i = 0; i < expected.size(); ++i) {
    if (std::string what = compareValues(actual[i], expected[i], rules); !what.empty()) {
      return absl::StrCat("output ", i, ": ", what);
    }
  }
  return "";
}

} // namespace ncc::conformance
