// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Verification and type inference of ops that combine elements along axes.
#include "dialects/graph/Infer.h"

#define GET_OP_CLASSES
#include "dialects/graph/Reduction.cpp.inc"

using namespace mlir;
using namespace ncc::graph;

LogicalResult ReduceOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  RankedTensorType type = tensorType(adaptor.getX());
  Dims axes = adaptor.getAxes();
  for (size_t i = 0; i < axes.size(); ++i) {
    if (failed(checkAxis(loc, axes[i], type.getRank()))) {
      return failure();
    }
    if (i > 0 && axes[i] <= axes[i - 1]) {
      return emitOptionalError(loc, "axes must ascend");
    }
  }
  DimVector dims;
  for (int64_t i = 0; i < type.getRank(); ++i) {
    bool reduced = llvm::is_contained(axes, i);
    if (!reduced) {
      dims.push_back(type.getDimSize(i));
    } else if (adaptor.getKeepdims()) {
      dims.push_back(1);
    }
  }
  types.push_back(RankedTensorType::get(dims, type.getElementType()));
  return success();
}

LogicalResult ArgReduceOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  RankedTensorType type = tensorType(adaptor.getX());
  if (failed(checkAxis(loc, adaptor.getAxis(), type.getRank()))) {
    return failure();
  }
  DimVector dims(type.getShape());
  if (dims[adaptor.getAxis()] == 0) {
    return emitOptionalError(loc, "cannot take an extreme of an empty axis");
  }
  if (adaptor.getKeepdims()) {
    dims[adaptor.getAxis()] = 1;
  } else {
    dims.erase(dims.begin() + adaptor.getAxis());
  }
  types.push_back(RankedTensorType::get(dims, IntegerType::get(context, 64)));
  return success();
}

LogicalResult CumsumOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  types.push_back(tensorType(adaptor.getX()));
  return checkAxis(loc, adaptor.getAxis(), tensorType(adaptor.getX()).getRank());
}

LogicalResult TopkOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  RankedTensorType type = tensorType(adaptor.getX());
  if (failed(checkAxis(loc, adaptor.getAxis(), type.getRank()))) {
    return failure();
  }
  DimVector dims(type.getShape());
  int64_t &dim = dims[adaptor.getAxis()];
  if (adaptor.getK() < 0 || adaptor.getK() > dim) {
    return emitOptionalError(loc, "k = ", adaptor.getK(), " is outside an axis of size ", dim);
  }
  dim = adaptor.getK();
  types.push_back(RankedTensorType::get(dims, type.getElementType()));
  types.push_back(RankedTensorType::get(dims, IntegerType::get(context, 64)));
  return success();
}
