// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Short names for building graph ops inside a decomposition.
#pragma once

#include "dialects/graph/Graph.h"
#include "runtime/tensor/Tensor.h"

#include "mlir/IR/PatternMatch.h"

namespace ncc::legalize {

using Dims = llvm::SmallVector<int64_t>;

inline mlir::RankedTensorType typeOf(mlir::Value value) { return llvm::cast<mlir::RankedTensorType>(value.getType()); }
inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) { return typeOf(value).getShape(); }

class GraphBuilder {
public:
  GraphBuilder(mlir::OpBuilder &b, mlir::Location loc) : b(b), loc(loc) {}
  mlir::OpBuilder &b;
  mlir::Location loc;

  mlir::Value unary(graph::UnaryKind kind, mlir::Value x, double alpha = 0.0, double beta = 0.0);
  mlir::Value binary(graph::BinaryKind kind, mlir::Value x, mlir::Value y);
  mlir::Value add(mlir::Value x, mlir::Value y) { return binary(graph::BinaryKind::Add, x, y); }
  mlir::Value sub(mlir::Value x, mlir::Value y) { return binary(graph::BinaryKind::Sub, x, y); }
  mlir::Value mul(mlir::Value x, mlir::Value y) { return binary(graph::BinaryKind::Mul, x, y); }
  mlir::Value div(mlir::Value x, mlir::Value y) { return binary(graph::BinaryKind::Div, x, y); }
  mlir::Value reduce(graph::ReduceKind kind, mlir::Value x, llvm::ArrayRef<int64_t> axes, bool keepdims = true);
  mlir::Value matmul(mlir::Value x, mlir::Value y, bool transposeX = false, bool transposeY = false);
  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<int64_t> shape);
  mlir::Value transpose(mlir::Value x, llvm::ArrayRef<int64_t> perm);
  /// sizes elements from offsets, with unit strides unless given.
  mlir::Value slice(mlir::Value x, llvm::ArrayRef<int64_t> offsets, llvm::ArrayRef<int64_t> sizes, llvm::ArrayRef<int64_t> strides = {});
  /// One range of one dim.
  mlir::Value sliceDim(mlir::Value x, int64_t dim, int64_t offset, int64_t size);
  mlir::Value concat(llvm::ArrayRef<mlir::Value> parts, int64_t axis);
  mlir::Value expand(mlir::Value x, llvm::ArrayRef<int64_t> shape);
  mlir::Value cast(mlir::Value x, mlir::Type element);
  mlir::Value constant(const Tensor &tensor);
  /// A rank-0 constant of that element type.
  mlir::Value scalar(double value, mlir::Type element);
};

// Pattern sets of the op families.
void populateNormalization(mlir::RewritePatternSet &patterns);
void populateAttention(mlir::RewritePatternSet &patterns);
void populateReduction(mlir::RewritePatternSet &patterns);
void populateQuantize(mlir::RewritePatternSet &patterns);
void populateRecurrent(mlir::RewritePatternSet &patterns, int64_t maxSteps);
void populateResize(mlir::RewritePatternSet &patterns);
void populateIndexing(mlir::RewritePatternSet &patterns);
void populateLayoutOps(mlir::RewritePatternSet &patterns);
void populateSelection(mlir::RewritePatternSet &patterns);
void populateWindows(mlir::RewritePatternSet &patterns);
void populateLargeOps(mlir::RewritePatternSet &patterns);
void populateIntegers(mlir::RewritePatternSet &patterns, bool byteProducts);

} // namespace ncc::legalize
