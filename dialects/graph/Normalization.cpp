// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Verification and type inference of normalizations.
#include "dialects/graph/Infer.h"

#define GET_OP_CLASSES
#include "dialects/graph/Normalization.cpp.inc"

using namespace mlir;
using namespace ncc::graph;

LogicalResult SoftmaxOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  RankedTensorType type = tensorType(adaptor.getX());
  types.push_back(type);
  return checkAxis(loc, adaptor.getAxis(), type.getRank());
}

static LogicalResult checkAffine(MaybeLoc loc, RankedTensorType x, Value operand, int64_t axis) {
  if (!operand) {
    return success();
  }
  Dims tail = x.getShape().drop_front(axis);
  FailureOr<DimVector> dims = broadcastDims(loc, tensorType(operand).getShape(), tail);
  if (failed(dims)) {
    return failure();
  }
  if (Dims(*dims) != tail) {
    return emitOptionalError(loc, "scale and bias must broadcast to the normalized dims ", dimsString(tail));
  }
  return success();
}

LogicalResult LayerNormOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  RankedTensorType type = tensorType(adaptor.getX());
  types.push_back(type);
  if (failed(checkAxis(loc, adaptor.getAxis(), type.getRank())) ||
      failed(checkAffine(loc, type, adaptor.getScale(), adaptor.getAxis()))) {
    return failure();
  }
  return checkAffine(loc, type, adaptor.getBias(), adaptor.getAxis());
}

LogicalResult RmsNormOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  RankedTensorType type = tensorType(adaptor.getX());
  types.push_back(type);
  if (failed(checkAxis(loc, adaptor.getAxis(), type.getRank()))) {
    return failure();
  }
  return checkAffine(loc, type, adaptor.getScale(), adaptor.getAxis());
}

LogicalResult LrnOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  types.push_back(tensorType(adaptor.getX()));
  if (tensorType(adaptor.getX()).getRank() < 2 || adaptor.getSize() < 1) {
    return emitOptionalError(loc, "lrn needs a channel dim and a positive size");
  }
  return success();
}
