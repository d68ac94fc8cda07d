// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Verification and type inference of matrix products, convolutions, pooling and attention.
#include "dialects/graph/Infer.h"

#define GET_OP_CLASSES
#include "dialects/graph/Linear.cpp.inc"

using namespace mlir;
using namespace ncc::graph;

/// Element type of a product: i32 for 8-bit integers, otherwise the common operand type.
static FailureOr<Type> productElement(MaybeLoc loc, Type a, Type b, int64_t zeroA, int64_t zeroB) {
  if (isEightBit(a) && isEightBit(b)) {
    return Type(IntegerType::get(a.getContext(), 32));
  }
  if (zeroA != 0 || zeroB != 0) {
    return emitOptionalError(loc, "zero points need 8-bit integer operands");
  }
  if (a != b) {
    return emitOptionalError(loc, "operand element types differ: ", a, " and ", b);
  }
  return a;
}

LogicalResult MatmulOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  RankedTensorType a = tensorType(adaptor.getA()), b = tensorType(adaptor.getB());
  FailureOr<Type> element = productElement(loc, a.getElementType(), b.getElementType(), adaptor.getAZeroPoint(),
                                           adaptor.getBZeroPoint());
  if (failed(element)) {
    return failure();
  }
  if (a.getRank() < 1 || b.getRank() < 1) {
    return emitOptionalError(loc, "matmul operands need at least one dim");
  }
  DimVector da(a.getShape()), db(b.getShape());
  bool vectorA = da.size() == 1, vectorB = db.size() == 1;
  if (vectorA) {
    da.insert(da.begin(), 1);
  } else if (adaptor.getTransposeA()) {
    std::swap(da[da.size() - 1], da[da.size() - 2]);
  }
  if (vectorB) {
    db.push_back(1);
  } else if (adaptor.getTransposeB()) {
    std::swap(db[db.size() - 1], db[db.size() - 2]);
  }
  if (da.back() != db[db.size() - 2]) {
    return emitOptionalError(loc, "contracted sizes differ: ", da.back(), " and ", db[db.size() - 2]);
  }
  FailureOr<DimVector> dims = broadcastDims(loc, Dims(da).drop_back(2), Dims(db).drop_back(2));
  if (failed(dims)) {
    return failure();
  }
  if (!vectorA) {
    dims->push_back(da[da.size() - 2]);
  }
  if (!vectorB) {
    dims->push_back(db.back());
  }
  types.push_back(RankedTensorType::get(*dims, *element));
  return checkSize(loc, *dims);
}

bool MatmulOp::isCompatibleReturnTypes(TypeRange inferred, TypeRange actual) {
  return accumulationCompatible(inferred, actual);
}

static LogicalResult checkBias(MaybeLoc loc, Value bias, int64_t channels) {
  if (bias && (tensorType(bias).getRank() != 1 || tensorType(bias).getDimSize(0) != channels)) {
    return emitOptionalError(loc, "the bias must have one entry for each of ", channels, " output channels");
  }
  return success();
}

static LogicalResult checkWindowAttrs(MaybeLoc loc, size_t spatial, Dims strides, Dims pads, Dims dilations) {
  if (failed(checkInts(loc, "strides", strides, spatial, 1)) || failed(checkInts(loc, "pads", pads, 2 * spatial)) ||
      failed(checkInts(loc, "dilations", dilations, spatial, 1))) {
    return failure();
  }
  return success();
}

LogicalResult ConvOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  RankedTensorType x = tensorType(adaptor.getX()), w = tensorType(adaptor.getW());
  FailureOr<Type> element = productElement(loc, x.getElementType(), w.getElementType(), adaptor.getXZeroPoint(),
                                           adaptor.getWZeroPoint());
  if (failed(element)) {
    return failure();
  }
  if (!isFloatElement(x.getElementType()) && !isEightBit(x.getElementType())) {
    return emitOptionalError(loc, "conv has no form for ", x.getElementType(), " elements");
  }
  if (x.getRank() < 3 || w.getRank() != x.getRank()) {
    return emitOptionalError(loc, "conv needs x[N,C,spatial...] and w[M,C/group,kernel...] of one rank, has ",
                             dimsString(x.getShape()), " and ", dimsString(w.getShape()));
  }
  int64_t group = adaptor.getGroup(), channels = w.getDimSize(0);
  if (group < 1 || channels % group != 0 || x.getDimSize(1) != w.getDimSize(1) * group) {
    return emitOptionalError(loc, "channels do not match: x has ", x.getDimSize(1), ", w is ",
                             dimsString(w.getShape()), " in ", group, " groups");
  }
  size_t spatial = x.getRank() - 2;
  Dims strides = adaptor.getStrides(), pads = adaptor.getPads(), dilations = adaptor.getDilations();
  if (failed(checkWindowAttrs(loc, spatial, strides, pads, dilations)) ||
      failed(checkBias(loc, adaptor.getBias(), channels))) {
    return failure();
  }
  DimVector dims{x.getDimSize(0), channels};
  for (size_t i = 0; i < spatial; ++i) {
    FailureOr<int64_t> size = windowSize(loc, x.getDimSize(i + 2), w.getDimSize(i + 2), strides[i], pads[i],
                                         pads[i + spatial], dilations[i]);
    if (failed(size)) {
      return failure();
    }
    dims.push_back(*size);
  }
  types.push_back(RankedTensorType::get(dims, *element));
  return checkSize(loc, dims);
}

bool ConvOp::isCompatibleReturnTypes(TypeRange inferred, TypeRange actual) {
  return accumulationCompatible(inferred, actual);
}

LogicalResult ConvTransposeOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                                SmallVectorImpl<Type> &types) {
  RankedTensorType x = tensorType(adaptor.getX()), w = tensorType(adaptor.getW());
  FailureOr<Type> element = productElement(loc, x.getElementType(), w.getElementType(), 0, 0);
  if (failed(element)) {
    return failure();
  }
  if (!isFloatElement(x.getElementType())) {
    return emitOptionalError(loc, "conv_transpose has no form for ", x.getElementType(), " elements");
  }
  if (x.getRank() < 3 || w.getRank() != x.getRank()) {
    return emitOptionalError(loc, "conv_transpose needs x[N,C,spatial...] and w[C,M/group,kernel...] of one rank");
  }
  int64_t group = adaptor.getGroup();
  if (group < 1 || x.getDimSize(1) % group != 0 || x.getDimSize(1) != w.getDimSize(0)) {
    return emitOptionalError(loc, "channels do not match: x has ", x.getDimSize(1), ", w is ",
                             dimsString(w.getShape()), " in ", group, " groups");
  }
  size_t spatial = x.getRank() - 2;
  Dims strides = adaptor.getStrides(), pads = adaptor.getPads(), dilations = adaptor.getDilations();
  if (failed(checkWindowAttrs(loc, spatial, strides, pads, dilations)) ||
      failed(checkInts(loc, "output_padding", adaptor.getOutputPadding(), spatial, 0)) ||
      failed(checkBias(loc, adaptor.getBias(), w.getDimSize(1) * group))) {
    return failure();
  }
  DimVector dims{x.getDimSize(0), w.getDimSize(1) * group};
  for (size_t i = 0; i < spatial; ++i) {
    int64_t size = (x.getDimSize(i + 2) - 1) * strides[i] + adaptor.getOutputPadding()[i] +
                   dilations[i] * (w.getDimSize(i + 2) - 1) + 1 - pads[i] - pads[i + spatial];
    if (size < 1) {
      return emitOptionalError(loc, "the padding leaves an empty output");
    }
    dims.push_back(size);
  }
  types.push_back(RankedTensorType::get(dims, *element));
  return checkSize(loc, dims);
}

bool ConvTransposeOp::isCompatibleReturnTypes(TypeRange inferred, TypeRange actual) {
  return accumulationCompatible(inferred, actual);
}

template <typename Adaptor>
static LogicalResult inferPool(MaybeLoc loc, Adaptor adaptor, Type element, SmallVectorImpl<Type> &types) {
  RankedTensorType x = tensorType(adaptor.getX());
  if (x.getRank() < 3) {
    return emitOptionalError(loc, "pooling needs x[N,C,spatial...], has ", dimsString(x.getShape()));
  }
  size_t spatial = x.getRank() - 2;
  Dims kernel = adaptor.getKernel(), strides = adaptor.getStrides(), pads = adaptor.getPads();
  if (failed(checkInts(loc, "kernel", kernel, spatial, 1)) ||
      failed(checkWindowAttrs(loc, spatial, strides, pads, adaptor.getDilations()))) {
    return failure();
  }
  DimVector dims{x.getDimSize(0), x.getDimSize(1)};
  for (size_t i = 0; i < spatial; ++i) {
    FailureOr<int64_t> size = windowSize(loc, x.getDimSize(i + 2), kernel[i], strides[i], pads[i],
                                         pads[i + spatial], adaptor.getDilations()[i]);
    if (failed(size)) {
      return failure();
    }
    dims.push_back(*size);
  }
  types.push_back(RankedTensorType::get(dims, element ? element : x.getElementType()));
  return checkSize(loc, dims);
}

LogicalResult PoolOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  size_t spatial = std::max<int64_t>(tensorType(adaptor.getX()).getRank() - 2, 0);
  if (!adaptor.getExtra().empty() && failed(checkInts(loc, "extra", adaptor.getExtra(), spatial, 0))) {
    return failure();
  }
  return inferPool(loc, adaptor, nullptr, types);
}

LogicalResult PoolIndicesOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                              SmallVectorImpl<Type> &types) {
  return inferPool(loc, adaptor, IntegerType::get(context, 64), types);
}

LogicalResult AttentionOp::inferReturnTypes(MLIRContext *context, MaybeLoc loc, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  RankedTensorType q = tensorType(adaptor.getQ()), k = tensorType(adaptor.getK()), v = tensorType(adaptor.getV());
  if (q.getRank() != 4 || k.getRank() != 4 || v.getRank() != 4) {
    return emitOptionalError(loc, "attention needs operands of rank 4");
  }
  Dims dq = q.getShape(), dk = k.getShape(), dv = v.getShape();
  if (dq[0] != dk[0] || dq[0] != dv[0] || dk[1] != dv[1] || dk[2] != dv[2] || dq[3] != dk[3]) {
    return emitOptionalError(loc, "attention shapes do not match: ", dimsString(dq), ", ", dimsString(dk), ", ",
                             dimsString(dv));
  }
  if (dk[1] == 0 || dq[1] % dk[1] != 0) {
    return emitOptionalError(loc, dq[1], " query heads are not a multiple of ", dk[1], " key heads");
  }
  if (Value mask = adaptor.getMask()) {
    DimVector scores{dq[0], dq[1], dq[2], dk[2]};
    FailureOr<DimVector> dims = broadcastDims(loc, tensorType(mask).getShape(), scores);
    if (failed(dims)) {
      return failure();
    }
    if (*dims != scores) {
      return emitOptionalError(loc, "the mask does not broadcast to ", dimsString(scores));
    }
  }
  types.push_back(RankedTensorType::get({dq[0], dq[1], dq[2], dv[3]}, q.getElementType()));
  return success();
}

bool AttentionOp::isCompatibleReturnTypes(TypeRange inferred, TypeRange actual) {
  return accumulationCompatible(inferred, actual);
}
