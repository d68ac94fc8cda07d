// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Normalizations and softmax. Batch, instance and group norms become layer norms or mul/add.
#include "compiler/frontend/onnx/Handlers.h"

#include "absl/strings/str_cat.h"

using namespace mlir;

namespace ncc::frontend {

using graph::ReduceKind;
using graph::UnaryKind;

static LogicalResult batchNorm(NodeContext &node) {
  if (!node.needInputs(5, 5)) {
    return failure();
  }
  if (node.attrInt("spatial", 1) == 0) {
    return node.fail("spatial = 0 is not supported");
  }
  Value x = node.input(0), scale = node.input(1), bias = node.input(2), mean = node.input(3);
  // Statistics may have another float type than x; compute in theirs.
  Value variance = node.input(4);
  Type wide = node.elementOf(variance);
  // Before opset 14, training is what asks for more than one output.
  bool training = node.opset() >= 14 ? node.attrInt("training_mode", 0) != 0
                                     : node.opset() < 7 ? node.attrInt("is_test", 0) == 0 : node.wantsOutput(1);
  Value runningMean, runningVariance;
  if (training) {
    Ints axes{0};
    for (int64_t i = 2; i < node.rankOf(x); ++i) {
      axes.push_back(i);
    }
    double momentum = node.attrFloat("momentum", 0.9);
    Value batch = node.cast(x, wide), current = node.reduce(ReduceKind::Mean, batch, axes);
    Value centred = node.sub(batch, current), spread = node.reduce(ReduceKind::Mean, node.mul(centred, centred), axes, false);
    current = current ? node.reshape(current, node.dimsOf(mean)) : current;
    auto blend = [&](Value before, Value now) {
      return node.add(node.mul(node.cast(before, wide), node.scalarLike(now, momentum)), node.mul(now, node.scalarLike(now, 1 - momentum)));
    };
    runningMean = current ? blend(mean, current) : Value();
    runningVariance = spread ? blend(variance, spread) : Value();
    mean = current;
    variance = spread;
    if (!mean || !variance) {
      return failure();
    }
  }
  Value factor = node.unary(UnaryKind::Rsqrt,
                            node.add(variance, node.scalarLike(variance, node.attrFloat("epsilon", 1e-5))));
  factor = node.mul(node.cast(scale, wide), factor);
  Value offset = node.sub(node.cast(bias, wide), node.mul(node.cast(mean, wide), factor));
  int64_t rank = node.rankOf(x);
  if (!offset || rank < 2 || node.rankOf(factor) != 1) {
    return node.fail("scale, bias, mean and variance must be vectors over the channels");
  }
  Value y = node.mul(node.cast(x, wide), node.channelVector(factor, rank));
  y = node.cast(node.add(y, node.channelVector(offset, rank)), node.elementOf(x));
  return training ? node.results({y, runningMean, runningVariance, mean, variance}) : node.result(y);
}

static Value layerNormOp(NodeContext &node, Value x, Value scale, Value bias, int64_t axis, double epsilon) {
  graph::LayerNormOp::Properties properties;
  properties.axis = node.intAttr(axis);
  properties.epsilon = node.floatAttr(epsilon);
  if (!x) {
    return {};
  }
  if (!scale) {
    scale = node.splat(RankedTensorType::get({1}, node.elementOf(x)), 1);
  }
  SmallVector<Value> operands{x, scale};
  if (bias) {
    operands.push_back(bias);
  }
  return node.one<graph::LayerNormOp>(operands, properties);
}

static Value rmsNormOp(NodeContext &node, Value x, Value scale, int64_t axis, double epsilon) {
  graph::RmsNormOp::Properties properties;
  properties.axis = node.intAttr(axis);
  properties.epsilon = node.floatAttr(epsilon);
  return x && scale ? node.one<graph::RmsNormOp>({x, scale}, properties) : Value();
}

/// Normalizes each of `groups` parts of the channels, then scales and shifts per channel.
static LogicalResult groupwise(NodeContext &node, int64_t groups, Value scale, Value bias) {
  Value x = node.input(0);
  IntsRef dims = node.dimsOf(x);
  int64_t rank = node.rankOf(x), channels = rank > 1 ? dims[1] : 0;
  if (rank < 2 || groups < 1 || channels % groups != 0) {
    return node.fail(absl::StrCat(channels, " channels do not divide into ", groups, " groups"));
  }
  int64_t rest = dims[0] * groups > 0 ? node.typeOf(x).getNumElements() / (dims[0] * groups) : 0;
  Value flat = node.reshape(x, {dims[0], groups, rest});
  Value y = layerNormOp(node, flat, nullptr, nullptr, 2, node.attrFloat("epsilon", 1e-5));
  y = node.reshape(y, dims);
  y = node.mul(y, node.channelVector(scale, rank));
  return node.result(node.add(y, node.channelVector(bias, rank)));
}

static LogicalResult instanceNorm(NodeContext &node) {
  if (!node.needInputs(3, 3) || node.rankOf(node.input(0)) < 3) {
    return node.fail("needs at least one spatial dim");
  }
  return groupwise(node, node.dimsOf(node.input(0))[1], node.input(1), node.input(2));
}

static LogicalResult groupNorm(NodeContext &node) {
  if (!node.needInputs(3, 3)) {
    return failure();
  }
  int64_t groups = node.attrInt("num_groups", 0);
  Value scale = node.input(1), bias = node.input(2);
  int64_t channels = node.rankOf(node.input(0)) > 1 ? node.dimsOf(node.input(0))[1] : 0;
  if (node.opset() < 21 && groups > 0 && node.dimsOf(scale) == IntsRef({groups}) && groups != channels) {
    // Opset 18 had one scale per group.
    auto spread = [&](Value v) {
      return node.reshape(node.expand(node.reshape(v, {groups, 1}), {groups, channels / groups}), {channels});
    };
    scale = spread(scale);
    bias = spread(bias);
  }
  return groupwise(node, groups, scale, bias);
}

static LogicalResult layerNorm(NodeContext &node) {
  if (!node.needInputs(2, 3)) {
    return failure();
  }
  Value x = node.input(0);
  std::optional<int64_t> axis = node.axis(node.attrInt("axis", -1), node.rankOf(x));
  if (!axis) {
    return failure();
  }
  double epsilon = node.attrFloat("epsilon", 1e-5);
  SmallVector<Value> results{layerNormOp(node, x, node.input(1), node.input(2), *axis, epsilon)};
  if (node.wantsOutput(1) || node.wantsOutput(2)) {
    Ints axes;
    for (int64_t i = *axis; i < node.rankOf(x); ++i) {
      axes.push_back(i);
    }
    Value wide = node.cast(x, Float32Type::get(node.context()));
    Value mean = node.reduce(ReduceKind::Mean, wide, axes), centered = node.sub(wide, mean);
    Value variance = node.reduce(ReduceKind::Mean, node.mul(centered, centered), axes);
    results.push_back(mean);
    results.push_back(variance ? node.unary(UnaryKind::Rsqrt, node.add(variance, node.scalarLike(variance, epsilon)))
                               : Value());
  }
  return node.results(results);
}

static LogicalResult rmsNorm(NodeContext &node) {
  if (!node.needInputs(2, 2)) {
    return failure();
  }
  std::optional<int64_t> axis = node.axis(node.attrInt("axis", -1), node.rankOf(node.input(0)));
  return axis ? node.result(rmsNormOp(node, node.input(0), node.input(1), *axis, node.attrFloat("epsilon", 1e-5)))
              : failure();
}

/// com.microsoft: x + skip (+ bias), normalized over the last dim; output 3 is the sum.
template <bool simplified>
static LogicalResult skipNorm(NodeContext &node) {
  if (!node.needInputs(3, 5)) {
    return failure();
  }
  Value bias = simplified ? node.input(3) : node.input(4);
  Value sum = node.add(node.input(0), node.input(1));
  sum = bias ? node.add(sum, bias) : sum;
  if (!sum) {
    return failure();
  }
  int64_t axis = node.rankOf(sum) - 1;
  double epsilon = node.attrFloat("epsilon", 1e-12);
  Value y = simplified ? rmsNormOp(node, sum, node.input(2), axis, epsilon)
                       : layerNormOp(node, sum, node.input(2), node.input(3), axis, epsilon);
  return node.results({y, Value(), Value(), sum});
}

static LogicalResult lrn(NodeContext &node) {
  graph::LrnOp::Properties properties;
  properties.size = node.intAttr(node.attrInt("size", 0));
  properties.alpha = node.floatAttr(node.attrFloat("alpha", 1e-4));
  properties.beta = node.floatAttr(node.attrFloat("beta", 0.75));
  properties.bias = node.floatAttr(node.attrFloat("bias", 1.0));
  return node.needInputs(1, 1) ? node.result(node.one<graph::LrnOp>(node.input(0), properties)) : failure();
}

static LogicalResult meanVariance(NodeContext &node) {
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  Value x = node.input(0);
  Ints given = node.attrInts("axes");
  std::optional<Ints> axes = node.axes(given.empty() ? Ints{0, 2, 3} : given, node.rankOf(x));
  if (!axes) {
    return failure();
  }
  Value centered = node.sub(x, node.reduce(ReduceKind::Mean, x, *axes));
  Value variance = node.reduce(ReduceKind::Mean, node.mul(centered, centered), *axes);
  Value deviation = node.unary(UnaryKind::Sqrt, variance);
  return node.result(deviation ? node.div(centered, node.add(deviation, node.scalarLike(x, 1e-9))) : Value());
}

static LogicalResult lpNorm(NodeContext &node) {
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  Value x = node.input(0);
  int64_t p = node.attrInt("p", 2);
  std::optional<int64_t> axis = node.axis(node.attrInt("axis", -1), node.rankOf(x));
  if (!axis || (p != 1 && p != 2)) {
    return node.fail("p must be 1 or 2");
  }
  Value norm = node.reduce(p == 1 ? ReduceKind::L1 : ReduceKind::L2, x, {*axis});
  // A zero vector stays zero.
  Value zero = node.scalarLike(x, 0), one = node.scalarLike(x, 1);
  Value divisor = node.select(node.compare(graph::CompareKind::Eq, norm, zero), one, norm);
  return node.result(node.div(x, divisor));
}

/// Before opset 13 the dims from `axis` on were normalized together.
static Value coerced(NodeContext &node, int64_t axis) {
  int64_t outer = 1, inner = 1;
  IntsRef dims = node.dimsOf(node.input(0));
  for (int64_t i = 0; i < static_cast<int64_t>(dims.size()); ++i) {
    (i < axis ? outer : inner) *= dims[i];
  }
  return node.reshape(node.input(0), {outer, inner});
}

static std::optional<int64_t> softmaxAxis(NodeContext &node) {
  if (!node.needInputs(1, 1)) {
    return std::nullopt;
  }
  int64_t rank = node.rankOf(node.input(0)), fallback = node.opset() < 13 ? 1 : -1;
  int64_t axis = node.attrInt("axis", fallback);
  return node.opset() < 13 && axis == rank ? std::optional(axis) : node.axis(axis, rank);
}

template <bool log>
static LogicalResult softmax(NodeContext &node) {
  std::optional<int64_t> axis = softmaxAxis(node);
  if (!axis) {
    return failure();
  }
  Value x = node.input(0);
  if (node.opset() >= 13 || *axis == node.rankOf(x) - 1) {
    return node.result(node.softmax(x, *axis, log));
  }
  return node.result(node.reshape(node.softmax(coerced(node, *axis), 1, log), node.dimsOf(x)));
}

static LogicalResult hardmax(NodeContext &node) {
  std::optional<int64_t> axis = softmaxAxis(node);
  if (!axis) {
    return failure();
  }
  bool coerce = node.opset() < 13;
  Value x = coerce ? coerced(node, *axis) : node.input(0);
  graph::ArgReduceOp::Properties arg;
  arg.kind = graph::ArgKindAttr::get(node.context(), graph::ArgKind::Max);
  arg.axis = node.intAttr(coerce ? 1 : *axis);
  arg.keepdims = node.flag(false);
  Value index = node.one<graph::ArgReduceOp>(x, arg);
  if (!index) {
    return failure();
  }
  Tensor offOn(DType::F32, {2});
  offOn.setDouble(1, 1.0);
  graph::OneHotOp::Properties properties;
  properties.axis = arg.axis;
  Value values = node.cast(node.constant(offOn), node.elementOf(x));
  Value y = node.one<graph::OneHotOp>({index, values}, properties, node.typeOf(x));
  return node.result(node.reshape(y, node.dimsOf(node.input(0))));
}

void addNormalizeHandlers(HandlerTable &table) {
  table.add("BatchNormalization", 1, batchNorm);
  table.add("InstanceNormalization", 1, instanceNorm);
  table.add("GroupNormalization", 18, groupNorm);
  table.add("LayerNormalization", 1, layerNorm);
  table.add("LayerNormalization", 1, layerNorm, kMicrosoft);
  table.add("RMSNormalization", 23, rmsNorm);
  table.add("SimplifiedLayerNormalization", 1, rmsNorm);
  table.add("SimplifiedLayerNormalization", 1, rmsNorm, kMicrosoft);
  table.add("SkipLayerNormalization", 1, skipNorm<false>, kMicrosoft);
  table.add("SkipSimplifiedLayerNormalization", 1, skipNorm<true>, kMicrosoft);
  table.add("LRN", 1, lrn);
  table.add("MeanVarianceNormalization", 9, meanVariance);
  table.add("LpNormalization", 1, lpNorm);
  table.add("Softmax", 1, softmax<false>);
  table.add("LogSoftmax", 1, softmax<true>);
  table.add("Hardmax", 1, hardmax);
}

} // namespace ncc::frontend
