// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Integer work as engines do it exactly. Activation functions compute in f32 and saturate, so signs and bits are integer sums,
// maxima and masks, which wrap. Where the tensor engine multiplies floats only, products of 8-bit integers are products of bf16:
// a value less its zero point has at most 8 significant bits, and as many products are added as f32 holds exactly.
#include "dialects/graph/Constants.h"
#include "passes/legalize/GraphBuilder.h"

#include "mlir/IR/PatternMatch.h"

#include <numeric>

using namespace mlir;
using namespace ncc;
using namespace ncc::legalize;

namespace {

/// f32 holds every integer up to here.
constexpr int64_t kExact = int64_t(1) << 24;

struct IntegerUnary : OpRewritePattern<graph::UnaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::UnaryOp op, PatternRewriter &rewriter) const override {
    Type type = typeOf(op.getX()).getElementType();
    if (!type.isInteger() || type.getIntOrFloatBitWidth() < 8) {
      return rewriter.notifyMatchFailure(op, "not an integer of 8 bits or more");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Value x = op.getX();
    switch (op.getKind()) {
    case graph::UnaryKind::Neg:
      rewriter.replaceOp(op, g.sub(g.scalar(0, type), x));
      return success();
    case graph::UnaryKind::Abs:
      rewriter.replaceOp(op, type.isUnsignedInteger() ? x : g.binary(graph::BinaryKind::Max, x, g.sub(g.scalar(0, type), x)));
      return success();
    case graph::UnaryKind::BitwiseNot: // -1 - x
      rewriter.replaceOp(op, g.sub(g.sub(g.scalar(0, type), g.scalar(1, type)), x));
      return success();
    default:
      return rewriter.notifyMatchFailure(op, "has a form of its own");
    }
  }
};

bool isByte(Value value) { return typeOf(value).getElementType().isInteger(8); }

/// The largest magnitude of a byte less its zero point.
int64_t reach(Value value, int64_t zero) {
  bool isUnsigned = typeOf(value).getElementType().isUnsignedInteger();
  return std::max(zero - (isUnsigned ? 0 : -128), (isUnsigned ? 255 : 127) - zero);
}

/// x - zero as bf16; at once for a constant.
Value shifted(GraphBuilder &g, Value x, int64_t zero) {
  Type bf16 = g.b.getBF16Type();
  std::optional<Tensor> constant = graph::constantTensor(x);
  if (!constant) {
    Value y = g.cast(x, bf16);
    return zero ? g.sub(y, g.scalar(static_cast<double>(zero), bf16)) : y;
  }
  Tensor values(DType::BF16, constant->shape());
  for (int64_t i = 0; i < values.size(); ++i) {
    values.setDouble(i, static_cast<double>(constant->asInt(i) - zero));
  }
  return g.constant(values);
}

/// A part of one dim; at once for a constant.
Value part(GraphBuilder &g, Value x, int64_t dim, int64_t offset, int64_t size) {
  return shapeOf(x)[dim] == size ? x : g.sliceDim(x, dim, offset, size);
}

/// Sums of exact parts: `make` gives the f32 product over [offset, offset + size) of `length`.
template <typename Fn>
Value sumOfParts(GraphBuilder &g, int64_t length, int64_t most, Fn make) {
  Type i32 = g.b.getI32Type();
  Value sum;
  for (int64_t at = 0; at < length; at += most) {
    Value product = g.cast(make(at, std::min(most, length - at)), i32);
    sum = sum ? g.add(sum, product) : product;
  }
  return sum;
}

struct ByteMatmul : OpRewritePattern<graph::MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::MatmulOp op, PatternRewriter &rewriter) const override {
    Value a = op.getA(), b = op.getB();
    if (!isByte(a) || !isByte(b) || shapeOf(a).size() < 2 || shapeOf(b).size() < 2) {
      return rewriter.notifyMatchFailure(op, "no product of matrices of bytes");
    }
    auto zeroA = static_cast<int64_t>(op.getAZeroPoint()), zeroB = static_cast<int64_t>(op.getBZeroPoint());
    const auto rankA = static_cast<int64_t>(shapeOf(a).size()), rankB = static_cast<int64_t>(shapeOf(b).size());
    const int64_t innerA = rankA - (op.getTransposeA() ? 2 : 1), innerB = rankB - (op.getTransposeB() ? 1 : 2), length = shapeOf(a)[innerA];
    const int64_t most = kExact / std::max<int64_t>(1, reach(a, zeroA) * reach(b, zeroB));
    if (length == 0 || most == 0) {
      return rewriter.notifyMatchFailure(op, "a product of nothing");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Value x = shifted(g, a, zeroA), y = shifted(g, b, zeroB);
    Type f32 = RankedTensorType::get(shapeOf(op.getResult()), rewriter.getF32Type());
    rewriter.replaceOp(op, sumOfParts(g, length, most, [&](int64_t at, int64_t size) -> Value {
                         return graph::MatmulOp::create(rewriter, op.getLoc(), f32, part(g, x, innerA, at, size), part(g, y, innerB, at, size), op.getTransposeA(),
                                                        op.getTransposeB(), 0, 0);
                       }));
    return success();
  }
};

struct ByteConv : OpRewritePattern<graph::ConvOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::ConvOp op, PatternRewriter &rewriter) const override {
    Value x = op.getX(), w = op.getW();
    if (!isByte(x) || !isByte(w)) {
      return rewriter.notifyMatchFailure(op, "no convolution of bytes");
    }
    auto zeroX = static_cast<int64_t>(op.getXZeroPoint()), zeroW = static_cast<int64_t>(op.getWZeroPoint());
    ArrayRef<int64_t> kernel = shapeOf(w).drop_front(2);
    const int64_t taps = std::accumulate(kernel.begin(), kernel.end(), int64_t(1), std::multiplies<>()), channels = shapeOf(w)[1];
    const int64_t most = kExact / std::max<int64_t>(1, reach(x, zeroX) * reach(w, zeroW) * taps);
    if (channels == 0 || most == 0 || (op.getGroup() != 1 && channels > most)) {
      return rewriter.notifyMatchFailure(op, "the sum of a window, or of a group's channels, is beyond f32");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Value from = shifted(g, x, zeroX), filters = shifted(g, w, zeroW);
    Type f32 = RankedTensorType::get(shapeOf(op.getResult()), rewriter.getF32Type());
    Value sum = sumOfParts(g, channels, most, [&](int64_t at, int64_t size) -> Value {
      Value input = size == channels ? from : part(g, from, 1, at, size);
      return graph::ConvOp::create(rewriter, op.getLoc(), f32, input, part(g, filters, 1, at, size), Value(), op.getStrides(), op.getPads(), op.getDilations(),
                                   op.getGroup(), 0, 0);
    });
    if (Value bias = op.getBias()) {
      Dims dims(shapeOf(op.getResult()).size() - 1, 1);
      dims[0] = shapeOf(w)[0];
      sum = g.add(sum, g.reshape(bias, dims));
    }
    rewriter.replaceOp(op, sum);
    return success();
  }
};

} // namespace

void ncc::legalize::populateIntegers(RewritePatternSet &patterns, bool byteProducts) {
  patterns.add<IntegerUnary>(patterns.getContext());
  if (!byteProducts) {
    patterns.add<ByteMatmul, ByteConv>(patterns.getContext());
  }
}
