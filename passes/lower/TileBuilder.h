// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Short names for building tile ops: an emitter thinks in instructions, not in attribute lists.
#pragma once

#include "dialects/tile/Tile.h"
#include "passes/layout/Layout.h"
#include "runtime/tensor/DType.h"

#include "mlir/IR/Builders.h"

#include <variant>

namespace ncc::lower {

using namespace layout;

/// A tile as an instruction reads it.
struct Read {
  mlir::Value tile;
  tile::AccessPatternAttr ap;
};

/// A scalar operand: an immediate, or one value per partition.
using Scalar = std::variant<double, Read>;

struct ActivateOptions {
  Scalar scale = 1.0, bias = 0.0;
  double alpha = 0.0, beta = 0.0;
};

/// Where an in-place instruction writes: a linear tile and the region of it.
struct Into {
  mlir::Value tile;
  tile::AccessPatternAttr region;
};

/// The element type values of `element` are stored as: engines have no form for floats of 8 bits beside E4M3FN and E5M2
/// or for anything below a byte; such values lie in bytes that only kernels look into.
mlir::Type storageElement(mlir::Type element);
DType storageType(DType type);

class TileBuilder {
public:
  TileBuilder(mlir::OpBuilder &builder) : b(builder) {}
  mlir::OpBuilder &b;
  mlir::Location loc = b.getUnknownLoc();

  mlir::Type sbuf(int64_t partitions, int64_t elements, mlir::Type element);
  mlir::Type psum(int64_t partitions, int64_t elements, mlir::Type element);
  mlir::Type dram(int64_t elements, mlir::Type element);

  /// The pattern of a box of a view: size-one dims dropped, neighbouring dims merged. Null when more than four remain.
  tile::AccessPatternAttr pattern(int64_t partition, int64_t partitions, int64_t offset, llvm::ArrayRef<int64_t> strides,
                                  llvm::ArrayRef<int64_t> sizes);
  /// The same for DRAM, where up to five dims are allowed.
  tile::AccessPatternAttr dramPattern(int64_t offset, llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> sizes);
  Read whole(mlir::Value tile) { return {tile, tile::wholePattern(tile.getType())}; }

  mlir::Value matmul(mlir::Type type, Read stationary, Read moving, std::optional<Into> into, bool accumulate,
                     int64_t stationaryZero = 0, int64_t movingZero = 0);
  mlir::Value transpose(mlir::Type type, Read src);
  mlir::Value activate(mlir::Type type, llvm::StringRef func, Read src, const ActivateOptions &options = {});
  /// The same, and the sum of each partition's results.
  std::pair<mlir::Value, mlir::Value> activateSum(mlir::Type type, llvm::StringRef func, Read src, const ActivateOptions &options);
  mlir::Value tensorTensor(mlir::Type type, llvm::StringRef op, Read a, Read b, std::optional<Into> into = {});
  mlir::Value tensorScalar(mlir::Type type, Read src, llvm::StringRef op0, Scalar s0, bool reverse0 = false,
                           llvm::StringRef op1 = "bypass", Scalar s1 = 0.0, std::optional<Into> into = {});
  mlir::Value reduce(mlir::Type type, llvm::StringRef op, Read src, int64_t dims, bool negate = false);
  mlir::Value copy(mlir::Type type, Read src, llvm::StringRef engine = "vector", bool round = false, bool saturate = false);
  mlir::Value select(mlir::Type type, Read pred, Scalar a, Scalar b);
  mlir::Value memset(mlir::Type type, double value, std::optional<Into> into = {});
  mlir::Value dma(mlir::Type type, Read src);
  mlir::Value gather(mlir::Type type, Read table, Read indices, int64_t rowElements, int64_t rows);
  mlir::Value join(mlir::Type type, llvm::ArrayRef<mlir::Value> parts, llvm::ArrayRef<mlir::Attribute> places);
};

} // namespace ncc::lower
