// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/frontend/onnx/ops/Ml.h"

#include <cmath>

using namespace mlir;

namespace ncc::frontend {

using graph::UnaryKind;

Value mlInput(NodeContext &node, size_t i, bool keepDouble) {
  Value x = node.input(i);
  if (!x || !node.elementOf(x).isIntOrFloat()) {
    return node.OpBuilding::fail("needs numbers");
  }
  return keepDouble && node.elementOf(x).isF64() ? x : node.cast(x, Float32Type::get(node.context()));
}

/// Softmax over the entries that are not zero; zeros stay.
static Value softmaxZero(NodeContext &node, Value x) {
  int64_t last = node.rankOf(x) - 1;
  Value some = node.compare(graph::CompareKind::Gt, node.unary(UnaryKind::Abs, x), node.scalarLike(x, 1e-7));
  Value e = node.unary(UnaryKind::Exp, node.sub(x, node.reduce(graph::ReduceKind::Max, x, {last})));
  e = node.select(some, e, node.scalarLike(x, 0));
  return node.div(e, node.reduce(graph::ReduceKind::Sum, e, {last}));
}

/// sqrt(2) * erfinv(2x - 1), by Winitzki's formula as ONNX Runtime has it.
static Value probit(NodeContext &node, Value x) {
  Value y = node.sub(node.mul(x, node.scalarLike(x, 2)), node.scalarLike(x, 1));
  Value log = node.unary(UnaryKind::Log, node.sub(node.scalarLike(x, 1), node.mul(y, y)));
  Value v = node.add(node.scalarLike(x, 2 / (M_PI * 0.147)), node.mul(log, node.scalarLike(x, 0.5)));
  Value inner = node.sub(node.mul(v, v), node.mul(log, node.scalarLike(x, 1 / 0.147)));
  Value root = node.unary(UnaryKind::Sqrt, node.sub(node.unary(UnaryKind::Sqrt, inner), v));
  return node.mul(node.mul(root, node.unary(UnaryKind::Sign, y)), node.scalarLike(x, M_SQRT2));
}

Value transformScores(NodeContext &node, Value scores, StringRef transform) {
  if (!scores || transform == "NONE") {
    return scores;
  }
  if (transform == "LOGISTIC") {
    return node.unary(UnaryKind::Sigmoid, scores);
  }
  if (transform == "SOFTMAX") {
    return node.softmax(scores, node.rankOf(scores) - 1);
  }
  if (transform == "SOFTMAX_ZERO") {
    return softmaxZero(node, scores);
  }
  return transform == "PROBIT" ? probit(node, scores) : node.OpBuilding::fail("post_transform '" + transform.str() + "' is not known");
}

std::optional<Tensor> classLabels(NodeContext &node) {
  for (const char *name : {"classlabels_strings", "classlabels_int64s", "classlabels_ints"}) {
    const onnx::AttributeProto *labels = node.attr(name);
    if (!labels || labels->strings_size() + labels->ints_size() == 0) {
      continue;
    }
    bool text = labels->strings_size() > 0;
    Tensor values(text ? DType::String : DType::I64, {text ? labels->strings_size() : labels->ints_size()});
    for (int i = 0; i < values.size(); ++i) {
      if (text) {
        values.mutableStrings()[static_cast<size_t>(i)] = labels->strings(i);
      } else {
        values.setInt(i, labels->ints(i));
      }
    }
    return values;
  }
  node.OpBuilding::fail("it has no class labels");
  return std::nullopt;
}

Value pickLabels(NodeContext &node, const Tensor &labels, Value index) { return index ? node.gather(node.constant(labels, "labels"), index, 0) : Value(); }

Value largestIndex(NodeContext &node, Value scores) {
  graph::ArgReduceOp::Properties properties;
  properties.kind = graph::ArgKindAttr::get(node.context(), graph::ArgKind::Max);
  properties.axis = node.intAttr(scores ? node.rankOf(scores) - 1 : 0);
  properties.keepdims = node.flag(false);
  return scores ? node.one<graph::ArgReduceOp>(scores, properties) : Value();
}

Value rowConstant(NodeContext &node, ArrayRef<double> values, Value like) {
  std::optional<DType> dtype = like ? graph::dtypeOf(node.elementOf(like)) : std::nullopt;
  if (!dtype) {
    return {};
  }
  Tensor row(*dtype, {1, static_cast<int64_t>(values.size())});
  for (size_t i = 0; i < values.size(); ++i) {
    row.setDouble(static_cast<int64_t>(i), values[i]);
  }
  return node.constant(row);
}

} // namespace ncc::frontend
