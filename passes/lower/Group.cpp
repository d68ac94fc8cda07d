// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Evaluating the elementwise body of a group on one block.
#include "passes/lower/Group.h"
#include "dialects/graph/Graph.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::lower;

Group ncc::lower::groupOf(Operation *op) {
  Group group;
  auto addOp = [&](Operation *inner) {
    if (isa<graph::UnaryOp, graph::BinaryOp, graph::CompareOp, graph::SelectOp, graph::CastOp>(inner)) {
      group.body.push_back(inner);
    } else {
      group.root = inner;
    }
  };
  if (auto fusion = dyn_cast<graph::FusionOp>(op)) {
    Block &block = fusion.getBody().front();
    for (auto [arg, outside] : llvm::zip(block.getArguments(), fusion.getInputs())) {
      group.alias[arg] = outside;
    }
    for (Operation &inner : block.without_terminator()) {
      addOp(&inner);
    }
    auto yield = cast<graph::YieldOp>(block.getTerminator());
    group.inner.assign(yield.getValues().begin(), yield.getValues().end());
    group.outer.assign(fusion.getResults().begin(), fusion.getResults().end());
  } else {
    addOp(op);
    group.inner.push_back(op->getResult(0));
    group.outer.push_back(op->getResult(0));
  }
  return group;
}

namespace {

Type elementOf(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }

} // namespace

Lowering::Operand BlockEvaluator::operand(Value value) {
  auto it = values.find(value);
  if (it != values.end()) {
    return it->second;
  }
  Operand made = low.broadcastBlock(group.resolve(value), shape, layout, rows, box);
  values[value] = made;
  return made;
}

Read BlockEvaluator::full(const Operand &x, Type element) {
  if (x.immediate) {
    return low.t.whole(low.t.memset(low.t.sbuf(rows.count, count, element), *x.immediate));
  }
  if (x.perPartition && count > 1) {
    return {x.read.tile, low.t.pattern(x.read.ap.getPartition(), rows.count, x.read.ap.getOffset(), {0}, {count})};
  }
  return x.read;
}

Lowering::Operand BlockEvaluator::binary(StringRef op, const Operand &a, const Operand &b, Type type) {
  auto scalar = [](const Operand &x) -> std::optional<Scalar> {
    if (x.immediate) {
      return Scalar(*x.immediate);
    }
    return x.perPartition ? std::optional<Scalar>(x.read) : std::nullopt;
  };
  Type tile = low.t.sbuf(rows.count, count, type);
  if (auto s = scalar(b); s && !a.immediate) {
    return made(low.t.tensorScalar(tile, full(a, type), op, *s));
  }
  if (auto s = scalar(a); s && !b.immediate) {
    return made(low.t.tensorScalar(tile, full(b, type), op, *s, /*reverse0=*/true));
  }
  return made(low.t.tensorTensor(tile, op, full(a, type), full(b, type)));
}

Lowering::Operand BlockEvaluator::prelu(const Operand &x, const Operand &slope, Type type) {
  // max(x, 0) + slope * min(x, 0)
  Operand zero{0.0, {}, false};
  Operand negative = binary("mul", binary("min", x, zero, type), slope, type);
  return binary("add", binary("max", x, zero, type), negative, type);
}

Lowering::Operand BlockEvaluator::convert(const Operand &x, Type from, Type to) {
  if (from == to) {
    return x;
  }
  if (x.immediate && isa<FloatType>(from) == isa<FloatType>(to)) {
    return x;
  }
  Type tile = low.t.sbuf(rows.count, count, to);
  if (to.isInteger(1)) {
    return made(low.t.tensorScalar(tile, full(x, from), "ne", 0.0));
  }
  return made(low.t.copy(tile, full(x, from)));
}

Lowering::Operand BlockEvaluator::unary(Operation *op, Type type) {
  auto unary = cast<graph::UnaryOp>(op);
  Operand x = operand(unary.getX());
  Type source = elementOf(unary.getX());
  Type tile = low.t.sbuf(rows.count, count, type);
  double alpha = unary.getAlpha(), beta = unary.getBeta();
  switch (unary.getKind()) {
  case graph::UnaryKind::Clip:
    return made(low.t.tensorScalar(tile, full(x, source), "max", alpha, false, "min", beta));
  case graph::UnaryKind::Shrink: // the graph has (bias, lambda), the engine (lambda, bias)
    return made(low.t.activate(tile, "shrink", full(x, source), {1.0, 0.0, beta, alpha}));
  case graph::UnaryKind::Relu:
    return made(low.t.tensorScalar(tile, full(x, source), "max", 0.0));
  case graph::UnaryKind::LogicalNot:
    return made(low.t.tensorScalar(tile, full(x, source), "eq", 0.0));
  default:
    return made(low.t.activate(tile, graph::stringifyUnaryKind(unary.getKind()), full(x, source), {1.0, 0.0, alpha, beta}));
  }
}

Lowering::Operand BlockEvaluator::apply(Operation *op) {
  Type type = elementOf(op->getResult(0));
  return TypeSwitch<Operation *, Operand>(op)
      .Case<graph::UnaryOp>([&](auto) { return unary(op, type); })
      .Case<graph::BinaryOp>([&](graph::BinaryOp binaryOp) {
        Operand a = operand(binaryOp.getA()), b = operand(binaryOp.getB());
        switch (binaryOp.getKind()) {
        case graph::BinaryKind::Prelu:
          return prelu(a, b, type);
        case graph::BinaryKind::LogicalAnd:
          return binary("logical_and", a, b, type);
        case graph::BinaryKind::LogicalOr:
          return binary("logical_or", a, b, type);
        case graph::BinaryKind::LogicalXor:
          return binary("logical_xor", a, b, type);
        default:
          return binary(graph::stringifyBinaryKind(binaryOp.getKind()), a, b, type);
        }
      })
      .Case<graph::CompareOp>([&](graph::CompareOp compare) {
        return binary(graph::stringifyCompareKind(compare.getKind()), operand(compare.getA()), operand(compare.getB()), type);
      })
      .Case<graph::SelectOp>([&](graph::SelectOp select) {
        auto choice = [&](Value value) -> Scalar {
          Operand x = operand(value);
          return x.immediate ? Scalar(*x.immediate) : Scalar(full(x, type));
        };
        Read pred = full(operand(select.getCond()), elementOf(select.getCond()));
        Scalar a = choice(select.getA()), b = choice(select.getB());
        return made(low.t.select(low.t.sbuf(rows.count, count, type), pred, a, b));
      })
      .Case<graph::CastOp>([&](graph::CastOp cast) { return convert(operand(cast.getX()), elementOf(cast.getX()), type); })
      .Default([&](Operation *) { return Operand(); });
}

SmallVector<Value> BlockEvaluator::run(Rows blockRows, const Box &blockBox, std::optional<Read> root) {
  rows = blockRows;
  box = blockBox;
  count = box.elements();
  values.clear();
  if (root) {
    values[group.rootValue()] = {std::nullopt, *root, false};
  }
  Location outer = low.t.loc;
  for (Operation *op : group.body) {
    low.t.loc = op->getLoc();
    values[op->getResult(0)] = apply(op);
  }
  low.t.loc = outer;
  SmallVector<Value> tiles;
  for (Value result : group.inner) {
    Operand x = operand(result);
    Type type = low.t.sbuf(rows.count, count, elementOf(result));
    bool whole = !x.immediate && !x.perPartition && x.read.tile.getType() == type &&
                 x.read.ap == tile::wholePattern(type) && values.count(result) &&
                 result.getDefiningOp() != group.root && !llvm::is_contained(tiles, x.read.tile);
    if (!whole) { // an accumulator leaves PSUM; anything borrowed is copied
      StringRef engine = (evacuations++ % 2) ? "scalar" : "vector";
      x = made(low.t.copy(type, full(x, elementOf(result)), engine));
    }
    tiles.push_back(x.read.tile);
  }
  return tiles;
}

void ResultGrids::add(Rows rows, const Box &box, ArrayRef<Value> tiles) {
  for (auto [cell, tile] : llvm::zip(cells, tiles)) {
    cell.parts.push_back(tile);
    cell.where.push_back({rows, box});
  }
}

void ResultGrids::finishCell(size_t row, size_t boxIndex) {
  const Rows &rows = grid.rows[row];
  const Box &box = grid.boxes[boxIndex];
  Dims strides = boxStrides(box.size);
  for (auto [index, cell] : llvm::enumerate(cells)) {
    Value tile;
    if (cell.parts.size() == 1 && cell.where[0].first == rows && cell.where[0].second == box) {
      tile = cell.parts[0];
    } else {
      SmallVector<Attribute> places;
      for (auto &[partRows, partBox] : cell.where) {
        int64_t offset = 0;
        for (size_t f = 0; f < strides.size(); ++f) {
          offset += (partBox.start[f] - box.start[f]) * strides[f];
        }
        places.push_back(low.t.pattern(partRows.start - rows.start, partRows.count, offset, strides, partBox.size));
      }
      Type element = tile::elementTypeOf(cell.parts[0].getType());
      tile = low.t.join(low.t.sbuf(rows.count, box.elements(), element), cell.parts, places);
    }
    views[index].push_back(Lowering::freshView(tile, box));
    cell = {};
  }
}

void ResultGrids::finish() {
  for (auto [outer, cellViews] : llvm::zip(group.outer, views)) {
    Grid result = grid;
    result.cells = cellViews;
    low.define(outer, std::move(result));
  }
}
