// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Small matchers over graph ops: look through commutative operands and scalar constants.
#pragma once

#include "dialects/graph/Graph.h"

#include <optional>

namespace ncc::fuse {

/// The op of that kind that defines `value`, or null.
graph::UnaryOp unaryOf(mlir::Value value, graph::UnaryKind kind);
graph::BinaryOp binaryOf(mlir::Value value, graph::BinaryKind kind);
graph::ReduceOp reduceOf(mlir::Value value, graph::ReduceKind kind);

/// `value` = other kind scalar (either order for commutative kinds) with other's own type: the other and the scalar.
struct Scaled {
  mlir::Value other;
  double scalar;
};
std::optional<Scaled> withScalar(mlir::Value value, graph::BinaryKind kind);

/// True when the reduced axes are exactly the trailing dims from some axis on; that axis.
std::optional<int64_t> trailingAxis(graph::ReduceOp op);

bool isConstant(mlir::Value value);
inline mlir::RankedTensorType typeOf(mlir::Value value) { return llvm::cast<mlir::RankedTensorType>(value.getType()); }

} // namespace ncc::fuse
