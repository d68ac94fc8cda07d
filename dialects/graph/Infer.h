// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What the result-type inference functions of the op families share. Every check that fails says why through
// `emitOptionalError`, so the importer and the verifier give the same reason.
#pragma once

#include "dialects/graph/Graph.h"

namespace ncc::graph {

using MaybeLoc = std::optional<mlir::Location>;
using Dims = llvm::ArrayRef<int64_t>;
using DimVector = llvm::SmallVector<int64_t>;

inline mlir::RankedTensorType tensorType(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

/// "2x3", "scalar".
std::string dimsString(Dims dims);

/// numpy broadcasting of two shapes.
mlir::FailureOr<DimVector> broadcastDims(MaybeLoc loc, Dims a, Dims b);

/// An error unless `axis` is in [0, rank).
mlir::LogicalResult checkAxis(MaybeLoc loc, int64_t axis, int64_t rank);

/// An error unless the attribute array has `count` entries, all at least `least`.
mlir::LogicalResult checkInts(MaybeLoc loc, llvm::StringRef name, Dims values, size_t count,
                              int64_t least = INT64_MIN);

/// An error unless the element type is an index type of ONNX (i32 or i64).
mlir::LogicalResult checkIndexType(MaybeLoc loc, mlir::Type type);

/// An error unless every dim is below 2^40 and their product times 8 fits comfortably into 63 bits.
mlir::LogicalResult checkSize(MaybeLoc loc, Dims dims);

/// One output size of a sliding window; fails when the window does not fit.
mlir::FailureOr<int64_t> windowSize(MaybeLoc loc, int64_t in, int64_t kernel, int64_t stride, int64_t padLow,
                                    int64_t padHigh, int64_t dilation);

/// True when the shapes are equal and the element types are equal or both floats (accumulation in a wider type).
bool accumulationCompatible(mlir::TypeRange inferred, mlir::TypeRange actual);

bool isEightBit(mlir::Type type);
bool isFloatElement(mlir::Type type);

} // namespace ncc::graph
