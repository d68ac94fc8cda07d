// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Verification and type inference of ops that move elements.
#include "dialects/graph/Infer.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"

#define GET_OP_CLASSES
#include "dialects/graph/Shape.cpp.inc"

using namespace mlir;
using namespace ncc::graph;

static LogicalResult checkSameElement(Operation *op, Value x, Value result) {
  if (tensorType(x).getElementType() != tensorType(result).getElementType()) {
    return op->emitOpError("must keep the element type");
  }
  return success();
}

LogicalResult ReshapeOp::verify() {
  if (tensorType(getX()).getNumElements() != tensorType(getResult()).getNumElements()) {
    return emitOpError("must keep the number of elements");
  }
  return checkSameElement(*this, getX(), getResult());
}

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  RankedTensorType type = tensorType(adaptor.getX());
  Dims perm = adaptor.getPerm();
  if (static_cast<int64_t>(perm.size()) != type.getRank() || !isPermutationVector(perm)) {
    return emitOptionalError(loc, "perm is not a permutation of ", type.getRank(), " dims");
  }
  DimVector dims;
  for (int64_t axis : perm) {
    dims.push_back(type.getDimSize(axis));
  }
  types.push_back(RankedTensorType::get(dims, type.getElementType()));
  return success();
}

LogicalResult SliceOp::verify() {
  RankedTensorType x = tensorType(getX()), result = tensorType(getResult());
  int64_t rank = x.getRank();
  if (result.getRank() != rank || static_cast<int64_t>(getOffsets().size()) != rank ||
      static_cast<int64_t>(getStrides().size()) != rank) {
    return emitOpError("offsets, strides and result must have the rank of x");
  }
  for (int64_t i = 0; i < rank; ++i) {
    int64_t size = result.getDimSize(i), first = getOffsets()[i], stride = getStrides()[i];
    int64_t last = first + (size - 1) * stride;
    bool inside = first >= 0 && first < x.getDimSize(i) && last >= 0 && last < x.getDimSize(i);
    if (stride == 0 || (size > 0 && !inside)) {
      return emitOpError("reads outside dim ") << i << " of size " << x.getDimSize(i);
    }
  }
  return checkSameElement(*this, getX(), getResult());
}

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  if (adaptor.getInputs().empty()) {
    return emitOptionalError(loc, "concat needs an operand");
  }
  RankedTensorType first = tensorType(adaptor.getInputs().front());
  int64_t axis = adaptor.getAxis();
  if (failed(checkAxis(loc, axis, first.getRank()))) {
    return failure();
  }
  DimVector dims(first.getShape());
  dims[axis] = 0;
  for (Value input : adaptor.getInputs()) {
    RankedTensorType type = tensorType(input);
    bool same = type.getRank() == first.getRank() && type.getElementType() == first.getElementType();
    for (int64_t i = 0; same && i < type.getRank(); ++i) {
      same = i == axis || type.getDimSize(i) == first.getDimSize(i);
    }
    if (!same) {
      return emitOptionalError(loc, "operands of types ", first, " and ", type, " cannot be joined along axis ", axis);
    }
    dims[axis] += type.getDimSize(axis);
  }
  types.push_back(RankedTensorType::get(dims, first.getElementType()));
  return checkSize(loc, dims);
}

LogicalResult PadOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  RankedTensorType type = tensorType(adaptor.getX());
  size_t rank = type.getRank();
  if (failed(checkInts(loc, "low", adaptor.getLow(), rank, -(int64_t(1) << 40))) ||
      failed(checkInts(loc, "high", adaptor.getHigh(), rank, -(int64_t(1) << 40)))) {
    return failure();
  }
  DimVector dims;
  for (size_t i = 0; i < rank; ++i) {
    dims.push_back(type.getDimSize(i) + adaptor.getLow()[i] + adaptor.getHigh()[i]);
    if (dims.back() < 0) {
      return emitOptionalError(loc, "cropping removes more than dim ", i, " has");
    }
    if (adaptor.getMode() != PadMode::Constant && type.getDimSize(i) == 0 && dims.back() > 0) {
      return emitOptionalError(loc, "cannot repeat the border of the empty dim ", i);
    }
  }
  types.push_back(RankedTensorType::get(dims, type.getElementType()));
  return checkSize(loc, dims);
}

LogicalResult ExpandOp::verify() {
  RankedTensorType result = tensorType(getResult());
  FailureOr<DimVector> dims = broadcastDims(std::nullopt, tensorType(getX()).getShape(), result.getShape());
  if (failed(dims) || Dims(*dims) != result.getShape()) {
    return emitOpError("x does not broadcast to ") << dimsString(result.getShape());
  }
  return checkSameElement(*this, getX(), getResult());
}

LogicalResult ResizeOp::verify() {
  RankedTensorType x = tensorType(getX());
  if (x.getRank() != tensorType(getResult()).getRank()) {
    return emitOpError("must keep the rank");
  }
  if (static_cast<int64_t>(getScales().size()) != x.getRank()) {
    return emitOpError("scales needs one entry per dim");
  }
  if (!getRoi().empty() && static_cast<int64_t>(getRoi().size()) != 2 * x.getRank()) {
    return emitOpError("roi needs two entries per dim");
  }
  return checkSameElement(*this, getX(), getResult());
}

LogicalResult GridSampleOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  RankedTensorType x = tensorType(adaptor.getX()), grid = tensorType(adaptor.getGrid());
  if (x.getRank() < 3 || grid.getRank() != x.getRank() || grid.getShape().back() != x.getRank() - 2 ||
      grid.getDimSize(0) != x.getDimSize(0)) {
    return emitOptionalError(loc, "grid ", dimsString(grid.getShape()), " does not sample x ",
                             dimsString(x.getShape()));
  }
  DimVector dims{x.getDimSize(0), x.getDimSize(1)};
  llvm::append_range(dims, grid.getShape().drop_front().drop_back());
  types.push_back(RankedTensorType::get(dims, x.getElementType()));
  return checkSize(loc, dims);
}

LogicalResult ReverseSequenceOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                                  SmallVectorImpl<Type> &types) {
  RankedTensorType x = tensorType(adaptor.getX()), lengths = tensorType(adaptor.getLengths());
  types.push_back(x);
  if (failed(checkAxis(loc, adaptor.getBatchAxis(), x.getRank())) ||
      failed(checkAxis(loc, adaptor.getTimeAxis(), x.getRank()))) {
    return failure();
  }
  if (lengths.getRank() != 1 || lengths.getDimSize(0) != x.getDimSize(adaptor.getBatchAxis()) ||
      adaptor.getBatchAxis() == adaptor.getTimeAxis()) {
    return emitOptionalError(loc, "lengths must have one entry per batch element");
  }
  return success();
}
