// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Ops that move elements. Where the layout allows, the result is a new view of the same tiles and costs nothing;
// otherwise the tensor goes through DRAM, where a reshape, transpose or slice is a view again.
#include "passes/lower/Emitters.h"
#include "dialects/graph/Graph.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::lower;

namespace {

ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

bool movable(Lowering &low, const Group &group) {
  return group.body.empty() && llvm::all_of(group.root->getOperands(), [&](Value v) {
           Type type = low.state(group.resolve(v)).element;
           return type.isIntOrFloat() && product(shapeOf(v)) > 0;
         }) && product(shapeOf(group.outer[0])) > 0;
}

/// Carries every grid of x that `map` can carry, and the DRAM view; goes through DRAM when nothing carries over.
void carry(Lowering &low, Value x, Value result, llvm::function_ref<std::optional<Grid>(const Grid &)> map,
           llvm::function_ref<std::optional<DramView>(const DramView &)> mapDram) {
  bool carried = false;
  SmallVector<Grid, 1> grids = low.state(x).grids;
  for (const Grid &grid : grids) {
    if (auto next = map(grid)) {
      low.define(result, std::move(*next));
      carried = true;
    }
  }
  if (carried && !low.state(x).dram) {
    return;
  }
  if (auto view = mapDram(low.dram(x))) {
    low.defineDram(result, *view);
  } else if (!carried) {
    Value buffer = low.dramContiguous(x);
    low.defineDram(result, *mapDram({buffer, 0, boxStrides(low.state(x).shape)}));
  }
}

void emitReshape(Lowering &low, const Group &group) {
  Value x = group.resolve(cast<graph::ReshapeOp>(group.root).getX()), result = group.outer[0];
  ArrayRef<int64_t> from = shapeOf(x), to = shapeOf(result);
  carry(low, x, result, [&](const Grid &grid) { return reshapeGrid(grid, from, to); },
        [&](const DramView &view) -> std::optional<DramView> {
          std::optional<Dims> strides = reshapeStrides(view.strides, from, to);
          return strides ? std::optional(DramView{view.buffer, view.offset, *strides}) : std::nullopt;
        });
}

void emitTranspose(Lowering &low, const Group &group) {
  auto op = cast<graph::TransposeOp>(group.root);
  ArrayRef<int64_t> perm = op.getPerm();
  carry(low, group.resolve(op.getX()), group.outer[0], [&](const Grid &grid) { return std::optional(transposeGrid(grid, perm)); },
        [&](const DramView &view) {
          DramView next{view.buffer, view.offset, {}};
          for (int64_t dim : perm) {
            next.strides.push_back(view.strides[dim]);
          }
          return std::optional(next);
        });
}

void emitSlice(Lowering &low, const Group &group) {
  auto op = cast<graph::SliceOp>(group.root);
  Value x = group.resolve(op.getX()), result = group.outer[0];
  bool inDram = product(shapeOf(x)) > kBeyondChip; // and is not looked at cell by cell for every slice
  carry(low, x, result,
        [&](const Grid &grid) { return inDram ? std::nullopt : sliceGrid(grid, shapeOf(x), op.getOffsets(), shapeOf(result), op.getStrides()); },
        [&](const DramView &view) {
          DramView next = view;
          for (size_t d = 0; d < next.strides.size(); ++d) {
            next.offset += op.getOffsets()[d] * view.strides[d];
            next.strides[d] = view.strides[d] * op.getStrides()[d];
          }
          return std::optional(next);
        });
}

void emitExpand(Lowering &low, const Group &group) {
  Value x = group.resolve(cast<graph::ExpandOp>(group.root).getX()), result = group.outer[0];
  ArrayRef<int64_t> from = shapeOf(x), to = shapeOf(result);
  DramView view = low.dram(x), wide{view.buffer, view.offset, Dims(to.size(), 0)};
  size_t shift = to.size() - from.size();
  for (size_t d = shift; d < to.size(); ++d) {
    wide.strides[d] = from[d - shift] == 1 ? 0 : view.strides[d - shift];
  }
  low.defineDram(result, wide);
}

//===--- concat ---===//

void emitConcat(Lowering &low, const Group &group) {
  auto op = cast<graph::ConcatOp>(group.root);
  Value result = group.outer[0];
  int64_t axis = op.getAxis();
  SmallVector<Value> inputs;
  for (Value input : op.getInputs()) {
    inputs.push_back(group.resolve(input));
  }
  if (movesInDram(low, inputs, result)) {
    return concatInDram(low, inputs, result, axis);
  }
  Layout layout = low.preferredLayout(result);
  bool chosen = result.getDefiningOp()->hasAttr("ncc.layout");
  for (Value input : inputs) {
    if (!chosen && !low.state(input).grids.empty() && !low.state(input).grids.front().replicated) {
      layout = low.state(input).grids.front().layout;
      break;
    }
  }
  layout = Lowering::canonical(layout, shapeOf(result));
  // On partitions only the outermost dim can be joined row after row.
  bool onPartitions = llvm::is_contained(layout.partition, axis);
  if (onPartitions && layout.partition.front() != axis) {
    layout = Lowering::canonical(layoutOf(static_cast<int64_t>(shapeOf(result).size()), {axis}), shapeOf(result));
  }
  Grid grid;
  grid.layout = layout;
  size_t axisFree = llvm::find(layout.free, axis) - layout.free.begin();
  // Views of the first input decide the cut of what the inputs share.
  const Grid first = reorderFree(low.grid(inputs[0], layout), layout);
  int64_t at = 0, unit = 1;
  for (int64_t dim : ArrayRef<int64_t>(layout.partition).drop_front(layout.partition.empty() ? 0 : 1)) {
    unit *= shapeOf(result)[dim];
  }
  SmallVector<SmallVector<View>> columns; // per box, when joining along the free axis: one view per row
  for (Value input : inputs) {
    const Grid own = reorderFree(low.grid(input, layout), layout);
    if (onPartitions) {
      for (size_t r = 0; r < own.rows.size(); ++r) {
        grid.rows.push_back({at * unit + own.rows[r].start, own.rows[r].count});
        for (const Box &box : first.boxes) {
          grid.cells.push_back(low.block(input, layout, own.rows[r], box));
        }
      }
    } else {
      for (size_t b = 0; b < own.boxes.size(); ++b) {
        Box box = own.boxes[b];
        SmallVector<View> column;
        for (const Rows &rows : first.rows) {
          column.push_back(low.block(input, layout, rows, own.boxes[b]));
        }
        box.start[axisFree] += at;
        grid.boxes.push_back(box);
        columns.push_back(column);
      }
    }
    at += shapeOf(input)[axis];
  }
  if (onPartitions) {
    grid.boxes = first.boxes;
  } else {
    grid.rows = first.rows;
    for (size_t r = 0; r < grid.rows.size(); ++r) {
      for (auto &column : columns) {
        grid.cells.push_back(column[r]);
      }
    }
  }
  low.define(result, std::move(grid));
}

//===--- pad ---===//

bool supportsPad(Lowering &low, const Group &group) {
  auto op = cast<graph::PadOp>(group.root);
  auto positive = [](ArrayRef<int64_t> amounts) { return llvm::all_of(amounts, [](int64_t n) { return n >= 0; }); };
  return movable(low, group) && op.getMode() == graph::PadMode::Constant && positive(op.getLow()) && positive(op.getHigh()) &&
         (isEngineFloat(low.state(group.resolve(op.getX())).element));
}

/// Cell by cell on chip: borders are filled, the interior is copied, and the cell joins them.
void emitPad(Lowering &low, const Group &group) {
  auto op = cast<graph::PadOp>(group.root);
  Value x = group.resolve(op.getX()), result = group.outer[0];
  Dims out(shapeOf(result)), in(shapeOf(x));
  constexpr int64_t kLarge = int64_t{1} << 20; // then a transfer of the whole beats copies tile by tile
  bool loaded = low.state(x).grids.empty() && product(out) >= kLarge;
  if (loaded || movesInDram(low, {x}, result)) {
    return padInDram(low, x, result, op.getLow(), op.getValue());
  }
  Layout layout = low.preferredLayout(x);
  bool partitionPadded = llvm::any_of(layout.partition, [&](int64_t d) { return in[d] != out[d]; });
  if (partitionPadded) {
    int64_t keep = -1;
    for (int64_t d = 0; d < static_cast<int64_t>(in.size()); ++d) {
      if (in[d] == out[d] && (keep < 0 || in[d] > in[keep])) {
        keep = d;
      }
    }
    layout = keep < 0 ? layoutOf(static_cast<int64_t>(in.size()), {}) : layoutOf(static_cast<int64_t>(in.size()), {keep});
  }
  layout = Lowering::canonical(layout, out);
  Grid grid = defaultGrid(out, layout);
  Layout inLayout = Lowering::canonical(layout, in);
  grid.rows = low.grid(x, inLayout).rows;
  grid.cells.assign(grid.rows.size() * grid.boxes.size(), View());
  Type element = low.state(x).element;
  for (size_t r = 0; r < grid.rows.size(); ++r) {
    for (size_t b = 0; b < grid.boxes.size(); ++b) {
      const Box &box = grid.boxes[b];
      Dims strides = boxStrides(box.size);
      SmallVector<Value> parts;
      SmallVector<Attribute> places;
      int64_t partitions = grid.rows[r].count;
      auto place = [&](Value part, const Box &where) {
        int64_t offset = 0;
        for (size_t f = 0; f < strides.size(); ++f) {
          offset += (where.start[f] - box.start[f]) * strides[f];
        }
        parts.push_back(part);
        places.push_back(low.t.pattern(0, partitions, offset, strides, where.size));
      };
      // Peel the borders dim by dim; what remains is the interior.
      Box rest = box;
      bool empty = false;
      for (size_t f = 0; f < layout.free.size() && !empty; ++f) {
        int64_t dim = layout.free[f], lowEnd = op.getLow()[dim], highStart = op.getLow()[dim] + in[dim];
        auto border = [&](int64_t start, int64_t end) {
          start = std::max(start, rest.start[f]);
          end = std::min(end, rest.start[f] + rest.size[f]);
          if (end <= start) {
            return;
          }
          Box piece = rest;
          piece.start[f] = start;
          piece.size[f] = end - start;
          place(low.t.memset(low.t.sbuf(partitions, piece.elements(), element), op.getValue()), piece);
        };
        border(0, lowEnd);
        border(highStart, out[dim]);
        int64_t start = std::max(rest.start[f], lowEnd), end = std::min(rest.start[f] + rest.size[f], highStart);
        rest.start[f] = start;
        rest.size[f] = end - start;
        empty = end <= start;
      }
      if (!empty) {
        Box source{Dims(inLayout.free.size(), 0), Dims(inLayout.free.size(), 1)};
        Dims order; // strides of the source in the result's free order
        for (size_t f = 0; f < layout.free.size(); ++f) {
          size_t to = llvm::find(inLayout.free, layout.free[f]) - inLayout.free.begin();
          source.start[to] = rest.start[f] - op.getLow()[layout.free[f]];
          source.size[to] = rest.size[f];
        }
        View view = low.block(x, inLayout, grid.rows[r], source);
        for (size_t f = 0; f < layout.free.size(); ++f) {
          order.push_back(view.strides[llvm::find(inLayout.free, layout.free[f]) - inLayout.free.begin()]);
        }
        view.strides = order;
        place(low.t.copy(low.t.sbuf(partitions, rest.elements(), element), low.read(view, partitions, rest.size)), rest);
      }
      Value tile = parts.size() == 1 ? parts[0] : low.t.join(low.t.sbuf(partitions, box.elements(), element), parts, places);
      grid.cell(r, b) = Lowering::freshView(tile, box);
    }
  }
  low.define(result, std::move(grid));
}

const Emitter kEmitters[] = {{"graph.reshape", movable, emitReshape}, {"graph.transpose", movable, emitTranspose},
                             {"graph.slice", movable, emitSlice},     {"graph.expand", movable, emitExpand},
                             {"graph.concat", movable, emitConcat},   {"graph.pad", supportsPad, emitPad}};

} // namespace

ArrayRef<Emitter> ncc::lower::moveEmitters() { return kEmitters; }
