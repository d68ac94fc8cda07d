// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The shape a tensor is re-viewed under when its own leaves most partitions empty: neighbouring dims that all operands
// treat alike are one, and the longest run of them is split into blocks of k rows, one a partition. A block is one
// stretch of DRAM. What is left over is a shorter block, and then less than one element a partition.
#pragma once

#include "passes/layout/Layout.h"

#include <vector>

namespace ncc::layout {

/// Tiles of the default cut of a tensor under a layout.
int64_t tilesOf(const Layout &layout, llvm::ArrayRef<int64_t> shape);

/// A stretch of the run: blocks x rows x columns elements from `start`.
struct FoldedPiece {
  int64_t start = 0, blocks = 1, rows = 1, columns = 1;
  int64_t size() const { return blocks * rows * columns; }
  /// The dims it has in place of the run.
  Dims dims() const;
  /// Which of them lies on partitions.
  size_t rowDim() const { return blocks > 1 ? 1 : 0; }
};

struct FoldedShape {
  Dims groups;                       // sizes of the joined dims
  llvm::SmallVector<size_t, 4> ends; // of each group: one past its last dim, dims of size one behind it included
  llvm::SmallVector<size_t, 4> dims; // of each group: its first dim
  size_t rank = 0;                   // of the whole
  size_t run = 0;                    // the group that is split
  llvm::SmallVector<FoldedPiece, 3> pieces;

  /// Group sizes of a tensor that broadcasts to the whole.
  Dims ownGroups(llvm::ArrayRef<int64_t> shape) const;
  /// `own` with the run as a piece has it, or repeated along it.
  Dims shapeOf(const FoldedPiece &piece, const Dims &own) const;
  int64_t rowDim(const FoldedPiece &piece) const { return static_cast<int64_t>(run + piece.rowDim()); }
  /// The dims of a piece that a reduction takes away first: those of the run but the rows.
  llvm::SmallVector<int64_t> reducedFirst(const FoldedPiece &piece) const;
  /// Which of the groups are reduced.
  llvm::SmallVector<int64_t> reducedGroups(llvm::ArrayRef<bool> reducedDims) const;
  std::vector<int64_t> key() const;
};

/// How to fold an elementwise result that would take `tiles` tiles; nothing when that would not save most of them.
std::optional<FoldedShape> foldBroadcast(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<llvm::ArrayRef<int64_t>> operands, int64_t tiles);
/// How to fold the operand of a reduction.
std::optional<FoldedShape> foldReduction(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<bool> reduced);

} // namespace ncc::layout
