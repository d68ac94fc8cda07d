// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Layer norm, RMS norm and softmax from their parts. Expects canonical form: powers, roots and quotients named.
#include "dialects/graph/Constants.h"
#include "dialects/graph/ValueFacts.h"
#include "passes/GreedyRewrite.h"
#include "passes/fuse/Match.h"
#include "passes/fuse/Passes.h"

#include "mlir/IR/PatternMatch.h"

#include <cmath>

using namespace mlir;
using namespace ncc::graph;

namespace ncc::fuse {

#define GEN_PASS_DEF_RECOGNIZENORMALIZATIONSPASS
#include "passes/fuse/Passes.h.inc"

namespace {

/// v = mean(square(y)) over trailing dims, plus a scalar, under a reciprocal root: y, the axis and the scalar.
struct InverseDeviation {
  Value centered;
  int64_t axis;
  double epsilon;
};
std::optional<InverseDeviation> inverseDeviation(Value value) {
  UnaryOp root = unaryOf(value, UnaryKind::Rsqrt);
  std::optional<Scaled> shifted = root ? withScalar(root.getX(), BinaryKind::Add) : std::nullopt;
  Value variance = shifted ? shifted->other : root ? Value(root.getX()) : Value();
  ReduceOp mean = reduceOf(variance, ReduceKind::Mean);
  UnaryOp square = mean ? unaryOf(mean.getX(), UnaryKind::Square) : UnaryOp();
  std::optional<int64_t> axis = square ? trailingAxis(mean) : std::nullopt;
  if (!axis) {
    return std::nullopt;
  }
  return InverseDeviation{square.getX(), *axis, shifted ? shifted->scalar : 0.0};
}

/// y = x - mean(x) over the dims from axis on: x.
Value centeredInput(Value y, int64_t axis) {
  BinaryOp difference = binaryOf(y, BinaryKind::Sub);
  ReduceOp mean = difference ? reduceOf(difference.getB(), ReduceKind::Mean) : ReduceOp();
  bool fits = mean && mean.getX() == difference.getA() && trailingAxis(mean) == axis;
  return fits ? difference.getA() : Value();
}

Value unitScale(PatternRewriter &rewriter, Location loc, Value x) {
  auto type = RankedTensorType::get({1}, typeOf(x).getElementType());
  return ConstantOp::create(rewriter, loc, splatAttr(type, 1.0));
}

/// True when `operand` broadcasts to the dims of x from axis on and to nothing before; drops its leading unit dims.
Value affineOperand(PatternRewriter &rewriter, Value operand, Value x, int64_t axis) {
  ArrayRef<int64_t> dims = typeOf(operand).getShape(), target = typeOf(x).getShape();
  while (!dims.empty() && dims.front() == 1 && dims.size() > target.size() - axis) {
    dims = dims.drop_front();
  }
  if (dims.empty() || dims.size() > target.size() - axis) {
    return {};
  }
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] != 1 && dims[i] != target[target.size() - dims.size() + i]) {
      return {};
    }
  }
  if (dims.size() == typeOf(operand).getShape().size()) {
    return operand;
  }
  auto type = RankedTensorType::get(dims, typeOf(operand).getElementType());
  return ReshapeOp::create(rewriter, operand.getLoc(), type, operand);
}

struct Normalized : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    if (op.getKind() != BinaryKind::Mul) {
      return rewriter.notifyMatchFailure(op, "not a product");
    }
    for (auto [y, factor] : {std::pair<Value, Value>(op.getA(), op.getB()), std::pair<Value, Value>(op.getB(), op.getA())}) {
      std::optional<InverseDeviation> found = inverseDeviation(factor);
      if (!found || found->centered != y || y.getType() != op.getType()) {
        continue;
      }
      auto axis = rewriter.getI64IntegerAttr(found->axis);
      auto epsilon = rewriter.getF64FloatAttr(found->epsilon);
      Value scale = unitScale(rewriter, op.getLoc(), y);
      if (Value x = centeredInput(y, found->axis)) {
        rewriter.replaceOpWithNewOp<LayerNormOp>(op, op.getType(), x, scale, Value(), axis, epsilon);
      } else {
        rewriter.replaceOpWithNewOp<RmsNormOp>(op, op.getType(), y, scale, axis, epsilon);
      }
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no normalization");
  }
};

/// A product with a vector right after a norm whose scale is 1 becomes its scale.
template <typename NormOp>
struct ScaleIntoNorm : OpRewritePattern<BinaryOp> {
  using OpRewritePattern<BinaryOp>::OpRewritePattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    if (op.getKind() != BinaryKind::Mul) {
      return rewriter.notifyMatchFailure(op, "not a product");
    }
    for (auto [value, other] : {std::pair<Value, Value>(op.getA(), op.getB()), std::pair<Value, Value>(op.getB(), op.getA())}) {
      auto norm = value.template getDefiningOp<NormOp>();
      if (!norm || !norm->hasOneUse() || norm.getType() != op.getType() || splatValue(norm.getScale()) != 1.0 ||
          norm->getNumOperands() != 2 || !isConstant(other)) {
        continue;
      }
      Value scale = affineOperand(rewriter, other, norm.getX(), norm.getAxis());
      if (!scale) {
        continue;
      }
      auto clone = cast<NormOp>(rewriter.clone(*norm));
      rewriter.modifyOpInPlace(clone, [&] { clone.getScaleMutable().assign(scale); });
      rewriter.replaceOp(op, clone.getResult());
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no norm to scale");
  }
};

struct BiasIntoNorm : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    if (op.getKind() != BinaryKind::Add) {
      return rewriter.notifyMatchFailure(op, "not a sum");
    }
    for (auto [value, other] : {std::pair<Value, Value>(op.getA(), op.getB()), std::pair<Value, Value>(op.getB(), op.getA())}) {
      auto norm = value.getDefiningOp<LayerNormOp>();
      if (!norm || !norm->hasOneUse() || norm.getType() != op.getType() || norm.getBias() || !isConstant(other)) {
        continue;
      }
      if (Value bias = affineOperand(rewriter, other, norm.getX(), norm.getAxis())) {
        rewriter.replaceOpWithNewOp<LayerNormOp>(op, op.getType(), norm.getX(), norm.getScale(), bias,
                                                 norm.getAxisAttr(), norm.getEpsilonAttr());
        return success();
      }
    }
    return rewriter.notifyMatchFailure(op, "no norm to shift");
  }
};

/// Can exp(x) be summed as often as that without overflow, and not be rounded to zero?
bool expIsOrdinary(Value x, int64_t terms) {
  const Range range = rangeOf(x);
  const bool wide = !typeOf(x).getElementType().isF16();
  return range.high + std::log(static_cast<double>(std::max<int64_t>(terms, 1))) <= (wide ? 88 : 11) && range.low >= (wide ? -87 : -9);
}

/// exp(x - max(x)) / sum(exp(x - max(x))) along one axis; without the maximum only where x is known to be small.
struct Softmaxed : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    UnaryOp exp = unaryOf(op.getA(), UnaryKind::Exp);
    Value divisor = op.getB();
    if (op.getKind() == BinaryKind::Mul) { // by the reciprocal
      UnaryOp inverse = unaryOf(divisor, UnaryKind::Reciprocal);
      divisor = inverse ? Value(inverse.getX()) : Value();
    } else if (op.getKind() != BinaryKind::Div) {
      divisor = Value();
    }
    ReduceOp sum = divisor ? reduceOf(divisor, ReduceKind::Sum) : ReduceOp();
    if (!exp || !sum || sum.getX() != exp.getResult() || sum.getAxes().size() != 1 || !sum.getKeepdims()) {
      return rewriter.notifyMatchFailure(op, "no softmax");
    }
    Value x = exp.getX();
    bool shifts = false;
    if (BinaryOp shifted = binaryOf(x, BinaryKind::Sub)) {
      ReduceOp top = reduceOf(shifted.getB(), ReduceKind::Max);
      if (top && top.getX() == shifted.getA() && top.getAxes() == sum.getAxes() && top.getKeepdims()) {
        x = shifted.getA();
        shifts = true;
      }
    }
    if (!shifts && !expIsOrdinary(x, typeOf(x).getDimSize(sum.getAxes().front()))) {
      return rewriter.notifyMatchFailure(op, "its exponentials may overflow");
    }
    rewriter.replaceOpWithNewOp<SoftmaxOp>(op, op.getType(), x, rewriter.getI64IntegerAttr(sum.getAxes().front()),
                                           rewriter.getBoolAttr(false));
    return success();
  }
};

struct RecognizeNormalizationsPass : impl::RecognizeNormalizationsPassBase<RecognizeNormalizationsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<Normalized, ScaleIntoNorm<LayerNormOp>, ScaleIntoNorm<RmsNormOp>, BiasIntoNorm, Softmaxed>(&getContext());
    GreedyRewriteConfig config;
    config.enableConstantCSE(false);
    if (failed(ncc::rewriteGreedily(getOperation(), std::move(patterns), config))) {
      signalPassFailure();
    }
  }
};

} // namespace
} // namespace ncc::fuse
