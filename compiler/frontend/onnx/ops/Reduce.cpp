// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reductions, arg-reductions, cumulative sums and top-k.
#include "compiler/frontend/onnx/Handlers.h"

using namespace mlir;

namespace ncc::frontend {

using graph::ReduceKind;

/// Axes came as an attribute first and as an input later (opset 13 for ReduceSum, 18 for the others).
template <ReduceKind kind>
static LogicalResult reduce(NodeContext &node) {
  if (!node.needInputs(1, 2)) {
    return failure();
  }
  Value x = node.input(0);
  Ints given = node.attrInts("axes");
  if (node.has(1)) {
    std::optional<Ints> constant = node.constInts(1, "axes");
    if (!constant) {
      return failure();
    }
    given = *constant;
  }
  std::optional<Ints> axes = node.axes(given, node.rankOf(x));
  if (!axes) {
    return failure();
  }
  if (axes->empty()) {
    if (node.attrInt("noop_with_empty_axes", 0) != 0) {
      // Reducing no axis still applies the elementwise part of the reduction.
      switch (kind) {
      case ReduceKind::SumSquare: return node.result(node.mul(x, x));
      case ReduceKind::L1: case ReduceKind::L2: return node.result(node.unary(graph::UnaryKind::Abs, x));
      case ReduceKind::LogSum: return node.result(node.unary(graph::UnaryKind::Log, x));
      default: return node.result(x);
      }
    }
    for (int64_t i = 0; i < node.rankOf(x); ++i) {
      axes->push_back(i);
    }
  }
  return node.result(node.reduce(kind, x, *axes, node.attrInt("keepdims", 1) != 0));
}

template <graph::ArgKind kind>
static LogicalResult argReduce(NodeContext &node) {
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  std::optional<int64_t> axis = node.axis(node.attrInt("axis", 0), node.rankOf(node.input(0)));
  if (!axis) {
    return failure();
  }
  graph::ArgReduceOp::Properties properties;
  properties.kind = graph::ArgKindAttr::get(node.context(), kind);
  properties.axis = node.intAttr(*axis);
  properties.keepdims = node.flag(node.attrInt("keepdims", 1) != 0);
  properties.select_last = node.flag(node.attrInt("select_last_index", 0) != 0);
  return node.result(node.one<graph::ArgReduceOp>(node.input(0), properties));
}

static LogicalResult cumsum(NodeContext &node) {
  std::optional<Ints> given = node.needInputs(2, 2) ? node.constInts(1, "axis") : std::nullopt;
  if (!given || given->size() != 1) {
    return node.fail("its axis must be one constant integer");
  }
  std::optional<int64_t> axis = node.axis(given->front(), node.rankOf(node.input(0)));
  if (!axis) {
    return failure();
  }
  graph::CumsumOp::Properties properties;
  properties.axis = node.intAttr(*axis);
  properties.exclusive = node.flag(node.attrInt("exclusive", 0) != 0);
  properties.reverse = node.flag(node.attrInt("reverse", 0) != 0);
  properties.product = node.flag(node.opType() == "CumProd");
  return node.result(node.one<graph::CumsumOp>(node.input(0), properties));
}

static LogicalResult topk(NodeContext &node) {
  if (!node.needInputs(1, 2)) {
    return failure();
  }
  Value x = node.input(0);
  int64_t k = node.attrInt("k", -1);
  if (node.opset() >= 10) {
    std::optional<Ints> given = node.constInts(1, "k");
    if (!given || given->size() != 1) {
      return node.fail("its k must be one constant integer");
    }
    k = given->front();
  }
  std::optional<int64_t> axis = node.axis(node.attrInt("axis", -1), node.rankOf(x));
  if (!axis) {
    return failure();
  }
  graph::TopkOp::Properties properties;
  properties.k = node.intAttr(k);
  properties.axis = node.intAttr(*axis);
  properties.largest = node.flag(node.attrInt("largest", 1) != 0);
  properties.sorted = node.flag(node.attrInt("sorted", 1) != 0);
  return node.results(node.create<graph::TopkOp>(x, properties));
}

void addReduceHandlers(HandlerTable &table) {
  table.add("ReduceSum", 1, reduce<ReduceKind::Sum>);
  table.add("ReduceMean", 1, reduce<ReduceKind::Mean>);
  table.add("ReduceMax", 1, reduce<ReduceKind::Max>);
  table.add("ReduceMin", 1, reduce<ReduceKind::Min>);
  table.add("ReduceProd", 1, reduce<ReduceKind::Prod>);
  table.add("ReduceSumSquare", 1, reduce<ReduceKind::SumSquare>);
  table.add("ReduceL1", 1, reduce<ReduceKind::L1>);
  table.add("ReduceL2", 1, reduce<ReduceKind::L2>);
  table.add("ReduceLogSum", 1, reduce<ReduceKind::LogSum>);
  table.add("ReduceLogSumExp", 1, reduce<ReduceKind::LogSumExp>);
  table.add("ArgMax", 1, argReduce<graph::ArgKind::Max>);
  table.add("ArgMin", 1, argReduce<graph::ArgKind::Min>);
  table.add("CumSum", 11, cumsum);
  table.add("CumProd", 26, cumsum);
  table.add("TopK", 1, topk);
}

} // namespace ncc::frontend
