// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Verification of conversions between real numbers and quantized integers.
#include "dialects/graph/Infer.h"

#define GET_OP_CLASSES
#include "dialects/graph/Quantize.cpp.inc"

using namespace mlir;
using namespace ncc::graph;

/// scale: a scalar, one entry per element of `axis`, or blocks along it.
template <typename OpT>
static LogicalResult verifyScale(OpT op, Type zeroPointElement) {
  RankedTensorType x = tensorType(op.getX()), scale = tensorType(op.getScale());
  if (x.getShape() != tensorType(op.getResult()).getShape()) {
    return op.emitOpError("must keep the shape");
  }
  int64_t axis = op.getAxis(), block = op.getBlockSize();
  bool fits = scale.getRank() == 0 || (scale.getRank() == 1 && scale.getDimSize(0) == 1);
  if (!fits && axis >= 0 && axis < x.getRank()) {
    if (block == 0) {
      fits = scale.getRank() == 1 && scale.getDimSize(0) == x.getDimSize(axis);
    } else {
      DimVector dims(x.getShape());
      dims[axis] = block > 0 ? (dims[axis] + block - 1) / block : -1;
      fits = scale.getShape() == Dims(dims);
    }
  }
  if (!fits) {
    return op.emitOpError("scale ") << dimsString(scale.getShape()) << " does not fit x "
                                    << dimsString(x.getShape());
  }
  if (Value zero = op.getZeroPoint()) {
    if (tensorType(zero).getShape() != scale.getShape() || tensorType(zero).getElementType() != zeroPointElement) {
      return op.emitOpError("the zero point must have the shape of the scale and the quantized element type");
    }
  }
  return success();
}

LogicalResult QuantizeOp::verify() {
  return verifyScale(*this, tensorType(getResult()).getElementType());
}

LogicalResult DequantizeOp::verify() {
  return verifyScale(*this, tensorType(getX()).getElementType());
}
