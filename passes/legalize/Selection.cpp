// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Positions of extremes, and elements chosen by computed indices: comparisons with the positions 0, 1, 2, ...
#include "passes/legalize/GraphBuilder.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::legalize;

namespace {

/// Comparisons a choice may cost; beyond, the firmware's direct access is cheaper.
constexpr int64_t kMostComparisons = 1 << 22;

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

/// The least (or last) position whose element is not less than the extreme. Positions are exact in f32.
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
    Value worse = compare(g, largest ? graph::CompareKind::Lt : graph::CompareKind::Gt, x, extreme); // never true of NaN
    Value line = positions(g, type.getRank(), axis, size, DType::F32);
    Value never = g.scalar(last ? -1 : static_cast<double>(size), rewriter.getF32Type());
    Value found = g.reduce(last ? graph::ReduceKind::Max : graph::ReduceKind::Min, select(g, worse, never, line), {axis}, op.getKeepdims());
    rewriter.replaceOp(op, g.cast(found, typeOf(op.getResult()).getElementType()));
    return success();
  }
};

/// sum over k of (index == k ? data[k] : 0), where the axis is short.
struct DecomposeGatherElements : OpRewritePattern<graph::GatherElementsOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::GatherElementsOp op, PatternRewriter &rewriter) const override {
    RankedTensorType data = typeOf(op.getData()), indices = typeOf(op.getIndices());
    int64_t axis = op.getAxis(), size = data.getDimSize(axis), rank = data.getRank();
    if (!isEngineFloat(data.getElementType()) || size < 1 || indices.getNumElements() == 0 ||
        indices.getNumElements() > kMostComparisons / size) {
      return rewriter.notifyMatchFailure(op, "too many comparisons, or not a float an engine computes in");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Type i32 = rewriter.getI32Type();
    // The indices get a last dim of one, the data their axis as the last dim.
    Dims wide(indices.getShape()), perm, moved, box;
    wide.push_back(1);
    for (int64_t d = 0; d < rank; ++d) {
      box.push_back(d == axis ? size : indices.getDimSize(d));
    }
    for (int64_t d = 0; d < rank; ++d) {
      if (d != axis) {
        perm.push_back(d);
      }
    }
    perm.push_back(axis);
    Value x = g.transpose(g.slice(op.getData(), Dims(rank, 0), box), perm); // [others..., size]
    for (int64_t d = 0; d < rank; ++d) {
      moved.push_back(d == axis ? 1 : indices.getDimSize(d));
    }
    moved.push_back(size);
    x = g.reshape(x, moved);
    Value index = g.reshape(g.cast(op.getIndices(), i32), wide);
    Value negative = compare(g, graph::CompareKind::Lt, index, g.scalar(0, i32));
    Tensor shift(DType::I32, {});
    shift.setInt(0, size);
    index = select(g, negative, g.add(index, g.constant(shift)), index);
    Value hit = compare(g, graph::CompareKind::Eq, index, positions(g, rank + 1, rank, size, DType::I32));
    Value chosen = select(g, hit, g.cast(x, rewriter.getF32Type()), g.scalar(0, rewriter.getF32Type()));
    Value y = g.reduce(graph::ReduceKind::Sum, chosen, {rank}, false);
    rewriter.replaceOp(op, g.cast(y, data.getElementType()));
    return success();
  }
};

} // namespace

void ncc::legalize::populateSelection(RewritePatternSet &patterns) {
  patterns.add<DecomposeArgReduce, DecomposeGatherElements>(patterns.getContext());
}
