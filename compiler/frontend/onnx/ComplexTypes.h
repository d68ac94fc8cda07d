// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Which operators take complex numbers: those whose schemas list them only move them, and nothing else gets to see any.
#pragma once

#include "compiler/frontend/onnx/onnx.pb.h"

#include "llvm/ADT/ArrayRef.h"
#include "mlir/IR/Value.h"

#include <string>

namespace ncc::frontend {

/// Why a node cannot have these values, complex ones among them, as operands or results; empty when it can. Values may be null.
std::string complexRefusal(const onnx::NodeProto &node, llvm::ArrayRef<mlir::Value> values);

} // namespace ncc::frontend
