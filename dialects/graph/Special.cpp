// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Verification and type inference of bit casts, determinants, drawn numbers and n-grams.
#include "dialects/graph/Constants.h"
#include "dialects/graph/Infer.h"

#define GET_OP_CLASSES
#include "dialects/graph/Special.cpp.inc"

using namespace mlir;
using namespace ncc;
using namespace ncc::graph;

LogicalResult BitcastOp::verify() {
  RankedTensorType from = tensorType(getX()), to = tensorType(getResult());
  std::optional<DType> a = dtypeOf(from.getElementType()), b = dtypeOf(to.getElementType());
  if (from.getShape() != to.getShape()) {
    return emitOpError("must keep the shape");
  }
  bool numbers = a && b && *a != DType::String && *b != DType::String;
  if (!numbers || packedBits(*a) != packedBits(*b)) {
    return emitOpError("needs element types of the same size");
  }
  return success();
}

LogicalResult DetOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType x = tensorType(adaptor.getX());
  int64_t rank = x.getRank();
  if (rank < 2 || x.getDimSize(rank - 1) != x.getDimSize(rank - 2) || !isFloatElement(x.getElementType())) {
    return emitOptionalError(loc, "needs square matrices of floats");
  }
  types.push_back(RankedTensorType::get(x.getShape().drop_back(2), x.getElementType()));
  return success();
}

LogicalResult RandomOp::verify() {
  return isFloatElement(tensorType(getResult()).getElementType()) ? success() : emitOpError("draws floats");
}

LogicalResult PairwiseCouplingOp::verify() {
  RankedTensorType x = tensorType(getX()), y = tensorType(getResult());
  if (x.getRank() != 2 || y.getRank() != 2 || x.getDimSize(0) != y.getDimSize(0) || x.getElementType() != y.getElementType() ||
      !isFloatElement(x.getElementType())) {
    return emitOpError("turns float rows into float rows");
  }
  int64_t classes = y.getDimSize(1), pairs = x.getDimSize(1);
  if (classes < 2 || classes > (1 << 12) || pairs != classes * (classes - 1) / 2 || static_cast<int64_t>(getA().size()) != pairs ||
      static_cast<int64_t>(getB().size()) != pairs) {
    return emitOpError("needs a decision value, an a and a b per pair of classes");
  }
  return success();
}

LogicalResult TfidfOp::verify() {
  RankedTensorType x = tensorType(getX()), y = tensorType(getResult());
  if (!(x.getRank() == 1 || x.getRank() == 2) || !x.getElementType().isInteger() || !y.getElementType().isF32()) {
    return emitOpError("counts integers in rows and gives f32");
  }
  if (getMode() != "TF" && getMode() != "IDF" && getMode() != "TFIDF") {
    return emitOpError("has mode TF, IDF or TFIDF");
  }
  if (getMinGram() < 1 || getMaxGram() < getMinGram() || getMaxSkip() < 0 || getMaxGram() > static_cast<int64_t>(getNgramCounts().size())) {
    return emitOpError("has gram lengths that its pool does not have");
  }
  int64_t last = 0, most = 0;
  for (int64_t start : getNgramCounts()) {
    if (start < last || start > static_cast<int64_t>(getPool().size())) {
      return emitOpError("has n-gram counts outside its pool");
    }
    last = start;
  }
  int64_t grams = 0, size = static_cast<int64_t>(getPool().size());
  for (auto [i, start] : llvm::enumerate(getNgramCounts())) {
    int64_t end = i + 1 < getNgramCounts().size() ? getNgramCounts()[i + 1] : size;
    if ((end - start) % static_cast<int64_t>(i + 1) != 0) {
      return emitOpError("has n-gram counts outside its pool");
    }
    grams += (end - start) / static_cast<int64_t>(i + 1);
  }
  for (int64_t index : getNgramIndexes()) {
    most = index < 0 || index == INT64_MAX ? INT64_MAX : std::max(most, index + 1);
  }
  if (static_cast<int64_t>(getNgramIndexes().size()) < grams || (!getWeights().empty() && getWeights().size() < getNgramIndexes().size())) {
    return emitOpError("needs an index, and a weight when there are weights, per n-gram");
  }
  DimVector wanted(x.getShape().drop_back());
  wanted.push_back(y.getRank() > 0 ? y.getShape().back() : 0);
  if (y.getShape() != Dims(wanted) || y.getShape().back() < most) {
    return emitOpError("gives a row of counts per row of x");
  }
  return success();
}
