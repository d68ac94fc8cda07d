// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Run-time forms of windows, normalizations and softmax: on images whose size, or batches whose number, the model computes.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/ops/RunTimeShapes.h"

using namespace mlir;

namespace ncc::frontend {

namespace {

using graph::ReduceKind;
using ops::Attributes;

std::vector<int64_t> listOf(const Ints &values) { return {values.begin(), values.end()}; }

/// Strides, pads and dilations as the node gives them; what auto_pad means is settled when sizes are known.
Attributes windowOf(NodeContext &node) {
  Attributes attributes;
  for (StringRef name : {"strides", "pads", "dilations", "output_padding", "output_shape"}) {
    if (node.hasAttr(name)) {
      attributes.set(name.str(), listOf(node.attrInts(name)));
    }
  }
  attributes.set("auto_pad", node.attrString("auto_pad", "NOTSET"));
  return attributes;
}

LogicalResult conv(NodeContext &node) {
  Attributes attributes = windowOf(node);
  attributes.set("group", node.attrInt("group", 1));
  return node.result(node.hostOne(node.opType() == "ConvTranspose" ? "conv_transpose" : "conv", node.inputs(), attributes));
}

/// Sums of products of integers, exact in double: 2^53 is far beyond what windows of bytes add up to.
Value integerSums(NodeContext &node, Value x, Value w, Value xZero, Value wZero) {
  Type real = Float64Type::get(node.context());
  auto centered = [&](Value q, Value zero, bool perMap) {
    Value wide = node.cast(q, real), origin = zero ? node.cast(zero, real) : Value();
    if (perMap && origin && node.rankOf(origin) == 1) { // [M] beside [M, C, kernel...]
      Ints shape(static_cast<size_t>(node.rankOf(q)), 1);
      shape[0] = -1;
      origin = reshapeBy(node, origin, shape);
    }
    return zero ? node.sub(wide, origin) : wide;
  };
  Attributes attributes = windowOf(node);
  attributes.set("group", node.attrInt("group", 1));
  Value a = centered(x, xZero, false), b = centered(w, wZero, true);
  return a && b ? node.hostOne("conv", {a, b}, attributes) : Value();
}

LogicalResult convInteger(NodeContext &node) {
  Value sums = integerSums(node, node.input(0), node.input(1), node.input(2), node.input(3));
  return node.result(sums ? node.cast(sums, IntegerType::get(node.context(), 32)) : sums);
}

LogicalResult qlinearConv(NodeContext &node) {
  if (!node.needInputs(8, 9) || node.attrInt("channels_last", 0) != 0) {
    return node.fail("channels last need shapes that are not computed at run time");
  }
  Value sums = integerSums(node, node.input(0), node.input(3), node.input(2), node.input(5));
  Type real = Float64Type::get(node.context());
  auto perChannel = [&](Value vector) {
    Value wide = node.cast(vector, real);
    return wide && node.rankOf(wide) == 1 && sums ? node.channelVector(wide, node.rankOf(sums)) : wide;
  };
  sums = sums && node.has(8) ? node.add(sums, perChannel(node.input(8))) : sums;
  Value scale = node.mul(perChannel(node.input(4)), node.cast(node.input(1), real));
  Value y = sums && scale ? node.cast(node.mul(sums, scale), Float32Type::get(node.context())) : Value();
  Attributes to;
  to.set("axis", int64_t{1});
  return node.result(y ? node.hostOne("quantize", {y, node.input(6), node.input(7)}, to) : y);
}

LogicalResult pool(NodeContext &node) {
  Attributes attributes = windowOf(node);
  attributes.set("kind", std::string(node.opType() == "MaxPool" ? "max" : node.opType() == "LpPool" ? "lp" : "average"));
  attributes.set("kernel", listOf(node.attrInts("kernel_shape")));
  attributes.set("ceil_mode", node.attrInt("ceil_mode", 0));
  attributes.set("count_include_pad", node.attrInt("count_include_pad", 0));
  attributes.set("p", static_cast<double>(node.attrInt("p", 2)));
  attributes.set("column_major", node.attrInt("storage_order", 0));
  SmallVector<Value> results{node.hostOne("pool", {node.input(0)}, attributes)};
  if (node.wantsOutput(1) && results.front()) {
    results.push_back(node.hostOne("pool_indices", {node.input(0)}, attributes));
  }
  return node.results(results);
}

/// The indices count in the natural output; a given output shape only pads it.
LogicalResult maxUnpool(NodeContext &node) {
  SmallVector<Value> natural = node.needInputs(3, 3) ? node.standard("MaxUnpool", node.opset(), node.inputs().take_front(2)) : SmallVector<Value>();
  if (natural.empty()) {
    return failure();
  }
  Ints dims(node.dimsOf(natural.front()));
  Value high = node.sub(node.cast(node.input(2), node.attrs().getI64Type()), node.constantInts(dims));
  Value pads = high ? node.concat({node.constantInts(Ints(dims.size(), 0)), high}, 0) : Value();
  return pads ? node.result(node.hostOne("pad_by", {natural.front(), pads})) : failure();
}

/// Normalizes each of `groups` parts of the channels, then scales and shifts per channel.
LogicalResult groupwise(NodeContext &node, int64_t groups) {
  Value x = node.input(0), scale = node.input(1), bias = node.input(2);
  int64_t rank = node.rankOf(x);
  Value flat = reshapeBy(node, x, {0, groups, -1});
  Value centered = flat ? node.sub(flat, node.reduce(ReduceKind::Mean, flat, {2})) : Value();
  Value variance = centered ? node.reduce(ReduceKind::Mean, node.mul(centered, centered), {2}) : Value();
  if (!variance) {
    return failure();
  }
  Value deviation = node.unary(graph::UnaryKind::Sqrt, node.add(variance, node.scalarLike(x, node.attrFloat("epsilon", 1e-5))));
  Value y = node.div(centered, deviation), shape = node.hostOne("shape_of", {x});
  y = reshapeTo(node, y, {shape});
  return y ? node.result(node.add(node.mul(y, node.channelVector(scale, rank)), node.channelVector(bias, rank))) : failure();
}

LogicalResult instanceNorm(NodeContext &node) {
  return node.needInputs(3, 3) ? groupwise(node, node.typeOf(node.input(1)).getNumElements()) : failure();
}

LogicalResult groupNorm(NodeContext &node) {
  if (!node.needInputs(3, 3) || node.attrInt("num_groups", 0) < 1) {
    return node.fail("num_groups must be positive");
  }
  if (node.opset() < 21 && node.typeOf(node.input(1)).getNumElements() == node.attrInt("num_groups", 0)) {
    return node.fail("scales per group need the number of channels, which is computed at run time");
  }
  return groupwise(node, node.attrInt("num_groups", 0));
}

/// Before opset 13 the dims from `axis` on are one.
LogicalResult softmax(NodeContext &node) {
  Value x = node.input(0);
  Attributes attributes;
  attributes.set("log", int64_t{node.opType() == "LogSoftmax"});
  attributes.set("axis", node.attrInt("axis", -1));
  if (node.opset() >= 13) {
    return node.result(node.hostOne("softmax", {x}, attributes));
  }
  Attributes flat;
  flat.set("axis", node.attrInt("axis", 1));
  attributes.set("axis", int64_t{1});
  Value rows = node.hostOne("flatten", {x}, flat), shape = rows ? node.hostOne("shape_of", {x}) : Value();
  Value y = shape ? node.hostOne("softmax", {rows}, attributes) : Value();
  return y ? node.result(node.hostOne("reshape_to", {y, shape})) : failure();
}

} // namespace

void addRunTimeLayerHandlers(HandlerTable &table) {
  table.add("Conv", 1, conv);
  table.add("ConvTranspose", 1, conv);
  table.add("ConvInteger", 10, convInteger);
  table.add("QLinearConv", 10, qlinearConv);
  table.add("QLinearConv", 1, qlinearConv, kMicrosoft);
  table.add("MaxPool", 1, pool);
  table.add("AveragePool", 1, pool);
  table.add("LpPool", 2, pool);
  table.add("MaxUnpool", 9, maxUnpool);
  table.add("InstanceNormalization", 1, instanceNorm);
  table.add("GroupNormalization", 18, groupNorm);
  table.add("Softmax", 1, softmax);
  table.add("LogSoftmax", 1, softmax);
}

} // namespace ncc::frontend
