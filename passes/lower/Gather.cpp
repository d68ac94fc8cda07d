// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Gathers along the first dim: the DMA fetches one row per index, indices on partitions (an embedding lookup gives
// tokens on partitions).
#include "passes/lower/Emitters.h"
#include "dialects/graph/Graph.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::lower;

namespace {

bool supports(Lowering &low, const Group &group) {
  auto op = cast<graph::GatherOp>(group.root);
  auto data = cast<RankedTensorType>(op.getData().getType()), indices = cast<RankedTensorType>(op.getIndices().getType());
  Type index = indices.getElementType();
  return group.body.empty() && op.getAxis() == 0 && (index.isInteger(32) || index.isInteger(64)) &&
         data.getElementType().isIntOrFloat() && data.getNumElements() > 0 && indices.getNumElements() > 0;
}

void emit(Lowering &low, const Group &group) {
  auto op = cast<graph::GatherOp>(group.root);
  Value data = group.resolve(op.getData()), indices = group.resolve(op.getIndices()), result = group.outer[0];
  int64_t rows = low.state(data).shape[0], row = product(low.state(data).shape) / rows;
  int64_t count = product(low.state(indices).shape);
  Value table = low.dramContiguous(data), list = low.dramContiguous(indices);
  Type element = low.state(data).element;
  // [indices][row] as a two-dim tensor; the result's own shape is a reshape of it.
  Dims flat{count, row};
  Grid grid = defaultGrid(flat, Lowering::canonical(layoutOf(2, {0}), flat), std::max<int64_t>(row, kChunkElements));
  for (const Rows &part : grid.rows) {
    for (const Box &box : grid.boxes) {
      (void)box;
      Value numbers = low.t.dma(low.t.sbuf(part.count, 1, tile::elementTypeOf(list.getType())),
                                {list, low.t.dramPattern(part.start, {1}, {part.count})});
      Value tile = low.t.gather(low.t.sbuf(part.count, row, element), low.t.whole(table), low.t.whole(numbers), row, rows);
      grid.cell(&part - grid.rows.begin(), 0) = {tile, 0, 0, Dims(grid.layout.free.size(), 1)};
    }
  }
  for (View &view : grid.cells) {
    view.strides = boxStrides(grid.boxes[0].size);
  }
  Dims out = low.state(result).shape;
  if (auto shaped = reshapeGrid(grid, flat, out)) {
    low.define(result, std::move(*shaped));
    return;
  }
  // Fall back to a DRAM buffer written row by row.
  SmallVector<Value> parts;
  SmallVector<Attribute> places;
  for (auto [r, part] : llvm::enumerate(grid.rows)) {
    parts.push_back(low.t.dma(low.t.dram(part.count * row, element), low.t.whole(grid.cell(r, 0).tile)));
    places.push_back(low.t.dramPattern(part.start * row, {1}, {part.count * row}));
  }
  low.defineRowMajor(result, parts.size() == 1 ? parts[0] : low.t.join(low.t.dram(count * row, element), parts, places));
}

const Emitter kEmitters[] = {{"graph.gather", supports, emit}};

} // namespace

ArrayRef<Emitter> ncc::lower::gatherEmitters() { return kEmitters; }
