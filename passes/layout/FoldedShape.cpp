// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Choosing the run to fold and the number of its rows.
#include "passes/layout/FoldedShape.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace ncc::layout;
using llvm::ArrayRef;

namespace {

/// Folding pays when it saves this many tiles, and all but one in so many.
constexpr int64_t kFewTiles = 64, kSaved = 4;
/// Rows that leave nothing over are taken down to this many; fewer leave too many partitions empty.
constexpr int64_t kFewestRows = 112;

/// Blocks of k rows of at most `most` columns each; all of `size`, if some k and number of columns divide it.
FoldedPiece blocksFor(int64_t size, int64_t most) {
  for (int64_t rows = kPartitions; rows >= kFewestRows; --rows) {
    int64_t all = size / rows;
    if (size % rows != 0) {
      continue;
    }
    for (int64_t columns = std::min(most, all); columns > 0 && 2 * columns >= std::min(most, all); --columns) {
      if (all % columns == 0) {
        return {0, all / columns, rows, columns};
      }
    }
  }
  int64_t columns = std::min(most, size / kPartitions);
  return {0, size / (kPartitions * columns), kPartitions, columns};
}

llvm::SmallVector<FoldedPiece, 3> piecesFor(int64_t size, int64_t inner, int64_t chunk) {
  llvm::SmallVector<FoldedPiece, 3> pieces{blocksFor(size, std::max<int64_t>(1, chunk / inner))};
  int64_t done = pieces.back().size();
  if (int64_t columns = (size - done) / kPartitions) {
    pieces.push_back({done, 1, kPartitions, columns});
    done += pieces.back().size();
  }
  if (done < size) {
    pieces.push_back({done, 1, size - done, 1});
  }
  return pieces;
}

/// Elements per partition of a chunk of a tensor of so many bands of rows and free elements.
int64_t chunkFor(int64_t bands, int64_t free) { return longerChunk(kChunkElements, bands, free); }

/// Neighbouring dims without a line between them, those of size one left out.
FoldedShape joined(ArrayRef<int64_t> shape, llvm::function_ref<bool(size_t, size_t)> alike) {
  FoldedShape fold;
  fold.rank = shape.size();
  size_t last = 0;
  bool any = false;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == 1) {
      if (!fold.ends.empty()) {
        fold.ends.back() = d + 1;
      }
      continue;
    }
    if (any && alike(last, d)) {
      fold.groups.back() *= shape[d];
      fold.ends.back() = d + 1;
    } else {
      fold.groups.push_back(shape[d]);
      fold.dims.push_back(d);
      fold.ends.push_back(d + 1);
    }
    any = true;
    last = d;
  }
  return fold;
}

std::optional<FoldedShape> splitRun(FoldedShape fold, size_t run, int64_t tiles) {
  if (fold.groups.empty() || fold.groups[run] < kPartitions) {
    return std::nullopt;
  }
  fold.run = run;
  int64_t inner = product(ArrayRef<int64_t>(fold.groups).drop_front(run + 1)), outer = product(ArrayRef<int64_t>(fold.groups).take_front(run));
  int64_t chunk = chunkFor(1, product(fold.groups) / kPartitions);
  fold.pieces = piecesFor(fold.groups[run], inner, chunk);
  int64_t folded = 0;
  for (const FoldedPiece &piece : fold.pieces) {
    folded += outer * piece.blocks * llvm::divideCeil(piece.columns * inner, chunk);
  }
  return tiles >= kFewTiles && tiles >= kSaved * folded ? std::optional(std::move(fold)) : std::nullopt;
}

} // namespace

int64_t ncc::layout::tilesOf(const Layout &layout, ArrayRef<int64_t> shape) {
  int64_t rows = std::max<int64_t>(layout.rows(shape), 1), bands = llvm::divideCeil(rows, kPartitions), free = std::max<int64_t>(1, product(shape) / rows);
  return bands * llvm::divideCeil(free, chunkFor(bands, free));
}

Dims FoldedShape::ownGroups(ArrayRef<int64_t> shape) const {
  size_t first = 0, missing = rank - shape.size();
  Dims own;
  for (size_t end : ends) {
    int64_t size = 1;
    for (size_t d = std::max(first, missing); d < end; ++d) {
      size *= shape[d - missing];
    }
    own.push_back(size);
    first = end;
  }
  return own;
}

Dims FoldedPiece::dims() const {
  Dims dims{rows, columns};
  if (blocks > 1) {
    dims.insert(dims.begin(), blocks);
  }
  if (columns == 1 && blocks == 1) {
    dims.pop_back();
  }
  return dims;
}

Dims FoldedShape::shapeOf(const FoldedPiece &piece, const Dims &own) const {
  Dims shape(own.begin(), own.begin() + static_cast<int64_t>(run)), split = piece.dims();
  shape.append(own[run] == 1 ? Dims(split.size(), 1) : split);
  shape.append(own.begin() + static_cast<int64_t>(run) + 1, own.end());
  return shape;
}

llvm::SmallVector<int64_t> FoldedShape::reducedFirst(const FoldedPiece &piece) const {
  llvm::SmallVector<int64_t> axes;
  for (size_t d = 0; d < piece.dims().size(); ++d) {
    if (d != piece.rowDim()) {
      axes.push_back(static_cast<int64_t>(run + d));
    }
  }
  return axes;
}

llvm::SmallVector<int64_t> FoldedShape::reducedGroups(ArrayRef<bool> reducedDims) const {
  llvm::SmallVector<int64_t> reduced;
  for (size_t g = 0; g < ends.size(); ++g) {
    if (reducedDims[dims[g]]) {
      reduced.push_back(static_cast<int64_t>(g));
    }
  }
  return reduced;
}

std::vector<int64_t> FoldedShape::key() const { // the pieces follow from these
  std::vector<int64_t> key(groups.begin(), groups.end());
  key.push_back(static_cast<int64_t>(run));
  return key;
}

std::optional<FoldedShape> ncc::layout::foldBroadcast(ArrayRef<int64_t> shape, ArrayRef<ArrayRef<int64_t>> operands, int64_t tiles) {
  if (tiles < kFewTiles) {
    return std::nullopt;
  }
  auto isWhole = [&](ArrayRef<int64_t> own, size_t d) {
    size_t missing = shape.size() - own.size();
    return d >= missing && own[d - missing] != 1;
  };
  FoldedShape fold = joined(shape, [&](size_t a, size_t b) {
    return llvm::all_of(operands, [&](ArrayRef<int64_t> own) { return isWhole(own, a) == isWhole(own, b); });
  });
  size_t run = llvm::max_element(fold.groups) - fold.groups.begin();
  return splitRun(std::move(fold), run, tiles);
}

std::optional<FoldedShape> ncc::layout::foldReduction(ArrayRef<int64_t> shape, ArrayRef<bool> reduced) {
  // On partitions lies the dim that stays and fills them best.
  const auto rank = static_cast<int64_t>(shape.size());
  int64_t tiles = tilesOf(layoutOf(rank, {}), shape);
  for (int64_t d = 0; d < rank; ++d) {
    tiles = reduced[d] ? tiles : std::min(tiles, tilesOf(layoutOf(rank, {d}), shape));
  }
  FoldedShape fold = joined(shape, [&](size_t a, size_t b) { return reduced[a] == reduced[b]; });
  std::optional<size_t> run;
  for (size_t g = 0; g < fold.groups.size(); ++g) {
    if (reduced[fold.dims[g]] && (!run || fold.groups[g] > fold.groups[*run])) {
      run = g;
    }
  }
  return run ? splitRun(std::move(fold), *run, tiles) : std::nullopt;
}
