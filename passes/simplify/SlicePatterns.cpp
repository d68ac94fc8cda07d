// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Slices move towards where their elements are made, when slices are all that use a tensor. A product that computes
// queries, keys and values at once becomes three, each free to have the layout its reader wants, and what nobody
// reads is not computed.
#include "dialects/graph/Infer.h"
#include "passes/simplify/Patterns.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace ncc::graph;

namespace ncc::simplify {

namespace {

/// Only slices use it, and together they read each element about once.
bool onlySliced(Value value) {
  int64_t read = 0;
  for (Operation *user : value.getUsers()) {
    auto slice = dyn_cast<SliceOp>(user);
    if (!slice || llvm::any_of(slice.getStrides(), [](int64_t stride) { return stride < 1; })) {
      return false;
    }
    read += tensorType(slice.getResult()).getNumElements();
  }
  return read <= tensorType(value).getNumElements();
}

struct Part {
  DimVector offsets, sizes, strides;
};

Part partOf(SliceOp op) {
  return {DimVector(op.getOffsets()), DimVector(tensorType(op.getResult()).getShape()), DimVector(op.getStrides())};
}

bool isWhole(const Part &part, Dims shape, size_t dim) { return part.sizes[dim] == shape[dim] && part.offsets[dim] == 0; }

Value slice(PatternRewriter &rewriter, Location loc, Value x, const Part &part) {
  RankedTensorType type = tensorType(x);
  bool whole = true;
  for (size_t d = 0; d < part.sizes.size(); ++d) {
    whole &= isWhole(part, type.getShape(), d);
  }
  if (whole) {
    return x;
  }
  return SliceOp::create(rewriter, loc, RankedTensorType::get(part.sizes, type.getElementType()), x, part.offsets, part.strides);
}

/// What of an operand that broadcasts to the sliced shape is needed.
Part broadcastPart(const Part &part, Dims shape) {
  Part own;
  size_t skip = part.sizes.size() - shape.size();
  for (size_t d = 0; d < shape.size(); ++d) {
    bool repeats = shape[d] == 1;
    own.offsets.push_back(repeats ? 0 : part.offsets[skip + d]);
    own.sizes.push_back(repeats ? 1 : part.sizes[skip + d]);
    own.strides.push_back(repeats ? 1 : part.strides[skip + d]);
  }
  return own;
}

struct SliceOfElementwise : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    Operation *maker = op.getX().getDefiningOp();
    if (!isa_and_nonnull<UnaryOp, BinaryOp, CastOp>(maker) || !onlySliced(op.getX())) {
      return rewriter.notifyMatchFailure(op, "not an elementwise op that is only sliced");
    }
    IRMapping mapping;
    for (Value operand : maker->getOperands()) {
      mapping.map(operand, slice(rewriter, op.getLoc(), operand, broadcastPart(partOf(op), tensorType(operand).getShape())));
    }
    Operation *part = rewriter.clone(*maker, mapping);
    part->getResult(0).setType(RankedTensorType::get(tensorType(op.getResult()).getShape(), tensorType(maker->getResult(0)).getElementType()));
    rewriter.replaceOp(op, part->getResult(0));
    return success();
  }
};

struct SliceOfTranspose : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    auto transpose = op.getX().getDefiningOp<TransposeOp>();
    if (!transpose || !onlySliced(op.getX())) {
      return rewriter.notifyMatchFailure(op, "not a transpose that is only sliced");
    }
    Part part = partOf(op), own = part;
    for (auto [to, from] : llvm::enumerate(transpose.getPerm())) {
      own.offsets[from] = part.offsets[to];
      own.sizes[from] = part.sizes[to];
      own.strides[from] = part.strides[to];
    }
    Value sliced = slice(rewriter, op.getLoc(), transpose.getX(), own);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getType(), sliced, transpose.getPerm());
    return success();
  }
};

/// A slice of the outermost of the dims that one dim was split into (others whole) is a slice of that dim.
std::optional<Part> throughReshape(const Part &part, Dims from, Dims to) {
  Part own{DimVector(from.size(), 0), DimVector(from), DimVector(from.size(), 1)};
  size_t f = 0, t = 0;
  while (f < from.size() || t < to.size()) {
    // The shortest runs of dims with the same product.
    size_t f0 = f, t0 = t;
    int64_t a = f < from.size() ? from[f++] : 1, b = t < to.size() ? to[t++] : 1;
    while (a != b) {
      if (a < b ? f == from.size() : t == to.size()) {
        return std::nullopt;
      }
      (a < b ? a : b) *= a < b ? from[f++] : to[t++];
    }
    size_t cut = t;
    for (size_t d = t; d-- > t0;) {
      cut = isWhole(part, to, d) ? cut : d;
    }
    if (cut == t) {
      continue;
    }
    bool outermost = true;
    int64_t inner = 1;
    for (size_t d = t0; d < t; ++d) {
      outermost &= d < cut ? to[d] == 1 : d == cut || isWhole(part, to, d);
      inner *= d > cut ? to[d] : 1;
    }
    size_t wide = f0;
    int64_t wideDims = 0;
    for (size_t d = f0; d < f; ++d) {
      wide = from[d] != 1 ? d : wide;
      wideDims += from[d] != 1;
    }
    if (!outermost || wideDims > 1 || (part.strides[cut] != 1 && inner != 1)) {
      return std::nullopt;
    }
    own.offsets[wide] = part.offsets[cut] * inner;
    own.sizes[wide] = part.sizes[cut] * inner;
    own.strides[wide] = part.strides[cut];
  }
  return own;
}

struct SliceOfReshape : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    auto reshape = op.getX().getDefiningOp<ReshapeOp>();
    if (!reshape || !onlySliced(op.getX())) {
      return rewriter.notifyMatchFailure(op, "not a reshape that is only sliced");
    }
    std::optional<Part> own = throughReshape(partOf(op), tensorType(reshape.getX()).getShape(), tensorType(op.getX()).getShape());
    if (!own) {
      return rewriter.notifyMatchFailure(op, "no slice of the original shape");
    }
    Value sliced = slice(rewriter, op.getLoc(), reshape.getX(), *own);
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), sliced);
    return success();
  }
};

/// Rows of a product are rows of a, columns columns of b (when that is a constant: slicing it costs nothing later).
struct SliceOfProduct : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    auto matmul = op.getX().getDefiningOp<MatmulOp>();
    if (!matmul || !onlySliced(op.getX())) {
      return rewriter.notifyMatchFailure(op, "not a product that is only sliced");
    }
    RankedTensorType a = tensorType(matmul.getA()), b = tensorType(matmul.getB());
    Part part = partOf(op);
    Dims shape = tensorType(op.getX()).getShape();
    size_t rank = shape.size();
    if (a.getRank() < 2 || b.getRank() != 2 || !matmul.getB().getDefiningOp<ConstantOp>() || a.getRank() != static_cast<int64_t>(rank)) {
      return rewriter.notifyMatchFailure(op, "not a linear layer");
    }
    Part ofA = part, ofB{{0, 0}, DimVector(b.getShape()), {1, 1}};
    size_t k = matmul.getTransposeA() ? rank - 2 : rank - 1, m = matmul.getTransposeA() ? rank - 1 : rank - 2, n = matmul.getTransposeB() ? 0 : 1;
    auto move = [](Part &to, size_t dim, const Part &from, size_t source) {
      to.offsets[dim] = from.offsets[source];
      to.sizes[dim] = from.sizes[source];
      to.strides[dim] = from.strides[source];
    };
    move(ofA, m, part, rank - 2);
    ofA.offsets[k] = 0;
    ofA.sizes[k] = a.getDimSize(k);
    ofA.strides[k] = 1;
    move(ofB, n, part, rank - 1);
    auto clone = cast<MatmulOp>(rewriter.clone(*matmul));
    rewriter.setInsertionPoint(clone);
    Value x = slice(rewriter, op.getLoc(), matmul.getA(), ofA), w = slice(rewriter, op.getLoc(), matmul.getB(), ofB);
    clone.getAMutable().assign(x);
    clone.getBMutable().assign(w);
    clone.getResult().setType(op.getType());
    rewriter.replaceOp(op, clone.getResult());
    return success();
  }
};

} // namespace

void populateSlicePatterns(RewritePatternSet &patterns) {
  patterns.add<SliceOfElementwise, SliceOfTranspose, SliceOfReshape, SliceOfProduct>(patterns.getContext());
}

} // namespace ncc::simplify
