// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Layout arithmetic: cutting tensors into grids.
#include "passes/layout/Layout.h"

using namespace ncc::layout;
using llvm::ArrayRef;

int64_t ncc::layout::product(ArrayRef<int64_t> sizes) {
  int64_t n = 1;
  for (int64_t size : sizes) {
    n *= size;
  }
  return n;
}

int64_t Layout::rows(ArrayRef<int64_t> shape) const {
  int64_t n = 1;
  for (int64_t dim : partition) {
    n *= shape[dim];
  }
  return n;
}

Dims Layout::freeSizes(ArrayRef<int64_t> shape) const {
  Dims sizes;
  for (int64_t dim : free) {
    sizes.push_back(shape[dim]);
  }
  return sizes;
}

Layout ncc::layout::layoutOf(int64_t rank, ArrayRef<int64_t> partition) {
  Layout layout;
  layout.partition.assign(partition.begin(), partition.end());
  for (int64_t dim = 0; dim < rank; ++dim) {
    if (!llvm::is_contained(partition, dim)) {
      layout.free.push_back(dim);
    }
  }
  return layout;
}

llvm::SmallVector<int64_t> ncc::layout::encodeLayout(const Layout &layout) {
  llvm::SmallVector<int64_t> code(layout.partition.begin(), layout.partition.end());
  code.push_back(-1);
  code.append(layout.free.begin(), layout.free.end());
  return code;
}

Layout ncc::layout::decodeLayout(ArrayRef<int64_t> code) {
  Layout layout;
  bool free = false;
  for (int64_t dim : code) {
    if (dim < 0) {
      free = true;
    } else {
      (free ? layout.free : layout.partition).push_back(dim);
    }
  }
  return layout;
}

bool Box::contains(const Box &other) const {
  for (size_t d = 0; d < size.size(); ++d) {
    if (other.start[d] < start[d] || other.start[d] + other.size[d] > start[d] + size[d]) {
      return false;
    }
  }
  return true;
}

std::optional<Box> Box::intersect(const Box &other) const {
  Box both;
  for (size_t d = 0; d < size.size(); ++d) {
    int64_t low = std::max(start[d], other.start[d]);
    int64_t high = std::min(start[d] + size[d], other.start[d] + other.size[d]);
    if (high <= low) {
      return std::nullopt;
    }
    both.start.push_back(low);
    both.size.push_back(high - low);
  }
  return both;
}

Dims ncc::layout::boxStrides(ArrayRef<int64_t> sizes) {
  Dims strides(sizes.size(), 1);
  for (int64_t d = static_cast<int64_t>(sizes.size()) - 2; d >= 0; --d) {
    strides[d] = strides[d + 1] * sizes[d + 1];
  }
  return strides;
}

bool ncc::layout::legalPartitions(int64_t start, int64_t count) {
  if (start == 0) {
    return count <= kPartitions;
  }
  if (count > 64) {
    return false;
  }
  return count > 32 ? start == 64 : start % 32 == 0 && start + count <= kPartitions;
}

llvm::SmallVector<Box> ncc::layout::cutBox(const Box &whole, int64_t limit) {
  const Dims &sizes = whole.size;
  llvm::SmallVector<Box> boxes;
  size_t cut = 0;
  while (cut < sizes.size() && product(ArrayRef<int64_t>(sizes).drop_front(cut)) > limit &&
         product(ArrayRef<int64_t>(sizes).drop_front(cut + 1)) > limit) {
    ++cut;
  }
  int64_t outer = product(ArrayRef<int64_t>(sizes).take_front(cut));
  int64_t below = cut < sizes.size() ? product(ArrayRef<int64_t>(sizes).drop_front(cut + 1)) : 1;
  int64_t along = cut < sizes.size() ? sizes[cut] : 1;
  int64_t perPiece = std::max<int64_t>(1, limit / std::max<int64_t>(below, 1));
  int64_t pieces = (along + perPiece - 1) / perPiece;
  int64_t balanced = pieces > 0 ? (along + pieces - 1) / pieces : along;
  // Whole transposes: pieces of a multiple of 128 keep the rows of the turned tensor together.
  int64_t whole128 = (balanced + kPartitions - 1) / kPartitions * kPartitions;
  perPiece = pieces > 1 && below == 1 && whole128 <= perPiece ? whole128 : balanced;
  for (int64_t index = 0; index < outer; ++index) {
    for (int64_t start = 0; start < along; start += perPiece) {
      Box box = whole;
      int64_t rest = index;
      for (int64_t d = static_cast<int64_t>(cut) - 1; d >= 0; --d) {
        box.start[d] += rest % sizes[d];
        box.size[d] = 1;
        rest /= sizes[d];
      }
      if (cut < sizes.size()) {
        box.start[cut] += start;
        box.size[cut] = std::min(perPiece, along - start);
      }
      boxes.push_back(std::move(box));
    }
  }
  return boxes;
}

Grid ncc::layout::reorderFree(const Grid &grid, const Layout &layout) {
  if (layout == grid.layout) {
    return grid;
  }
  auto reorder = [&](const Dims &entries, int64_t absent) {
    Dims result;
    for (int64_t dim : layout.free) {
      auto it = llvm::find(grid.layout.free, dim);
      result.push_back(it == grid.layout.free.end() ? absent : entries[it - grid.layout.free.begin()]);
    }
    return result;
  };
  Grid result = grid;
  result.layout = layout;
  for (Box &box : result.boxes) {
    box = {reorder(box.start, 0), reorder(box.size, 1)};
  }
  for (View &view : result.cells) {
    view.strides = reorder(view.strides, 0);
  }
  return result;
}

Grid ncc::layout::defaultGrid(ArrayRef<int64_t> shape, const Layout &layout, int64_t limit) {
  Grid grid;
  grid.layout = layout;
  int64_t rows = layout.rows(shape);
  // With several partition dims a tile holds whole inner groups, so that one group (a head) never straddles two tiles.
  int64_t inner = 1;
  for (size_t i = 1; i < layout.partition.size(); ++i) {
    inner *= shape[layout.partition[i]];
  }
  int64_t step = inner < kPartitions ? kPartitions / inner * inner : kPartitions;
  for (int64_t start = 0; start < rows;) {
    int64_t groupEnd = inner > kPartitions ? (start / inner + 1) * inner : rows;
    int64_t count = std::min(step, groupEnd - start);
    grid.rows.push_back({start, count});
    start += count;
  }

  Dims sizes = layout.freeSizes(shape);
  grid.boxes = cutBox({Dims(sizes.size(), 0), sizes}, longerChunk(limit, static_cast<int64_t>(grid.rows.size()), product(sizes)));
  grid.cells.resize(grid.rows.size() * grid.boxes.size());
  return grid;
}

Grid ncc::layout::transposeGrid(const Grid &grid, ArrayRef<int64_t> perm) {
  Dims inverse(perm.size(), 0);
  for (size_t d = 0; d < perm.size(); ++d) {
    inverse[perm[d]] = static_cast<int64_t>(d);
  }
  Grid result = grid;
  for (int64_t &dim : result.layout.partition) {
    dim = inverse[dim];
  }
  for (int64_t &dim : result.layout.free) {
    dim = inverse[dim];
  }
  return result;
}

std::optional<Grid> ncc::layout::sliceGrid(const Grid &grid, ArrayRef<int64_t> shape, ArrayRef<int64_t> offsets,
                                          ArrayRef<int64_t> sizes, ArrayRef<int64_t> strides) {
  Grid result;
  result.layout = grid.layout;
  result.replicated = grid.replicated;
  // Partition side: only a contiguous run of rows survives as a view.
  int64_t start = 0, count = 1, unit = 1;
  bool partial = false;
  for (int64_t i = static_cast<int64_t>(grid.layout.partition.size()) - 1; i >= 0; --i) {
    int64_t dim = grid.layout.partition[i];
    bool whole = sizes[dim] == shape[dim];
    if (!whole && (strides[dim] != 1 && sizes[dim] > 1)) {
      return std::nullopt;
    }
    if (partial && sizes[dim] != 1) {
      return std::nullopt;
    }
    partial |= !whole;
    start += offsets[dim] * unit;
    count *= sizes[dim];
    unit *= shape[dim];
  }
  Rows keep{start, count};
  llvm::SmallVector<std::pair<size_t, int64_t>> keptRows; // source row index, shift inside it
  for (size_t r = 0; r < grid.rows.size(); ++r) {
    int64_t low = std::max(keep.start, grid.rows[r].start);
    int64_t high = std::min(keep.start + keep.count, grid.rows[r].start + grid.rows[r].count);
    if (high <= low) {
      continue;
    }
    int64_t shift = low - grid.rows[r].start;
    if (!grid.replicated && !grid.cells.empty() &&
        !legalPartitions(grid.cell(r, 0).partition + shift, high - low)) {
      return std::nullopt;
    }
    result.rows.push_back({low - keep.start, high - low});
    keptRows.push_back({r, shift});
  }
  llvm::SmallVector<size_t> keptBoxes; // source box index
  llvm::SmallVector<Dims> keptSkips;
  for (size_t b = 0; b < grid.boxes.size(); ++b) {
    const Box &box = grid.boxes[b];
    Box kept;
    Dims skip;
    bool empty = false;
    for (size_t f = 0; f < grid.layout.free.size(); ++f) {
      int64_t dim = grid.layout.free[f], stride = strides[dim];
      if (stride <= 0) {
        return std::nullopt;
      }
      // result indices i with box.start <= offset + i*stride < box.start + box.size
      int64_t low = std::max<int64_t>(0, (box.start[f] - offsets[dim] + stride - 1) / stride);
      if (box.start[f] - offsets[dim] < 0) {
        low = 0;
      }
      int64_t high = box.start[f] + box.size[f] - offsets[dim];
      high = high <= 0 ? 0 : std::min(sizes[dim], (high + stride - 1) / stride);
      if (high <= low) {
        empty = true;
        break;
      }
      kept.start.push_back(low);
      kept.size.push_back(high - low);
      skip.push_back(offsets[dim] + low * stride - box.start[f]);
    }
    if (!empty) {
      result.boxes.push_back(kept);
      keptBoxes.push_back(b);
      keptSkips.push_back(skip);
    }
  }
  for (auto [r, shift] : keptRows) {
    for (size_t i = 0; i < keptBoxes.size(); ++i) {
      View view = grid.cell(r, keptBoxes[i]);
      view.partition += grid.replicated ? 0 : shift;
      for (size_t f = 0; f < view.strides.size(); ++f) {
        view.offset += keptSkips[i][f] * view.strides[f];
        view.strides[f] *= strides[grid.layout.free[f]];
      }
      result.cells.push_back(view);
    }
  }
  return result;
}
