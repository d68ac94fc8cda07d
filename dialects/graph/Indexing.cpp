// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Verification and type inference of gathers and scatters.
#include "dialects/graph/Infer.h"

#define GET_OP_CLASSES
#include "dialects/graph/Indexing.cpp.inc"

using namespace mlir;
using namespace ncc::graph;

LogicalResult GatherOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  RankedTensorType data = tensorType(adaptor.getData()), indices = tensorType(adaptor.getIndices());
  int64_t axis = adaptor.getAxis();
  if (failed(checkAxis(loc, axis, data.getRank())) || failed(checkIndexType(loc, indices.getElementType()))) {
    return failure();
  }
  DimVector dims(data.getShape().take_front(axis));
  llvm::append_range(dims, indices.getShape());
  llvm::append_range(dims, data.getShape().drop_front(axis + 1));
  types.push_back(RankedTensorType::get(dims, data.getElementType()));
  return checkSize(loc, dims);
}

/// indices may be smaller than data in every dim except along the axis, where any size goes.
static LogicalResult checkElements(MaybeLoc loc, RankedTensorType data, RankedTensorType indices, int64_t axis) {
  if (failed(checkAxis(loc, axis, data.getRank())) || failed(checkIndexType(loc, indices.getElementType()))) {
    return failure();
  }
  bool fits = indices.getRank() == data.getRank();
  for (int64_t i = 0; fits && i < data.getRank(); ++i) {
    fits = i == axis || indices.getDimSize(i) <= data.getDimSize(i);
  }
  if (!fits) {
    return emitOptionalError(loc, "indices ", dimsString(indices.getShape()), " do not address data ",
                             dimsString(data.getShape()));
  }
  return success();
}

LogicalResult GatherElementsOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                                 SmallVectorImpl<Type> &types) {
  RankedTensorType data = tensorType(adaptor.getData()), indices = tensorType(adaptor.getIndices());
  if (failed(checkElements(loc, data, indices, adaptor.getAxis()))) {
    return failure();
  }
  types.push_back(indices.clone(data.getElementType()));
  return success();
}

LogicalResult GatherNdOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                           SmallVectorImpl<Type> &types) {
  RankedTensorType data = tensorType(adaptor.getData()), indices = tensorType(adaptor.getIndices());
  int64_t batch = adaptor.getBatchDims();
  if (failed(checkIndexType(loc, indices.getElementType()))) {
    return failure();
  }
  bool fits = batch >= 0 && indices.getRank() > batch && data.getRank() >= batch &&
              batch + indices.getShape().back() <= data.getRank();
  if (!fits || data.getShape().take_front(batch) != indices.getShape().take_front(batch)) {
    return emitOptionalError(loc, "indices ", dimsString(indices.getShape()), " do not address data ",
                             dimsString(data.getShape()));
  }
  DimVector dims(indices.getShape().drop_back());
  llvm::append_range(dims, data.getShape().drop_front(batch + indices.getShape().back()));
  types.push_back(RankedTensorType::get(dims, data.getElementType()));
  return checkSize(loc, dims);
}

LogicalResult ScatterElementsOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                                  SmallVectorImpl<Type> &types) {
  RankedTensorType data = tensorType(adaptor.getData()), indices = tensorType(adaptor.getIndices());
  RankedTensorType updates = tensorType(adaptor.getUpdates());
  if (failed(checkElements(loc, data, indices, adaptor.getAxis()))) {
    return failure();
  }
  if (updates.getShape() != indices.getShape() || updates.getElementType() != data.getElementType()) {
    return emitOptionalError(loc, "updates must have the shape of indices and the element type of data");
  }
  types.push_back(data);
  return success();
}

LogicalResult ScatterNdOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  RankedTensorType data = tensorType(adaptor.getData()), indices = tensorType(adaptor.getIndices());
  RankedTensorType updates = tensorType(adaptor.getUpdates());
  if (failed(checkIndexType(loc, indices.getElementType()))) {
    return failure();
  }
  if (indices.getRank() < 1 || indices.getShape().back() > data.getRank()) {
    return emitOptionalError(loc, "indices ", dimsString(indices.getShape()), " do not address data ",
                             dimsString(data.getShape()));
  }
  DimVector dims(indices.getShape().drop_back());
  llvm::append_range(dims, data.getShape().drop_front(indices.getShape().back()));
  if (updates.getShape() != Dims(dims) || updates.getElementType() != data.getElementType()) {
    return emitOptionalError(loc, "updates must have shape ", dimsString(dims), " and the element type of data");
  }
  types.push_back(data);
  return success();
}

LogicalResult OneHotOp::verify() {
  RankedTensorType indices = tensorType(getIndices()), values = tensorType(getValues());
  RankedTensorType result = tensorType(getResult());
  if (result.getRank() != indices.getRank() + 1 || getAxis() < 0 || getAxis() >= result.getRank()) {
    return emitOpError("the result has one dim more than the indices, at axis");
  }
  DimVector dims(result.getShape());
  dims.erase(dims.begin() + getAxis());
  if (Dims(dims) != indices.getShape()) {
    return emitOpError("the result's other dims must be those of the indices");
  }
  if (values.getShape() != Dims({2}) || values.getElementType() != result.getElementType()) {
    return emitOpError("values must be the off and the on value, of the result's element type");
  }
  return success();
}

LogicalResult NonzeroOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  RankedTensorType x = tensorType(adaptor.getX());
  types.push_back(RankedTensorType::get({x.getRank(), x.getNumElements()}, IntegerType::get(context, 64)));
  return success();
}
