// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Moves of elements that an op nearby can do for free.
#include "dialects/graph/Constants.h"
#include "dialects/graph/Infer.h"
#include "passes/simplify/Patterns.h"

using namespace mlir;
using namespace ncc::graph;

namespace ncc::simplify {

namespace {

bool swapsLastTwo(TransposeOp op) {
  Dims perm = op.getPerm();
  int64_t rank = static_cast<int64_t>(perm.size());
  for (int64_t i = 0; i + 2 < rank; ++i) {
    if (perm[i] != i) {
      return false;
    }
  }
  return rank >= 2 && perm[rank - 2] == rank - 1 && perm[rank - 1] == rank - 2;
}

/// A transposed matrix operand becomes the matmul's own flag.
struct TransposeIntoMatmul : OpRewritePattern<MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MatmulOp op, PatternRewriter &rewriter) const override {
    auto a = op.getA().getDefiningOp<TransposeOp>(), b = op.getB().getDefiningOp<TransposeOp>();
    bool takeA = a && swapsLastTwo(a), takeB = b && swapsLastTwo(b);
    if (!takeA && !takeB) {
      return rewriter.notifyMatchFailure(op, "no transposed operand");
    }
    rewriter.modifyOpInPlace(op, [&] {
      if (takeA) {
        op.getAMutable().assign(a.getX());
        op.setTransposeA(!op.getTransposeA());
      }
      if (takeB) {
        op.getBMutable().assign(b.getX());
        op.setTransposeB(!op.getTransposeB());
      }
    });
    return success();
  }
};

/// Dims other than the unit ones keep their order: nothing moves.
struct UnitTranspose : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    RankedTensorType type = tensorType(op.getX());
    int64_t last = -1;
    for (int64_t axis : op.getPerm()) {
      if (type.getDimSize(axis) == 1) {
        continue;
      }
      if (axis < last) {
        return rewriter.notifyMatchFailure(op, "moves elements");
      }
      last = axis;
    }
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getX());
    return success();
  }
};

/// Reducing dims of size 1 changes only the shape.
struct UnitReduce : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op, PatternRewriter &rewriter) const override {
    ReduceKind kind = op.getKind();
    bool plain = kind == ReduceKind::Sum || kind == ReduceKind::Mean || kind == ReduceKind::Max ||
                 kind == ReduceKind::Min || kind == ReduceKind::Prod;
    RankedTensorType type = tensorType(op.getX());
    if (!plain || llvm::any_of(op.getAxes(), [&](int64_t axis) { return type.getDimSize(axis) != 1; })) {
      return rewriter.notifyMatchFailure(op, "reduces something");
    }
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getX());
    return success();
  }
};

struct SliceOfSlice : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<SliceOp>();
    if (!inner) {
      return rewriter.notifyMatchFailure(op, "no inner slice");
    }
    SmallVector<int64_t> offsets, strides;
    for (auto [o, s, io, is] : llvm::zip(op.getOffsets(), op.getStrides(), inner.getOffsets(), inner.getStrides())) {
      offsets.push_back(io + o * is);
      strides.push_back(s * is);
    }
    rewriter.replaceOpWithNewOp<SliceOp>(op, op.getType(), inner.getX(), offsets, strides);
    return success();
  }
};

struct ConcatOfConcat : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp op, PatternRewriter &rewriter) const override {
    SmallVector<Value> inputs;
    bool changed = false;
    for (Value input : op.getInputs()) {
      auto inner = input.getDefiningOp<ConcatOp>();
      if (inner && inner.getAxis() == op.getAxis() && inner->hasOneUse()) {
        llvm::append_range(inputs, inner.getInputs());
        changed = true;
      } else {
        inputs.push_back(input);
      }
    }
    if (!changed) {
      return rewriter.notifyMatchFailure(op, "no inner concat");
    }
    rewriter.replaceOpWithNewOp<ConcatOp>(op, op.getType(), inputs, op.getAxis());
    return success();
  }
};

/// A window as large as the image is a reduction of it, which needs no pass per tap.
struct WholeWindow : OpRewritePattern<PoolOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PoolOp op, PatternRewriter &rewriter) const override {
    Dims image = tensorType(op.getX()).getShape().drop_front(2);
    bool whole = op.getKind() != PoolKind::Lp && llvm::all_of(op.getPads(), [](int64_t pad) { return pad == 0; }) &&
                 llvm::all_of(tensorType(op.getResult()).getShape().drop_front(2), [](int64_t size) { return size == 1; });
    if (!whole || image != Dims(op.getKernel()) || llvm::any_of(op.getDilations(), [](int64_t d) { return d != 1; }) ||
        (op.getKind() == PoolKind::Average && !isFloatElement(tensorType(op.getX()).getElementType()))) {
      return rewriter.notifyMatchFailure(op, "a window that is not the whole image");
    }
    SmallVector<int64_t> axes;
    for (size_t i = 0; i < image.size(); ++i) {
      axes.push_back(static_cast<int64_t>(i) + 2);
    }
    rewriter.replaceOpWithNewOp<ReduceOp>(op, op.getType(), op.getKind() == PoolKind::Max ? ReduceKind::Max : ReduceKind::Mean, op.getX(), axes, true);
    return success();
  }
};

/// A unary op between two inverse reshapes needs neither.
struct ReshapeBelowUnary : OpRewritePattern<UnaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(UnaryOp op, PatternRewriter &rewriter) const override {
    auto reshape = op.getX().getDefiningOp<ReshapeOp>();
    auto next = op->hasOneUse() ? dyn_cast<ReshapeOp>(*op->user_begin()) : ReshapeOp();
    if (!reshape || !next || !reshape->hasOneUse() || next.getType().getShape() != tensorType(reshape.getX()).getShape()) {
      return rewriter.notifyMatchFailure(op, "not between inverse reshapes");
    }
    auto type = RankedTensorType::get(next.getType().getShape(), op.getType().getElementType());
    auto inner = UnaryOp::create(rewriter, op.getLoc(), type, op.getKindAttr(), reshape.getX(), op.getAlphaAttr(),
                                 op.getBetaAttr());
    rewriter.replaceOp(next, inner.getResult());
    return success();
  }
};

} // namespace

void populateShapePatterns(RewritePatternSet &patterns) {
  patterns.add<TransposeIntoMatmul, UnitTranspose, UnitReduce, SliceOfSlice, ConcatOfConcat,
               ReshapeBelowUnary, WholeWindow>(patterns.getContext());
}

} // namespace ncc::simplify
