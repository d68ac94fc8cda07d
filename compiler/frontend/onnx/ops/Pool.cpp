// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Window and global pooling.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/ops/Window.h"

using namespace mlir;

namespace ncc::frontend {

using graph::PoolKind;
using graph::ReduceKind;
using graph::UnaryKind;

template <PoolKind kind>
static LogicalResult pool(NodeContext &node) {
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  Value x = node.input(0);
  if (node.rankOf(x) < 3) {
    return node.fail("needs at least one spatial dim");
  }
  IntsRef spatial = node.dimsOf(x).drop_front(2);
  std::optional<Ints> kernel = windowInts(node, "kernel_shape", spatial.size(), 1);
  std::optional<Window> window = kernel ? resolveWindow(node, spatial, *kernel) : std::nullopt;
  if (!window) {
    return failure();
  }
  graph::PoolOp::Properties properties;
  properties.kind = graph::PoolKindAttr::get(node.context(), kind);
  properties.kernel = node.intsAttr(window->kernel);
  properties.strides = node.intsAttr(window->strides);
  properties.pads = node.intsAttr(window->pads);
  properties.dilations = node.intsAttr(window->dilations);
  if (kind == PoolKind::Average) {
    properties.count_include_pad = node.flag(node.attrInt("count_include_pad", 0) != 0);
    properties.extra = node.intsAttr(window->extra);
  }
  if (kind == PoolKind::Lp) {
    int64_t p = node.opset() < 2 ? static_cast<int64_t>(node.attrFloat("p", 2.0)) : node.attrInt("p", 2);
    if (p < 1) {
      return node.fail("p must be positive");
    }
    properties.p = node.intAttr(p);
  }
  SmallVector<Value> results{node.one<graph::PoolOp>(x, properties)};
  if (kind == PoolKind::Max && node.wantsOutput(1) && results.front()) {
    graph::PoolIndicesOp::Properties indices;
    indices.kernel = properties.kernel;
    indices.strides = properties.strides;
    indices.pads = properties.pads;
    indices.dilations = properties.dilations;
    indices.column_major = node.flag(node.attrInt("storage_order", 0) != 0);
    results.push_back(node.one<graph::PoolIndicesOp>(x, indices));
  }
  return node.results(results);
}

static Ints spatialAxes(NodeContext &node) {
  Ints axes;
  for (int64_t i = 2; i < node.rankOf(node.input(0)); ++i) {
    axes.push_back(i);
  }
  return axes;
}

template <ReduceKind kind>
static LogicalResult globalPool(NodeContext &node) {
  return node.needInputs(1, 1) ? node.result(node.reduce(kind, node.input(0), spatialAxes(node))) : failure();
}

static LogicalResult globalLpPool(NodeContext &node) {
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  Value x = node.input(0);
  double p = node.opset() < 2 ? node.attrFloat("p", 2.0) : static_cast<double>(node.attrInt("p", 2));
  if (p == 1.0 || p == 2.0) {
    return node.result(node.reduce(p == 1.0 ? ReduceKind::L1 : ReduceKind::L2, x, spatialAxes(node)));
  }
  Value powered = node.binary(graph::BinaryKind::Pow, node.unary(UnaryKind::Abs, x), node.scalarLike(x, p));
  Value sum = node.reduce(ReduceKind::Sum, powered, spatialAxes(node));
  return node.result(node.binary(graph::BinaryKind::Pow, sum, node.scalarLike(x, 1.0 / p)));
}

/// Writes each value of x where its index says, in a zero tensor.
static LogicalResult maxUnpool(NodeContext &node) {
  if (!node.needInputs(2, 3)) {
    return failure();
  }
  Value x = node.input(0), indices = node.input(1);
  if (node.rankOf(x) < 3) {
    return node.fail("needs at least one spatial dim");
  }
  size_t count = node.rankOf(x) - 2;
  Ints kernel = node.attrInts("kernel_shape"), pads = node.attrInts("pads");
  std::optional<Ints> strides = windowInts(node, "strides", count, 1);
  pads.resize(2 * count, 0);
  if (!strides || kernel.size() != count) {
    return node.fail("kernel_shape does not have one entry per spatial dim");
  }
  Ints dims(node.dimsOf(x));
  for (size_t i = 0; i < count; ++i) {
    dims[i + 2] = (dims[i + 2] - 1) * (*strides)[i] + kernel[i] - pads[i] - pads[i + count];
  }
  // The indices count in the natural output; a given output shape only pads it.
  int64_t total = 1;
  for (int64_t dim : dims) {
    total *= dim;
  }
  Ints target = dims;
  if (node.has(2)) {
    std::optional<Ints> shape = node.constInts(2, "output shape");
    if (!shape || shape->size() != dims.size()) {
      return node.fail("the output shape does not have the rank of the input");
    }
    target = *shape;
  }
  Value zeros = node.splat(RankedTensorType::get({total}, node.elementOf(x)), 0);
  graph::ScatterElementsOp::Properties properties;
  properties.axis = node.intAttr(0);
  int64_t flat = node.typeOf(x).getNumElements();
  Value y = node.one<graph::ScatterElementsOp>({zeros, node.reshape(indices, {flat}), node.reshape(x, {flat})},
                                               properties);
  y = node.reshape(y, dims);
  Ints low(dims.size(), 0), high;
  for (size_t i = 0; i < dims.size(); ++i) {
    high.push_back(target[i] - dims[i]);
  }
  return node.result(node.pad(y, low, high));
}

void addPoolHandlers(HandlerTable &table) {
  table.add("MaxPool", 1, pool<PoolKind::Max>);
  table.add("AveragePool", 1, pool<PoolKind::Average>);
  table.add("LpPool", 1, pool<PoolKind::Lp>);
  table.add("GlobalAveragePool", 1, globalPool<ReduceKind::Mean>);
  table.add("GlobalMaxPool", 1, globalPool<ReduceKind::Max>);
  table.add("GlobalLpPool", 1, globalLpPool);
  table.add("MaxUnpool", 9, maxUnpool);
}

} // namespace ncc::frontend
