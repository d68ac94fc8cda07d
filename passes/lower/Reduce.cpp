// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reductions. Along the free axis the vector engine reduces each block and combines the blocks; sums across partitions
// are products with a matrix of ones, which also leaves the result on every partition, ready to be broadcast.
#include "passes/lower/Emitters.h"
#include "dialects/graph/Graph.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::lower;

namespace {

struct Reduction {
  Value x;
  Dims in, out, kept; // kept: input dims that stay, in order
  llvm::SmallVector<bool> reduced;
  StringRef op;
  double scale = 1.0;
  bool keepdims = true;
  /// The result's dim for an input dim that stays.
  int64_t outDim(int64_t dim) const {
    if (keepdims) {
      return dim;
    }
    return llvm::find(kept, dim) - kept.begin();
  }
};

Reduction analyze(const Group &group) {
  auto op = cast<graph::ReduceOp>(group.root);
  Reduction r;
  r.x = group.resolve(op.getX());
  auto in = cast<RankedTensorType>(op.getX().getType()).getShape();
  auto out = cast<RankedTensorType>(op.getResult().getType()).getShape();
  r.in.assign(in.begin(), in.end());
  r.out.assign(out.begin(), out.end());
  r.reduced.assign(in.size(), op.getAxes().empty());
  for (int64_t axis : op.getAxes()) {
    r.reduced[axis] = true;
  }
  int64_t count = 1;
  for (size_t d = 0; d < in.size(); ++d) {
    if (r.reduced[d]) {
      count *= in[d];
    } else {
      r.kept.push_back(static_cast<int64_t>(d));
    }
  }
  r.keepdims = op.getKeepdims();
  switch (op.getKind()) {
  case graph::ReduceKind::Mean:
    r.scale = 1.0 / static_cast<double>(count);
    [[fallthrough]];
  case graph::ReduceKind::Sum:
    r.op = "add";
    break;
  case graph::ReduceKind::Max:
    r.op = "max";
    break;
  case graph::ReduceKind::Min:
    r.op = "min";
    break;
  case graph::ReduceKind::Prod:
    r.op = "mul";
    break;
  default:
    break;
  }
  return r;
}

bool supports(Lowering &low, const Group &group) {
  Reduction r = analyze(group);
  return !r.op.empty() && isEngineFloat(low.state(r.x).element) && product(r.in) > 0 && group.body.empty();
}

/// Where the input should lie: reduced dims all on one side.
Layout inputLayout(Lowering &low, const Reduction &r) {
  auto isReduced = [&](int64_t dim) { return r.reduced[dim] && r.in[dim] != 1; };
  for (const Grid &grid : low.state(r.x).grids) {
    if (grid.replicated) {
      continue;
    }
    bool any = llvm::any_of(grid.layout.partition, isReduced), all = llvm::all_of(grid.layout.partition, isReduced);
    if (!any || (all && r.op == "add")) {
      return grid.layout;
    }
  }
  // The largest dim that stays goes on partitions.
  int64_t best = -1;
  for (int64_t dim : r.kept) {
    if (best < 0 || std::min<int64_t>(r.in[dim], 128) > std::min<int64_t>(r.in[best], 128)) {
      best = dim;
    }
  }
  int64_t rank = static_cast<int64_t>(r.in.size());
  return Lowering::canonical(best >= 0 ? layoutOf(rank, {best}) : layoutOf(rank, {}), r.in);
}

class ReduceEmitter {
public:
  ReduceEmitter(Lowering &low, const Group &group) : low(low), group(group), r(analyze(group)) {}

  void run() {
    Layout layout = inputLayout(low, r);
    bool across = llvm::any_of(layout.partition, [&](int64_t dim) { return r.reduced[dim]; });
    input = low.grid(r.x, layout);
    if (across) {
      acrossPartitions();
    } else {
      alongFree();
    }
  }

private:
  /// The result's layout: kept dims on their side, and for keepdims the reduced ones as size-one free dims.
  Layout outLayout() const {
    Layout layout;
    for (int64_t dim : input.layout.partition) {
      if (!r.reduced[dim]) {
        layout.partition.push_back(r.outDim(dim));
      }
    }
    for (int64_t dim : input.layout.free) {
      if (!r.reduced[dim]) {
        layout.free.push_back(r.outDim(dim));
      }
    }
    return Lowering::canonical(withOnes(layout), r.out);
  }

  Layout withOnes(Layout layout) const {
    for (int64_t d = 0; d < static_cast<int64_t>(r.out.size()); ++d) {
      if (!llvm::is_contained(layout.partition, d) && !llvm::is_contained(layout.free, d)) {
        layout.free.insert(layout.free.begin(), d);
      }
    }
    return layout;
  }

  /// The part of an input box that stays, as a box of the result's layout.
  Box keptBox(const Box &box, const Layout &out) const {
    Box kept{Dims(out.free.size(), 0), Dims(out.free.size(), 1)};
    for (auto [f, dim] : llvm::enumerate(input.layout.free)) {
      if (!r.reduced[dim]) {
        size_t to = llvm::find(out.free, r.outDim(dim)) - out.free.begin();
        kept.start[to] = box.start[f];
        kept.size[to] = box.size[f];
      }
    }
    return kept;
  }

  Value scaled(Value tile, Type element) {
    Type type = low.t.sbuf(tile::partitionsOf(tile.getType()), tile::elementsOf(tile.getType()), element);
    if (r.scale != 1.0) {
      return low.t.tensorScalar(type, low.t.whole(tile), "mul", r.scale);
    }
    return tile.getType() == type ? tile : low.t.copy(type, low.t.whole(tile));
  }

  void alongFree() {
    Layout out = outLayout();
    Grid grid{out, input.rows, {}, {}, false};
    // Blocks with the same kept box reduce into the same result.
    SmallVector<std::pair<Box, SmallVector<size_t>>> classes;
    std::map<std::vector<int64_t>, size_t> classOf;
    for (auto [b, box] : llvm::enumerate(input.boxes)) {
      Box kept = keptBox(box, out);
      std::vector<int64_t> key(kept.start.begin(), kept.start.end());
      key.insert(key.end(), kept.size.begin(), kept.size.end());
      auto [it, added] = classOf.try_emplace(std::move(key), classes.size());
      if (added) {
        classes.push_back({kept, {}});
      }
      classes[it->second].second.push_back(b);
    }
    for (auto &entry : classes) {
      grid.boxes.push_back(entry.first);
    }
    Type element = cast<RankedTensorType>(group.outer[0].getType()).getElementType();
    for (size_t row = 0; row < input.rows.size(); ++row) {
      for (auto &[kept, members] : classes) {
        Value acc;
        Type type = low.t.sbuf(input.rows[row].count, kept.elements(), low.t.b.getF32Type());
        for (size_t b : members) {
          Value part = reduceBlock(input.cell(row, b), input.boxes[b], input.rows[row].count, type, out);
          acc = acc ? low.t.tensorTensor(type, r.op, low.t.whole(acc), low.t.whole(part)) : part;
        }
        grid.cells.push_back(Lowering::freshView(scaled(acc, element), kept));
      }
    }
    low.define(group.outer[0], std::move(grid));
  }

  /// One block: kept dims outside, reduced dims innermost; dims beyond four are reduced one at a time.
  Value reduceBlock(const View &view, const Box &box, int64_t partitions, Type type, const Layout &out) {
    Dims keptSizes, keptStrides, redSizes, redStrides;
    for (int64_t outDim : out.free) {
      for (auto [f, dim] : llvm::enumerate(input.layout.free)) {
        if (!r.reduced[dim] && r.outDim(dim) == outDim && box.size[f] != 1) {
          keptSizes.push_back(box.size[f]);
          keptStrides.push_back(view.strides[f]);
        }
      }
    }
    for (auto [f, dim] : llvm::enumerate(input.layout.free)) {
      if (r.reduced[dim] && box.size[f] != 1) {
        redSizes.push_back(box.size[f]);
        redStrides.push_back(view.strides[f]);
      }
    }
    auto merge = [](Dims &sizes, Dims &strides) {
      for (size_t i = 0; i + 1 < sizes.size();) {
        if (strides[i] == strides[i + 1] * sizes[i + 1]) {
          sizes[i + 1] *= sizes[i];
          sizes.erase(sizes.begin() + i);
          strides.erase(strides.begin() + i);
        } else {
          ++i;
        }
      }
    };
    merge(keptSizes, keptStrides);
    merge(redSizes, redStrides);
    View source = view;
    if (redSizes.empty()) {
      redSizes.push_back(1);
      redStrides.push_back(1);
    }
    if (keptSizes.size() + redSizes.size() > 4) {
      // Make the block contiguous in the wanted order first.
      Dims sizes(keptSizes), strides(keptStrides);
      sizes.append(redSizes);
      strides.append(redStrides);
      Read flat = low.read({view.tile, view.partition, view.offset, strides}, partitions, sizes);
      source = {flat.tile, flat.ap.getPartition(), flat.ap.getOffset(), {}};
      keptSizes = {product(keptSizes)};
      redSizes = {product(redSizes)};
      keptStrides = {redSizes[0]};
      redStrides = {1};
    }
    Dims sizes(keptSizes), strides(keptStrides);
    sizes.append(redSizes.begin(), redSizes.end());
    strides.append(redStrides.begin(), redStrides.end());
    auto ap = tile::AccessPatternAttr::get(low.t.b.getContext(), source.partition, partitions, source.offset, strides, sizes);
    return low.t.reduce(type, r.op, {source.tile, ap}, static_cast<int64_t>(redSizes.size()));
  }

  void acrossPartitions() {
    // ones^T x puts the column sums on every partition of the result.
    Type f32 = low.t.b.getF32Type();
    Layout free;
    free.free = input.layout.free;
    int64_t columns = kPartitions;
    Type element = cast<RankedTensorType>(group.outer[0].getType()).getElementType();
    // Sum the partitions first; what the free axis also reduces follows on the replicated rows.
    Grid sums{Layout{{}, input.layout.free}, {{0, 1}}, input.boxes, {}, true};
    bool alsoFree = llvm::any_of(input.layout.free, [&](int64_t dim) { return r.reduced[dim] && r.in[dim] != 1; });
    for (size_t b = 0; b < input.boxes.size(); ++b) {
      sums.cells.push_back(columnSums(b, columns, alsoFree ? f32 : element, !alsoFree));
    }
    Layout out = outLayout();
    if (!alsoFree) {
      Grid grid{out, {{0, 1}}, {}, sums.cells, true};
      for (auto [b, box] : llvm::enumerate(input.boxes)) {
        grid.boxes.push_back(keptBox(box, out));
        Dims strides(out.free.size(), 0);
        for (auto [f, dim] : llvm::enumerate(input.layout.free)) {
          if (!r.reduced[dim]) {
            strides[llvm::find(out.free, r.outDim(dim)) - out.free.begin()] = sums.cells[b].strides[f];
          }
        }
        grid.cells[b].strides = strides;
      }
      low.define(group.outer[0], std::move(grid));
      return;
    }
    input = sums;
    input.rows = {{0, columns}};
    alongFree();
    TensorState &state = low.state(group.outer[0]);
    state.grids.back().replicated = true;
    state.grids.back().rows = {{0, 1}};
  }

  /// x as a sum of operands the array can multiply. Without f32 products three bf16 terms carry all 24 bits.
  SmallVector<Read> terms(const Read &x, int64_t partitions) {
    Type element = tile::elementTypeOf(x.tile.getType());
    if (isMatmulType(low.spec, element)) {
      return {x};
    }
    Type bf16 = low.t.b.getBF16Type(), f32 = low.t.b.getF32Type();
    int64_t n = x.ap.getFreeSize();
    SmallVector<Read> result;
    Read rest = x;
    for (int i = 0; i < 3; ++i) {
      Read high = low.t.whole(low.t.copy(low.t.sbuf(partitions, n, bf16), rest));
      result.push_back(high);
      if (i < 2) {
        rest = low.t.whole(low.t.tensorTensor(low.t.sbuf(partitions, n, f32), "sub", rest, high));
      }
    }
    return result;
  }

  View columnSums(size_t b, int64_t columns, Type element, bool scale) {
    const Box &box = input.boxes[b];
    Dims strides = boxStrides(box.size);
    SmallVector<Value> parts;
    SmallVector<Attribute> places;
    int64_t bank = std::min<int64_t>(low.spec.psumBankBytes / 4, low.spec.maxMovingFree);
    int64_t width = std::min<int64_t>(columns, low.spec.maxStationaryColumns);
    for (const Box &sub : cutBox(box, bank)) {
      SmallVector<std::pair<Read, int64_t>> operands; // moving blocks and their partitions
      for (size_t row = 0; row < input.rows.size(); ++row) {
        View view = input.cell(row, b);
        for (size_t f = 0; f < strides.size(); ++f) {
          view.offset += (sub.start[f] - box.start[f]) * view.strides[f];
        }
        int64_t count = input.rows[row].count;
        for (const Read &term : terms(low.read(view, count, sub.size), count)) {
          operands.push_back({term, count});
        }
      }
      int64_t offset = 0;
      for (size_t f = 0; f < strides.size(); ++f) {
        offset += (sub.start[f] - box.start[f]) * strides[f];
      }
      for (int64_t first = 0; first < columns; first += width) {
        Type type = low.t.psum(width, sub.elements(), low.t.b.getF32Type());
        Value acc;
        for (auto &[term, count] : operands) {
          Value ones = low.onesTile(tile::elementTypeOf(term.tile.getType()));
          Read stationary{ones, low.t.pattern(0, count, 0, {1}, {width})};
          std::optional<Into> into;
          if (acc) {
            into = Into{acc, {}};
          }
          acc = low.t.matmul(type, stationary, term, into, bool(acc));
        }
        Type partType = low.t.sbuf(width, sub.elements(), element);
        parts.push_back(scale && r.scale != 1.0 ? low.t.tensorScalar(partType, low.t.whole(acc), "mul", r.scale)
                                                : low.t.copy(partType, low.t.whole(acc), "scalar"));
        places.push_back(low.t.pattern(first, width, offset, strides, sub.size));
      }
    }
    Value tile = parts.size() == 1 ? parts[0] : low.t.join(low.t.sbuf(columns, box.elements(), element), parts, places);
    return Lowering::freshView(tile, box);
  }

  Lowering &low;
  const Group &group;
  Reduction r;
  Grid input;
};

void emit(Lowering &low, const Group &group) { ReduceEmitter(low, group).run(); }

const Emitter kEmitters[] = {{"graph.reduce", supports, emit}};

} // namespace

ArrayRef<Emitter> ncc::lower::reduceEmitters() { return kEmitters; }
