// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/frontend/onnx/ops/RunTimeShapes.h"

#include "dialects/graph/ValueTypes.h"

using namespace mlir;

namespace ncc::frontend {

using ops::Attributes;

Value scalarOf(NodeContext &node, int64_t value) {
  Tensor tensor(DType::I64, {});
  tensor.setInt(0, value);
  return node.constant(tensor);
}

int64_t knownDim(NodeContext &node, Value x, int64_t dim) {
  ValueType type = x ? graph::valueTypeOf(x.getType()) : ValueType();
  if (!type.isTensor() || !type.ranked || dim >= type.rank() || dim < -type.rank()) {
    return -1;
  }
  return type.shape[static_cast<size_t>(dim < 0 ? dim + type.rank() : dim)];
}

Value dimOf(NodeContext &node, Value x, int64_t dim) {
  int64_t from = dim < 0 ? dim + node.rankOf(x) : dim;
  Attributes range;
  range.set("start", from);
  range.set("end", from + 1);
  return x ? node.hostOne("shape_of", {x}, range) : Value();
}

static Value joined(NodeContext &node, ArrayRef<Value> sizes) {
  if (llvm::is_contained(sizes, Value())) {
    return {};
  }
  return sizes.size() == 1 ? sizes.front() : node.concat(SmallVector<Value>(sizes), 0);
}

Value reshapeTo(NodeContext &node, Value x, ArrayRef<Value> sizes) {
  Value shape = x ? joined(node, sizes) : Value();
  return shape ? node.hostOne("reshape_to", {x, shape}) : Value();
}

Value reshapeBy(NodeContext &node, Value x, IntsRef sizes) { return x ? node.hostOne("reshape_to", {x, node.constantInts(sizes)}) : Value(); }

Value filled(NodeContext &node, ArrayRef<Value> sizes, const Tensor &value) {
  Value shape = joined(node, sizes);
  return shape ? node.hostOne("fill", {shape, node.constant(value)}) : Value();
}

Value permuted(NodeContext &node, Value x, IntsRef perm) {
  Attributes attributes;
  attributes.set("perm", std::vector<int64_t>(perm.begin(), perm.end()));
  return x ? node.hostOne("transpose", {x}, attributes) : Value();
}

} // namespace ncc::frontend
