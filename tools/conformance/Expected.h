// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// When a result counts as the expected one: floats within a tolerance of their type (doubles: 1e-12), integers and bools exactly,
// quantized values within one step, drawn numbers by shape, type and range.
#pragma once

#include "runtime/tensor/Value.h"

#include <string>
#include <vector>

namespace ncc::frontend {
class Model;
} // namespace ncc::frontend

namespace ncc::conformance {

struct Rules {
  bool random = false;    // the graph draws numbers
  bool quantized = false; // the graph rounds to quantized integers
  bool coarse = false;    // ONNX Runtime rounds what ncc does not: the operands of a dynamically quantized LSTM, to 8 bits
  bool doubled = false;   // old tests of Hardmax declare, and hold, doubles where the operator gives floats
};

Rules rulesFor(const frontend::Model &model);

/// Old data files hold bfloat16 as uint16: the same bits under the wanted type.
Tensor retyped(const Tensor &tensor, DType wanted);

/// What differs, in a few words; "" when nothing does.
std::string differences(const std::vector<ops::Value> &actual, const std::vector<ops::Value> &expected, const Rules &rules);

} // namespace ncc::conformance
