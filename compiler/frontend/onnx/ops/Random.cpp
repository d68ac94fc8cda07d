// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Operators that draw numbers: one graph.random each, and arithmetic around it.
#include "compiler/frontend/onnx/Handlers.h"

#include "absl/strings/str_cat.h"

#include <cstring>

using namespace mlir;

namespace ncc::frontend {

/// Draws of one node: from its seed, or apart from every other node by its name.
static Value drawnLike(NodeContext &node, IntsRef dims, Type element, bool normal) {
  __int128 total = 1;
  for (int64_t dim : dims) {
    total *= dim;
    if (dim < 0 || total > (int64_t(1) << 32)) {
      return node.OpBuilding::fail("the shape is not valid");
    }
  }
  graph::RandomOp::Properties properties;
  int64_t stream = 0;
  if (node.hasAttr("seed")) {
    const onnx::AttributeProto *seed = node.attr("seed"); // a float in some operators, an integer in others
    auto value = static_cast<float>(seed->type() == 2 ? static_cast<double>(seed->i()) : seed->f());
    uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    stream = bits;
    properties.seeded = node.flag(true);
  } else {
    for (char c : node.proto().output_size() ? node.proto().output(0) : std::string()) {
      stream = (stream * 131 + c) & 0x7fffffff;
    }
  }
  properties.normal = node.flag(normal);
  properties.stream = node.intAttr(stream);
  return node.one<graph::RandomOp>(ValueRange(), properties, RankedTensorType::get(dims, element));
}

static LogicalResult scaled(NodeContext &node, IntsRef dims, Type element, bool normal) {
  if (!element || !isa<FloatType>(element)) {
    return node.fail("draws floats only");
  }
  double offset = normal ? node.attrFloat("mean", 0) : node.attrFloat("low", 0);
  double scale = normal ? node.attrFloat("scale", 1) : node.attrFloat("high", 1) - offset;
  Value x = drawnLike(node, dims, element, normal);
  return node.result(node.add(node.mul(x, node.scalarLike(x, scale)), node.scalarLike(x, offset)));
}

template <bool normal>
static LogicalResult random(NodeContext &node) {
  return scaled(node, node.attrInts("shape"), node.element(node.attrInt("dtype", 1)), normal);
}

template <bool normal>
static LogicalResult randomLike(NodeContext &node) {
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  Value x = node.input(0);
  return scaled(node, node.dimsOf(x), node.hasAttr("dtype") ? node.element(node.attrInt("dtype", 1)) : node.elementOf(x), normal);
}

static LogicalResult bernoulli(NodeContext &node) {
  if (!node.needInputs(1, 1) || !isa<FloatType>(node.elementOf(node.input(0)))) {
    return node.fail("needs float probabilities");
  }
  Value x = node.input(0);
  Type element = node.hasAttr("dtype") ? node.element(node.attrInt("dtype", 1)) : node.elementOf(x);
  Value drawn = drawnLike(node, node.dimsOf(x), node.elementOf(x), false);
  return element ? node.result(node.cast(node.compare(graph::CompareKind::Lt, drawn, x), element)) : failure();
}

/// Classes by the largest of log-probability plus Gumbel noise.
static LogicalResult multinomial(NodeContext &node) {
  int64_t samples = node.attrInt("sample_size", 1), type = node.attrInt("dtype", 6);
  if (!node.needInputs(1, 1) || node.rankOf(node.input(0)) != 2 || samples < 1 || (type != 6 && type != 7)) {
    return node.fail("needs log-probabilities [batch, classes], a positive sample_size, and dtype int32 or int64");
  }
  Value x = node.input(0);
  IntsRef d = node.dimsOf(x);
  Value noise = drawnLike(node, {d[0], samples, d[1]}, node.elementOf(x), false);
  using graph::UnaryKind;
  noise = node.add(noise, node.scalarLike(noise, 1e-7)); // 0 has no logarithm
  noise = node.unary(UnaryKind::Neg, node.unary(UnaryKind::Log, noise));
  noise = node.unary(UnaryKind::Neg, node.unary(UnaryKind::Log, noise));
  graph::ArgReduceOp::Properties properties;
  properties.kind = graph::ArgKindAttr::get(node.context(), graph::ArgKind::Max);
  properties.axis = node.intAttr(2);
  properties.keepdims = node.flag(false);
  Value scores = node.add(noise, node.reshape(x, {d[0], 1, d[1]}));
  Value best = scores ? node.one<graph::ArgReduceOp>(scores, properties) : Value();
  return node.result(node.cast(best, node.element(type)));
}

/// Values kept with probability 1 - ratio are scaled up; without training everything is kept.
static LogicalResult dropout(NodeContext &node) {
  if (!node.needInputs(1, 3)) {
    return failure();
  }
  Value x = node.input(0);
  bool inputs = node.opset() >= 12;
  Value training = inputs ? node.input(2) : Value(), ratio = inputs ? node.input(1) : Value();
  std::optional<Tensor> known = training ? graph::constantTensor(training) : std::nullopt;
  bool off = !training || (known && known->size() == 1 && known->asInt(0) == 0);
  off &= node.opset() >= 7 || node.attrInt("is_test", 0) != 0;
  Type boolean = IntegerType::get(node.context(), 1);
  auto asMask = [&](Value mask) { return node.opset() < 10 ? node.cast(mask, node.elementOf(x)) : mask; };
  if (off) {
    Value ones = node.wantsOutput(1) ? asMask(node.splat(RankedTensorType::get(node.dimsOf(x), boolean), 1)) : Value();
    return node.results({x, ones});
  }
  Value share = ratio ? node.cast(node.reshape(ratio, {}), node.elementOf(x)) : node.scalarLike(x, node.attrFloat("ratio", 0.5));
  Value keep = node.compare(graph::CompareKind::Ge, drawnLike(node, node.dimsOf(x), node.elementOf(x), false), share);
  Value scale = node.div(node.scalarLike(x, 1), node.sub(node.scalarLike(x, 1), share));
  Value y = node.select(keep, node.mul(x, scale), node.scalarLike(x, 0));
  if (training && !known) {
    Value flag = node.reshape(training, {});
    y = node.select(flag, y, x);
    keep = node.binary(graph::BinaryKind::LogicalOr, keep, node.unary(graph::UnaryKind::LogicalNot, flag));
  }
  return node.results({y, node.wantsOutput(1) ? asMask(keep) : Value()});
}

void addRandomHandlers(HandlerTable &table) {
  table.add("RandomNormal", 1, random<true>);
  table.add("RandomUniform", 1, random<false>);
  table.add("RandomNormalLike", 1, randomLike<true>);
  table.add("RandomUniformLike", 1, randomLike<false>);
  table.add("Bernoulli", 15, bernoulli);
  table.add("Multinomial", 7, multinomial);
  table.add("Dropout", 1, dropout);
}

} // namespace ncc::frontend
