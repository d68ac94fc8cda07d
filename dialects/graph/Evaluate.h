// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reference evaluation of graph ops: each op runs the runtime/ops kernel of its mnemonic, with the op's properties
// as the kernel's attributes.
#pragma once

#include "runtime/ops/Attributes.h"
#include "runtime/tensor/Value.h"

#include "absl/status/statusor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <functional>

namespace ncc::graph {

/// The op's inherent attributes by name: enums as their keyword, flags as 0 or 1. Unset ones are left out.
ops::Attributes attributesOf(mlir::Operation *op);

/// The operands a kernel sees, where an absent optional operand keeps its place as an empty entry (nullptr).
llvm::SmallVector<mlir::Value> kernelOperands(mlir::Operation *op);

/// Runs one op. `inputs` are in the order of the op's operands.
absl::StatusOr<std::vector<Tensor>> evaluate(mlir::Operation *op, absl::Span<const Tensor> inputs);

/// The same for values of any kind: what host stages compute, and control flow.
absl::StatusOr<std::vector<ops::Value>> evaluateValues(mlir::Operation *op, absl::Span<const ops::Value> inputs);

/// Called after each op with its results (those that are tensors); for calibration and per-layer comparison.
using Observer = std::function<void(mlir::Operation *, absl::Span<const Tensor>)>;

/// Called before each call of another function of the module, with the call's inputs: what a segment of a divided model
/// is given.
using CallObserver = std::function<void(mlir::func::FuncOp, absl::Span<const ops::Value>)>;

/// Runs a function's single block, and those of functions it calls; tensors are freed after their last use.
absl::StatusOr<std::vector<Tensor>> evaluateFunction(mlir::func::FuncOp func, absl::Span<const Tensor> inputs,
                                                     const Observer &observer = {});
absl::StatusOr<std::vector<ops::Value>> evaluateFunctionValues(mlir::func::FuncOp func, absl::Span<const ops::Value> inputs,
                                                               const Observer &observer = {}, const CallObserver &calls = {});

} // namespace ncc::graph
