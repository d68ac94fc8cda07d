// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Ops whose usual form takes as many instructions as they have taps or terms, spelled so that the number follows from
// its logarithm or from the partitions: windows of many taps, products of long vectors.
#include "passes/legalize/GraphBuilder.h"
#include "dialects/graph/Constants.h"

#include "mlir/IR/PatternMatch.h"

#include <limits>

using namespace mlir;
using namespace ncc;
using namespace ncc::legalize;

namespace {

int64_t product(ArrayRef<int64_t> dims) {
  int64_t all = 1;
  for (int64_t dim : dims) {
    all *= dim;
  }
  return all;
}

bool isEngineFloat(Type type) { return type.isF32() || type.isF16() || type.isBF16(); }

/// Windows of many taps, one dim after the other, each by doubling: the combination of 2m neighbours is that of two
/// combinations of m. A maximum is the same in any order; a sum is added up in another order than tap by tap.
struct DoubleWindows : OpRewritePattern<graph::PoolOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::PoolOp op, PatternRewriter &rewriter) const override {
    constexpr int64_t kManyTaps = 64;
    bool isMax = op.getKind() == graph::PoolKind::Max;
    RankedTensorType type = typeOf(op.getX());
    if ((!isMax && op.getKind() != graph::PoolKind::Average) || !isEngineFloat(type.getElementType()) || product(op.getKernel()) <= kManyTaps ||
        type.getNumElements() == 0 || typeOf(op.getResult()).getNumElements() == 0) {
      return rewriter.notifyMatchFailure(op, "few taps, or no float an engine computes in");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Value y = isMax ? op.getX() : g.cast(op.getX(), rewriter.getF32Type());
    for (size_t d = 0; d < op.getKernel().size(); ++d) {
      y = combineDim(g, op, y, d, isMax);
    }
    if (!isMax) {
      y = g.cast(divide(g, op, y), type.getElementType());
    }
    rewriter.replaceOp(op, y);
    return success();
  }

private:
  static Value combineDim(GraphBuilder &g, graph::PoolOp op, Value x, size_t d, bool isMax) {
    auto dim = static_cast<int64_t>(d) + 2;
    int64_t taps = op.getKernel()[d], step = op.getStrides()[d], dilation = op.getDilations()[d], low = op.getPads()[d];
    int64_t in = shapeOf(x)[dim], out = shapeOf(op.getResult())[dim], span = (out - 1) * step + (taps - 1) * dilation + 1;
    Dims before(shapeOf(x).size(), 0), after(before);
    before[dim] = low;
    after[dim] = std::max<int64_t>(0, span - low - in);
    if (before[dim] > 0 || after[dim] > 0) {
      double border = isMax ? -std::numeric_limits<double>::infinity() : 0.0;
      x = graph::PadOp::create(g.b, g.loc, x, before, after, graph::PadMode::Constant, border);
    }
    // Combinations of 1, 2, 4 ... neighbours.
    graph::BinaryKind combine = isMax ? graph::BinaryKind::Max : graph::BinaryKind::Add;
    SmallVector<Value> levels{x};
    for (int64_t width = 1; 2 * width <= taps; width *= 2) {
      int64_t length = shapeOf(x)[dim] - width * dilation;
      x = g.binary(combine, g.sliceDim(x, dim, 0, length), g.sliceDim(x, dim, width * dilation, length));
      levels.push_back(x);
    }
    auto from = [&](size_t level, int64_t tap) {
      Dims offsets(shapeOf(x).size(), 0), sizes(shapeOf(x)), strides(shapeOf(x).size(), 1);
      offsets[dim] = tap * dilation;
      sizes[dim] = out;
      strides[dim] = out > 1 ? step : 1;
      return g.slice(levels[level], offsets, sizes, strides);
    };
    size_t top = levels.size() - 1;
    int64_t widest = int64_t{1} << top;
    Value y = from(top, 0);
    if (isMax) { // one that counts twice does no harm
      return widest == taps ? y : g.binary(combine, y, from(top, taps - widest));
    }
    int64_t done = widest;
    for (size_t level = top; level-- > 0;) {
      if (taps - done >= int64_t{1} << level) {
        y = g.binary(combine, y, from(level, done));
        done += int64_t{1} << level;
      }
    }
    return y;
  }

  /// Sum to mean: by the number of taps that count at each place.
  static Value divide(GraphBuilder &g, graph::PoolOp op, Value sums) {
    size_t rank = op.getKernel().size();
    for (size_t d = 0; d < rank; ++d) {
      int64_t in = shapeOf(op.getX())[d + 2], out = shapeOf(op.getResult())[d + 2], extra = op.getExtra().empty() ? 0 : op.getExtra()[d];
      int64_t low = op.getPads()[d], high = op.getPads()[rank + d] - extra;
      Shape shape(rank + 2, 1);
      shape[d + 2] = out;
      Tensor counts(DType::F32, shape);
      for (int64_t o = 0; o < out; ++o) {
        // Taps at first + k * dilation inside [begin, end).
        int64_t first = o * op.getStrides()[d] - low, begin = op.getCountIncludePad() ? first : 0, end = op.getCountIncludePad() ? in + high : in;
        int64_t dilation = op.getDilations()[d];
        int64_t skipped = first >= begin ? 0 : std::min(op.getKernel()[d], (begin - first + dilation - 1) / dilation);
        int64_t reached = first >= end ? 0 : std::min(op.getKernel()[d], (end - first + dilation - 1) / dilation);
        counts.setDouble(o, static_cast<double>(std::max<int64_t>(1, reached - skipped)));
      }
      bool same = llvm::all_of(counts.as<float>(), [&](float count) { return count == counts.as<float>()[0]; });
      Value divisor = same ? g.scalar(counts.as<float>()[0], g.b.getF32Type()) : g.constant(counts);
      sums = g.div(sums, divisor);
    }
    return sums;
  }
};

/// A product of two long vectors is the sum of their products: one matrix column for each 128 terms would leave the array
/// empty.
struct SumLongProduct : OpRewritePattern<graph::MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::MatmulOp op, PatternRewriter &rewriter) const override {
    constexpr int64_t kLong = int64_t{1} << 16;
    Type a = typeOf(op.getA()).getElementType(), b = typeOf(op.getB()).getElementType();
    int64_t terms = typeOf(op.getA()).getNumElements();
    if (typeOf(op.getResult()).getNumElements() != 1 || terms < kLong || typeOf(op.getB()).getNumElements() != terms || !isEngineFloat(a) || !isEngineFloat(b)) {
      return rewriter.notifyMatchFailure(op, "no product of two long vectors");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Type f32 = rewriter.getF32Type();
    Value products = g.mul(g.cast(g.reshape(op.getA(), {terms}), f32), g.cast(g.reshape(op.getB(), {terms}), f32));
    Value sum = g.reduce(graph::ReduceKind::Sum, products, {0});
    rewriter.replaceOp(op, g.cast(g.reshape(sum, shapeOf(op.getResult())), typeOf(op.getResult()).getElementType()));
    return success();
  }
};

} // namespace

void ncc::legalize::populateLargeOps(RewritePatternSet &patterns) { patterns.add<DoubleWindows, SumLongProduct>(patterns.getContext()); }
