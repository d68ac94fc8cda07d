// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Resampling is separable: a resize of several dims is one resize per dim, each of a form that the emitter of
// passes/lower/Resample.cpp takes: [batch, channels, spatial...] with one spatial dim resized.
#include "passes/legalize/GraphBuilder.h"
#include "dialects/graph/Evaluate.h"
#include "runtime/ops/ResizeTaps.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::legalize;

namespace {

bool isEngineFloat(Type type) { return type.isF32() || type.isF16() || type.isBF16(); }

/// The same resampling of dim `from` of the op as dim `to` of `x`, all other dims kept.
Value resizeOne(PatternRewriter &rewriter, graph::ResizeOp op, Value x, int64_t from, int64_t to) {
  const int64_t rank = typeOf(x).getRank(), wholeRank = typeOf(op.getX()).getRank();
  SmallVector<double> scales(rank, 1.0), roi;
  scales[to] = op.getScales()[from];
  if (!op.getRoi().empty()) {
    roi.assign(rank, 0.0);
    roi.append(rank, 1.0);
    roi[to] = op.getRoi()[from];
    roi[to + rank] = op.getRoi()[from + wholeRank];
  }
  Dims shape(shapeOf(x));
  shape[to] = shapeOf(op.getResult())[from];
  return graph::ResizeOp::create(rewriter, op.getLoc(), RankedTensorType::get(shape, typeOf(x).getElementType()), x, op.getMode(),
                                 op.getCoordinateMode(), op.getNearestMode(), scales, roi, double(op.getCubicCoeff()), op.getExcludeOutside(),
                                 op.getAntialias(), double(op.getExtrapolationValue()));
}

/// Longer dims are not looked at position by position.
constexpr int64_t kMostPositions = 1 << 20;

/// Does each output j of dim `dim` take exactly input j / factor?
bool repeats(graph::ResizeOp op, int64_t dim, int64_t factor) {
  if (op.getMode() != graph::ResizeMode::Nearest) {
    return false;
  }
  const RankedTensorType from = typeOf(op.getX()), to = typeOf(op.getResult());
  using graph::CoordinateMode, graph::NearestMode;
  if (to.getDimSize(dim) > kMostPositions) {
    // floor(j / factor), and (j + 1/2) / factor - 1/2 rounded to the nearest input: never a tie for whole factors above 1
    return op.getScales()[dim] == static_cast<double>(factor) &&
           ((op.getCoordinateMode() == CoordinateMode::Asymmetric && op.getNearestMode() == NearestMode::Floor) ||
            (op.getCoordinateMode() == CoordinateMode::HalfPixel && op.getNearestMode() == NearestMode::RoundPreferFloor));
  }
  for (auto [j, tap] : llvm::enumerate(ops::resizeTaps(graph::attributesOf(op), dim, from.getRank(), from.getDimSize(dim), to.getDimSize(dim)))) {
    if (tap.outside || tap.index.size() != 1 || tap.weight[0] != 1 || tap.index[0] != static_cast<int64_t>(j) / factor) {
      return false;
    }
  }
  return true;
}

Value repeat(GraphBuilder &g, Value x, int64_t dim, int64_t factor) {
  Dims split(shapeOf(x)), wide, merged(shapeOf(x));
  split.insert(split.begin() + dim + 1, 1);
  wide = split;
  wide[dim + 1] = factor;
  merged[dim] *= factor;
  return g.reshape(g.expand(g.reshape(x, split), wide), merged);
}

struct SplitResize : OpRewritePattern<graph::ResizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::ResizeOp op, PatternRewriter &rewriter) const override {
    RankedTensorType from = typeOf(op.getX()), to = typeOf(op.getResult());
    if (!isEngineFloat(from.getElementType()) || from.getNumElements() == 0 || to.getNumElements() == 0) {
      return rewriter.notifyMatchFailure(op, "not on floats an engine computes in");
    }
    const ops::Attributes attributes = graph::attributesOf(op);
    const int64_t rank = from.getRank();
    SmallVector<int64_t> resized;
    for (int64_t d = 0; d < rank; ++d) {
      if (ops::resizesDim(attributes, d, rank, from.getDimSize(d), to.getDimSize(d))) {
        resized.push_back(d);
      }
    }
    GraphBuilder g(rewriter, op.getLoc());
    if (resized.size() == 1) { // nearest by a whole factor is a view
      const int64_t dim = resized[0], in = from.getDimSize(dim), out = to.getDimSize(dim);
      if (out % in == 0 && repeats(op, dim, out / in)) {
        rewriter.replaceOp(op, repeat(g, op.getX(), dim, out / in));
        return success();
      }
    }
    const bool image = rank >= 3 && rank <= 5;
    if (resized.size() == 1 && image && resized[0] >= 2) {
      return rewriter.notifyMatchFailure(op, "one spatial dim already");
    }
    Value x = op.getX();
    for (int64_t dim : resized) {
      if (image && dim >= 2) {
        x = resizeOne(rewriter, op, x, dim, dim);
        continue;
      }
      // [before, dim, after] as an image of `before` channels.
      int64_t before = 1, after = 1;
      for (int64_t d = 0; d < rank; ++d) {
        (d < dim ? before : after) *= d == dim ? 1 : shapeOf(x)[d];
      }
      Dims shape(shapeOf(x));
      shape[dim] = to.getDimSize(dim);
      x = g.reshape(resizeOne(rewriter, op, g.reshape(x, {1, before, shapeOf(x)[dim], after}), dim, 2), shape);
    }
    rewriter.replaceOp(op, x);
    return success();
  }
};

} // namespace

void ncc::legalize::populateResize(RewritePatternSet &patterns) { patterns.add<SplitResize>(patterns.getContext()); }
