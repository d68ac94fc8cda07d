// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Resampling. Nearest with whole factors repeats elements, which is a view; everything else is linear and separable:
// one product per resized dim with a matrix that the reference kernel itself makes from the identity.
#include "passes/legalize/GraphBuilder.h"
#include "runtime/ops/Kernel.h"
#include "dialects/graph/Evaluate.h"

#include "mlir/IR/PatternMatch.h"

#include <numeric>

using namespace mlir;
using namespace ncc;
using namespace ncc::legalize;

namespace {

struct DecomposeResize : OpRewritePattern<graph::ResizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::ResizeOp op, PatternRewriter &rewriter) const override {
    Type type = typeOf(op.getX()).getElementType();
    if (!isa<FloatType>(type) || type.isF64() || op.getCoordinateMode() == graph::CoordinateMode::TfCropAndResize) {
      return rewriter.notifyMatchFailure(op, "not a separable linear map on floats");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Value y = op.getX();
    for (int64_t dim = 0; dim < typeOf(op.getX()).getRank(); ++dim) {
      int64_t from = shapeOf(op.getX())[dim], to = shapeOf(op.getResult())[dim];
      if (from == to && op.getScales()[dim] == 1.0) {
        continue;
      }
      auto matrix = weights(op, dim, from, to);
      if (!matrix) {
        return rewriter.notifyMatchFailure(op, "no resampling matrix");
      }
      y = repeats(*matrix, from, to) ? repeat(g, y, dim, to / from) : resample(g, y, dim, *matrix);
    }
    rewriter.replaceOp(op, g.cast(y, type));
    return success();
  }

private:
  /// [from, to]: column j holds the weights of output j.
  static std::optional<Tensor> weights(graph::ResizeOp op, int64_t dim, int64_t from, int64_t to) {
    ops::Attributes attrs = graph::attributesOf(op);
    attrs.set("scales", std::vector<double>{1.0, op.getScales()[dim]});
    attrs.set("roi", std::vector<double>{});
    Tensor identity(DType::F32, {from, from});
    for (int64_t i = 0; i < from; ++i) {
      identity.mutableAs<float>()[i * from + i] = 1.0f;
    }
    std::vector<Tensor> outputs{Tensor(DType::F32, {from, to})}, inputs{identity};
    ops::KernelContext context{attrs, inputs, absl::MakeSpan(outputs)};
    const ops::KernelInfo *kernel = ops::findKernel("resize");
    if (!kernel || !kernel->run(context).ok()) {
      return std::nullopt;
    }
    return outputs[0];
  }

  /// Does output j take exactly input j / factor?
  static bool repeats(const Tensor &matrix, int64_t from, int64_t to) {
    if (to % from != 0) {
      return false;
    }
    for (int64_t i = 0; i < from; ++i) {
      for (int64_t j = 0; j < to; ++j) {
        if (matrix.as<float>()[i * to + j] != (j / (to / from) == i ? 1.0f : 0.0f)) {
          return false;
        }
      }
    }
    return true;
  }

  static Value repeat(GraphBuilder &g, Value x, int64_t dim, int64_t factor) {
    Dims split(shapeOf(x)), wide, merged(shapeOf(x));
    split.insert(split.begin() + dim + 1, 1);
    wide = split;
    wide[dim + 1] = factor;
    merged[dim] *= factor;
    return g.reshape(g.expand(g.reshape(x, split), wide), merged);
  }

  static Value resample(GraphBuilder &g, Value x, int64_t dim, const Tensor &matrix) {
    int64_t rank = typeOf(x).getRank();
    Dims perm(rank), back(rank);
    std::iota(perm.begin(), perm.end(), 0);
    std::swap(perm[dim], perm[rank - 1]);
    Value last = g.cast(dim == rank - 1 ? x : g.transpose(x, perm), g.b.getF32Type());
    Value y = g.matmul(last, g.constant(matrix));
    y.getDefiningOp()->setAttr("ncc.exact", g.b.getUnitAttr()); // demotion would blur the weights
    return dim == rank - 1 ? y : g.transpose(y, perm);
  }
};

} // namespace

void ncc::legalize::populateResize(RewritePatternSet &patterns) { patterns.add<DecomposeResize>(patterns.getContext()); }
