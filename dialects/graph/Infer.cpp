// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "dialects/graph/Infer.h"

using namespace mlir;

namespace ncc::graph {

std::string dimsString(Dims dims) {
  if (dims.empty()) {
    return "scalar";
  }
  std::string text;
  for (int64_t dim : dims) {
    text += text.empty() ? "" : "x";
    text += std::to_string(dim);
  }
  return text;
}

FailureOr<DimVector> broadcastDims(MaybeLoc loc, Dims a, Dims b) {
  size_t rank = std::max(a.size(), b.size());
  DimVector result(rank);
  for (size_t i = 0; i < rank; ++i) {
    int64_t da = i + a.size() >= rank ? a[i + a.size() - rank] : 1;
    int64_t db = i + b.size() >= rank ? b[i + b.size() - rank] : 1;
    if (da != db && da != 1 && db != 1) {
      return emitOptionalError(loc, "shapes ", dimsString(a), " and ", dimsString(b), " do not broadcast");
    }
    result[i] = da == 1 ? db : da;
  }
  if (failed(checkSize(loc, result))) {
    return failure();
  }
  return result;
}

LogicalResult checkAxis(MaybeLoc loc, int64_t axis, int64_t rank) {
  if (axis < 0 || axis >= rank) {
    return emitOptionalError(loc, "axis ", axis, " is outside a tensor of rank ", rank);
  }
  return success();
}

LogicalResult checkInts(MaybeLoc loc, StringRef name, Dims values, size_t count, int64_t least) {
  if (values.size() != count) {
    return emitOptionalError(loc, name, " needs ", count, " entries, has ", values.size());
  }
  for (int64_t value : values) {
    if (value < least || value > (int64_t(1) << 40)) {
      return emitOptionalError(loc, name, " holds ", value, ", which is out of range");
    }
  }
  return success();
}

LogicalResult checkIndexType(MaybeLoc loc, Type type) {
  if (!type.isSignlessInteger(32) && !type.isSignlessInteger(64)) {
    return emitOptionalError(loc, "indices must be i32 or i64, are ", type);
  }
  return success();
}

LogicalResult checkSize(MaybeLoc loc, Dims dims) {
  __int128 total = 8;
  for (int64_t dim : dims) {
    total *= std::max<int64_t>(dim, 1);
    if (dim < 0 || total > (__int128(1) << 46)) {
      return emitOptionalError(loc, "a tensor of shape ", dimsString(dims), " is too large");
    }
  }
  return success();
}

FailureOr<int64_t> windowSize(MaybeLoc loc, int64_t in, int64_t kernel, int64_t stride, int64_t padLow,
                              int64_t padHigh, int64_t dilation) {
  int64_t span = dilation * (kernel - 1) + 1;
  int64_t room = in + padLow + padHigh - span;
  if (kernel < 1 || stride < 1 || dilation < 1 || room < 0) {
    return emitOptionalError(loc, "a window of ", span, " does not fit a padded size of ", in + padLow + padHigh);
  }
  return room / stride + 1;
}

bool isEightBit(Type type) {
  return type.isInteger(8);
}

bool isFloatElement(Type type) {
  return isa<FloatType>(type);
}

bool accumulationCompatible(TypeRange inferred, TypeRange actual) {
  if (inferred.size() != actual.size()) {
    return false;
  }
  for (auto [a, b] : llvm::zip(inferred, actual)) {
    auto ta = dyn_cast<RankedTensorType>(a), tb = dyn_cast<RankedTensorType>(b);
    if (!ta || !tb || ta.getShape() != tb.getShape()) {
      return false;
    }
    bool floats = isFloatElement(ta.getElementType()) && isFloatElement(tb.getElementType());
    bool wider = floats && ta.getElementTypeBitWidth() <= tb.getElementTypeBitWidth();
    if (ta.getElementType() != tb.getElementType() && !wider) {
      return false;
    }
  }
  return true;
}

} // namespace ncc::graph
