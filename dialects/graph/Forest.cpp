// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Type inference of forests.
#include "dialects/graph/Forest.h"

#include "dialects/graph/Constants.h"
#include "dialects/graph/Infer.h"

#define GET_OP_CLASSES
#include "dialects/graph/Forest.cpp.inc"

using namespace mlir;
using namespace ncc;
using namespace ncc::graph;

LogicalResult ForestOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType x = tensorType(adaptor.getColumns()), features = tensorType(adaptor.getFeatures()), thresholds = tensorType(adaptor.getThresholds());
  RankedTensorType weights = tensorType(adaptor.getWeights());
  bool fit = x.getRank() == 2 && features.getRank() == 2 && features.getShape() == thresholds.getShape() && weights.getRank() == 3 &&
             features.getDimSize(0) == weights.getDimSize(0) && features.getDimSize(1) + 1 == weights.getDimSize(1) && weights.getDimSize(0) > 0;
  if (!fit || !llvm::isPowerOf2_64(static_cast<uint64_t>(weights.getDimSize(1))) || weights.getDimSize(1) < 2) {
    return emitOptionalError(loc, "needs columns, and features, thresholds and weights of perfect trees");
  }
  bool kinds = adaptor.getKind() == ReduceKind::Sum || adaptor.getKind() == ReduceKind::Min || adaptor.getKind() == ReduceKind::Max;
  if (!kinds || !x.getElementType().isF32() || !features.getElementType().isInteger(32) || !thresholds.getElementType().isF32() ||
      !weights.getElementType().isF32()) {
    return emitOptionalError(loc, "sums f32, or takes its minimum or maximum, by features of i32");
  }
  types.push_back(RankedTensorType::get({x.getDimSize(1), weights.getDimSize(2)}, x.getElementType()));
  return success();
}
