// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Moving tensors between DRAM and chip, whatever the layout: a transfer is split until its patterns have few enough
// dims (four on chip, five in DRAM), and the parts are joined.
#include "dialects/graph/Constants.h"
#include "passes/lower/Lowering.h"

#include <cstring>

using namespace mlir;
using namespace ncc;
using namespace ncc::lower;

namespace {

/// A run of flattened indices over `sizes` as boxes: at most one partial box per level on either side.
void splitRun(int64_t start, int64_t count, ArrayRef<int64_t> sizes, SmallVectorImpl<Box> &boxes) {
  if (sizes.empty()) {
    boxes.push_back({});
    return;
  }
  int64_t inner = product(sizes.drop_front(1));
  while (count > 0) {
    int64_t head = start / inner, skip = start % inner;
    int64_t take = skip == 0 && count >= inner ? count / inner * inner : std::min(count, inner - skip);
    if (skip == 0 && take % inner == 0) {
      Box box{Dims(sizes.size(), 0), Dims(sizes.begin(), sizes.end())};
      box.start[0] = head;
      box.size[0] = take / inner;
      boxes.push_back(box);
    } else {
      SmallVector<Box> below;
      splitRun(skip, take, sizes.drop_front(1), below);
      for (Box &box : below) {
        box.start.insert(box.start.begin(), head);
        box.size.insert(box.size.begin(), 1);
        boxes.push_back(box);
      }
    }
    start += take;
    count -= take;
  }
}

/// One transfer between a DRAM pattern (partition dims, then free dims) and an on-chip block.
struct Piece {
  int64_t row, rows;               // partitions relative to the block
  int64_t chipOffset, dramOffset;
  Dims rowSizes, rowStrides;       // DRAM side of the partitions
  Dims freeSizes, chipStrides, dramStrides;
};

/// Cuts the outermost free dim until both patterns fit.
void emitPieces(TileBuilder &t, const Piece &piece, llvm::function_ref<void(const Piece &)> emit) {
  Dims sizes(piece.rowSizes), strides(piece.rowStrides);
  sizes.append(piece.freeSizes);
  strides.append(piece.dramStrides);
  if (t.dramPattern(0, strides, sizes) && t.pattern(0, 1, 0, piece.chipStrides, piece.freeSizes)) {
    emit(piece);
    return;
  }
  size_t cut = 0;
  while (piece.freeSizes[cut] == 1) {
    ++cut;
  }
  constexpr int64_t kManyPieces = 64; // then any shorter dim serves better
  for (size_t d = cut + 1; piece.freeSizes[cut] > kManyPieces && d < piece.freeSizes.size(); ++d) {
    cut = piece.freeSizes[d] > 1 && piece.freeSizes[d] < piece.freeSizes[cut] ? d : cut;
  }
  for (int64_t i = 0; i < piece.freeSizes[cut]; ++i) {
    Piece slice = piece;
    slice.chipOffset += i * piece.chipStrides[cut];
    slice.dramOffset += i * piece.dramStrides[cut];
    slice.freeSizes[cut] = 1;
    emitPieces(t, slice, emit);
  }
}

/// All transfers of a block of a tensor in a layout.
void forEachPiece(TileBuilder &t, const DramView &view, ArrayRef<int64_t> shape, const Layout &layout, Rows rows,
                  const Box &box, ArrayRef<int64_t> chipStrides, int64_t chipOffset,
                  llvm::function_ref<void(const Piece &)> emit) {
  Dims sizes;
  for (int64_t dim : layout.partition) {
    sizes.push_back(shape[dim]);
  }
  SmallVector<Box> runs;
  splitRun(rows.start, rows.count, sizes, runs);
  int64_t row = 0;
  for (const Box &run : runs) {
    Piece piece{row, run.elements(), chipOffset, view.offset, run.size, {}, box.size, Dims(chipStrides), {}};
    for (auto [i, dim] : llvm::enumerate(layout.partition)) {
      piece.dramOffset += run.start[i] * view.strides[dim];
      piece.rowStrides.push_back(view.strides[dim]);
    }
    for (auto [f, dim] : llvm::enumerate(layout.free)) {
      piece.dramOffset += box.start[f] * view.strides[dim];
      piece.dramStrides.push_back(view.strides[dim]);
    }
    emitPieces(t, piece, emit);
    row += run.elements();
  }
}

tile::AccessPatternAttr dramSide(TileBuilder &t, const Piece &piece) {
  Dims sizes(piece.rowSizes), strides(piece.rowStrides);
  sizes.append(piece.freeSizes);
  strides.append(piece.dramStrides);
  return t.dramPattern(piece.dramOffset, strides, sizes);
}

} // namespace

Value Lowering::load(const DramView &view, ArrayRef<int64_t> shape, Type element, const Layout &layout, Rows rows,
                     const Box &box) {
  SmallVector<Value> parts;
  SmallVector<Attribute> places;
  forEachPiece(t, view, shape, layout, rows, box, boxStrides(box.size), 0, [&](const Piece &piece) {
    Type type = t.sbuf(piece.rows, product(piece.freeSizes), element);
    parts.push_back(t.dma(type, {view.buffer, dramSide(t, piece)}));
    places.push_back(t.pattern(piece.row, piece.rows, piece.chipOffset, piece.chipStrides, piece.freeSizes));
  });
  Type type = t.sbuf(rows.count, box.elements(), element);
  return parts.size() == 1 && parts[0].getType() == type ? parts[0] : t.join(type, parts, places);
}

Value Lowering::constant(const Tensor &tensor) {
  StoredConstant &slot = constants[{tensor.data(), tensor.size(), tensor.dtype()}];
  if (!slot.buffer) {
    ElementsAttr value = graph::tensorAttr(t.b.getContext(), tensor);
    Type type = t.dram(tensor.size(), graph::elementTypeOf(t.b.getContext(), tensor.dtype()));
    slot = {tile::ConstantOp::create(t.b, t.loc, type, value), tensor};
  }
  return slot.buffer;
}

Value Lowering::filledDram(const Tensor &element, int64_t count) {
  // Long runs for the DMA: a row of copies, read again and again.
  constexpr int64_t kRow = 4096;
  int64_t width = std::min(kRow, count);
  Tensor row(storageType(element.dtype()), {width});
  for (int64_t i = 0; i < width; ++i) {
    std::memcpy(static_cast<char *>(row.mutableData()) + i * dtypeSize(row.dtype()), element.data(), dtypeSize(row.dtype()));
  }
  Value source = constant(row);
  Type type = tile::elementTypeOf(source.getType());
  SmallVector<Value> parts;
  SmallVector<Attribute> places;
  auto add = [&](int64_t start, int64_t rows, int64_t columns) {
    if (rows * columns > 0) {
      parts.push_back(t.dma(t.dram(rows * columns, type), {source, t.dramPattern(0, {0, 1}, {rows, columns})}));
      places.push_back(t.dramPattern(start, {columns, 1}, {rows, columns}));
    }
  };
  add(0, count / width, width);
  add(count / width * width, 1, count % width);
  return parts.size() == 1 ? parts[0] : t.join(t.dram(count, type), parts, places);
}

Value Lowering::constantTile(const Tensor &tensor, int64_t partitions, int64_t elements) {
  Value buffer = constant(tensor);
  Type element = tile::elementTypeOf(buffer.getType());
  return t.dma(t.sbuf(partitions, elements, element), t.whole(buffer));
}

/// Is a DRAM transfer in that layout one descriptor per element? (the last dim lies on partitions)
bool Lowering::scattersInDram(const TensorState &s, const Layout &layout) {
  int64_t last = static_cast<int64_t>(s.shape.size()) - 1;
  while (last >= 0 && s.shape[last] == 1) {
    --last;
  }
  return llvm::is_contained(layout.partition, last);
}

/// The layout whose rows are runs of the row-major tensor, if turning between it and others on the tensor engine beats
/// transfers of single elements.
std::optional<Layout> Lowering::rowLayout(const TensorState &s) {
  int64_t best = -1;
  for (int64_t dim = 0, rank = static_cast<int64_t>(s.shape.size()); dim < rank; ++dim) {
    bool isLast = product(ArrayRef<int64_t>(s.shape).drop_front(dim + 1)) == 1;
    if (!isLast && s.shape[dim] != 1 && (best < 0 || std::min<int64_t>(s.shape[dim], kPartitions) >= std::min<int64_t>(s.shape[best], kPartitions))) {
      best = dim;
    }
  }
  constexpr int64_t kWorthTurning = 2048, kFewRows = 8;
  if (best < 0 || product(s.shape) < kWorthTurning || s.shape[best] < kFewRows) {
    return std::nullopt;
  }
  return canonical(layoutOf(static_cast<int64_t>(s.shape.size()), {best}), s.shape);
}

Grid Lowering::gridToStore(TensorState &s) {
  for (const Grid &grid : s.grids) {
    if (grid.replicated || !scattersInDram(s, grid.layout)) {
      return grid;
    }
  }
  if (std::optional<Layout> turned = rowLayout(s)) {
    if (auto grid = transposeOnEngine(s, s.grids.front(), *turned)) {
      s.grids.push_back(*grid);
      return *grid;
    }
  }
  return s.grids.front();
}

DramView Lowering::dram(Value value) {
  TensorState &s = state(value);
  if (s.dram) {
    return *s.dram;
  }
  if (s.repeats && product(s.shape) > kLargestSplat) {
    s.dram = DramView{filledDram(*s.repeats, product(s.shape)), 0, boxStrides(s.shape)};
    return *s.dram;
  }
  if (s.constant) {
    s.dram = DramView{constant(*s.constant), 0, boxStrides(s.shape)};
    return *s.dram;
  }
  const Grid grid = gridToStore(s);
  DramView view{Value(), 0, boxStrides(s.shape)};
  SmallVector<Value> parts;
  SmallVector<Attribute> places;
  size_t rowCount = grid.replicated ? 1 : grid.rows.size();
  for (size_t r = 0; r < rowCount; ++r) {
    Rows rows = grid.replicated ? Rows{0, 1} : grid.rows[r];
    for (size_t b = 0; b < grid.boxes.size(); ++b) {
      const View &cell = grid.cell(r, b);
      forEachPiece(t, view, s.shape, grid.layout, rows, grid.boxes[b], cell.strides, cell.offset,
                   [&](const Piece &piece) {
                     Read source{cell.tile, t.pattern(cell.partition + piece.row, piece.rows, piece.chipOffset,
                                                      piece.chipStrides, piece.freeSizes)};
                     parts.push_back(t.dma(t.dram(piece.rows * product(piece.freeSizes), s.element), source));
                     places.push_back(dramSide(t, piece));
                   });
    }
  }
  view.buffer = t.join(t.dram(product(s.shape), s.element), parts, places);
  s.dram = view;
  return view;
}

Value Lowering::copyToDram(const DramView &view, ArrayRef<int64_t> shape, Type element) {
  // No chip side: treat every dim as free; emitPieces bounds both patterns.
  DramView target{Value(), 0, boxStrides(shape)};
  Piece piece{0, 1, 0, view.offset, {}, {}, Dims(shape.begin(), shape.end()), target.strides, view.strides};
  SmallVector<Value> parts;
  SmallVector<Attribute> places;
  emitPieces(t, piece, [&](const Piece &p) {
    parts.push_back(t.dma(t.dram(product(p.freeSizes), element), {view.buffer, dramSide(t, p)}));
    places.push_back(t.dramPattern(p.chipOffset, p.chipStrides, p.freeSizes));
  });
  Type type = t.dram(product(shape), element);
  return parts.size() == 1 ? parts[0] : t.join(type, parts, places);
}

Value Lowering::dramContiguous(Value value) {
  TensorState &s = state(value);
  if (product(s.shape) == 0) { // nobody reads it, but a buffer has at least one element
    return constant(Tensor(graph::dtypeOf(s.element).value_or(DType::F32), {1}));
  }
  DramView view = dram(value);
  // Strides of size-one dims do not matter.
  bool dense = view.offset == 0 && tile::elementsOf(view.buffer.getType()) == product(s.shape) &&
               tile::elementTypeOf(view.buffer.getType()) == s.element;
  Dims natural = boxStrides(s.shape);
  for (size_t d = 0; d < s.shape.size(); ++d) {
    dense &= s.shape[d] == 1 || view.strides[d] == natural[d];
  }
  if (!dense) {
    view = {copyToDram(view, s.shape, s.element), 0, natural};
    s.dram = view;
  }
  return view.buffer;
}
