// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Arithmetic in its named form: powers, reciprocals, bounds, and broadcasts that need no expand.
#include "dialects/graph/Constants.h"
#include "dialects/graph/Infer.h"
#include "dialects/graph/ValueFacts.h"
#include "passes/simplify/Patterns.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace ncc::graph;

namespace ncc::simplify {

namespace {

bool isFloatTensor(Value value) { return isFloatElement(tensorType(value).getElementType()); }

Value makeUnary(PatternRewriter &rewriter, Location loc, UnaryKind kind, Value x, double alpha = 0, double beta = 0) {
  return UnaryOp::create(rewriter, loc, x.getType(), UnaryKindAttr::get(rewriter.getContext(), kind), x,
                         rewriter.getF64FloatAttr(alpha), rewriter.getF64FloatAttr(beta));
}

/// The operand of a binary op that is not a splat constant, the constant's value, and whether it is the second one.
struct WithScalar {
  Value x;
  double scalar = 0;
  bool scalarSecond = true;
};
std::optional<WithScalar> withScalar(BinaryOp op) {
  if (std::optional<double> b = splatValue(op.getB()); b && op.getA().getType() == op.getType()) {
    return WithScalar{op.getA(), *b, true};
  }
  if (std::optional<double> a = splatValue(op.getA()); a && op.getB().getType() == op.getType()) {
    return WithScalar{op.getB(), *a, false};
  }
  return std::nullopt;
}

struct NamedPower : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    std::optional<WithScalar> parts = withScalar(op);
    if (op.getKind() != BinaryKind::Pow || !parts || !parts->scalarSecond || !isFloatTensor(op)) {
      return rewriter.notifyMatchFailure(op, "not a constant power of floats");
    }
    Location loc = op.getLoc();
    double p = parts->scalar;
    if (p == 2.0 || p == -1.0) {
      rewriter.replaceOp(op, makeUnary(rewriter, loc, p == 2.0 ? UnaryKind::Square : UnaryKind::Reciprocal, parts->x));
      return success();
    }
    if (p == 0.5 || p == -0.5) { // a power of -inf and of -0 has no minus sign, a root has
      Range range = rangeOf(parts->x);
      if (!(range.low >= 0) || range.negativeZero) {
        return rewriter.notifyMatchFailure(op, "its base may be -inf or -0");
      }
      rewriter.replaceOp(op, makeUnary(rewriter, loc, p == 0.5 ? UnaryKind::Sqrt : UnaryKind::Rsqrt, parts->x));
      return success();
    }
    if (p == 3.0 && !feedsDiscrete(op)) { // rounds twice
      Value square = makeUnary(rewriter, loc, UnaryKind::Square, parts->x);
      rewriter.replaceOpWithNewOp<BinaryOp>(op, op.getType(), BinaryKind::Mul, square, parts->x);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no named power");
  }
};

/// A power of two whose reciprocal is a normal number of the type: then x / d and x * (1 / d) are the same rounded value.
bool hasExactReciprocal(double divisor, FloatType type) {
  int exponent = 0;
  if (!std::isfinite(divisor) || std::fabs(std::frexp(divisor, &exponent)) != 0.5) {
    return false;
  }
  const llvm::fltSemantics &semantics = type.getFloatSemantics();
  int inverse = 1 - exponent; // divisor = 2^(exponent - 1)
  return inverse >= llvm::APFloat::semanticsMinExponent(semantics) && inverse <= llvm::APFloat::semanticsMaxExponent(semantics);
}

struct NamedProduct : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    if (!isFloatTensor(op)) {
      return rewriter.notifyMatchFailure(op, "integers");
    }
    if (op.getKind() == BinaryKind::Mul && op.getA() == op.getB()) {
      rewriter.replaceOp(op, makeUnary(rewriter, op.getLoc(), UnaryKind::Square, op.getA()));
      return success();
    }
    std::optional<WithScalar> parts = withScalar(op);
    if (!parts || op.getKind() != BinaryKind::Div) {
      return rewriter.notifyMatchFailure(op, "not a division with a scalar");
    }
    if (!parts->scalarSecond && parts->scalar == 1.0) {
      rewriter.replaceOp(op, makeUnary(rewriter, op.getLoc(), UnaryKind::Reciprocal, parts->x));
      return success();
    }
    if (!parts->scalarSecond || !hasExactReciprocal(parts->scalar, cast<FloatType>(op.getType().getElementType()))) {
      return rewriter.notifyMatchFailure(op, "its reciprocal is rounded");
    }
    double inverse = 1.0 / parts->scalar;
    auto type = RankedTensorType::get({}, op.getType().getElementType());
    Value factor = ConstantOp::create(rewriter, op.getLoc(), splatAttr(type, inverse));
    rewriter.replaceOpWithNewOp<BinaryOp>(op, op.getType(), BinaryKind::Mul, parts->x, factor);
    return success();
  }
};

/// reciprocal(sqrt(x)) rounds once as rsqrt, twice as written.
struct ReciprocalRoot : OpRewritePattern<UnaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(UnaryOp op, PatternRewriter &rewriter) const override {
    auto root = op.getX().getDefiningOp<UnaryOp>();
    if (op.getKind() != UnaryKind::Reciprocal || !root || root.getKind() != UnaryKind::Sqrt || feedsDiscrete(op)) {
      return rewriter.notifyMatchFailure(op, "not a reciprocal of a root");
    }
    rewriter.replaceOp(op, makeUnary(rewriter, op.getLoc(), UnaryKind::Rsqrt, root.getX()));
    return success();
  }
};

/// a / sqrt(b) as a * rsqrt(b): the same infinities, zeros and NaN, another last bit.
struct DivideByRoot : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    auto root = op.getB().getDefiningOp<UnaryOp>();
    if (op.getKind() != BinaryKind::Div || !root || root.getKind() != UnaryKind::Sqrt || !root->hasOneUse() ||
        feedsDiscrete(op)) {
      return rewriter.notifyMatchFailure(op, "not a division by a root, or something behind it rounds");
    }
    Value inverse = makeUnary(rewriter, op.getLoc(), UnaryKind::Rsqrt, root.getX());
    rewriter.replaceOpWithNewOp<BinaryOp>(op, op.getType(), BinaryKind::Mul, op.getA(), inverse);
    return success();
  }
};

/// max(x, 0) is relu; other bounds are clips, and a clip of a clip or relu is one clip.
struct NamedBound : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    std::optional<WithScalar> parts = withScalar(op);
    bool lower = op.getKind() == BinaryKind::Max, upper = op.getKind() == BinaryKind::Min;
    const double infinity = std::numeric_limits<double>::infinity();
    if (!parts || (!lower && !upper) || std::isnan(parts->scalar) || std::fabs(parts->scalar) > (isFloatTensor(op) ? infinity : 0x1p53)) {
      return rewriter.notifyMatchFailure(op, "not a bound");
    }
    rewriter.replaceOp(op, makeUnary(rewriter, op.getLoc(), UnaryKind::Clip, parts->x, lower ? parts->scalar : -infinity,
                                     lower ? infinity : parts->scalar));
    return success();
  }
};

struct MergeBounds : OpRewritePattern<UnaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(UnaryOp op, PatternRewriter &rewriter) const override {
    if (op.getKind() != UnaryKind::Clip) {
      return rewriter.notifyMatchFailure(op, "not a clip");
    }
    double infinity = std::numeric_limits<double>::infinity(), low = op.getAlpha(), high = op.getBeta();
    if (low == 0.0 && high == infinity) {
      rewriter.replaceOp(op, makeUnary(rewriter, op.getLoc(), UnaryKind::Relu, op.getX()));
      return success();
    }
    if (low == -infinity && high == infinity) {
      rewriter.replaceOp(op, op.getX());
      return success();
    }
    auto inner = op.getX().getDefiningOp<UnaryOp>();
    bool relu = inner && inner.getKind() == UnaryKind::Relu, clip = inner && inner.getKind() == UnaryKind::Clip;
    if (!relu && !clip) {
      return rewriter.notifyMatchFailure(op, "no inner bound");
    }
    double innerLow = relu ? 0.0 : inner.getAlpha(), innerHigh = relu ? infinity : inner.getBeta();
    if (innerLow > high || innerHigh < low) {
      return rewriter.notifyMatchFailure(op, "the bounds exclude each other");
    }
    rewriter.replaceOp(op, makeUnary(rewriter, op.getLoc(), UnaryKind::Clip, inner.getX(), std::max(low, innerLow),
                                     std::min(high, innerHigh)));
    return success();
  }
};

/// An operand that was expanded only to be combined broadcasts by itself.
template <typename OpT>
struct DropExpand : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpT op, PatternRewriter &rewriter) const override {
    for (OpOperand &operand : op->getOpOperands()) {
      auto expand = operand.get().template getDefiningOp<ExpandOp>();
      if (!expand) {
        continue;
      }
      SmallVector<int64_t> dims;
      for (OpOperand &other : op->getOpOperands()) {
        Value value = &other == &operand ? expand.getX() : other.get();
        FailureOr<DimVector> joined = broadcastDims(std::nullopt, dims, tensorType(value).getShape());
        if (failed(joined)) {
          return failure();
        }
        dims = *joined;
      }
      if (Dims(dims) == tensorType(op.getResult()).getShape()) {
        rewriter.modifyOpInPlace(op, [&] { operand.set(expand.getX()); });
        return success();
      }
    }
    return rewriter.notifyMatchFailure(op, "no expand to drop");
  }
};

} // namespace

void populateElementwisePatterns(RewritePatternSet &patterns) {
  patterns.add<NamedPower, NamedProduct, ReciprocalRoot, DivideByRoot, NamedBound, MergeBounds, DropExpand<BinaryOp>,
               DropExpand<CompareOp>, DropExpand<SelectOp>>(patterns.getContext());
}

} // namespace ncc::simplify
