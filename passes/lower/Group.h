// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The unit an emitter lowers: at most one heavy root op and the elementwise ops that follow it on the same block (the
// body of a graph.fusion, or a single op). The body is evaluated block by block, straight from the root's
// accumulator, so that a fused chain never touches a whole tensor.
#pragma once

#include "passes/lower/Lowering.h"
#include "passes/tiling/Elementwise.h"

#include "llvm/ADT/DenseMap.h"

namespace ncc::lower {

struct Group {
  mlir::Operation *root = nullptr;                // null for an elementwise group
  llvm::SmallVector<mlir::Operation *> body;      // elementwise ops in order
  llvm::SmallVector<mlir::Value> inner, outer;    // results: the value in the body, the value others use
  llvm::DenseMap<mlir::Value, mlir::Value> alias; // block argument -> outside value

  mlir::Value resolve(mlir::Value value) const {
    auto it = alias.find(value);
    return it == alias.end() ? value : it->second;
  }
  /// The result of the root inside the group (null without a root).
  mlir::Value rootValue() const { return root ? root->getResult(0) : mlir::Value(); }
};

/// A group of one op, or the body of a fusion.
Group groupOf(mlir::Operation *op);

using tiling::isEngineElementwise;

/// Evaluates the body on one block and returns one tile per result.
class BlockEvaluator {
public:
  BlockEvaluator(Lowering &low, const Group &group, llvm::ArrayRef<int64_t> shape, const Layout &layout)
      : low(low), group(group), shape(shape), layout(layout) {}
  /// `root` is the accumulator of the block (absent without a root).
  llvm::SmallVector<mlir::Value> run(Rows rows, const Box &box, std::optional<Read> root);

private:
  using Operand = Lowering::Operand;
  Operand operand(mlir::Value value);
  Operand apply(mlir::Operation *op);
  Operand unary(mlir::Operation *op, mlir::Type type);
  Operand binary(llvm::StringRef op, const Operand &a, const Operand &b, mlir::Type type);
  Operand prelu(const Operand &x, const Operand &slope, mlir::Type type);
  Operand convert(const Operand &x, mlir::Type from, mlir::Type to);
  /// As a pattern of the whole block, repeating a per-partition value or filling a tile with an immediate.
  Read full(const Operand &operand, mlir::Type element);
  Operand made(mlir::Value tile) { return {std::nullopt, low.t.whole(tile), false}; }

  Lowering &low;
  const Group &group;
  llvm::ArrayRef<int64_t> shape;
  const Layout &layout;
  Rows rows;
  Box box;
  int64_t count = 0; // elements per partition of the block
  unsigned evacuations = 0; // alternates the engine that empties accumulators
  llvm::DenseMap<mlir::Value, Operand> values;
};

/// Collects the blocks of a group's results cell by cell and defines the results.
class ResultGrids {
public:
  ResultGrids(Lowering &low, const Group &group, Grid shape) : low(low), group(group), grid(std::move(shape)), cells(group.outer.size()) {}
  const Grid &shape() const { return grid; }
  /// One tile per result for the block at `rows`, `box` of the current cell.
  void add(Rows rows, const Box &box, llvm::ArrayRef<mlir::Value> tiles);
  /// Ends the cell: joins its blocks.
  void finishCell(size_t row, size_t box);
  /// Defines every result.
  void finish();

private:
  struct Cell {
    llvm::SmallVector<mlir::Value> parts;
    llvm::SmallVector<std::pair<Rows, Box>> where;
  };
  Lowering &low;
  const Group &group;
  Grid grid;
  llvm::SmallVector<Cell> cells;              // current cell, per result
  llvm::SmallVector<llvm::SmallVector<View>> views{group.outer.size()};
};

} // namespace ncc::lower
