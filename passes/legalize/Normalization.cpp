// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Softmax and the normalizations as reductions and elementwise ops, computed in f32.
#include "passes/legalize/GraphBuilder.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::legalize;

namespace {

bool isFloat(Value value) { return isa<FloatType>(typeOf(value).getElementType()) && !typeOf(value).getElementType().isF64(); }

/// Longer rows do not fit a tile (layout::kConstantChunk); their softmax is spelled out.
constexpr int64_t kWholeSoftmax = 4096;

struct DecomposeSoftmax : OpRewritePattern<graph::SoftmaxOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::SoftmaxOp op, PatternRewriter &rewriter) const override {
    if (!isFloat(op.getX())) {
      return rewriter.notifyMatchFailure(op, "not a float an engine computes in");
    }
    if (!op.getLog() && shapeOf(op.getX())[op.getAxis()] <= kWholeSoftmax) {
      return rewriter.notifyMatchFailure(op, "has an engine form");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Type f32 = rewriter.getF32Type(), type = typeOf(op.getResult()).getElementType();
    Value x = g.cast(op.getX(), f32);
    Value shifted = g.sub(x, g.reduce(graph::ReduceKind::Max, x, {int64_t(op.getAxis())}));
    Value exp = g.unary(graph::UnaryKind::Exp, shifted);
    Value sum = g.reduce(graph::ReduceKind::Sum, exp, {int64_t(op.getAxis())});
    Value y = op.getLog() ? g.sub(shifted, g.unary(graph::UnaryKind::Log, sum))
                          : g.mul(exp, g.unary(graph::UnaryKind::Reciprocal, sum));
    rewriter.replaceOp(op, g.cast(y, type));
    return success();
  }
};

/// Dims from `axis` on.
Dims tailAxes(Value x, int64_t axis) {
  Dims axes;
  for (int64_t d = axis; d < typeOf(x).getRank(); ++d) {
    axes.push_back(d);
  }
  return axes;
}

struct DecomposeLayerNorm : OpRewritePattern<graph::LayerNormOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::LayerNormOp op, PatternRewriter &rewriter) const override {
    if (!isFloat(op.getX())) {
      return rewriter.notifyMatchFailure(op, "not a float an engine computes in");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Type f32 = rewriter.getF32Type(), type = typeOf(op.getResult()).getElementType();
    Value x = g.cast(op.getX(), f32);
    Dims axes = tailAxes(op.getX(), op.getAxis());
    Value centred = g.sub(x, g.reduce(graph::ReduceKind::Mean, x, axes));
    Value variance = g.reduce(graph::ReduceKind::Mean, g.unary(graph::UnaryKind::Square, centred), axes);
    Value inverse = g.unary(graph::UnaryKind::Rsqrt, g.add(variance, g.scalar(op.getEpsilon(), f32)));
    Value y = g.mul(g.mul(centred, inverse), g.cast(op.getScale(), f32));
    if (op.getBias()) {
      y = g.add(y, g.cast(op.getBias(), f32));
    }
    rewriter.replaceOp(op, g.cast(y, type));
    return success();
  }
};

struct DecomposeRmsNorm : OpRewritePattern<graph::RmsNormOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::RmsNormOp op, PatternRewriter &rewriter) const override {
    if (!isFloat(op.getX())) {
      return rewriter.notifyMatchFailure(op, "not a float an engine computes in");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Type f32 = rewriter.getF32Type(), type = typeOf(op.getResult()).getElementType();
    Value x = g.cast(op.getX(), f32);
    Value mean = g.reduce(graph::ReduceKind::Mean, g.unary(graph::UnaryKind::Square, x), tailAxes(op.getX(), op.getAxis()));
    Value inverse = g.unary(graph::UnaryKind::Rsqrt, g.add(mean, g.scalar(op.getEpsilon(), f32)));
    Value y = g.mul(g.mul(x, inverse), g.cast(op.getScale(), f32));
    rewriter.replaceOp(op, g.cast(y, type));
    return success();
  }
};

} // namespace

void ncc::legalize::populateNormalization(RewritePatternSet &patterns) {
  patterns.add<DecomposeSoftmax, DecomposeLayerNorm, DecomposeRmsNorm>(patterns.getContext());
}
