// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// How many nodes a model holds once the body of a function stands at every call, counted without expanding anything:
// forty functions of two calls each are a file of a kilobyte and 2^40 nodes.
#pragma once

#include "compiler/frontend/onnx/onnx.pb.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include <cstdint>
#include <map>
#include <string>

namespace ncc::frontend {

/// The function a node of a body (of the model's graph, if null) calls; null for an operator.
using CalleeFn = llvm::function_ref<const onnx::FunctionProto *(const onnx::NodeProto &, const onnx::FunctionProto *)>;

struct Expansion {
  int64_t nodes = 0;   // of bodies held by nodes, too; no more than 2^62
  int64_t nesting = 0; // of calls
  std::string cycle;   // a function that calls itself, whatever lies between
};

Expansion expansionOf(const onnx::GraphProto &graph, CalleeFn callee);

} // namespace ncc::frontend
