// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// How a tensor lies on chip. A layout sends an ordered list of logical dims to partitions and the others, ordered,
// to the free axis. A grid cuts the partition axis into rows of at most 128 and the free axis into boxes; each cell
// is a view into a tile, so slices, transposes and many reshapes are only new views.
#pragma once

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <optional>

namespace ncc::layout {

using Dims = llvm::SmallVector<int64_t, 4>;

int64_t product(llvm::ArrayRef<int64_t> sizes);

struct Layout {
  Dims partition; // logical dims on partitions, outermost first
  Dims free;      // logical dims on the free axis, outermost first
  bool operator==(const Layout &) const = default;

  int64_t rows(llvm::ArrayRef<int64_t> shape) const;
  /// Sizes of the free dims, in free order.
  Dims freeSizes(llvm::ArrayRef<int64_t> shape) const;
};

/// Partition dims as given, all others free in logical order.
Layout layoutOf(int64_t rank, llvm::ArrayRef<int64_t> partition);

/// A layout as attribute text: partition dims, -1, free dims.
llvm::SmallVector<int64_t> encodeLayout(const Layout &layout);
Layout decodeLayout(llvm::ArrayRef<int64_t> code);

/// A run of flattened partition indices.
struct Rows {
  int64_t start = 0, count = 0;
  bool operator==(const Rows &) const = default;
  bool contains(const Rows &other) const { return other.start >= start && other.start + other.count <= start + count; }
};

/// A box in free-dim space, entries in free order.
struct Box {
  Dims start, size;
  bool operator==(const Box &) const = default;
  int64_t elements() const { return product(size); }
  bool contains(const Box &other) const;
  std::optional<Box> intersect(const Box &other) const;
};

/// Where the element at the start of a block lies, and how far apart neighbours along each free dim are.
struct View {
  mlir::Value tile;
  int64_t partition = 0;
  int64_t offset = 0;
  Dims strides; // one per free dim
};

struct Grid {
  Layout layout;
  llvm::SmallVector<Rows> rows;
  llvm::SmallVector<Box> boxes;
  llvm::SmallVector<View> cells; // rows.size() x boxes.size(), row-major
  /// Every partition of each cell holds the same values (the tensor has one row).
  bool replicated = false;

  View &cell(size_t row, size_t box) { return cells[row * boxes.size() + box]; }
  const View &cell(size_t row, size_t box) const { return cells[row * boxes.size() + box]; }
};

/// Elements per partition of a chunk, by what the tensor is. Small chunks let the next op start on the first one while
/// the others are still computed (BERT-base, batch 8: 512 predicts 4.1 ms, 4,096 predicts 5.1 ms); rows of an image need
/// more for their windows; constants are transferred in long runs.
inline constexpr int64_t kChunkElements = 512;
inline constexpr int64_t kSpatialChunk = 2048;
inline constexpr int64_t kConstantChunk = 4096;
inline constexpr int64_t kPartitions = 128;
/// A tensor of more tiles is cut into longer chunks, up to this long: instructions are paid for one by one.
inline constexpr int64_t kManyTiles = 1024;
inline constexpr int64_t kLongestChunk = 4096;
/// The chunk of a tensor of so many bands of rows and free elements that would start with `chunk`.
template <typename Int>
Int longerChunk(Int chunk, Int bands, Int free) {
  while (chunk < kLongestChunk && bands * (free / chunk) > kManyTiles) {
    chunk *= 2;
  }
  return chunk;
}
/// More elements than a scratchpad holds beside anything else: such a tensor lies in DRAM between ops in any case.
inline constexpr int64_t kBeyondChip = int64_t{1} << 23;

/// The default cut: rows of 128, boxes of at most `limit` elements (more for very large tensors), balanced along the outermost
/// dim that must be cut.
Grid defaultGrid(llvm::ArrayRef<int64_t> shape, const Layout &layout, int64_t limit = kChunkElements);
/// The same grid with its free dims in another order; a size-one dim may be new on the free axis.
Grid reorderFree(const Grid &grid, const Layout &layout);
/// A box as sub-boxes of at most `limit` elements, whole inner dims where possible.
llvm::SmallVector<Box> cutBox(const Box &box, int64_t limit);
/// Row-major strides of a box.
Dims boxStrides(llvm::ArrayRef<int64_t> sizes);

/// May an engine access `count` partitions from `start`? (neuron-facts 2.3)
bool legalPartitions(int64_t start, int64_t count);

/// The grid of the same tensor under a transposed shape: dim d of the result is dim perm[d] of the source.
Grid transposeGrid(const Grid &grid, llvm::ArrayRef<int64_t> perm);
/// The grid under another shape when that only regroups dims inside partitions and inside the free axis.
std::optional<Grid> reshapeGrid(const Grid &grid, llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> to);
/// The strides of the same elements under another shape, if they have any: dims that merge must follow each other.
std::optional<Dims> reshapeStrides(llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> to);
/// The layout a reshape carries `layout` of shape `from` to, when dims keep their side.
std::optional<Layout> reshapeLayout(const Layout &layout, llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> to);
/// The part of a grid that a slice with unit or positive strides keeps; null when a kept row would start illegally.
std::optional<Grid> sliceGrid(const Grid &grid, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> offsets,
                              llvm::ArrayRef<int64_t> sizes, llvm::ArrayRef<int64_t> strides);

} // namespace ncc::layout
