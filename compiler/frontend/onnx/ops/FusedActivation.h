// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Products of com.microsoft with an activation behind them.
#pragma once

#include "compiler/frontend/onnx/Handlers.h"

namespace ncc::frontend {

/// Ends a handler with the node's `activation` of y, by its activation_alpha, _beta and _gamma; y itself where it has none.
mlir::LogicalResult fuseActivation(NodeContext &node, Value y);

/// FusedGemm by that table's Gemm.
mlir::LogicalResult fusedGemm(NodeContext &node, const HandlerTable &table);

} // namespace ncc::frontend
