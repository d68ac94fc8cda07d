// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// A batch norm is a product and a sum per channel; behind a linear op both are part of its weights, as long as the
// weights' type holds the products: half precision overflows at 65,504 and loses digits below 2^-14.
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

#define GEN_PASS_DEF_FOLDBATCHNORMPASS
#include "passes/fuse/Passes.h.inc"

namespace {

/// The values of a constant that varies along dim `axis` of a tensor of `rank` only; one per channel.
std::optional<std::vector<double>> perChannel(Value value, int64_t rank, int64_t axis, int64_t channels) {
  std::optional<Tensor> tensor = isConstant(value) ? constantTensor(value) : std::nullopt;
  if (!tensor || tensor->rank() > rank || (tensor->size() != 1 && tensor->size() != channels)) {
    return std::nullopt;
  }
  int64_t own = axis - (rank - tensor->rank());
  if (tensor->size() != 1 && (own < 0 || tensor->shape()[own] != channels)) {
    return std::nullopt;
  }
  std::vector<double> values(static_cast<size_t>(channels));
  for (int64_t i = 0; i < channels; ++i) {
    values[i] = tensor->asDouble(tensor->size() == 1 ? 0 : i);
  }
  return values;
}

/// What a float type holds with all its digits.
struct Limits {
  double least, most;
  explicit Limits(Type element) {
    const llvm::fltSemantics &semantics = cast<FloatType>(element).getFloatSemantics();
    least = llvm::APFloat::getSmallestNormalized(semantics).convertToDouble();
    most = llvm::APFloat::getLargest(semantics).convertToDouble();
  }
};

/// Are the products of a channel as good as its weights were? The largest one decides: what a smaller one loses beside
/// it is less than a unit of the largest.
bool keepsDigits(double largest, double factor, const Limits &limits) {
  const double product = std::fabs(largest * factor);
  return std::isfinite(factor) && product <= limits.most && (product >= limits.least || largest < limits.least || factor == 0);
}

/// weights with entry i multiplied by factors[channel of i]; the channel is dim `axis` in `groups` equal parts of dim 0.
/// None where the products do not fit the type.
Value scaledWeights(PatternRewriter &rewriter, Value weights, ArrayRef<double> factors, int64_t axis, int64_t groups) {
  std::optional<Tensor> tensor = constantTensor(weights);
  if (!tensor) {
    return {};
  }
  int64_t inner = 1, size = tensor->shape()[axis];
  for (int64_t d = axis + 1; d < tensor->rank(); ++d) {
    inner *= tensor->shape()[d];
  }
  const int64_t perGroup = tensor->size() / std::max<int64_t>(groups, 1);
  auto channelOf = [&](int64_t i) { return i / inner % size + (groups > 1 && perGroup ? i / perGroup * size : 0); };
  std::vector<double> largest(factors.size(), 0.0);
  for (int64_t i = 0; i < tensor->size(); ++i) {
    double &most = largest[static_cast<size_t>(channelOf(i))];
    const double magnitude = std::fabs(tensor->asDouble(i));
    most = magnitude <= most ? most : magnitude; // a NaN stays
  }
  const Limits limits(typeOf(weights).getElementType());
  for (auto [most, factor] : llvm::zip(largest, factors)) {
    if (!(most <= limits.most) || !keepsDigits(most, factor, limits)) {
      return {};
    }
  }
  Tensor scaled(tensor->dtype(), tensor->shape());
  for (int64_t i = 0; i < tensor->size(); ++i) {
    scaled.setDouble(i, tensor->asDouble(i) * factors[static_cast<size_t>(channelOf(i))]);
  }
  return ConstantOp::create(rewriter, weights.getLoc(), tensorAttr(rewriter.getContext(), scaled, "scaled"));
}

/// The factors of a product, or of a quotient by constants, with a linear op; none where a last bit matters behind it.
std::optional<std::vector<double>> factorsOf(BinaryOp op, Value linear, std::optional<std::vector<double>> values) {
  const bool quotient = op.getKind() == BinaryKind::Div;
  if (!values || (quotient && op.getA() != linear)) {
    return std::nullopt;
  }
  int exponent = 0;
  const bool exact = llvm::all_of(*values, [&](double v) { return std::fabs(std::frexp(v, &exponent)) == 0.5; });
  if (!exact && feedsDiscrete(op)) {
    return std::nullopt;
  }
  for (double &value : *values) {
    value = quotient ? 1.0 / value : value;
  }
  return values;
}

Value biasValue(PatternRewriter &rewriter, Location loc, Type element, ArrayRef<double> values) {
  Tensor bias(*dtypeOf(element), {static_cast<int64_t>(values.size())});
  for (size_t i = 0; i < values.size(); ++i) {
    bias.setDouble(static_cast<int64_t>(i), values[i]);
  }
  return ConstantOp::create(rewriter, loc, tensorAttr(rewriter.getContext(), bias, "bias"));
}

/// The linear op and the other operand of a product or sum with it.
template <typename OpT>
std::pair<OpT, Value> linearOperand(BinaryOp op) {
  for (auto [value, other] : {std::pair<Value, Value>(op.getA(), op.getB()), std::pair<Value, Value>(op.getB(), op.getA())}) {
    auto linear = value.template getDefiningOp<OpT>();
    if (linear && linear->hasOneUse() && linear.getType() == op.getType()) {
      return {linear, other};
    }
  }
  return {};
}

template <typename ConvLike>
struct IntoConv : OpRewritePattern<BinaryOp> {
  using OpRewritePattern<BinaryOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    BinaryKind kind = op.getKind();
    bool product = kind == BinaryKind::Mul || kind == BinaryKind::Div, sum = kind == BinaryKind::Add || kind == BinaryKind::Sub;
    auto [conv, other] = linearOperand<ConvLike>(op);
    if (!conv || (!product && !sum) || (kind == BinaryKind::Sub && op.getA() != conv.getResult()) ||
        !isa<FloatType>(typeOf(conv.getW()).getElementType()) || (conv.getBias() && !isConstant(conv.getBias()))) {
      return rewriter.notifyMatchFailure(op, "not behind a convolution");
    }
    int64_t channels = typeOf(conv).getDimSize(1);
    std::optional<std::vector<double>> values = perChannel(other, typeOf(op).getRank(), 1, channels);
    values = product ? factorsOf(op, conv.getResult(), values) : values;
    if (!values) {
      return rewriter.notifyMatchFailure(op, "not one constant per channel");
    }
    std::vector<double> bias(channels, 0.0);
    if (conv.getBias()) {
      bias = *perChannel(conv.getBias(), 1, 0, channels);
    }
    Value weights = conv.getW();
    if (product) {
      bool transposed = std::is_same_v<ConvLike, ConvTransposeOp>;
      weights = isConstant(weights) ? scaledWeights(rewriter, weights, *values, transposed ? 1 : 0,
                                                    transposed ? conv.getGroup() : 1)
                                    : Value();
    }
    if (!weights) {
      return rewriter.notifyMatchFailure(op, "the weights are not constant, or do not hold the products");
    }
    for (int64_t i = 0; i < channels; ++i) {
      bias[i] = product ? bias[i] * (*values)[i] : kind == BinaryKind::Sub ? bias[i] - (*values)[i] : bias[i] + (*values)[i];
    }
    const double most = Limits(typeOf(conv.getW()).getElementType()).most;
    if (llvm::any_of(bias, [&](double value) { return !(std::fabs(value) <= most); })) {
      return rewriter.notifyMatchFailure(op, "the bias does not hold the sum");
    }
    SmallVector<Value> operands{conv.getX(), weights};
    if (conv.getBias() || sum) {
      operands.push_back(biasValue(rewriter, op.getLoc(), typeOf(conv).getElementType(), bias));
    }
    auto folded = rewriter.clone(*conv);
    folded->setOperands(operands);
    folded->setLoc(rewriter.getFusedLoc({conv.getLoc(), op.getLoc()}));
    rewriter.replaceOp(op, folded->getResults());
    return success();
  }
};

/// A product with a vector over the columns scales the columns of a constant right operand.
struct IntoMatmul : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    auto [matmul, other] = linearOperand<MatmulOp>(op);
    if ((op.getKind() != BinaryKind::Mul && op.getKind() != BinaryKind::Div) || !matmul || !isConstant(matmul.getB()) || typeOf(matmul.getB()).getRank() != 2 ||
        !isa<FloatType>(typeOf(matmul.getB()).getElementType()) || typeOf(op).getRank() < 1) {
      return rewriter.notifyMatchFailure(op, "not behind a product with weights");
    }
    int64_t rank = typeOf(op).getRank(), columns = typeOf(op).getDimSize(rank - 1);
    std::optional<std::vector<double>> values = factorsOf(op, matmul.getResult(), perChannel(other, rank, rank - 1, columns));
    Value weights = values && matmul.getB().hasOneUse()
                        ? scaledWeights(rewriter, matmul.getB(), *values, matmul.getTransposeB() ? 0 : 1, 1)
                        : Value();
    if (!weights) {
      return rewriter.notifyMatchFailure(op, "not one constant per column");
    }
    auto folded = cast<MatmulOp>(rewriter.clone(*matmul));
    folded->setOperand(1, weights);
    folded->setLoc(rewriter.getFusedLoc({matmul.getLoc(), op.getLoc()}));
    rewriter.replaceOp(op, folded->getResults());
    return success();
  }
};

struct FoldBatchNormPass : impl::FoldBatchNormPassBase<FoldBatchNormPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<IntoConv<ConvOp>, IntoConv<ConvTransposeOp>, IntoMatmul>(&getContext());
    GreedyRewriteConfig config;
    config.enableConstantCSE(false);
    if (failed(ncc::rewriteGreedily(getOperation(), std::move(patterns), config))) {
      signalPassFailure();
    }
  }
};

} // namespace
} // namespace ncc::fuse
