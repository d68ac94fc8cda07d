// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Verification and type inference of constants and elementwise ops.
#include "dialects/graph/Infer.h"

#define GET_OP_CLASSES
#include "dialects/graph/Elementwise.cpp.inc"

using namespace mlir;
using namespace ncc::graph;

LogicalResult ConstantOp::verify() {
  if (!isa<RankedTensorType>(getValue().getType())) {
    return emitOpError("value must be a ranked tensor");
  }
  return success();
}

/// Kinds with a meaning for integers of more than one bit.
static bool worksOnIntegers(UnaryKind kind, RankedTensorType type) {
  switch (kind) {
  case UnaryKind::Abs: case UnaryKind::Neg: case UnaryKind::Square: case UnaryKind::Relu: case UnaryKind::Sign:
  case UnaryKind::Floor: case UnaryKind::Ceil: case UnaryKind::Round: case UnaryKind::BitwiseNot:
  case UnaryKind::Shrink: case UnaryKind::Clip:
    return isa<IntegerType>(type.getElementType()) && !type.getElementType().isInteger(1);
  default:
    return false;
  }
}

LogicalResult UnaryOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  RankedTensorType type = tensorType(adaptor.getX());
  Type element = type.getElementType();
  UnaryKind kind = adaptor.getKind();
  if (kind == UnaryKind::IsNan || kind == UnaryKind::IsInf) {
    element = IntegerType::get(context, 1);
  } else if (kind == UnaryKind::LogicalNot && !element.isInteger(1)) {
    return emitOptionalError(loc, "logical_not needs i1 elements");
  } else if (kind == UnaryKind::BitwiseNot && !element.isInteger()) {
    return emitOptionalError(loc, "bitwise_not needs integer elements");
  }
  if (kind != UnaryKind::LogicalNot && !isFloatElement(type.getElementType()) && !worksOnIntegers(kind, type)) {
    return emitOptionalError(loc, stringifyUnaryKind(kind), " has no form for ", type.getElementType(), " elements");
  }
  types.push_back(type.clone(element));
  return success();
}

static LogicalResult inferBroadcast(MaybeLoc loc, Value a, Value b, Type element, SmallVectorImpl<Type> &types) {
  RankedTensorType ta = tensorType(a), tb = tensorType(b);
  if (ta.getElementType() != tb.getElementType()) {
    return emitOptionalError(loc, "operand element types differ: ", ta.getElementType(), " and ",
                             tb.getElementType());
  }
  FailureOr<DimVector> dims = broadcastDims(loc, ta.getShape(), tb.getShape());
  if (failed(dims)) {
    return failure();
  }
  types.push_back(RankedTensorType::get(*dims, element ? element : ta.getElementType()));
  return success();
}

/// Logic is for bools, bits for integers, the rest for numbers (products and sums of bools mean and/or).
static LogicalResult checkBinaryElement(MaybeLoc loc, BinaryKind kind, Type element) {
  bool logic = kind == BinaryKind::LogicalAnd || kind == BinaryKind::LogicalOr || kind == BinaryKind::LogicalXor;
  bool bits = kind >= BinaryKind::BitAnd && kind <= BinaryKind::Shr;
  bool fits = logic ? element.isInteger(1) : bits ? element.isInteger() : element.isIntOrFloat();
  if (!fits) {
    return emitOptionalError(loc, stringifyBinaryKind(kind), " has no form for ", element, " elements");
  }
  return success();
}

LogicalResult BinaryOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  if (adaptor.getKind() == BinaryKind::Prelu) {
    RankedTensorType x = tensorType(adaptor.getA());
    FailureOr<DimVector> dims = broadcastDims(loc, x.getShape(), tensorType(adaptor.getB()).getShape());
    if (failed(dims) || Dims(*dims) != x.getShape()) {
      return emitOptionalError(loc, "prelu's slope must broadcast to its input");
    }
  }
  if (failed(checkBinaryElement(loc, adaptor.getKind(), tensorType(adaptor.getA()).getElementType()))) {
    return failure();
  }
  return inferBroadcast(loc, adaptor.getA(), adaptor.getB(), nullptr, types);
}

LogicalResult CompareOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  return inferBroadcast(loc, adaptor.getA(), adaptor.getB(), IntegerType::get(context, 1), types);
}

LogicalResult SelectOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  RankedTensorType cond = tensorType(adaptor.getCond());
  if (!cond.getElementType().isInteger(1)) {
    return emitOptionalError(loc, "the condition must be i1, is ", cond.getElementType());
  }
  if (failed(inferBroadcast(loc, adaptor.getA(), adaptor.getB(), nullptr, types))) {
    return failure();
  }
  auto values = cast<RankedTensorType>(types.pop_back_val());
  FailureOr<DimVector> dims = broadcastDims(loc, cond.getShape(), values.getShape());
  if (failed(dims)) {
    return failure();
  }
  types.push_back(RankedTensorType::get(*dims, values.getElementType()));
  return success();
}

LogicalResult CastOp::verify() {
  if (tensorType(getX()).getShape() != tensorType(getResult()).getShape()) {
    return emitOpError("must keep the shape");
  }
  if (getRoundMode() != "up" && getRoundMode() != "down" && getRoundMode() != "nearest") {
    return emitOpError("rounds up, down or nearest");
  }
  return success();
}
