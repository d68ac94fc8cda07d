// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "dialects/graph/Constants.h"

#include "dialects/graph/BlobNames.h"
#include "dialects/graph/Graph.h"

#include "mlir/IR/DialectResourceBlobManager.h"

#include <cstring>

using namespace mlir;

namespace ncc::graph {

Type elementTypeOf(MLIRContext *context, DType type) {
  switch (type) {
  case DType::F32: return Float32Type::get(context);
  case DType::F16: return Float16Type::get(context);
  case DType::BF16: return BFloat16Type::get(context);
  case DType::F64: return Float64Type::get(context);
  case DType::F8E4M3: return Float8E4M3FNType::get(context);
  case DType::F8E5M2: return Float8E5M2Type::get(context);
  case DType::F8E4M3Fnuz: return Float8E4M3FNUZType::get(context);
  case DType::F8E5M2Fnuz: return Float8E5M2FNUZType::get(context);
  case DType::F8E8M0: return Float8E8M0FNUType::get(context);
  case DType::F4E2M1: return Float4E2M1FNType::get(context);
  case DType::Bool: return IntegerType::get(context, 1);
  case DType::C64: return ComplexType::get(Float32Type::get(context));
  case DType::C128: return ComplexType::get(Float64Type::get(context));
  case DType::String: return StringType::get(context);
  default: break;
  }
  unsigned width = static_cast<unsigned>(packedBits(type));
  return IntegerType::get(context, width, isUnsignedInt(type) ? IntegerType::Unsigned : IntegerType::Signless);
}

std::optional<DType> dtypeOf(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type)) {
    bool u = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 1: return DType::Bool;
    case 2: return u ? DType::U2 : DType::I2;
    case 4: return u ? DType::U4 : DType::I4;
    case 8: return u ? DType::U8 : DType::I8;
    case 16: return u ? DType::U16 : DType::I16;
    case 32: return u ? DType::U32 : DType::I32;
    case 64: return u ? DType::U64 : DType::I64;
    default: return std::nullopt;
    }
  }
  if (type.isF32()) {
    return DType::F32;
  }
  if (type.isF16()) {
    return DType::F16;
  }
  if (type.isBF16()) {
    return DType::BF16;
  }
  if (type.isF64()) {
    return DType::F64;
  }
  if (isa<Float8E4M3FNType>(type)) {
    return DType::F8E4M3;
  }
  if (isa<Float8E5M2Type>(type)) {
    return DType::F8E5M2;
  }
  if (isa<Float8E4M3FNUZType>(type)) {
    return DType::F8E4M3Fnuz;
  }
  if (isa<Float8E5M2FNUZType>(type)) {
    return DType::F8E5M2Fnuz;
  }
  if (isa<Float8E8M0FNUType>(type)) {
    return DType::F8E8M0;
  }
  if (isa<Float4E2M1FNType>(type)) {
    return DType::F4E2M1;
  }
  if (auto pair = dyn_cast<ComplexType>(type)) {
    return pair.getElementType().isF32() ? std::optional(DType::C64) : pair.getElementType().isF64() ? std::optional(DType::C128) : std::nullopt;
  }
  return isa<StringType>(type) ? std::optional(DType::String) : std::nullopt;
}

RankedTensorType tensorTypeOf(MLIRContext *context, DType type, absl::Span<const int64_t> shape) {
  return RankedTensorType::get(ArrayRef<int64_t>(shape.data(), shape.size()), elementTypeOf(context, type));
}

Shape shapeOf(Type type) {
  ArrayRef<int64_t> dims = cast<ShapedType>(type).getShape();
  return Shape(dims.begin(), dims.end());
}

ElementsAttr tensorAttr(MLIRContext *context, const Tensor &tensor, StringRef name) {
  RankedTensorType type = tensorTypeOf(context, tensor.dtype(), tensor.shape());
  if (tensor.dtype() == DType::String) {
    SmallVector<StringRef> values(tensor.strings().begin(), tensor.strings().end());
    return DenseStringElementsAttr::get(type, values);
  }
  if (tensor.byteSize() > kInlineConstantBytes) {
    ArrayRef<char> data(static_cast<const char *>(tensor.data()), tensor.byteSize());
    auto keep = [tensor](void *, size_t, size_t) {}; // holds the tensor's storage
    AsmResourceBlob blob(data, std::max<size_t>(dtypeSize(tensor.dtype()), 1), std::move(keep), false);
    const auto *names = context->getOrLoadDialect<GraphDialect>()->getRegisteredInterface<BlobNames>();
    return DenseResourceElementsAttr::get(type, names->next(name), std::move(blob));
  }
  if (tensor.dtype() == DType::Bool) {
    auto values = tensor.as<bool>();
    return DenseElementsAttr::get(type, ArrayRef<bool>(values.data(), values.size()));
  }
  if (packedBits(tensor.dtype()) < 8) { // the attribute keeps the bits only
    std::string low(static_cast<const char *>(tensor.data()), tensor.byteSize());
    for (char &byte : low) {
      byte = static_cast<char>(byte & ((1 << packedBits(tensor.dtype())) - 1));
    }
    return DenseElementsAttr::getFromRawBuffer(type, {low.data(), low.size()});
  }
  // The raw buffer of a one-element tensor means a splat, which is the same thing.
  return DenseElementsAttr::getFromRawBuffer(type, {static_cast<const char *>(tensor.data()), tensor.byteSize()});
}

ElementsAttr splatAttr(RankedTensorType type, double value) {
  Tensor one(dtypeOf(type.getElementType()).value_or(DType::F32), {});
  one.setDouble(0, value);
  return splatAttr(type, one);
}

ElementsAttr splatAttr(RankedTensorType type, const Tensor &first) {
  Tensor one(first.dtype(), {});
  std::memcpy(one.mutableData(), first.data(), one.byteSize());
  if (packedBits(one.dtype()) < 8) {
    *static_cast<uint8_t *>(one.mutableData()) &= static_cast<uint8_t>((1 << packedBits(one.dtype())) - 1);
  }
  if (one.dtype() == DType::Bool) {
    return DenseElementsAttr::get(type, one.asInt(0) != 0);
  }
  return DenseElementsAttr::getFromRawBuffer(type, {static_cast<const char *>(one.data()), one.byteSize()});
}

/// A view that owns nothing: the context keeps the bytes.
static Tensor view(DType dtype, Type type, const void *data) {
  return Tensor(dtype, shapeOf(type), data, std::shared_ptr<const void>(std::shared_ptr<const void>(), data));
}

static std::optional<Tensor> denseTensor(DenseElementsAttr dense, DType dtype) {
  if (dtype == DType::Bool) {
    Tensor tensor(dtype, shapeOf(dense.getType()));
    int64_t i = 0;
    for (bool value : dense.getValues<bool>()) {
      tensor.mutableAs<uint8_t>()[i++] = value;
    }
    return tensor;
  }
  ArrayRef<char> raw = dense.getRawData();
  if (isSignedInt(dtype) && packedBits(dtype) < 8) { // the sign is extended again
    Tensor tensor(dtype, shapeOf(dense.getType()));
    for (int64_t i = 0; i < tensor.size(); ++i) {
      tensor.setInt(i, raw[dense.isSplat() ? 0 : static_cast<size_t>(i)]);
    }
    return tensor;
  }
  if (!dense.isSplat() || dense.getNumElements() == 1) {
    return view(dtype, dense.getType(), raw.data());
  }
  Tensor tensor(dtype, shapeOf(dense.getType()));
  char *out = static_cast<char *>(tensor.mutableData());
  size_t step = dtypeSize(dtype);
  bool zero = llvm::all_of(raw.take_front(step), [](char c) { return c == 0; });
  for (int64_t i = 0; !zero && i < tensor.size(); ++i) {
    std::memcpy(out + i * step, raw.data(), step);
  }
  return tensor;
}

std::optional<Tensor> attrTensor(Attribute attribute) {
  auto elements = dyn_cast_if_present<ElementsAttr>(attribute);
  std::optional<DType> dtype = elements ? dtypeOf(elements.getElementType()) : std::nullopt;
  if (!dtype) {
    return std::nullopt;
  }
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attribute)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    size_t bytes = static_cast<size_t>(elements.getNumElements()) * dtypeSize(*dtype);
    if (!blob || blob->getData().size() != bytes) {
      return std::nullopt;
    }
    return view(*dtype, elements.getType(), blob->getData().data());
  }
  if (auto strings = dyn_cast<DenseStringElementsAttr>(attribute)) {
    Tensor tensor(DType::String, shapeOf(elements.getType()));
    for (auto [i, text] : llvm::enumerate(strings.getValues<StringRef>())) {
      tensor.mutableStrings()[i] = text.str();
    }
    return tensor;
  }
  auto dense = dyn_cast<DenseElementsAttr>(attribute);
  return dense ? denseTensor(dense, *dtype) : std::nullopt;
}

std::optional<Tensor> constantTensor(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  return constant ? attrTensor(constant.getValueAttr()) : std::nullopt;
}

/// Is `number` the tensor's only element and not a neighbour of it? 2^53 + 1 is not 2^53.
static bool holdsExactly(const Tensor &one, double number) {
  if (one.dtype() == DType::U64) {
    return number < 0x1p64 && static_cast<uint64_t>(number) == static_cast<uint64_t>(one.asInt(0));
  }
  return one.dtype() != DType::I64 || (number < 0x1p63 && static_cast<int64_t>(number) == one.asInt(0));
}

std::optional<double> splatValue(Attribute attribute) {
  auto elements = dyn_cast_if_present<ElementsAttr>(attribute);
  if (!elements || elements.getNumElements() == 0 || isa<DenseStringElementsAttr>(attribute) || isa<ComplexType>(elements.getElementType())) {
    return std::nullopt;
  }
  auto dense = dyn_cast<DenseElementsAttr>(attribute);
  if (dense && !dense.isSplat()) {
    return std::nullopt;
  }
  if (dense && dense.getElementType().isInteger(1)) {
    return dense.getSplatValue<bool>() ? 1.0 : 0.0;
  }
  if (dense) {
    std::optional<DType> dtype = dtypeOf(dense.getElementType());
    if (!dtype) {
      return std::nullopt;
    }
    Tensor one(*dtype, {});
    std::memcpy(one.mutableData(), dense.getRawData().data(), dtypeSize(*dtype));
    if (isSignedInt(*dtype) && packedBits(*dtype) < 8) {
      one.setInt(0, one.asInt(0));
    }
    const double number = one.asDouble(0);
    return holdsExactly(one, number) ? std::optional(number) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<double> splatValue(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  return constant ? splatValue(constant.getValueAttr()) : std::nullopt;
}

} // namespace ncc::graph
