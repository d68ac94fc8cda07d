// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Elementwise groups: every block of the result is computed where an operand of its shape already lies.
#include "dialects/graph/Graph.h"
#include "passes/lower/Emitters.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::lower;

namespace {

bool supports(Lowering &, const Group &group) {
  auto shape = cast<RankedTensorType>(group.outer[0].getType()).getShape();
  return llvm::all_of(group.body, [&](Operation *op) {
    return isEngineElementwise(op) && cast<RankedTensorType>(op->getResult(0).getType()).getShape() == shape;
  });
}

/// An outside operand of the result's shape, best one that is on chip already.
Value reference(Lowering &low, const Group &group) {
  Value best;
  auto shape = cast<RankedTensorType>(group.outer[0].getType()).getShape();
  for (Operation *op : group.body) {
    for (Value operand : op->getOperands()) {
      Value outside = group.resolve(operand);
      if (llvm::any_of(group.body, [&](Operation *other) { return llvm::is_contained(other->getResults(), outside); }) ||
          cast<RankedTensorType>(outside.getType()).getShape() != shape) {
        continue;
      }
      if (!low.state(outside).grids.empty()) {
        return outside;
      }
      best = best ? best : outside;
    }
  }
  return best;
}

/// One row held by all partitions stays so: whoever broadcasts it next reads it where it lies.
void emitReplicated(Lowering &low, const Group &group, ArrayRef<int64_t> shape, Grid grid) {
  Rows wide{0, ncc::tile::partitionsOf(grid.cells[0].tile.getType())};
  grid.rows = {wide};
  ResultGrids results(low, group, grid);
  BlockEvaluator evaluator(low, group, shape, grid.layout);
  for (size_t b = 0; b < grid.boxes.size(); ++b) {
    results.add(wide, grid.boxes[b], evaluator.run(wide, grid.boxes[b], std::nullopt));
    results.finishCell(0, b);
  }
  results.finish();
  for (Value outer : group.outer) {
    Grid &made = low.state(outer).grids.back();
    made.rows = {{0, 1}};
    made.replicated = true;
  }
}

/// A float cast of what lies in DRAM only is done by the transfers that load it.
bool castInTransfer(Lowering &low, const Group &group) {
  auto cast = group.body.size() == 1 ? dyn_cast<graph::CastOp>(group.body[0]) : graph::CastOp();
  if (!cast) {
    return false;
  }
  Value source = group.resolve(cast.getX());
  const TensorState &state = low.state(source);
  Type to = llvm::cast<RankedTensorType>(cast.getType()).getElementType();
  if (!state.dram || !state.grids.empty() || state.constant || !isEngineFloat(state.element) || !isEngineFloat(to)) {
    return false;
  }
  low.defineDram(group.outer[0], *state.dram);
  return true;
}

void emit(Lowering &low, const Group &group) {
  if (castInTransfer(low, group)) {
    return;
  }
  Dims shape(cast<RankedTensorType>(group.outer[0].getType()).getShape());
  Value source = reference(low, group);
  if (source && !low.state(source).grids.empty() && low.state(source).grids.front().replicated) {
    return emitReplicated(low, group, shape, low.state(source).grids.front());
  }
  Layout layout = low.preferredLayout(group.outer[0]);
  bool chosen = group.outer[0].getDefiningOp()->hasAttr("ncc.layout");
  if (!chosen && source && !low.state(source).grids.empty()) {
    layout = low.state(source).grids.front().layout;
  }
  Grid grid = defaultGrid(shape, layout);
  if (source && !low.state(source).constant) {
    const Grid &like = low.grid(source, layout);
    grid.rows = like.rows;
    grid.boxes = like.boxes;
    grid.layout = like.layout;
  }
  ResultGrids results(low, group, grid);
  BlockEvaluator evaluator(low, group, shape, layout);
  for (size_t r = 0; r < grid.rows.size(); ++r) {
    for (size_t b = 0; b < grid.boxes.size(); ++b) {
      results.add(grid.rows[r], grid.boxes[b], evaluator.run(grid.rows[r], grid.boxes[b], std::nullopt));
      results.finishCell(r, b);
    }
  }
  results.finish();
}

const Emitter kEmitters[] = {{"", supports, emit}};

} // namespace

ArrayRef<Emitter> ncc::lower::elementwiseEmitters() { return kEmitters; }
