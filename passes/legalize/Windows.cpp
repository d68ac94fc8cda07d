// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Sliding windows without an emitter of their own: convolutions whose weights are computed, local response normalization, and
// pools by a p-norm.
#include "passes/legalize/GraphBuilder.h"
#include "dialects/graph/Constants.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::legalize;

namespace {

constexpr int64_t kMostTaps = 128;

bool isEngineFloat(Type type) { return type.isF32() || type.isF16() || type.isBF16(); }

int64_t product(ArrayRef<int64_t> dims) {
  int64_t all = 1;
  for (int64_t dim : dims) {
    all *= dim;
  }
  return all;
}

/// y = w [M/g, taps*C/g] times the shifted inputs of all taps, one above the other.
struct SpellDynamicConv : OpRewritePattern<graph::ConvOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::ConvOp op, PatternRewriter &rewriter) const override {
    Value x = op.getX(), w = op.getW();
    ArrayRef<int64_t> kernel = shapeOf(w).drop_front(2), out = shapeOf(op.getResult());
    int64_t taps = product(kernel), spatial = static_cast<int64_t>(kernel.size());
    if (graph::constantTensor(w) || !isEngineFloat(typeOf(x).getElementType()) || taps > kMostTaps || product(out) == 0 || product(shapeOf(x)) == 0) {
      return rewriter.notifyMatchFailure(op, "its weights are known, or its window is large");
    }
    GraphBuilder g(rewriter, op.getLoc());
    int64_t batch = out[0], outputs = out[1], channels = shapeOf(x)[1], groups = op.getGroup(), points = product(out.drop_front(2));
    Dims low{0, 0}, high{0, 0};
    for (int64_t d = 0; d < spatial; ++d) {
      low.push_back(op.getPads()[d]);
      high.push_back(op.getPads()[d + spatial]);
    }
    bool padded = llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; });
    if (padded) {
      x = graph::PadOp::create(rewriter, op.getLoc(), x, low, high, graph::PadMode::Constant, 0.0);
    }
    SmallVector<Value> parts;
    for (int64_t tap = 0; tap < taps; ++tap) {
      Dims offsets{0, 0}, sizes{batch, channels}, strides{1, 1};
      int64_t rest = tap;
      Dims at(spatial);
      for (int64_t d = spatial - 1; d >= 0; --d) {
        at[d] = rest % kernel[d];
        rest /= kernel[d];
      }
      for (int64_t d = 0; d < spatial; ++d) {
        offsets.push_back(at[d] * op.getDilations()[d]);
        sizes.push_back(out[d + 2]);
        strides.push_back(out[d + 2] > 1 ? op.getStrides()[d] : 1);
      }
      parts.push_back(g.reshape(g.slice(x, offsets, sizes, strides), {batch, groups, 1, channels / groups, points}));
    }
    Value columns = g.reshape(g.concat(parts, 2), {batch, groups, taps * (channels / groups), points});
    Value rows = g.reshape(w, {groups, outputs / groups, channels / groups, taps});
    rows = g.reshape(g.transpose(rows, {0, 1, 3, 2}), {1, groups, outputs / groups, taps * (channels / groups)});
    Value y = g.matmul(rows, columns);
    y.setType(RankedTensorType::get(shapeOf(y), typeOf(op.getResult()).getElementType()));
    y = g.reshape(y, out);
    if (op.getBias()) {
      Dims line(out.size(), 1);
      line[1] = outputs;
      y = g.add(y, g.reshape(g.cast(op.getBias(), typeOf(y).getElementType()), line));
    }
    rewriter.replaceOp(op, y);
    return success();
  }
};

/// A convolution over the input spread out by the strides, with turned weights.
struct TurnDynamicConvTranspose : OpRewritePattern<graph::ConvTransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::ConvTransposeOp op, PatternRewriter &rewriter) const override {
    Value x = op.getX(), w = op.getW();
    ArrayRef<int64_t> in = shapeOf(x), filter = shapeOf(w), out = shapeOf(op.getResult());
    int64_t spatial = static_cast<int64_t>(in.size()) - 2, groups = op.getGroup(), channels = in[1], each = filter[1];
    if (graph::constantTensor(w) || !isEngineFloat(typeOf(x).getElementType()) || product(filter.drop_front(2)) > kMostTaps ||
        product(out) == 0 || product(in) == 0) {
      return rewriter.notifyMatchFailure(op, "its weights are known, or its window is large");
    }
    GraphBuilder g(rewriter, op.getLoc());
    // Zeros between the elements: each becomes the first of `stride`; what follows the last one goes.
    Dims split{in[0], channels}, low(2 + 2 * spatial, 0), high(2 + 2 * spatial, 0), joined{in[0], channels}, sizes{in[0], channels};
    Dims padLow{0, 0}, padHigh{0, 0}, turn(filter.size(), 0), negative(filter.size(), 1);
    for (int64_t d = 0; d < spatial; ++d) {
      int64_t stride = op.getStrides()[d], span = (filter[d + 2] - 1) * op.getDilations()[d];
      split.append({in[d + 2], 1});
      high[2 + 2 * d + 1] = stride - 1;
      joined.push_back(in[d + 2] * stride);
      sizes.push_back((in[d + 2] - 1) * stride + 1);
      padLow.push_back(span - op.getPads()[d]);
      padHigh.push_back(out[d + 2] + span - sizes.back() - padLow.back());
      turn[d + 2] = filter[d + 2] - 1;
      negative[d + 2] = filter[d + 2] > 1 ? -1 : 1;
    }
    Value wide = graph::PadOp::create(rewriter, op.getLoc(), g.reshape(x, split), low, high, graph::PadMode::Constant, 0.0);
    wide = g.slice(g.reshape(wide, joined), Dims(joined.size(), 0), sizes);
    wide = graph::PadOp::create(rewriter, op.getLoc(), wide, padLow, padHigh, graph::PadMode::Constant, 0.0);
    // [C, M/g, k] -> [M, C/g, k], each kernel from its end.
    Value flipped = g.slice(w, turn, filter, negative);
    Dims grouped{groups, channels / groups, each}, order{0, 2, 1}, final{groups * each, channels / groups};
    for (int64_t d = 0; d < spatial; ++d) {
      grouped.push_back(filter[d + 2]);
      order.push_back(d + 3);
      final.push_back(filter[d + 2]);
    }
    flipped = g.reshape(g.transpose(g.reshape(flipped, grouped), order), final);
    Dims ones(spatial, 1), none(2 * spatial, 0);
    rewriter.replaceOpWithNewOp<graph::ConvOp>(op, op.getResult().getType(), wide, flipped, op.getBias(), ones, none, Dims(op.getDilations()),
                                               groups, int64_t(0), int64_t(0));
    return success();
  }
};

/// x / (bias + alpha * (mean of x^2 over neighbouring channels)) ^ beta. The means are an average pool along the channels:
/// only a channel's neighbours reach it, whatever infinities the others hold.
struct DecomposeLrn : OpRewritePattern<graph::LrnOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::LrnOp op, PatternRewriter &rewriter) const override {
    RankedTensorType type = typeOf(op.getX());
    const double beta = op.getBeta();
    if (!isEngineFloat(type.getElementType()) || op.getSize() > kMostTaps || type.getNumElements() == 0 || beta == 0) {
      return rewriter.notifyMatchFailure(op, "not a float an engine computes in, or a power of zero");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Type f32 = rewriter.getF32Type();
    const int64_t channels = type.getDimSize(1), size = op.getSize(), batch = type.getDimSize(0), points = type.getNumElements() / (batch * channels);
    Value x = g.cast(op.getX(), f32), square = g.reshape(g.unary(graph::UnaryKind::Square, x), {batch, 1, channels, points});
    const Dims kernel{size, 1}, ones{1, 1}, pads{(size - 1) / 2, 0, size / 2, 0};
    Value means = graph::PoolOp::create(rewriter, op.getLoc(), square.getType(), graph::PoolKind::Average, square, kernel, ones, pads, ones,
                                        /*count_include_pad=*/true, int64_t(2), Dims{});
    Value base = g.add(g.mul(g.reshape(means, type.getShape()), g.scalar(op.getAlpha(), f32)), g.scalar(op.getBias(), f32));
    Value divisor = g.unary(graph::UnaryKind::Exp, g.mul(g.unary(graph::UnaryKind::Log, base), g.scalar(-beta, f32)));
    rewriter.replaceOp(op, g.cast(g.mul(x, divisor), type.getElementType()));
    return success();
  }
};

/// (sum of |x|^p)^(1/p): the sums are a convolution with ones, channel by channel.
struct DecomposeLpPool : OpRewritePattern<graph::PoolOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::PoolOp op, PatternRewriter &rewriter) const override {
    RankedTensorType type = typeOf(op.getX());
    if (op.getKind() != graph::PoolKind::Lp || !isEngineFloat(type.getElementType()) || type.getRank() > 5 || type.getNumElements() == 0) {
      return rewriter.notifyMatchFailure(op, "no p-norm over a float an engine computes in");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Type f32 = rewriter.getF32Type();
    int64_t p = op.getP(), channels = type.getDimSize(1);
    Value x = g.unary(graph::UnaryKind::Abs, g.cast(op.getX(), f32));
    if (p != 1) {
      x = p == 2 ? g.unary(graph::UnaryKind::Square, x) : g.binary(graph::BinaryKind::Pow, x, g.scalar(static_cast<double>(p), f32));
    }
    Shape shape{channels, 1};
    shape.insert(shape.end(), op.getKernel().begin(), op.getKernel().end());
    Tensor ones(DType::F32, shape);
    std::fill(ones.mutableAs<float>().begin(), ones.mutableAs<float>().end(), 1.0f);
    Type result = RankedTensorType::get(shapeOf(op.getResult()), f32);
    Value y = graph::ConvOp::create(rewriter, op.getLoc(), result, x, g.constant(ones), Value(), Dims(op.getStrides()), Dims(op.getPads()),
                                    Dims(op.getDilations()), channels, int64_t(0), int64_t(0));
    if (p != 1) {
      y = p == 2 ? g.unary(graph::UnaryKind::Sqrt, y) : g.binary(graph::BinaryKind::Pow, y, g.scalar(1.0 / static_cast<double>(p), f32));
    }
    rewriter.replaceOp(op, g.cast(y, type.getElementType()));
    return success();
  }
};

} // namespace

void ncc::legalize::populateWindows(RewritePatternSet &patterns) {
  patterns.add<SpellDynamicConv, TurnDynamicConvTranspose, DecomposeLrn, DecomposeLpPool>(patterns.getContext());
}
