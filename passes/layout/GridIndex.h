// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Finds the cells of a grid that meet a block without looking at all of them: emitters ask once a block, and a tensor
// may have thousands of cells.
#pragma once

#include "passes/layout/Layout.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace ncc::layout {

class GridIndex {
public:
  GridIndex(llvm::ArrayRef<Rows> rows, llvm::ArrayRef<Box> boxes);
  explicit GridIndex(const Grid &grid) : GridIndex(grid.rows, grid.boxes) {}

  /// Calls `fn` with the rows that meet some, in order.
  void forEachRow(const Rows &wanted, llvm::function_ref<void(size_t)> fn) const;
  /// Calls `fn` with the boxes that meet one, in order.
  void forEachBox(const Box &wanted, llvm::function_ref<void(size_t)> fn) const;

private:
  struct Range {
    int64_t start, end;
  };
  void makeAxes(llvm::ArrayRef<Box> boxes);

  llvm::SmallVector<Range> rowRanges; // empty: not sorted, all rows are looked at
  size_t rowCount = 0, boxCount = 0;
  llvm::SmallVector<llvm::SmallVector<Range>> axes; // per free dim, the ranges boxes have there; empty: all boxes are looked at
  std::vector<size_t> table;                        // the box of each combination, row-major
};

} // namespace ncc::layout
