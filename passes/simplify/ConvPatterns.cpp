// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Convolutions in one form: borders are padding, and what is no real transposition is no transposed convolution.
#include "dialects/graph/Constants.h"
#include "dialects/graph/Infer.h"
#include "passes/simplify/Patterns.h"

#include <cstring>

using namespace mlir;
using namespace ncc::graph;

namespace ncc::simplify {

namespace {

/// A zero border before a convolution is the convolution's padding.
struct PadIntoConv : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConvOp op, PatternRewriter &rewriter) const override {
    auto pad = op.getX().getDefiningOp<PadOp>();
    if (!pad || pad.getMode() != PadMode::Constant || pad.getValue() != static_cast<double>(op.getXZeroPoint())) {
      return rewriter.notifyMatchFailure(op, "no zero border");
    }
    size_t spatial = op.getStrides().size();
    SmallVector<int64_t> pads(op.getPads());
    for (size_t i = 0; i < spatial + 2; ++i) {
      int64_t low = pad.getLow()[i], high = pad.getHigh()[i];
      if (low < 0 || high < 0 || (i < 2 && (low != 0 || high != 0))) {
        return rewriter.notifyMatchFailure(op, "crops, or pads batch or channels");
      }
      if (i >= 2) {
        pads[i - 2] += low;
        pads[i - 2 + spatial] += high;
      }
    }
    rewriter.modifyOpInPlace(op, [&] {
      op.getXMutable().assign(pad.getX());
      op.setPads(pads);
    });
    return success();
  }
};

/// [C][M / groups][taps] as [M][C / groups][taps], each kernel from its end.
Tensor turnKernels(const Tensor &weights, int64_t groups) {
  Shape shape(weights.shape().begin(), weights.shape().end());
  int64_t channels = shape[0] / groups, outputs = shape[1], taps = 1;
  for (size_t d = 2; d < shape.size(); ++d) {
    taps *= shape[d];
  }
  shape[0] = outputs * groups;
  shape[1] = channels;
  Tensor turned(weights.dtype(), shape);
  size_t bytes = dtypeSize(weights.dtype());
  const char *from = static_cast<const char *>(weights.data());
  char *to = static_cast<char *>(turned.mutableData());
  for (int64_t m = 0; m < outputs * groups; ++m) {
    for (int64_t c = 0; c < channels; ++c) {
      int64_t source = ((m / outputs * channels + c) * outputs + m % outputs) * taps;
      for (int64_t t = 0; t < taps; ++t) {
        std::memcpy(to, from + static_cast<size_t>(source + taps - 1 - t) * bytes, bytes);
        to += bytes;
      }
    }
  }
  return turned;
}

/// Without strides a transposed convolution is a convolution by turned kernels, padded by what is left of them.
struct UnitConvTranspose : OpRewritePattern<ConvTransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConvTransposeOp op, PatternRewriter &rewriter) const override {
    std::optional<Tensor> weights = constantTensor(op.getW());
    if (!weights || llvm::any_of(op.getStrides(), [](int64_t stride) { return stride != 1; })) {
      return rewriter.notifyMatchFailure(op, "it has strides, or its weights are computed");
    }
    ArrayRef<int64_t> in = tensorType(op.getX()).getShape(), out = tensorType(op.getResult()).getShape();
    size_t spatial = op.getStrides().size();
    SmallVector<int64_t> pads(2 * spatial);
    for (size_t d = 0; d < spatial; ++d) {
      int64_t span = (weights->shape()[d + 2] - 1) * op.getDilations()[d];
      pads[d] = span - op.getPads()[d];
      pads[d + spatial] = out[d + 2] - in[d + 2] + span - pads[d];
    }
    if (llvm::any_of(pads, [](int64_t pad) { return pad < 0; })) {
      return rewriter.notifyMatchFailure(op, "crops more than its kernel adds");
    }
    Value turned = ConstantOp::create(rewriter, op.getW().getLoc(), tensorAttr(op.getContext(), turnKernels(*weights, op.getGroup())));
    rewriter.replaceOpWithNewOp<ConvOp>(op, op.getResult().getType(), op.getX(), turned, op.getBias(), op.getStrides(), pads,
                                        op.getDilations(), op.getGroup(), int64_t(0), int64_t(0));
    return success();
  }
};

} // namespace

void populateConvPatterns(RewritePatternSet &patterns) { patterns.add<PadIntoConv, UnitConvTranspose>(patterns.getContext()); }

} // namespace ncc::simplify
