// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Resampling. Nearest with whole factors repeats elements, which is a view; everything else is linear and separable:
// one product per resized dim with a matrix that the reference kernel itself makes from the identity. Outside of a crop
// that matrix is zero, and the extrapolation value is added.
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
    if (!isa<FloatType>(type) || type.isF64()) {
      return rewriter.notifyMatchFailure(op, "not on floats an engine computes in");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Value y = op.getX();
    const bool crops = op.getCoordinateMode() == graph::CoordinateMode::TfCropAndResize;
    const double beyond = crops ? double(op.getExtrapolationValue()) : 0.0;
    Tensor outside(DType::F32, Shape(typeOf(y).getRank(), 1));
    for (int64_t dim = 0; dim < typeOf(op.getX()).getRank(); ++dim) {
      int64_t from = shapeOf(op.getX())[dim], to = shapeOf(op.getResult())[dim];
      if (from == to && op.getScales()[dim] == 1.0 && !(crops && cuts(op, dim))) {
        continue;
      }
      if (from > kLargestMatrix / to) {
        if (!crops && repeatsWhole(op, dim, from, to)) {
          y = repeat(g, y, dim, to / from);
          continue;
        }
        return rewriter.notifyMatchFailure(op, "its resampling matrix would be larger than an image");
      }
      auto matrix = weights(op, dim, from, to, 0.0), marked = beyond != 0.0 ? weights(op, dim, from, to, 1.0) : matrix;
      if (!matrix || !marked) {
        return rewriter.notifyMatchFailure(op, "no resampling matrix");
      }
      y = repeats(*matrix, from, to) ? repeat(g, y, dim, to / from) : resample(g, y, dim, *matrix);
      if (beyond != 0.0) {
        outside = extend(outside, dim, *matrix, *marked);
      }
    }
    if (beyond != 0.0) {
      y = g.add(g.cast(y, g.b.getF32Type()), g.mul(g.constant(outside), g.scalar(beyond, g.b.getF32Type())));
    }
    rewriter.replaceOp(op, g.cast(y, type));
    return success();
  }

private:
  /// Elements of a matrix that is worth making.
  static constexpr int64_t kLargestMatrix = int64_t{1} << 22;

  /// Does output j take exactly input j / factor? Where a place follows from the scale alone, the first rows tell: asked of
  /// the kernel with the indices themselves as the input.
  static bool repeatsWhole(graph::ResizeOp op, int64_t dim, int64_t from, int64_t to) {
    constexpr int64_t kAsked = 4096;
    const bool byScale = op.getCoordinateMode() == graph::CoordinateMode::Asymmetric || op.getCoordinateMode() == graph::CoordinateMode::HalfPixel;
    const int64_t factor = to / from;
    if (op.getMode() != graph::ResizeMode::Nearest || to % from != 0 || !byScale || op.getScales()[dim] != static_cast<double>(factor) ||
        factor > kLargestMatrix / kAsked) {
      return false;
    }
    const int64_t rows = std::min(from, kAsked);
    Tensor indices(DType::F32, {1, rows});
    for (int64_t i = 0; i < rows; ++i) {
      indices.mutableAs<float>()[i] = static_cast<float>(i);
    }
    std::optional<Tensor> taken = resized(op, dim, indices, rows * factor, 0.0);
    for (int64_t j = 0; taken && j < rows * factor; ++j) {
      if (taken->as<float>()[j] != static_cast<float>(j / factor)) {
        return false;
      }
    }
    return taken.has_value();
  }

  /// Does a crop take less or more than the whole dim?
  static bool cuts(graph::ResizeOp op, int64_t dim) {
    ArrayRef<double> roi = op.getRoi();
    return !roi.empty() && (roi[dim] != 0.0 || roi[dim + static_cast<int64_t>(roi.size()) / 2] != 1.0);
  }

  /// `outside`, 1 at each place beyond the crop of the dims so far, repeated along `dim`, where it is 1 too beyond the
  /// crop: in each column in which the matrix with another value there differs.
  static Tensor extend(const Tensor &outside, int64_t dim, const Tensor &matrix, const Tensor &marked) {
    Shape shape = outside.shape();
    int64_t columns = matrix.shape()[1];
    shape[dim] = columns;
    Tensor wide(DType::F32, shape); // later dims are 1 still
    for (int64_t i = 0; i < outside.size(); ++i) {
      for (int64_t j = 0; j < columns; ++j) {
        bool beyond = matrix.as<float>()[j] != marked.as<float>()[j];
        wide.mutableAs<float>()[i * columns + j] = beyond ? 1.0f : outside.as<float>()[i];
      }
    }
    return wide;
  }

  /// [from, to]: column j holds the weights of output j, or `beyond` outside of a crop.
  static std::optional<Tensor> weights(graph::ResizeOp op, int64_t dim, int64_t from, int64_t to, double beyond) {
    Tensor identity(DType::F32, {from, from});
    for (int64_t i = 0; i < from; ++i) {
      identity.mutableAs<float>()[i * from + i] = 1.0f;
    }
    return resized(op, dim, identity, to, beyond);
  }

  /// The rows of x resized as the op resizes `dim`.
  static std::optional<Tensor> resized(graph::ResizeOp op, int64_t dim, const Tensor &x, int64_t to, double beyond) {
    ops::Attributes attrs = graph::attributesOf(op);
    ArrayRef<double> roi = op.getRoi();
    size_t rank = roi.size() / 2;
    attrs.set("scales", std::vector<double>{1.0, op.getScales()[dim]});
    attrs.set("roi", roi.empty() ? std::vector<double>{} : std::vector<double>{0.0, roi[dim], 1.0, roi[rank + dim]});
    attrs.set("extrapolation_value", beyond);
    std::vector<Tensor> outputs{Tensor(DType::F32, {x.shape()[0], to})}, inputs{x};
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
