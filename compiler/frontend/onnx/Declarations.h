// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What a file declares of a value against what was computed for it.
#pragma once

#include "compiler/frontend/onnx/onnx.pb.h"
#include "runtime/tensor/Value.h"

#include <string>

namespace ncc::frontend {

/// Precision: both are floats, of other widths.
enum class Contradiction : uint8_t { None, Type, Precision, Shape };

/// Open dims and what is not declared contradict nothing. `fact` says what the two are.
Contradiction contradiction(const onnx::TypeProto &declared, const ValueType &computed, std::string &fact);

} // namespace ncc::frontend
