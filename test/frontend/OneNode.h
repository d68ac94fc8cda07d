// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Models of one node, made from an operator's schema or found in a corpus, and mutants of them that the schema forbids.
#pragma once

#include "compiler/frontend/onnx/onnx.pb.h"
#include "compiler/frontend/onnx/schema/Schema.h"

#include <optional>
#include <string>
#include <vector>

namespace ncc::test {

/// A model whose only node is of this form, with the fewest inputs, outputs and attributes it may have. Its shapes mean nothing.
onnx::ModelProto modelOf(const frontend::OpSchema &schema);

struct Mutant {
  std::string form;     // "ai.onnx.MaxPool-12"
  std::string mutation; // "missing attribute kernel_shape"
  std::string concerns; // what the diagnostic must name: the attribute or input, or "input" or "output" for their number
  onnx::ModelProto model;

  std::string name() const { return form + ": " + mutation; }
  /// The mutation without what it concerns: "missing attribute".
  std::string kind() const;
};

std::string formName(const frontend::OpSchema &schema);

/// Every mutant of a one-node model by the schema: attributes left out, mistyped and out of range; one input or output more and
/// less; operands of other types.
std::vector<Mutant> mutantsOf(const onnx::ModelProto &model, const frontend::OpSchema &schema);

/// The same with the first output declared as what it is not; nothing when that is neither a tensor nor a sequence of them.
std::optional<Mutant> misdeclared(const onnx::ModelProto &model, const frontend::OpSchema &schema, const ValueType &computed);

} // namespace ncc::test
