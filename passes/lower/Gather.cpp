// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Gathers along the first dim: the DMA fetches one row per index, indices on partitions (an embedding lookup gives
// tokens on partitions).
#include "passes/lower/Forest.h"
#include "dialects/graph/Graph.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::lower;

namespace {

/// An access pattern counts no more.
constexpr int64_t kMostRows = (int64_t{1} << 31) - 1;

bool supports(Lowering &low, const Group &group) {
  auto op = cast<graph::GatherOp>(group.root);
  auto data = cast<RankedTensorType>(op.getData().getType()), indices = cast<RankedTensorType>(op.getIndices().getType());
  Type index = indices.getElementType();
  return group.body.empty() && op.getAxis() == 0 && (index.isInteger(32) || index.isInteger(64)) &&
         data.getElementType().isIntOrFloat() && !data.getElementType().isF64() && data.getNumElements() > 0 && indices.getNumElements() > 0 &&
         data.getShape()[0] <= kMostRows;
}

/// Many short rows, or more than the chip holds: one transfer from DRAM to DRAM.
bool staysInDram(int64_t gathers, int64_t count, int64_t row) {
  constexpr int64_t kMany = 64;
  return count > kBeyondChip / row || (gathers >= kMany && row < kChunkElements);
}

void emit(Lowering &low, const Group &group) {
  auto op = cast<graph::GatherOp>(group.root);
  Value data = group.resolve(op.getData()), indices = group.resolve(op.getIndices()), result = group.outer[0];
  int64_t rows = low.state(data).shape[0], row = product(low.state(data).shape) / rows;
  int64_t count = product(low.state(indices).shape);
  Value table = low.dramContiguous(data), list = low.dramContiguous(indices);
  Type element = low.state(data).element;
  // [outer][indices][row]: the last index dim lies on partitions, so that tokens of one sequence share a tile.
  Dims indexShape = low.state(indices).shape;
  int64_t last = indexShape.empty() ? 1 : indexShape.back(), outer = count / last;
  Dims flat{outer, last, row}, out = low.state(result).shape;
  if (staysInDram(llvm::divideCeil(last, kPartitions) * outer, count, row)) {
    low.defineRowMajor(result, low.t.gather(low.t.dram(count * row, element), low.t.whole(table), low.t.whole(list), row, rows));
    return;
  }
  Grid grid = defaultGrid(flat, Lowering::canonical(layoutOf(3, {1}), flat), row);
  size_t outerFree = llvm::find(grid.layout.free, 0) - grid.layout.free.begin();
  grid.boxes.clear();
  for (int64_t i = 0; i < outer; ++i) {
    Box box{Dims(grid.layout.free.size(), 0), grid.layout.freeSizes(flat)};
    box.start[outerFree] = i;
    box.size[outerFree] = 1;
    grid.boxes.push_back(box);
  }
  grid.cells.clear();
  for (const Rows &part : grid.rows) {
    for (int64_t i = 0; i < outer; ++i) {
      Value numbers = low.t.dma(low.t.sbuf(part.count, 1, tile::elementTypeOf(list.getType())),
                                {list, low.t.dramPattern(i * last + part.start, {1}, {part.count})});
      Value tile = low.t.gather(low.t.sbuf(part.count, row, element), low.t.whole(table), low.t.whole(numbers), row, rows);
      grid.cells.push_back(Lowering::freshView(tile, grid.boxes[i]));
    }
  }
  if (auto shaped = reshapeGrid(grid, flat, out)) {
    low.define(result, std::move(*shaped));
    return;
  }
  // Fall back to a DRAM buffer written tile by tile.
  SmallVector<Value> parts;
  SmallVector<Attribute> places;
  for (auto [r, part] : llvm::enumerate(grid.rows)) {
    for (int64_t i = 0; i < outer; ++i) {
      parts.push_back(low.t.dma(low.t.dram(part.count * row, element), low.t.whole(grid.cell(r, i).tile)));
      places.push_back(low.t.dramPattern((i * last + part.start) * row, {1}, {part.count * row}));
    }
  }
  low.defineRowMajor(result, low.t.join(low.t.dram(count * row, element), parts, places));
}

const Emitter kEmitters[] = {{"graph.gather", supports, emit}, {"graph.forest", supportsForest, emitForest}};

} // namespace

ArrayRef<Emitter> ncc::lower::gatherEmitters() { return kEmitters; }
