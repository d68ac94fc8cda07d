// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Softmax along the free axis, group by group: the vector engine finds minus the maximum of every group at once; the
// scalar engine computes exp(x - max) and its sum in one instruction per group; one more scales the group. Short
// groups would spend their time on instruction overhead, so they are computed all together instead.
#include "dialects/graph/Graph.h"
#include "passes/lower/Emitters.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::lower;

namespace {

/// Below this many elements one instruction per group costs more than broadcasting over all groups.
constexpr int64_t kShortGroup = 48;

bool supports(Lowering &low, const Group &group) {
  auto op = cast<graph::SoftmaxOp>(group.root);
  auto type = cast<RankedTensorType>(op.getX().getType());
  return group.body.empty() && !op.getLog() && isEngineFloat(type.getElementType()) && type.getNumElements() > 0 &&
         type.getShape()[op.getAxis()] <= kConstantChunk;
}

class SoftmaxEmitter {
public:
  SoftmaxEmitter(Lowering &low, const Group &group)
      : low(low), op(cast<graph::SoftmaxOp>(group.root)), x(group.resolve(op.getX())), result(group.outer[0]) {}

  void run() {
    Dims shape = low.state(x).shape;
    Layout layout = chooseLayout(shape);
    axis = llvm::find(layout.free, static_cast<int64_t>(op.getAxis())) - layout.free.begin();
    // The axis innermost, so that a chunk holds whole groups.
    Layout inner = layout;
    inner.free.erase(inner.free.begin() + axis);
    inner.free.push_back(op.getAxis());
    Grid grid = defaultGrid(shape, inner, std::max(kChunkElements, shape[op.getAxis()]));
    grid.rows = low.grid(x, layout).rows;
    grid.cells.clear();
    length = shape[op.getAxis()];
    element = low.state(x).element;
    for (const Rows &rows : grid.rows) {
      for (const Box &box : grid.boxes) {
        View view = low.block(x, inner, rows, box);
        grid.cells.push_back(Lowering::freshView(emitCell(view, rows.count, box), box));
      }
    }
    low.define(result, std::move(grid));
  }

private:
  /// Where x lies, if the axis is free there; else the largest other dim on partitions.
  Layout chooseLayout(const Dims &shape) {
    for (const Grid &grid : low.state(x).grids) {
      if (!grid.replicated && !llvm::is_contained(grid.layout.partition, static_cast<int64_t>(op.getAxis()))) {
        return grid.layout;
      }
    }
    int64_t rank = static_cast<int64_t>(shape.size()), best = -1;
    for (int64_t dim = 0; dim < rank; ++dim) {
      if (dim != static_cast<int64_t>(op.getAxis()) && (best < 0 || std::min<int64_t>(shape[dim], 128) >= std::min<int64_t>(shape[best], 128))) {
        best = dim;
      }
    }
    return Lowering::canonical(best < 0 ? layoutOf(rank, {}) : layoutOf(rank, {best}), shape);
  }

  Value emitCell(const View &view, int64_t partitions, const Box &box) {
    int64_t groups = box.elements() / length;
    Read src = low.read(view, partitions, box.size);
    // Every group in one reduction: the pattern's innermost dim is a group.
    Type f32 = low.t.b.getF32Type(), column = low.t.sbuf(partitions, groups, f32);
    Value flat; // the block as [groups][length], contiguous
    if (src.ap == tile::wholePattern(src.tile.getType())) {
      flat = src.tile;
    } else {
      flat = low.t.copy(low.t.sbuf(partitions, box.elements(), element), src);
    }
    Value negMax = low.t.reduce(column, "max", grouped(flat, 0, groups, partitions), 1, /*negate=*/true);
    return length < kShortGroup ? together(flat, negMax, groups, partitions) : groupByGroup(flat, negMax, groups, partitions);
  }

  Read grouped(Value tile, int64_t first, int64_t groups, int64_t partitions) {
    return {tile, tile::AccessPatternAttr::get(low.t.b.getContext(), 0, partitions, first * length, {length, 1}, {groups, length})};
  }
  Read one(Value tile, int64_t index, int64_t count, int64_t partitions) {
    return {tile, low.t.pattern(0, partitions, index * count, {1}, {count})};
  }
  /// One value per group, repeated over the group.
  Read repeated(Value tile, int64_t groups, int64_t partitions) {
    return {tile, tile::AccessPatternAttr::get(low.t.b.getContext(), 0, partitions, 0, {1, 0}, {groups, length})};
  }

  Value groupByGroup(Value flat, Value negMax, int64_t groups, int64_t partitions) {
    Type f32 = low.t.b.getF32Type();
    SmallVector<Value> exps, sums, parts;
    SmallVector<Attribute> sumPlaces, places;
    for (int64_t g = 0; g < groups; ++g) {
      ActivateOptions options;
      options.bias = one(negMax, g, 1, partitions);
      auto [exp, sum] = low.t.activateSum(low.t.sbuf(partitions, length, f32), "exp", one(flat, g, length, partitions), options);
      exps.push_back(exp);
      sums.push_back(sum);
      sumPlaces.push_back(low.t.pattern(0, partitions, g, {1}, {1}));
      places.push_back(low.t.pattern(0, partitions, g * length, {1}, {length}));
    }
    Type column = low.t.sbuf(partitions, groups, f32);
    Value inverse = low.t.activate(column, "reciprocal", low.t.whole(low.t.join(column, sums, sumPlaces)));
    for (int64_t g = 0; g < groups; ++g) {
      parts.push_back(low.t.tensorScalar(low.t.sbuf(partitions, length, element), low.t.whole(exps[g]), "mul",
                                         one(inverse, g, 1, partitions)));
    }
    return parts.size() == 1 ? parts[0] : low.t.join(low.t.sbuf(partitions, groups * length, element), parts, places);
  }

  Value together(Value flat, Value negMax, int64_t groups, int64_t partitions) {
    Type f32 = low.t.b.getF32Type(), block = low.t.sbuf(partitions, groups * length, f32);
    Type column = low.t.sbuf(partitions, groups, f32);
    Value shifted = low.t.tensorTensor(block, "add", low.t.whole(flat), repeated(negMax, groups, partitions));
    Value exp = low.t.activate(block, "exp", low.t.whole(shifted));
    Value sum = low.t.reduce(column, "add", grouped(exp, 0, groups, partitions), 1);
    Value inverse = low.t.activate(column, "reciprocal", low.t.whole(sum));
    return low.t.tensorTensor(low.t.sbuf(partitions, groups * length, element), "mul", low.t.whole(exp),
                              repeated(inverse, groups, partitions));
  }

  Lowering &low;
  graph::SoftmaxOp op;
  Value x, result;
  Type element;
  size_t axis = 0;
  int64_t length = 1;
};

void emit(Lowering &low, const Group &group) { SoftmaxEmitter(low, group).run(); }

const Emitter kEmitters[] = {{"graph.softmax", supports, emit}};

} // namespace

ArrayRef<Emitter> ncc::lower::softmaxEmitters() { return kEmitters; }
