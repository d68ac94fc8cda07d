// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The state of lowering one graph function to one tile program: where each tensor lives (on-chip grids, a strided
// view of a DRAM buffer) and how to get a block of it in a wanted layout. Emitters ask for blocks and define results;
// they never move data themselves.
#pragma once

#include "passes/layout/GridIndex.h"
#include "passes/lower/ConstantCache.h"
#include "passes/lower/TileBuilder.h"
#include "runtime/hw/DeviceSpec.h"
#include "runtime/tensor/Tensor.h"

#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"

#include <map>

namespace ncc::lower {

/// A tensor as a strided view of a DRAM buffer; strides in elements, one per logical dim. The buffer may hold another
/// float type: transfers convert.
struct DramView {
  mlir::Value buffer;
  int64_t offset = 0;
  Dims strides;
};

struct TensorState {
  Dims shape;
  mlir::Type element;
  llvm::SmallVector<Grid, 1> grids;
  llvm::SmallVector<std::unique_ptr<GridIndex>, 1> indices; // of the grids that were asked for blocks
  std::optional<DramView> dram;
  std::optional<Tensor> constant; // host value of a graph.constant
  std::optional<double> splat;    // all elements of a constant are this
  std::optional<Tensor> repeats;  // the one element, to the bit; `constant` is absent when there are too many of it
};

/// A repeated value of more elements than this is never written out: not on the host, and in DRAM only by transfers.
inline constexpr int64_t kLargestSplat = int64_t{1} << 20;

class Lowering {
public:
  Lowering(mlir::OpBuilder &builder, const hw::DeviceSpec &spec, ConstantCache &packed) : t(builder), spec(spec), packed(packed) {}

  TileBuilder t;
  const hw::DeviceSpec &spec;
  ConstantCache &packed;
  bool skipZeros = true; // weight tiles that are all zero are not multiplied

  TensorState &state(mlir::Value value);

  /// The layout with size-one dims moved to the front of the free axis, so that equal layouts compare equal.
  static Layout canonical(const Layout &layout, llvm::ArrayRef<int64_t> shape);
  /// The layout the layout pass chose for a result, else the one a grid of the value already has, else a guess.
  Layout preferredLayout(mlir::Value value);

  /// The value's grid in that layout, converted or loaded on demand. The reference is valid until the next call.
  const Grid &grid(mlir::Value value, const Layout &layout);
  /// One block; a view of a cell where one holds it, else gathered. Its partition start is legal for an engine.
  View block(mlir::Value value, const Layout &layout, Rows rows, const Box &box);
  /// One row of the tensor, repeated on `partitions` partitions.
  View replicated(mlir::Value value, const Layout &layout, int64_t partitions, const Box &box);
  /// A block of `value` broadcast to `shape` (numpy rules): as an immediate, one value per partition, or a pattern.
  struct Operand {
    std::optional<double> immediate;
    Read read;
    bool perPartition = false;
  };
  Operand broadcastBlock(mlir::Value value, llvm::ArrayRef<int64_t> shape, const Layout &layout, Rows rows,
                         const Box &box);

  /// Where the tensor lies in DRAM; stored there on demand.
  DramView dram(mlir::Value value);
  /// Its whole row-major DRAM buffer.
  mlir::Value dramContiguous(mlir::Value value);
  /// A row-major DRAM buffer of a strided view of that shape and element type (cast on the way).
  mlir::Value copyToDram(const DramView &view, llvm::ArrayRef<int64_t> shape, mlir::Type element);
  /// Loads one block of a DRAM view in a layout.
  mlir::Value load(const DramView &view, llvm::ArrayRef<int64_t> shape, mlir::Type element, const Layout &layout,
                   Rows rows, const Box &box);
  /// A row-major DRAM buffer of so many copies of one element.
  mlir::Value filledDram(const Tensor &element, int64_t count);
  /// A constant in DRAM.
  mlir::Value constant(const Tensor &tensor);
  /// A 128 x 128 tile of ones (for sums across partitions).
  mlir::Value onesTile(mlir::Type element);
  /// A constant tile: [partitions][elements] row-major host values of `tensor`.
  mlir::Value constantTile(const Tensor &tensor, int64_t partitions, int64_t elements);

  /// `other` is the same tensor as `value`.
  void alias(mlir::Value other, mlir::Value value) { aliases[other] = value; }

  /// Results.
  void define(mlir::Value value, Grid grid);
  void defineDram(mlir::Value value, DramView view);
  void defineRowMajor(mlir::Value value, mlir::Value buffer);
  /// A cell whose tile holds exactly the block, row-major.
  static View freshView(mlir::Value tile, const Box &box);
  /// The pattern of a block of a view, made contiguous first when it needs more than four dims.
  Read read(const View &view, int64_t partitions, llvm::ArrayRef<int64_t> sizes);

private:
  View blockOf(mlir::Value value, const Grid &grid, Rows rows, const Box &box);
  View replicatedOf(mlir::Value value, const Layout &layout, int64_t partitions, const Box &box);
  View gather(const Grid &grid, const GridIndex &index, mlir::Type element, Rows rows, const Box &box);
  const GridIndex &indexOf(mlir::Value value, const Grid &grid);
  std::optional<Grid> transposeOnEngine(const TensorState &state, const Grid &from, const Layout &to);
  Grid gridToStore(TensorState &state);
  static bool scattersInDram(const TensorState &state, const Layout &layout);
  static std::optional<Layout> rowLayout(const TensorState &state);
  Grid loadGrid(const TensorState &state, const DramView &source, const Layout &layout);
  DramView packedConstant(TensorState &state, const Layout &layout);

  llvm::DenseMap<mlir::Value, std::unique_ptr<TensorState>> states;
  using BlockKey = std::tuple<void *, llvm::SmallVector<int64_t, 16>>;
  std::map<BlockKey, View> blocks; // gathered, replicated and broadcast blocks
  llvm::DenseMap<mlir::Value, mlir::Value> aliases;
  llvm::DenseMap<mlir::Type, mlir::Value> ones;
  struct StoredConstant {
    mlir::Value buffer;
    Tensor tensor; // keeps the address taken
  };
  std::map<std::tuple<const void *, int64_t, DType>, StoredConstant> constants;
};

} // namespace ncc::lower
