// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Verification and type inference of regions of interest and deformed windows.
#include "dialects/graph/Infer.h"

#define GET_OP_CLASSES
#include "dialects/graph/Sampling.cpp.inc"

using namespace mlir;
using namespace ncc::graph;

/// x[N,C,H,W] and rois[R,width] give [R,C,height,width].
static LogicalResult inferRegions(MaybeLoc loc, Value x, Value rois, int64_t columns, int64_t height, int64_t width,
                                  SmallVectorImpl<Type> &types) {
  RankedTensorType image = tensorType(x), regions = tensorType(rois);
  if (image.getRank() != 4 || !isFloatElement(image.getElementType())) {
    return emitOptionalError(loc, "needs a float image [N,C,H,W]");
  }
  if (regions.getRank() != 2 || regions.getDimSize(1) != columns || regions.getElementType() != image.getElementType()) {
    return emitOptionalError(loc, "regions must be rows of ", columns, " numbers of the image's type");
  }
  if (height < 1 || width < 1) {
    return emitOptionalError(loc, "the pooled size must be positive");
  }
  types.push_back(RankedTensorType::get({regions.getDimSize(0), image.getDimSize(1), height, width}, image.getElementType()));
  return checkSize(loc, cast<RankedTensorType>(types.back()).getShape());
}

LogicalResult RoiAlignOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType indices = tensorType(adaptor.getBatchIndices());
  if (indices.getRank() != 1 || tensorType(adaptor.getRois()).getRank() != 2 ||
      indices.getDimSize(0) != tensorType(adaptor.getRois()).getDimSize(0) || !indices.getElementType().isInteger()) {
    return emitOptionalError(loc, "needs one integer image index per region");
  }
  return inferRegions(loc, adaptor.getX(), adaptor.getRois(), 4, adaptor.getHeight(), adaptor.getWidth(), types);
}

LogicalResult MaxRoiPoolOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  return inferRegions(loc, adaptor.getX(), adaptor.getRois(), 5, adaptor.getHeight(), adaptor.getWidth(), types);
}

LogicalResult DeformColumnsOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType x = tensorType(adaptor.getX()), offset = tensorType(adaptor.getOffset());
  if (x.getRank() != 4 || !isFloatElement(x.getElementType()) || offset.getElementType() != x.getElementType()) {
    return emitOptionalError(loc, "needs a float image [N,C,H,W] and offsets of its type");
  }
  Dims kernel = adaptor.getKernel(), strides = adaptor.getStrides(), pads = adaptor.getPads(), dilations = adaptor.getDilations();
  if (failed(checkInts(loc, "kernel", kernel, 2, 1)) || failed(checkInts(loc, "strides", strides, 2, 1)) ||
      failed(checkInts(loc, "dilations", dilations, 2, 1)) || failed(checkInts(loc, "pads", pads, 4, 0))) {
    return failure();
  }
  int64_t groups = adaptor.getOffsetGroup(), points = kernel[0] * kernel[1];
  if (groups < 1 || x.getDimSize(1) % groups != 0) {
    return emitOptionalError(loc, "offset_group must divide the channels");
  }
  FailureOr<int64_t> rows = windowSize(loc, x.getDimSize(2), kernel[0], strides[0], pads[0], pads[2], dilations[0]);
  FailureOr<int64_t> columns = windowSize(loc, x.getDimSize(3), kernel[1], strides[1], pads[1], pads[3], dilations[1]);
  if (failed(rows) || failed(columns)) {
    return failure();
  }
  DimVector wanted{x.getDimSize(0), groups * points * 2, *rows, *columns};
  if (offset.getShape() != Dims(wanted)) {
    return emitOptionalError(loc, "offsets must be ", dimsString(wanted));
  }
  wanted[1] = groups * points;
  if (Value mask = adaptor.getMask(); mask && (tensorType(mask).getShape() != Dims(wanted) || tensorType(mask).getElementType() != x.getElementType())) {
    return emitOptionalError(loc, "the mask must be ", dimsString(wanted), " of the image's type");
  }
  types.push_back(RankedTensorType::get({x.getDimSize(0), x.getDimSize(1) * points, *rows * *columns}, x.getElementType()));
  return checkSize(loc, cast<RankedTensorType>(types.back()).getShape());
}
