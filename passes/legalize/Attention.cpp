// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Attention as two products around a softmax. Grouped queries share keys by folding the group into the rows.
#include "passes/legalize/GraphBuilder.h"

#include "mlir/IR/PatternMatch.h"

#include <limits>

using namespace mlir;
using namespace ncc;
using namespace ncc::legalize;

namespace {

struct DecomposeAttention : OpRewritePattern<graph::AttentionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::AttentionOp op, PatternRewriter &rewriter) const override {
    GraphBuilder g(rewriter, op.getLoc());
    Value q = op.getQ(), k = op.getK(), v = op.getV();
    int64_t batch = shapeOf(q)[0], heads = shapeOf(q)[1], s = shapeOf(q)[2], d = shapeOf(q)[3];
    int64_t groups = shapeOf(k)[1], t = shapeOf(k)[2], dv = shapeOf(v)[3], share = groups == 0 ? 0 : heads / groups;
    Type f32 = rewriter.getF32Type(), type = typeOf(op.getResult()).getElementType();
    if (share == 0 || type.isF64()) {
      return rewriter.notifyMatchFailure(op, share == 0 ? "no heads" : "not a float an engine computes in");
    }
    if (share > 1) {
      q = g.reshape(q, {batch, groups, share * s, d});
    }
    Value scores = product(g, q, k, /*transpose=*/true);
    scores = g.mul(scores, g.scalar(op.getScale(), f32));
    scores = g.reshape(scores, {batch, heads, s, t});
    if (op.getSoftcap() > 0) {
      Value cap = g.scalar(op.getSoftcap(), f32);
      scores = g.mul(g.unary(graph::UnaryKind::Tanh, g.div(scores, cap)), cap);
    }
    if (op.getMask()) {
      scores = g.add(scores, g.cast(op.getMask(), f32));
    }
    if (op.getCausal()) {
      Value least = g.scalar(-std::numeric_limits<double>::infinity(), f32);
      scores = graph::SelectOp::create(rewriter, op.getLoc(), g.constant(causalMask(s, t)), scores, least);
    }
    Value weights = graph::SoftmaxOp::create(rewriter, op.getLoc(), scores, int64_t(3), false);
    weights = g.reshape(g.cast(weights, typeOf(v).getElementType()), {batch, groups, share * s, t});
    Value y = g.reshape(product(g, weights, v, /*transpose=*/false), {batch, heads, s, dv});
    if (op.getCausal() && s > t) { // the first queries see no key: their rows are zero
      y = graph::SelectOp::create(rewriter, op.getLoc(), g.constant(rowsWithKeys(s, t)), y, g.scalar(0, f32));
    }
    rewriter.replaceOp(op, g.cast(y, type));
    return success();
  }

private:
  /// A product accumulated in f32.
  static Value product(GraphBuilder &g, Value a, Value b, bool transpose) {
    Value y = g.matmul(a, b, false, transpose);
    y.setType(RankedTensorType::get(shapeOf(y), g.b.getF32Type()));
    return y;
  }

  /// [S,T]: may query i see key j?
  static Tensor causalMask(int64_t s, int64_t t) {
    Tensor mask(DType::Bool, {s, t});
    for (int64_t i = 0; i < s; ++i) {
      for (int64_t j = 0; j < t; ++j) {
        mask.mutableAs<uint8_t>()[i * t + j] = j <= i + (t - s);
      }
    }
    return mask;
  }

  /// [S,1]: does query i see any key?
  static Tensor rowsWithKeys(int64_t s, int64_t t) {
    Tensor rows(DType::Bool, {s, 1});
    for (int64_t i = 0; i < s; ++i) {
      rows.mutableAs<uint8_t>()[i] = i >= s - t;
    }
    return rows;
  }
};

} // namespace

void ncc::legalize::populateAttention(RewritePatternSet &patterns) { patterns.add<DecomposeAttention>(patterns.getContext()); }
