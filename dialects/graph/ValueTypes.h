// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Between IR types and the runtime's types of values, and the kernel an op stands for in a host stage.
#pragma once

#include "runtime/ops/Attributes.h"
#include "runtime/tensor/Value.h"

#include "absl/status/statusor.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Types.h"
#include "mlir/IR/Value.h"

#include <optional>

namespace ncc::graph {

/// None for a type no value has.
ValueType valueTypeOf(mlir::Type type);
mlir::Type typeOfValueType(mlir::MLIRContext *context, const ValueType &type);

/// A ranked tensor whose every dim is known.
bool isStaticTensor(mlir::Type type);

mlir::Attribute attributeOf(mlir::MLIRContext *context, const ops::AttrValue &value);
mlir::DictionaryAttr dictionaryOf(mlir::MLIRContext *context, const ops::Attributes &attributes);

/// What a host stage runs for an op: a kernel by name, its attributes, its operands (null: absent).
struct HostForm {
  std::string kernel;
  ops::Attributes attributes;
  llvm::SmallVector<mlir::Value> operands;
};
/// graph.host says it itself; any other op is its mnemonic's kernel. Nothing when there is no such kernel.
std::optional<HostForm> hostFormOf(mlir::Operation *op);

/// Result types by the kernel's rule; small constant operands are taken into account.
absl::StatusOr<std::vector<ValueType>> inferHostForm(const HostForm &form, absl::Span<const ValueType> declared);

} // namespace ncc::graph
