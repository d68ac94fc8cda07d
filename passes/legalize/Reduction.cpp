// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Compound reductions as elementwise ops around sums.
#include "passes/legalize/GraphBuilder.h"

#include "mlir/IR/PatternMatch.h"

#include <limits>

using namespace mlir;
using namespace ncc;
using namespace ncc::legalize;

namespace {

struct DecomposeReduce : OpRewritePattern<graph::ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::ReduceOp op, PatternRewriter &rewriter) const override {
    Type type = typeOf(op.getX()).getElementType();
    if (!isa<FloatType>(type) || type.isF64()) {
      return rewriter.notifyMatchFailure(op, "not a float an engine computes in");
    }
    using graph::ReduceKind;
    using graph::UnaryKind;
    const bool composite = llvm::is_contained({ReduceKind::SumSquare, ReduceKind::L1, ReduceKind::L2, ReduceKind::LogSum, ReduceKind::LogSumExp}, op.getKind());
    if (!composite) {
      return rewriter.notifyMatchFailure(op, "already a plain reduction");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Value x = g.cast(op.getX(), rewriter.getF32Type());
    auto sum = [&](Value v) { return g.reduce(ReduceKind::Sum, v, op.getAxes(), op.getKeepdims()); };
    Value y;
    switch (op.getKind()) {
    case ReduceKind::SumSquare:
      y = sum(g.unary(UnaryKind::Square, x));
      break;
    case ReduceKind::L1:
      y = sum(g.unary(UnaryKind::Abs, x));
      break;
    case ReduceKind::L2:
      y = g.unary(UnaryKind::Sqrt, sum(g.unary(UnaryKind::Square, x)));
      break;
    case ReduceKind::LogSum:
      y = g.unary(UnaryKind::Log, sum(x));
      break;
    default: { // LogSumExp
      // A finite shift, since inf - inf is no number: exp(+inf - most) is inf and exp(-inf + most) is 0, as wanted.
      const double most = std::numeric_limits<float>::max();
      Value max = g.unary(UnaryKind::Clip, g.reduce(ReduceKind::Max, x, op.getAxes()), -most, most);
      Value exps = sum(g.unary(UnaryKind::Exp, g.sub(x, max)));
      y = g.add(g.unary(UnaryKind::Log, exps), g.reshape(max, shapeOf(op.getResult())));
      break;
    }
    }
    rewriter.replaceOp(op, g.cast(y, type));
    return success();
  }
};

} // namespace

void ncc::legalize::populateReduction(RewritePatternSet &patterns) { patterns.add<DecomposeReduce>(patterns.getContext()); }
