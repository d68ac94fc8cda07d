// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Ops that combine elements along axes: what lies beyond the true size must be neutral.
#include "dialects/graph/padding/Model.h"

#include <limits>

using namespace mlir;
using namespace ncc::graph;

namespace {

double neutralOf(ReduceKind kind, Type element) {
  switch (kind) {
  case ReduceKind::Max: return leastOf(element);
  case ReduceKind::Min: return greatestOf(element);
  case ReduceKind::Prod: return 1;
  case ReduceKind::LogSumExp: return -std::numeric_limits<double>::infinity();
  case ReduceKind::Sum: case ReduceKind::Mean: case ReduceKind::SumSquare: case ReduceKind::L1: case ReduceKind::L2: case ReduceKind::LogSum: return 0;
  }
  return 0;
}

struct Reduce {
  static void relate(Operation *op, PaddingQuery &query) {
    auto reduce = cast<ReduceOp>(op);
    const Extent x = query.operand(0);
    DimVector padded;
    llvm::copy_if(reduce.getAxes(), std::back_inserter(padded), [&](int64_t axis) { return x.padded(axis); });
    if (padded.empty()) {
      return;
    }
    Type element = tensorType(op->getOperand(0)).getElementType();
    query.fill(0, padded, neutralOf(reduce.getKind(), element));
    if (reduce.getKind() != ReduceKind::Mean) {
      return;
    }
    if (!isa<FloatType>(element)) {
      query.refuse("averages integers over a padded dimension");
    }
    query.need(NeedKind::Count, 0, padded);
  }
};

struct ArgReduce {
  static void relate(Operation *op, PaddingQuery &query) {
    auto reduce = cast<ArgReduceOp>(op);
    Type element = tensorType(op->getOperand(0)).getElementType();
    if (query.operand(0).padded(reduce.getAxis()) && reduce.getSelectLast()) {
      query.refuse("takes the last extreme of a padded dimension");
    }
    query.fill(0, {reduce.getAxis()}, reduce.getKind() == ArgKind::Max ? leastOf(element) : greatestOf(element));
  }
};

struct Topk {
  static void relate(Operation *op, PaddingQuery &query) {
    auto topk = cast<TopkOp>(op);
    Type element = tensorType(op->getOperand(0)).getElementType();
    query.fill(0, {topk.getAxis()}, topk.getLargest() ? leastOf(element) : greatestOf(element));
  }
};

struct Cumsum {
  static void relate(Operation *op, PaddingQuery &query) {
    auto cumsum = cast<CumsumOp>(op);
    if (cumsum.getReverse()) {
      query.fill(0, {cumsum.getAxis()}, cumsum.getProduct() ? 1 : 0);
    }
  }
};

struct Softmax {
  static void relate(Operation *op, PaddingQuery &query) {
    auto softmax = cast<SoftmaxOp>(op);
    const int64_t axis = softmax.getAxis();
    query.fill(0, {axis}, -std::numeric_limits<double>::infinity());
    if (query.operand(0).padded(axis) && !softmax.getLog()) { // exp(-inf), in rows whose other dims are true
      query.holds(0, {{axis}, 0});
    }
  }
};

/// Statistics are over whole rows; scale and bias go with them.
template <typename Op>
struct RowNorm {
  static void relate(Operation *op, PaddingQuery &query) {
    query.unpaddedFrom(query.operand(0), cast<Op>(op).getAxis(), "the dimensions it normalizes");
    for (unsigned i = 1; i < op->getNumOperands(); ++i) {
      query.broadcast(query.operand(i), query.result());
    }
  }
};

struct Lrn {
  static void relate(Operation *, PaddingQuery &query) { query.unpadded(query.operand(0), {1}, "the channels it normalizes"); }
};

} // namespace

void ncc::graph::registerReductionPadding(MLIRContext &context) {
  ReduceOp::attachInterface<PaddingModel<ReduceOp, Reduce>>(context);
  ArgReduceOp::attachInterface<PaddingModel<ArgReduceOp, ArgReduce>>(context);
  TopkOp::attachInterface<PaddingModel<TopkOp, Topk>>(context);
  CumsumOp::attachInterface<PaddingModel<CumsumOp, Cumsum>>(context);
  SoftmaxOp::attachInterface<PaddingModel<SoftmaxOp, Softmax>>(context);
  LayerNormOp::attachInterface<PaddingModel<LayerNormOp, RowNorm<LayerNormOp>>>(context);
  RmsNormOp::attachInterface<PaddingModel<RmsNormOp, RowNorm<RmsNormOp>>>(context);
  LrnOp::attachInterface<PaddingModel<LrnOp, Lrn>>(context);
}
