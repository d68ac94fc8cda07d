// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Building graph ops; see GraphBuilder.h.
#include "passes/legalize/GraphBuilder.h"
#include "dialects/graph/Constants.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::legalize;

Value GraphBuilder::unary(graph::UnaryKind kind, Value x, double alpha, double beta) {
  return graph::UnaryOp::create(b, loc, kind, x, alpha, beta);
}
Value GraphBuilder::binary(graph::BinaryKind kind, Value x, Value y) { return graph::BinaryOp::create(b, loc, kind, x, y); }
Value GraphBuilder::reduce(graph::ReduceKind kind, Value x, ArrayRef<int64_t> axes, bool keepdims) {
  return graph::ReduceOp::create(b, loc, kind, x, axes, keepdims);
}
Value GraphBuilder::matmul(Value x, Value y, bool transposeX, bool transposeY) {
  return graph::MatmulOp::create(b, loc, x, y, transposeX, transposeY);
}
Value GraphBuilder::reshape(Value x, ArrayRef<int64_t> shape) {
  if (shapeOf(x) == shape) {
    return x;
  }
  return graph::ReshapeOp::create(b, loc, RankedTensorType::get(shape, typeOf(x).getElementType()), x);
}
Value GraphBuilder::transpose(Value x, ArrayRef<int64_t> perm) { return graph::TransposeOp::create(b, loc, x, perm); }
Value GraphBuilder::slice(Value x, ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes, ArrayRef<int64_t> strides) {
  Dims ones(sizes.size(), 1);
  return graph::SliceOp::create(b, loc, RankedTensorType::get(sizes, typeOf(x).getElementType()), x, offsets,
                                strides.empty() ? ArrayRef<int64_t>(ones) : strides);
}
Value GraphBuilder::sliceDim(Value x, int64_t dim, int64_t offset, int64_t size) {
  Dims offsets(shapeOf(x).size(), 0), sizes(shapeOf(x));
  offsets[dim] = offset;
  sizes[dim] = size;
  return slice(x, offsets, sizes);
}
Value GraphBuilder::concat(ArrayRef<Value> parts, int64_t axis) {
  return parts.size() == 1 ? parts[0] : Value(graph::ConcatOp::create(b, loc, parts, axis));
}
Value GraphBuilder::expand(Value x, ArrayRef<int64_t> shape) {
  return graph::ExpandOp::create(b, loc, RankedTensorType::get(shape, typeOf(x).getElementType()), x);
}
Value GraphBuilder::cast(Value x, Type element) {
  if (typeOf(x).getElementType() == element) {
    return x;
  }
  return graph::CastOp::create(b, loc, RankedTensorType::get(shapeOf(x), element), x);
}
Value GraphBuilder::constant(const Tensor &tensor) {
  return graph::ConstantOp::create(b, loc, graph::tensorAttr(b.getContext(), tensor));
}
Value GraphBuilder::scalar(double value, Type element) {
  return graph::ConstantOp::create(b, loc, graph::splatAttr(RankedTensorType::get({}, element), value));
}
