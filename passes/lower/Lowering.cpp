// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Tensors on chip: grids, blocks and conversions between layouts.
#include "passes/lower/Lowering.h"
#include "dialects/graph/Constants.h"
#include "dialects/graph/Graph.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::lower;

namespace {

/// `to` = `from` with dims in `order`, by blocks so that both sides stay in cache.
template <typename T>
void permuteBytes(const T *from, T *to, ArrayRef<int64_t> shape, ArrayRef<int64_t> strides) {
  if (shape.size() == 2) {
    constexpr int64_t kBlock = 32;
    for (int64_t i0 = 0; i0 < shape[0]; i0 += kBlock) {
      for (int64_t j0 = 0; j0 < shape[1]; j0 += kBlock) {
        for (int64_t i = i0; i < std::min(i0 + kBlock, shape[0]); ++i) {
          for (int64_t j = j0; j < std::min(j0 + kBlock, shape[1]); ++j) {
            to[i * shape[1] + j] = from[i * strides[0] + j * strides[1]];
          }
        }
      }
    }
    return;
  }
  if (shape.empty()) {
    *to = *from;
    return;
  }
  int64_t inner = product(shape.drop_front());
  for (int64_t i = 0; i < shape[0]; ++i) {
    permuteBytes(from + i * strides[0], to + i * inner, shape.drop_front(), strides.drop_front());
  }
}

void permute(const Tensor &from, ArrayRef<int64_t> order, Tensor &to) {
  Dims natural = boxStrides(Dims(from.shape().begin(), from.shape().end())), shape, strides;
  for (int64_t dim : order) {
    shape.push_back(from.shape()[dim]);
    strides.push_back(natural[dim]);
  }
  auto run = [&](auto tag) {
    using T = decltype(tag);
    permuteBytes(static_cast<const T *>(from.data()), static_cast<T *>(to.mutableData()), shape, strides);
  };
  switch (dtypeSize(from.dtype())) {
  case 1: run(uint8_t()); break;
  case 2: run(uint16_t()); break;
  case 4: run(uint32_t()); break;
  default: run(uint64_t()); break;
  }
}

/// The same bytes under the type they are stored as.
Tensor storedAs(const Tensor &tensor) {
  DType type = storageType(tensor.dtype());
  return type == tensor.dtype() ? tensor : Tensor(type, tensor.shape(), tensor.data(), std::make_shared<Tensor>(tensor));
}

/// The element that fills a constant, to the bit, as a tensor of one.
std::optional<Tensor> splatElement(Value value) {
  auto dense = dyn_cast<DenseElementsAttr>(value.getDefiningOp<graph::ConstantOp>().getValueAttr());
  if (!dense || !dense.isSplat()) {
    return std::nullopt;
  }
  return graph::attrTensor(dense.resizeSplat(RankedTensorType::get({}, dense.getElementType())));
}

} // namespace

TensorState &Lowering::state(Value value) {
  for (auto it = aliases.find(value); it != aliases.end(); it = aliases.find(value)) {
    value = it->second;
  }
  auto &slot = states[value];
  if (!slot) {
    slot = std::make_unique<TensorState>();
    auto type = cast<RankedTensorType>(value.getType());
    slot->shape.assign(type.getShape().begin(), type.getShape().end());
    slot->element = storageElement(type.getElementType());
    slot->splat = graph::splatValue(value);
    slot->repeats = slot->splat ? splatElement(value) : std::nullopt;
    bool huge = slot->repeats && product(slot->shape) > kLargestSplat;
    if (auto tensor = huge ? std::nullopt : graph::constantTensor(value)) {
      slot->constant = storedAs(*tensor);
    }
  }
  return *slot;
}

Layout Lowering::canonical(const Layout &layout, ArrayRef<int64_t> shape) {
  Layout result;
  for (int64_t d = 0; d < static_cast<int64_t>(shape.size()); ++d) {
    if (shape[d] == 1) {
      result.free.push_back(d);
    }
  }
  for (int64_t dim : layout.partition) {
    if (shape[dim] != 1) {
      result.partition.push_back(dim);
    }
  }
  for (int64_t dim : layout.free) {
    if (shape[dim] != 1) {
      result.free.push_back(dim);
    }
  }
  return result;
}

Layout Lowering::preferredLayout(Value value) {
  TensorState &s = state(value);
  if (Operation *op = value.getDefiningOp()) {
    if (auto codes = op->getAttrOfType<ArrayAttr>("ncc.layout")) {
      auto code = cast<DenseI64ArrayAttr>(codes[cast<OpResult>(value).getResultNumber()]);
      return canonical(decodeLayout(code.asArrayRef()), s.shape);
    }
  }
  if (!s.grids.empty()) {
    return s.grids.front().layout;
  }
  // Channels for images, the last dim for the rest: what convolutions and linear layers want.
  int64_t rank = static_cast<int64_t>(s.shape.size());
  if (rank == 0) {
    return {};
  }
  int64_t dim = rank == 4 ? 1 : rank - 1;
  return canonical(layoutOf(rank, {dim}), s.shape);
}

View Lowering::freshView(Value tile, const Box &box) { return {tile, 0, 0, boxStrides(box.size)}; }

void Lowering::define(Value value, Grid grid) {
  TensorState &s = state(value);
  s.grids.push_back(reorderFree(grid, canonical(grid.layout, s.shape)));
}

void Lowering::defineDram(Value value, DramView view) { state(value).dram = std::move(view); }

void Lowering::defineRowMajor(Value value, Value buffer) {
  defineDram(value, {buffer, 0, boxStrides(state(value).shape)});
}

Read Lowering::read(const View &view, int64_t partitions, ArrayRef<int64_t> sizes) {
  if (auto ap = t.pattern(view.partition, partitions, view.offset, view.strides, sizes)) {
    return {view.tile, ap};
  }
  // More than four dims: copy slices along the outermost dim into a contiguous tile.
  int64_t inner = product(sizes.drop_front(1));
  SmallVector<Value> parts;
  SmallVector<Attribute> places;
  Type element = tile::elementTypeOf(view.tile.getType());
  for (int64_t i = 0; i < sizes[0]; ++i) {
    View slice{view.tile, view.partition, view.offset + i * view.strides[0], Dims(ArrayRef<int64_t>(view.strides).drop_front(1))};
    parts.push_back(t.copy(t.sbuf(partitions, inner, element), read(slice, partitions, sizes.drop_front(1))));
    places.push_back(t.pattern(0, partitions, i * inner, {1}, {inner}));
  }
  Value whole = t.join(t.sbuf(partitions, inner * sizes[0], element), parts, places);
  return t.whole(whole);
}

const Grid &Lowering::grid(Value value, const Layout &wanted) {
  TensorState &s = state(value);
  Layout layout = canonical(wanted, s.shape);
  for (Grid &grid : s.grids) {
    if (!grid.replicated && grid.layout == layout) {
      return grid;
    }
  }
  for (Grid &grid : s.grids) {
    if (!grid.replicated && grid.layout.partition == layout.partition) {
      Grid reordered = reorderFree(grid, layout);
      s.grids.push_back(std::move(reordered));
      return s.grids.back();
    }
  }
  for (Grid &grid : s.grids) {
    if (auto converted = transposeOnEngine(s, grid, layout)) {
      s.grids.push_back(std::move(*converted));
      return s.grids.back();
    }
  }
  bool pack = s.constant && s.constant->size() > 1;
  DramView source = pack ? packedConstant(s, layout) : dram(value);
  std::optional<Layout> rows = pack || !scattersInDram(s, layout) ? std::nullopt : rowLayout(s);
  if (rows && source.strides == boxStrides(s.shape)) {
    Grid loaded = loadGrid(s, source, *rows);
    if (auto turned = transposeOnEngine(s, loaded, layout)) {
      s.grids.push_back(std::move(loaded));
      s.grids.push_back(std::move(*turned));
      return s.grids.back();
    }
  }
  s.grids.push_back(loadGrid(s, source, layout));
  return s.grids.back();
}

/// A constant stored in the order the layout reads it: every transfer is then one long run per partition.
DramView Lowering::packedConstant(TensorState &s, const Layout &layout) {
  Dims order(layout.partition);
  order.append(layout.free);
  Dims natural = boxStrides(s.shape), strides(s.shape.size(), 0);
  int64_t unit = 1;
  bool same = true;
  for (size_t i = order.size(); i-- > 0;) {
    strides[order[i]] = unit;
    unit *= s.shape[order[i]];
    same &= s.shape[order[i]] == 1 || strides[order[i]] == natural[order[i]];
  }
  if (same || dtypeSize(s.constant->dtype()) == 0) {
    return {constant(*s.constant), 0, natural};
  }
  std::vector<int64_t> form{'p'};
  form.insert(form.end(), s.constant->shape().begin(), s.constant->shape().end());
  form.insert(form.end(), order.begin(), order.end());
  return {constant(packed.get(*s.constant, std::move(form),
                              [&] {
                                Tensor turned(s.constant->dtype(), s.constant->shape());
                                permute(*s.constant, order, turned);
                                return turned;
                              })),
          0, strides};
}

Grid Lowering::loadGrid(const TensorState &s, const DramView &source, const Layout &layout) {
  Grid grid = defaultGrid(s.shape, layout, s.constant ? kConstantChunk : s.shape.size() >= 4 ? kSpatialChunk : kChunkElements);
  for (size_t r = 0; r < grid.rows.size(); ++r) {
    for (size_t b = 0; b < grid.boxes.size(); ++b) {
      Value tile = load(source, s.shape, s.element, layout, grid.rows[r], grid.boxes[b]);
      grid.cell(r, b) = freshView(tile, grid.boxes[b]);
    }
  }
  return grid;
}

namespace {

/// Entries given per dim of `from`, per dim of `to`.
Dims remap(ArrayRef<int64_t> entries, ArrayRef<int64_t> from, ArrayRef<int64_t> to, int64_t absent) {
  Dims result;
  for (int64_t dim : to) {
    auto it = llvm::find(from, dim);
    result.push_back(it == from.end() ? absent : entries[it - from.begin()]);
  }
  return result;
}

} // namespace

View Lowering::block(Value value, const Layout &wanted, Rows rows, const Box &wantedBox) {
  const Grid &g = grid(value, wanted);
  Box box{remap(wantedBox.start, wanted.free, g.layout.free, 0), remap(wantedBox.size, wanted.free, g.layout.free, 1)};
  View view = blockOf(value, g, rows, box);
  view.strides = remap(view.strides, g.layout.free, wanted.free, 0);
  return view;
}

const GridIndex &Lowering::indexOf(Value value, const Grid &grid) {
  TensorState &s = state(value);
  size_t place = static_cast<size_t>(&grid - s.grids.data());
  s.indices.resize(std::max(s.indices.size(), place + 1));
  if (!s.indices[place]) {
    s.indices[place] = std::make_unique<GridIndex>(grid);
  }
  return *s.indices[place];
}

View Lowering::blockOf(Value value, const Grid &g, Rows rows, const Box &box) {
  const GridIndex &index = indexOf(value, g);
  std::optional<View> found;
  index.forEachRow(rows, [&](size_t r) {
    if (found || !g.rows[r].contains(rows)) {
      return;
    }
    index.forEachBox(box, [&](size_t b) {
      if (found || !g.boxes[b].contains(box)) {
        return;
      }
      View view = g.cell(r, b);
      view.partition += rows.start - g.rows[r].start;
      if (!legalPartitions(view.partition, rows.count)) {
        return;
      }
      for (size_t f = 0; f < view.strides.size(); ++f) {
        view.offset += (box.start[f] - g.boxes[b].start[f]) * view.strides[f];
      }
      found = view;
    });
  });
  if (found) {
    return *found;
  }
  llvm::SmallVector<int64_t, 16> code{0, rows.start, rows.count};
  code.append(encodeLayout(g.layout));
  code.append(box.start);
  code.append(box.size);
  auto [it, added] = blocks.try_emplace({value.getAsOpaquePointer(), code});
  if (added) {
    it->second = gather(g, index, state(value).element, rows, box);
  }
  return it->second;
}

View Lowering::gather(const Grid &grid, const GridIndex &index, Type element, Rows rows, const Box &box) {
  SmallVector<Value> parts;
  SmallVector<Attribute> places;
  Dims strides = boxStrides(box.size);
  index.forEachRow(rows, [&](size_t r) {
    int64_t low = std::max(rows.start, grid.rows[r].start);
    int64_t high = std::min(rows.start + rows.count, grid.rows[r].start + grid.rows[r].count);
    if (high <= low) {
      return;
    }
    index.forEachBox(box, [&](size_t b) {
      auto both = grid.boxes[b].intersect(box);
      if (!both) {
        return;
      }
      View view = grid.cell(r, b);
      view.partition += low - grid.rows[r].start;
      int64_t offset = 0;
      for (size_t f = 0; f < view.strides.size(); ++f) {
        view.offset += (both->start[f] - grid.boxes[b].start[f]) * view.strides[f];
        offset += (both->start[f] - box.start[f]) * strides[f];
      }
      // A DMA may start on any partition; its patterns are bounded like everyone's.
      Read source = read(view, high - low, both->size);
      auto place = t.pattern(low - rows.start, high - low, offset, strides, both->size);
      parts.push_back(t.dma(t.sbuf(high - low, both->elements(), element), source));
      places.push_back(place);
    });
  });
  Type type = t.sbuf(rows.count, box.elements(), element);
  return freshView(t.join(type, parts, places), box);
}

View Lowering::replicated(Value value, const Layout &wanted, int64_t partitions, const Box &wantedBox) {
  TensorState &s = state(value);
  Layout layout = canonical(wanted, s.shape);
  Box box{remap(wantedBox.start, wanted.free, layout.free, 0), remap(wantedBox.size, wanted.free, layout.free, 1)};
  View view = replicatedOf(value, layout, partitions, box);
  view.strides = remap(view.strides, layout.free, wanted.free, 0);
  return view;
}

View Lowering::replicatedOf(Value value, const Layout &layout, int64_t partitions, const Box &box) {
  TensorState &s = state(value);
  for (Grid &g : s.grids) {
    if (!g.replicated || !(g.layout.partition == layout.partition)) {
      continue;
    }
    Grid g2 = reorderFree(g, layout);
    for (size_t b = 0; b < g2.boxes.size(); ++b) {
      if (g2.boxes[b].contains(box)) {
        View view = g2.cell(0, b);
        for (size_t f = 0; f < view.strides.size(); ++f) {
          view.offset += (box.start[f] - g2.boxes[b].start[f]) * view.strides[f];
        }
        return view;
      }
    }
  }
  llvm::SmallVector<int64_t, 16> code{1, partitions};
  code.append(encodeLayout(layout));
  code.append(box.start);
  code.append(box.size);
  auto [it, added] = blocks.try_emplace({value.getAsOpaquePointer(), code});
  if (added) {
    // A leading dim of stride zero on the partitions repeats the row.
    DramView view = dram(value);
    Dims shape{partitions};
    shape.append(s.shape.begin(), s.shape.end());
    view.strides.insert(view.strides.begin(), 0);
    Layout repeated{{0}, {}};
    for (int64_t dim : layout.free) {
      repeated.free.push_back(dim + 1);
    }
    Value tile = load(view, shape, s.element, repeated, {0, partitions}, box);
    it->second = freshView(tile, box);
  }
  return it->second;
}

Lowering::Operand Lowering::broadcastBlock(Value value, ArrayRef<int64_t> shape, const Layout &layout, Rows rows,
                                           const Box &box) {
  TensorState &s = state(value);
  if (s.splat) {
    return {s.splat, {}, false};
  }
  int64_t shift = static_cast<int64_t>(shape.size()) - static_cast<int64_t>(s.shape.size());
  auto sizeOf = [&](int64_t dim) { return dim < shift ? 1 : s.shape[dim - shift]; };
  bool full = true, single = true;
  Layout own;
  for (int64_t dim : layout.partition) {
    full &= sizeOf(dim) == shape[dim];
    single &= sizeOf(dim) == 1;
    if (dim >= shift) {
      own.partition.push_back(dim - shift);
    }
  }
  // The block in the operand's own dims, and what each free dim of the result strides over.
  Box ownBox;
  for (auto [f, dim] : llvm::enumerate(layout.free)) {
    if (dim >= shift) {
      own.free.push_back(dim - shift);
      bool repeat = sizeOf(dim) == 1;
      ownBox.start.push_back(repeat ? 0 : box.start[f]);
      ownBox.size.push_back(repeat ? 1 : box.size[f]);
    }
  }
  Layout canon = canonical(own, s.shape);
  auto toCanon = [&](Box in) {
    Box out;
    for (int64_t dim : canon.free) {
      auto it = llvm::find(own.free, dim);
      bool found = it != own.free.end();
      out.start.push_back(found ? in.start[it - own.free.begin()] : 0);
      out.size.push_back(found ? in.size[it - own.free.begin()] : 1);
    }
    return out;
  };
  // A result with one row that is wanted on many partitions reads everything replicated.
  bool wide = rows.count > layout.rows(shape);
  View view;
  if (full || single) {
    Box blockBox = toCanon(ownBox);
    view = full && !wide ? block(value, canon, rows, blockBox) : replicated(value, canon, rows.count, blockBox);
    Dims strides;
    for (auto [f, dim] : llvm::enumerate(layout.free)) {
      int64_t stride = 0;
      if (dim >= shift && sizeOf(dim) != 1) {
        stride = view.strides[llvm::find(canon.free, dim - shift) - canon.free.begin()];
      }
      strides.push_back(stride);
    }
    view.strides = strides;
  } else {
    // Some partition dims repeat and others do not: load it from DRAM already broadcast.
    llvm::SmallVector<int64_t, 16> code{2, rows.start, rows.count};
    code.append(encodeLayout(layout));
    code.append(box.start);
    code.append(box.size);
    code.append(shape.begin(), shape.end());
    auto [it, added] = blocks.try_emplace({value.getAsOpaquePointer(), code});
    if (added) {
      DramView source = dram(value);
      DramView wide{source.buffer, source.offset, Dims(shape.size(), 0)};
      for (int64_t dim = shift; dim < static_cast<int64_t>(shape.size()); ++dim) {
        wide.strides[dim] = sizeOf(dim) == 1 ? 0 : source.strides[dim - shift];
      }
      it->second = freshView(load(wide, shape, s.element, layout, rows, box), box);
    }
    view = it->second;
  }
  bool perPartition = true;
  for (auto [f, dim] : llvm::enumerate(layout.free)) {
    perPartition &= box.size[f] == 1 || view.strides[f] == 0;
  }
  if (perPartition) {
    return {std::nullopt, {view.tile, t.pattern(view.partition, rows.count, view.offset, {1}, {1})}, true};
  }
  return {std::nullopt, read(view, rows.count, box.size), false};
}

Value Lowering::onesTile(Type element) {
  Value &slot = ones[element];
  if (!slot) {
    slot = t.memset(t.sbuf(kPartitions, kPartitions, element), 1.0);
  }
  return slot;
}

std::optional<Grid> Lowering::transposeOnEngine(const TensorState &s, const Grid &from, const Layout &to) {
  // One dim changes places with one free dim: [p][.. q ..] -> [q][.. p ..] by blocks of at most 128 x 128.
  if (from.replicated || from.layout.partition.size() != 1 || to.partition.size() != 1 ||
      from.layout.partition[0] == to.partition[0]) {
    return std::nullopt;
  }
  int64_t p = from.layout.partition[0], q = to.partition[0];
  unsigned bits = s.element.getIntOrFloatBitWidth();
  if (bits != 16 && bits != 32) {
    return std::nullopt;
  }
  Grid grid = defaultGrid(s.shape, to);
  size_t qFrom = llvm::find(from.layout.free, q) - from.layout.free.begin();
  size_t pTo = llvm::find(to.free, p) - to.free.begin();
  const GridIndex cells(from);
  bool legal = true;
  for (size_t r = 0; r < grid.rows.size(); ++r) {
    for (size_t b = 0; b < grid.boxes.size(); ++b) {
      const Box &box = grid.boxes[b];
      Dims outStrides = boxStrides(box.size);
      SmallVector<Value> parts;
      SmallVector<Attribute> places;
      // Every combination of the other dims is one two-dimensional transpose.
      int64_t combinations = 1;
      for (size_t f = 0; f < to.free.size(); ++f) {
        if (f != pTo) {
          combinations *= box.size[f];
        }
      }
      if (combinations > 256) {
        return std::nullopt; // many small transposes: moving through DRAM is no worse
      }
      for (int64_t index = 0; index < combinations; ++index) {
        Dims at = box.start;
        int64_t rest = index, offset = 0;
        for (size_t f = to.free.size(); f-- > 0;) {
          if (f != pTo) {
            int64_t i = rest % box.size[f];
            rest /= box.size[f];
            at[f] += i;
            offset += i * outStrides[f];
          }
        }
        // The source boxes that hold this combination and some of the wanted rows of q.
        Box held{Dims(from.layout.free.size(), 0), Dims(from.layout.free.size(), 1)};
        for (size_t f = 0; f < from.layout.free.size(); ++f) {
          held.start[f] = f == qFrom ? grid.rows[r].start : at[llvm::find(to.free, from.layout.free[f]) - to.free.begin()];
        }
        held.size[qFrom] = grid.rows[r].count;
        cells.forEachRow({box.start[pTo], box.size[pTo]}, [&](size_t pr) {
          int64_t low = std::max(from.rows[pr].start, box.start[pTo]);
          int64_t high = std::min(from.rows[pr].start + from.rows[pr].count, box.start[pTo] + box.size[pTo]);
          if (high <= low) {
            return;
          }
          cells.forEachBox(held, [&](size_t fb) {
            const Box &source = from.boxes[fb];
            View view = from.cell(pr, fb);
            auto both = source.intersect(held);
            if (!both || !legal) {
              return;
            }
            for (size_t f = 0; f < from.layout.free.size(); ++f) {
              view.offset += (both->start[f] - source.start[f]) * view.strides[f];
            }
            int64_t qLow = both->start[qFrom], qHigh = qLow + both->size[qFrom];
            view.partition += low - from.rows[pr].start;
            legal = legalPartitions(view.partition, high - low) && legalPartitions(qLow - grid.rows[r].start, qHigh - qLow);
            if (!legal) {
              return;
            }
            Read read{view.tile, t.pattern(view.partition, high - low, view.offset, {view.strides[qFrom]}, {qHigh - qLow})};
            Value turned = t.transpose(t.psum(qHigh - qLow, high - low, s.element), read);
            parts.push_back(t.copy(t.sbuf(qHigh - qLow, high - low, s.element), t.whole(turned)));
            places.push_back(t.pattern(qLow - grid.rows[r].start, qHigh - qLow,
                                       offset + (low - box.start[pTo]) * outStrides[pTo], {outStrides[pTo]}, {high - low}));
          });
        });
        if (!legal) {
          return std::nullopt;
        }
      }
      Value tile = t.join(t.sbuf(grid.rows[r].count, box.elements(), s.element), parts, places);
      grid.cell(r, b) = freshView(tile, box);
    }
  }
  return grid;
}
