// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Attention from its parts, as PyTorch and others export it.
#include "dialects/graph/Constants.h"
#include "passes/GreedyRewrite.h"
#include "passes/fuse/Match.h"
#include "passes/fuse/Passes.h"

#include "mlir/IR/PatternMatch.h"

#include <cmath>

using namespace mlir;
using namespace ncc::graph;

namespace ncc::fuse {

#define GEN_PASS_DEF_RECOGNIZEATTENTIONPASS
#include "passes/fuse/Passes.h.inc"

namespace {

/// Strips products with and quotients by ordinary numbers and collects their product. Softmax rounds by itself, so a last
/// bit of the scores is nobody's; an infinite or zero factor is not moved past a sum.
Value unscaled(Value value, double &scale) {
  while (true) {
    std::optional<Scaled> factor = withScalar(value, BinaryKind::Mul), divisor = factor ? std::nullopt : withScalar(value, BinaryKind::Div);
    const Scaled *step = factor ? &*factor : divisor ? &*divisor : nullptr;
    const double next = !step ? 0 : scale * (factor ? factor->scalar : 1 / divisor->scalar);
    if (!std::isnormal(static_cast<float>(next))) {
      return value;
    }
    scale = next;
    value = step->other;
  }
}

Value reshaped(PatternRewriter &rewriter, Value value, ArrayRef<int64_t> dims) {
  auto type = RankedTensorType::get(dims, typeOf(value).getElementType());
  return type == value.getType() ? value : Value(ReshapeOp::create(rewriter, value.getLoc(), type, value));
}

Value swapped(PatternRewriter &rewriter, Value value) {
  SmallVector<int64_t> perm, dims(typeOf(value).getShape());
  int64_t rank = static_cast<int64_t>(dims.size());
  for (int64_t i = 0; i < rank; ++i) {
    perm.push_back(i < rank - 2 ? i : 2 * rank - 3 - i);
  }
  std::swap(dims[rank - 1], dims[rank - 2]);
  auto type = RankedTensorType::get(dims, typeOf(value).getElementType());
  return rewriter.createOrFold<TransposeOp>(value.getLoc(), type, value, perm);
}

/// Leading unit dims up to rank 4.
Value rankFour(PatternRewriter &rewriter, Value value) {
  SmallVector<int64_t> dims(typeOf(value).getShape());
  dims.insert(dims.begin(), 4 - dims.size(), 1);
  return reshaped(rewriter, value, dims);
}

struct Attention : OpRewritePattern<MatmulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MatmulOp op, PatternRewriter &rewriter) const override {
    auto softmax = op.getA().getDefiningOp<SoftmaxOp>();
    RankedTensorType type = typeOf(op);
    int64_t rank = type.getRank();
    if (!softmax || softmax.getLog() || !softmax->hasOneUse() || op.getTransposeA() || (rank != 3 && rank != 4) ||
        softmax.getAxis() != rank - 1 || !isa<FloatType>(type.getElementType())) {
      return rewriter.notifyMatchFailure(op, "not softmax times values");
    }
    Value scores = softmax.getX(), mask;
    if (!splitMask(scores, mask)) {
      return rewriter.notifyMatchFailure(op, "no mask that can be added");
    }
    double scale = 1;
    Value product = unscaled(scores, scale);
    auto qk = product.getDefiningOp<MatmulOp>();
    if (!qk || qk.getTransposeA() || product.getType() != softmax.getX().getType() || typeOf(qk.getA()).getRank() != rank ||
        typeOf(qk.getB()).getRank() != rank || typeOf(op.getB()).getRank() != rank) {
      return rewriter.notifyMatchFailure(op, "scores are not a batched product");
    }
    auto batch = [&](Value value) { return typeOf(value).getShape().drop_back(2); };
    if (batch(qk.getA()) != batch(qk.getB()) || batch(qk.getA()) != batch(op.getB())) {
      return rewriter.notifyMatchFailure(op, "batch dims are broadcast");
    }
    Value q = unscaled(qk.getA(), scale), k = unscaled(qk.getB(), scale), v = op.getB();
    if (!qk.getTransposeB()) {
      k = withoutScale(rewriter, k, scale);
      k = swapped(rewriter, k);
    }
    v = op.getTransposeB() ? swapped(rewriter, v) : v;
    if (mask && typeOf(mask).getRank() > rank) {
      return rewriter.notifyMatchFailure(op, "the mask has more dims than the scores");
    }
    SmallVector<int64_t> dims(type.getShape());
    dims.insert(dims.begin(), 4 - rank, 1);
    Value y = AttentionOp::create(rewriter, op.getLoc(), RankedTensorType::get(dims, type.getElementType()),
                                  rankFour(rewriter, q), rankFour(rewriter, k), rankFour(rewriter, v),
                                  mask ? rankFour(rewriter, mask) : Value(), rewriter.getF64FloatAttr(scale),
                                  rewriter.getBoolAttr(false), rewriter.getF64FloatAttr(0));
    rewriter.replaceOp(op, reshaped(rewriter, y, type.getShape()));
    return success();
  }

  /// A key that was transposed after its scaling: looks through the transpose for more of the scale.
  Value withoutScale(PatternRewriter &rewriter, Value k, double &scale) const {
    auto transpose = k.getDefiningOp<TransposeOp>();
    double more = 1;
    Value inner = transpose ? unscaled(transpose.getX(), more) : Value();
    if (!inner || more == 1) {
      return k;
    }
    scale *= more;
    return TransposeOp::create(rewriter, k.getLoc(), k.getType(), inner, transpose.getPermAttr());
  }

  /// Takes an added mask off the scores. A selected one (masked_fill) is no sum: a row whose keys are all hidden is the
  /// mean of the values, whatever the scores are, so that form stays as it is written.
  bool splitMask(Value &scores, Value &mask) const {
    auto isScores = [](Value value) {
      double ignored = 1;
      return unscaled(value, ignored).getDefiningOp<MatmulOp>() != nullptr;
    };
    if (isScores(scores)) {
      return true;
    }
    BinaryOp sum = binaryOf(scores, BinaryKind::Add);
    if (!sum) {
      return false;
    }
    bool first = isScores(sum.getA()) && sum.getA().getType() == sum.getType();
    bool second = isScores(sum.getB()) && sum.getB().getType() == sum.getType();
    if (!first && !second) {
      return false;
    }
    scores = first ? sum.getA() : sum.getB();
    mask = first ? sum.getB() : sum.getA();
    return true;
  }
};

struct RecognizeAttentionPass : impl::RecognizeAttentionPassBase<RecognizeAttentionPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<Attention>(&getContext());
    GreedyRewriteConfig config;
    config.enableConstantCSE(false);
    if (failed(ncc::rewriteGreedily(getOperation(), std::move(patterns), config))) {
      signalPassFailure();
    }
  }
};

} // namespace
} // namespace ncc::fuse
