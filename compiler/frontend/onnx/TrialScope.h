// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The importer's scope as a handler of branches sees it: a body may turn out to have no form, and that is no error yet.
#pragma once

#include "compiler/frontend/onnx/NodeContext.h"

namespace ncc::frontend {

/// Every scope that nodes are imported in is one.
class TrialScope : public GraphScope {
public:
  /// importBody without arguments; what has no form with the shapes given is the reason why nothing comes back.
  virtual llvm::SmallVector<Value> tryBody(const onnx::GraphProto &graph, std::string &reason) = 0;
  /// How often a body imported now will be in all: the product over the unrolled loops around it. Loops multiply it by their
  /// steps while they import theirs.
  int64_t copies = 1;
};

} // namespace ncc::frontend
