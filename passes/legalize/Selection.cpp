// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Positions of extremes: comparisons with the positions 0, 1, 2, ... Elements chosen by computed indices stay with the
// firmware, which reads all 64 bits of an index and says when one is out of range.
#include "passes/legalize/GraphBuilder.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::legalize;

namespace {

bool isEngineFloat(Type type) { return type.isF32() || type.isF16() || type.isBF16(); }

/// 0, 1, ... along one dim of a tensor of that rank.
Value positions(GraphBuilder &g, int64_t rank, int64_t axis, int64_t size, DType type) {
  Shape shape(static_cast<size_t>(rank), 1);
  shape[static_cast<size_t>(axis)] = size;
  Tensor line(type, shape);
  for (int64_t i = 0; i < size; ++i) {
    line.setDouble(i, static_cast<double>(i));
  }
  return g.constant(line);
}

Value compare(GraphBuilder &g, graph::CompareKind kind, Value a, Value b) { return graph::CompareOp::create(g.b, g.loc, kind, a, b); }
Value select(GraphBuilder &g, Value cond, Value a, Value b) { return graph::SelectOp::create(g.b, g.loc, cond, a, b); }

/// The first (or last) position of the extreme, or of NaN where there is one. Positions are exact in f32.
struct DecomposeArgReduce : OpRewritePattern<graph::ArgReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::ArgReduceOp op, PatternRewriter &rewriter) const override {
    RankedTensorType type = typeOf(op.getX());
    int64_t axis = op.getAxis(), size = type.getDimSize(axis);
    if (!isEngineFloat(type.getElementType()) || size < 1 || size > (1 << 24) || type.getNumElements() == 0) {
      return rewriter.notifyMatchFailure(op, "not a float an engine computes in");
    }
    GraphBuilder g(rewriter, op.getLoc());
    bool largest = op.getKind() == graph::ArgKind::Max, last = op.getSelectLast();
    Value x = g.cast(op.getX(), rewriter.getF32Type());
    Value extreme = g.reduce(largest ? graph::ReduceKind::Max : graph::ReduceKind::Min, x, {axis});
    // No comparison with NaN holds, so the extreme is NaN when any element is; then the NaNs are the places.
    Value hit = compare(g, largest ? graph::CompareKind::Ge : graph::CompareKind::Le, x, extreme);
    Value nan = g.unary(graph::UnaryKind::IsNan, x);
    Value line = positions(g, type.getRank(), axis, size, DType::F32);
    Value never = g.scalar(last ? -1 : static_cast<double>(size), rewriter.getF32Type());
    Value places = select(g, hit, line, select(g, nan, line, never));
    Value found = g.reduce(last ? graph::ReduceKind::Max : graph::ReduceKind::Min, places, {axis}, op.getKeepdims());
    rewriter.replaceOp(op, g.cast(found, typeOf(op.getResult()).getElementType()));
    return success();
  }
};

} // namespace

void ncc::legalize::populateSelection(RewritePatternSet &patterns) {
  patterns.add<DecomposeArgReduce>(patterns.getContext());
}
