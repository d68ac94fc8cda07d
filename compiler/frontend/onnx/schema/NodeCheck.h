// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Whether a node is as its operator's schema has it: what can be told from the node alone, and what its operands' types say.
#pragma once

#include "compiler/frontend/onnx/onnx.pb.h"
#include "compiler/frontend/onnx/schema/Schema.h"

namespace ncc::frontend {

struct NodeFault {
  std::string fact, advice;
  bool tolerated = false; // known from old files, whose meaning is plain: worth a warning
};

/// Counts of inputs and outputs, and the attributes. Files of IR version 1 may leave out what kind an attribute is; those up to 3 may
/// give an attribute as an older form of the operator had it.
std::vector<NodeFault> checkNodeForm(const OpSchema &schema, const onnx::NodeProto &node, int64_t irVersion);

/// The types of the operands; None for those that are absent or whose type is not known.
std::vector<NodeFault> checkOperandTypes(const OpSchema &schema, llvm::ArrayRef<ValueType> operands);

} // namespace ncc::frontend
