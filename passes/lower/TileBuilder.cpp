// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Building tile ops; see TileBuilder.h.
#include "passes/lower/TileBuilder.h"
#include "dialects/graph/Constants.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::lower;

namespace {

/// Collects the operands and patterns of one instruction in the order the op documents.
struct Operands {
  SmallVector<Value> values;
  SmallVector<Attribute> aps;
  void add(const Read &read) {
    values.push_back(read.tile);
    aps.push_back(read.ap);
  }
  /// Adds a per-partition operand and says so, or returns the immediate.
  double scalar(const Scalar &operand, bool &isTile) {
    if (const Read *read = std::get_if<Read>(&operand)) {
      add(*read);
      isTile = true;
      return 0.0;
    }
    return std::get<double>(operand);
  }
  tile::AccessPatternAttr tie(const std::optional<Into> &into) {
    if (!into) {
      return {};
    }
    values.push_back(into->tile);
    return into->region;
  }
};

tile::AccessPatternAttr makePattern(MLIRContext *context, int64_t partition, int64_t partitions, int64_t offset,
                                    ArrayRef<int64_t> strides, ArrayRef<int64_t> sizes, size_t limit) {
  Dims outStrides, outSizes;
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] == 1) {
      continue;
    }
    if (!outSizes.empty() && outStrides.back() == strides[d] * sizes[d]) {
      outStrides.back() = strides[d];
      outSizes.back() *= sizes[d];
      continue;
    }
    outStrides.push_back(strides[d]);
    outSizes.push_back(sizes[d]);
  }
  if (outSizes.empty()) {
    outStrides.push_back(1);
    outSizes.push_back(1);
  }
  if (outSizes.size() > limit) {
    return {};
  }
  return tile::AccessPatternAttr::get(context, partition, partitions, offset, outStrides, outSizes);
}

} // namespace

DType ncc::lower::storageType(DType type) {
  switch (type) {
  case DType::I4: case DType::I2: return DType::I8;
  case DType::U4: case DType::U2: case DType::F4E2M1: case DType::F8E8M0: case DType::F8E4M3Fnuz: case DType::F8E5M2Fnuz: return DType::U8;
  default: return type;
  }
}

Type ncc::lower::storageElement(Type element) {
  std::optional<DType> type = graph::dtypeOf(element);
  return type && storageType(*type) != *type ? graph::elementTypeOf(element.getContext(), storageType(*type)) : element;
}

Type TileBuilder::sbuf(int64_t partitions, int64_t elements, Type element) {
  return tile::SbufType::get(b.getContext(), partitions, elements, element);
}
Type TileBuilder::psum(int64_t partitions, int64_t elements, Type element) {
  return tile::PsumType::get(b.getContext(), partitions, elements, element);
}
Type TileBuilder::dram(int64_t elements, Type element) { return tile::DramType::get(b.getContext(), elements, storageElement(element)); }

tile::AccessPatternAttr TileBuilder::pattern(int64_t partition, int64_t partitions, int64_t offset,
                                             ArrayRef<int64_t> strides, ArrayRef<int64_t> sizes) {
  return makePattern(b.getContext(), partition, partitions, offset, strides, sizes, 4);
}

tile::AccessPatternAttr TileBuilder::dramPattern(int64_t offset, ArrayRef<int64_t> strides, ArrayRef<int64_t> sizes) {
  return makePattern(b.getContext(), 0, 0, offset, strides, sizes, 5);
}

Value TileBuilder::matmul(Type type, Read stationary, Read moving, std::optional<Into> into, bool accumulate,
                          int64_t stationaryZero, int64_t movingZero) {
  Operands in;
  in.add(stationary);
  in.add(moving);
  auto dst = in.tie(into);
  return tile::MatmulOp::create(b, loc, type, in.values, b.getArrayAttr(in.aps), dst, into.has_value(), StringAttr(),
                                accumulate, stationaryZero, movingZero);
}

Value TileBuilder::transpose(Type type, Read src) {
  return tile::TransposeOp::create(b, loc, type, ValueRange{src.tile}, b.getArrayAttr({src.ap}),
                                   tile::AccessPatternAttr(), false, StringAttr());
}

namespace {

tile::ActivateOp makeActivate(TileBuilder &t, TypeRange types, StringRef func, const Read &src, const ActivateOptions &options) {
  Operands in;
  in.add(src);
  bool scaleTile = false, biasTile = false;
  double scale = in.scalar(options.scale, scaleTile), bias = in.scalar(options.bias, biasTile);
  return tile::ActivateOp::create(t.b, t.loc, types, in.values, t.b.getArrayAttr(in.aps), tile::AccessPatternAttr(), false,
                                  StringAttr(), func, APFloat(float(scale)), APFloat(float(bias)), APFloat(float(options.alpha)),
                                  APFloat(float(options.beta)), scaleTile, biasTile);
}

} // namespace

Value TileBuilder::activate(Type type, StringRef func, Read src, const ActivateOptions &options) {
  return makeActivate(*this, TypeRange{type}, func, src, options).getResult();
}

std::pair<Value, Value> TileBuilder::activateSum(Type type, StringRef func, Read src, const ActivateOptions &options) {
  auto op = makeActivate(*this, TypeRange{type, sbuf(tile::partitionsOf(type), 1, b.getF32Type())}, func, src, options);
  return {op.getResult(), op.getRowSum()};
}

Value TileBuilder::tensorTensor(Type type, StringRef op, Read x, Read y, std::optional<Into> into) {
  Operands in;
  in.add(x);
  in.add(y);
  auto dst = in.tie(into);
  return tile::TensorTensorOp::create(b, loc, type, in.values, b.getArrayAttr(in.aps), dst, into.has_value(),
                                      StringAttr(), op);
}

Value TileBuilder::tensorScalar(Type type, Read src, StringRef op0, Scalar s0, bool reverse0, StringRef op1, Scalar s1,
                                std::optional<Into> into) {
  Operands in;
  in.add(src);
  bool tile0 = false, tile1 = false;
  double imm0 = in.scalar(s0, tile0), imm1 = in.scalar(s1, tile1);
  auto dst = in.tie(into);
  return tile::TensorScalarOp::create(b, loc, type, in.values, b.getArrayAttr(in.aps), dst, into.has_value(),
                                      StringAttr(), op0, op1, APFloat(imm0), APFloat(imm1), tile0, tile1, reverse0,
                                      false);
}

Value TileBuilder::reduce(Type type, StringRef op, Read src, int64_t dims, bool negate) {
  return tile::ReduceOp::create(b, loc, type, ValueRange{src.tile}, b.getArrayAttr({src.ap}), tile::AccessPatternAttr(),
                                false, StringAttr(), op, dims, negate);
}

Value TileBuilder::copy(Type type, Read src, StringRef engine, bool round, bool saturate) {
  return tile::CopyOp::create(b, loc, type, ValueRange{src.tile}, b.getArrayAttr({src.ap}), tile::AccessPatternAttr(),
                              false, b.getStringAttr(engine), round, saturate);
}

Value TileBuilder::select(Type type, Read pred, Scalar x, Scalar y) {
  Operands in;
  in.add(pred);
  bool tileX = false, tileY = false;
  double immX = in.scalar(x, tileX), immY = in.scalar(y, tileY);
  return tile::SelectOp::create(b, loc, type, in.values, b.getArrayAttr(in.aps), tile::AccessPatternAttr(), false,
                                StringAttr(), APFloat(immX), APFloat(immY), tileX, tileY);
}

Value TileBuilder::memset(Type type, double value, std::optional<Into> into) {
  Operands in;
  auto dst = in.tie(into);
  return tile::MemsetOp::create(b, loc, type, in.values, b.getArrayAttr(in.aps), dst, into.has_value(), StringAttr(),
                                APFloat(value));
}

Value TileBuilder::dma(Type type, Read src) {
  return tile::DmaOp::create(b, loc, type, ValueRange{src.tile}, b.getArrayAttr({src.ap}), tile::AccessPatternAttr(),
                             false, StringAttr(), false, false, false);
}

Value TileBuilder::gather(Type type, Read table, Read indices, int64_t rowElements, int64_t rows) {
  return tile::GatherOp::create(b, loc, type, ValueRange{table.tile, indices.tile}, b.getArrayAttr({table.ap, indices.ap}),
                                tile::AccessPatternAttr(), false, StringAttr(), rowElements, rows);
}

Value TileBuilder::join(Type type, ArrayRef<Value> parts, ArrayRef<Attribute> places) {
  return tile::JoinOp::create(b, loc, type, parts, b.getArrayAttr(places));
}
