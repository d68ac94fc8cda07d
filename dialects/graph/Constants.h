// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Between IR types and attributes and the runtime's tensors. Large constants are resources whose blob points into
// memory somebody else keeps (a mapped model file): never copied, never hashed.
#pragma once

#include "runtime/tensor/Tensor.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

namespace ncc::graph {

/// Signed integers are signless in IR, bool is i1, strings are !graph.string.
mlir::Type elementTypeOf(mlir::MLIRContext *context, DType type);
std::optional<DType> dtypeOf(mlir::Type elementType);

mlir::RankedTensorType tensorTypeOf(mlir::MLIRContext *context, DType type, absl::Span<const int64_t> shape);
/// The shape of a ranked tensor type.
Shape shapeOf(mlir::Type type);

/// Constants up to this many bytes are stored (and uniqued) in the attribute itself.
inline constexpr size_t kInlineConstantBytes = 512;

/// The attribute for a tensor; a large tensor's storage is shared, not copied, and lives as long as the context.
mlir::ElementsAttr tensorAttr(mlir::MLIRContext *context, const Tensor &tensor, llvm::StringRef name = "constant");
/// A tensor of one repeated value, stored once.
mlir::ElementsAttr splatAttr(mlir::RankedTensorType type, double value);
/// All elements the first of a tensor of the same element type, to the bit.
mlir::ElementsAttr splatAttr(mlir::RankedTensorType type, const Tensor &first);

/// The tensor behind an attribute: a view for resources and dense data, a new tensor for splats. Views are valid
/// while the context lives. Nothing when the attribute is of an unknown kind or its blob does not fit its type.
std::optional<Tensor> attrTensor(mlir::Attribute attribute);
/// The same for a value that graph.constant defines.
std::optional<Tensor> constantTensor(mlir::Value value);

/// The single number that fills a constant, looked up without reading large ones.
std::optional<double> splatValue(mlir::Attribute attribute);
std::optional<double> splatValue(mlir::Value value);

} // namespace ncc::graph
