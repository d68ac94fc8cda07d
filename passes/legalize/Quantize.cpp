// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Quantization and dequantization as elementwise ops, rounding as the reference does: divide, round to even, add the
// zero point, saturate.
#include "passes/legalize/GraphBuilder.h"
#include "dialects/graph/Constants.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::legalize;

namespace {

/// scale or zero point in a shape that broadcasts against x; null for blocked quantization.
Value broadcastable(GraphBuilder &g, Value parameter, Value x, int64_t axis) {
  if (typeOf(parameter).getNumElements() == 1) {
    return g.reshape(parameter, {});
  }
  if (typeOf(parameter).getRank() != 1) {
    return Value();
  }
  Dims shape(typeOf(x).getRank(), 1);
  shape[axis] = shapeOf(parameter)[0];
  return g.reshape(parameter, shape);
}

bool isByteOr16(Type type) { return type.isInteger(8) || type.isInteger(16); }

struct DecomposeQuantize : OpRewritePattern<graph::QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::QuantizeOp op, PatternRewriter &rewriter) const override {
    Type type = typeOf(op.getResult()).getElementType(), f32 = rewriter.getF32Type();
    if (op.getBlockSize() != 0 || !isByteOr16(type) || !typeOf(op.getX()).getElementType().isF32()) {
      return rewriter.notifyMatchFailure(op, "needs f32 to 8 or 16 bits, per tensor or per axis");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Value scale = broadcastable(g, op.getScale(), op.getX(), op.getAxis());
    Value zero = op.getZeroPoint() ? broadcastable(g, op.getZeroPoint(), op.getX(), op.getAxis()) : Value();
    if (!scale || (op.getZeroPoint() && !zero)) {
      return rewriter.notifyMatchFailure(op, "blocked scale");
    }
    unsigned bits = type.getIntOrFloatBitWidth();
    bool isUnsigned = type.isUnsignedInteger();
    double low = isUnsigned ? 0 : -double(1 << (bits - 1)), high = isUnsigned ? double((1 << bits) - 1) : double((1 << (bits - 1)) - 1);
    Value y = g.unary(graph::UnaryKind::Round, g.div(op.getX(), g.cast(scale, f32)));
    if (zero) {
      y = g.add(y, g.cast(zero, f32));
    }
    rewriter.replaceOp(op, g.cast(g.unary(graph::UnaryKind::Clip, y, low, high), type));
    return success();
  }
};

struct DecomposeDequantize : OpRewritePattern<graph::DequantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::DequantizeOp op, PatternRewriter &rewriter) const override {
    Type from = typeOf(op.getX()).getElementType(), to = typeOf(op.getResult()).getElementType();
    if (op.getBlockSize() != 0 || !(isByteOr16(from) || from.isInteger(32)) || !to.isF32()) {
      return rewriter.notifyMatchFailure(op, "needs 8, 16 or 32 bits to f32, per tensor or per axis");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Value scale = broadcastable(g, op.getScale(), op.getX(), op.getAxis());
    Value zero = op.getZeroPoint() ? broadcastable(g, op.getZeroPoint(), op.getX(), op.getAxis()) : Value();
    if (!scale || (op.getZeroPoint() && !zero)) {
      return rewriter.notifyMatchFailure(op, "blocked scale");
    }
    Value y = g.cast(op.getX(), to);
    if (zero) {
      y = g.sub(y, g.cast(zero, to));
    }
    rewriter.replaceOp(op, g.mul(y, scale));
    return success();
  }
};

} // namespace

void ncc::legalize::populateQuantize(RewritePatternSet &patterns) {
  patterns.add<DecomposeQuantize, DecomposeDequantize>(patterns.getContext());
}
