// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/tensor/Tensor.h"

#include "runtime/tensor/FloatConvert.h"

#include <cmath>
#include <cstdlib>
#include <cstring>

namespace ncc {

int64_t numElements(absl::Span<const int64_t> shape) {
  int64_t n = 1;
  for (int64_t dim : shape) {
    n *= dim;
  }
  return n;
}

std::string shapeString(absl::Span<const int64_t> shape) {
  if (shape.empty()) {
    return "scalar";
  }
  std::string out;
  for (int64_t dim : shape) {
    if (!out.empty()) {
      out += 'x';
    }
    out += std::to_string(dim);
  }
  return out;
}

Tensor::Tensor(DType type, Shape shape) : type(type), dims(std::move(shape)), count(numElements(dims)) {
  if (type == DType::String) {
    text = std::make_shared<std::vector<std::string>>(static_cast<size_t>(count));
    storage = text;
    return;
  }
  size_t size = (byteSize() + 63) / 64 * 64;
  constexpr std::align_val_t kAlignment{64};
  void *memory = ::operator new(size ? size : 64, kAlignment);
  std::memset(memory, 0, size);
  bytes = memory;
  storage = std::shared_ptr<const void>(memory, [](const void *p) { ::operator delete(const_cast<void *>(p), kAlignment); });
}

Tensor::Tensor(DType type, Shape shape, const void *data, std::shared_ptr<const void> owner)
    : type(type), dims(std::move(shape)), count(numElements(dims)), bytes(data), storage(std::move(owner)) {
  if (!storage) { // somebody else guarantees the lifetime
    storage = std::shared_ptr<const void>(data, [](const void *) {});
  }
}

Tensor Tensor::reshaped(Shape shape) const {
  Tensor result = *this;
  result.dims = std::move(shape);
  return result;
}

namespace {
template <typename T>
T load(const void *data, int64_t i) {
  T value;
  std::memcpy(&value, static_cast<const char *>(data) + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}
template <typename T>
void store(void *data, int64_t i, T value) {
  std::memcpy(static_cast<char *>(data) + i * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
}

/// The byte of an integer of at most 8 bits: the low bits, extended as the type says.
uint8_t wrapped(DType type, int64_t value) {
  int spare = 8 - packedBits(type);
  uint8_t high = static_cast<uint8_t>(static_cast<uint64_t>(value) << spare);
  return isSignedInt(type) ? static_cast<uint8_t>(static_cast<int8_t>(high) >> spare) : static_cast<uint8_t>(high >> spare);
}
} // namespace

double Tensor::asDouble(int64_t i) const {
  switch (type) {
  case DType::F32:
    return load<float>(bytes, i);
  case DType::F64:
    return load<double>(bytes, i);
  case DType::F16:
    return f16ToFloat(load<uint16_t>(bytes, i));
  case DType::BF16:
    return bf16ToFloat(load<uint16_t>(bytes, i));
  case DType::F8E4M3:
    return f8e4m3ToFloat(load<uint8_t>(bytes, i));
  case DType::F8E5M2:
    return f8e5m2ToFloat(load<uint8_t>(bytes, i));
  case DType::F8E4M3Fnuz:
    return f8e4m3fnuzToFloat(load<uint8_t>(bytes, i));
  case DType::F8E5M2Fnuz:
    return f8e5m2fnuzToFloat(load<uint8_t>(bytes, i));
  case DType::F8E8M0:
    return f8e8m0ToFloat(load<uint8_t>(bytes, i));
  case DType::F4E2M1:
    return f4e2m1ToFloat(load<uint8_t>(bytes, i));
  case DType::U64:
    return static_cast<double>(load<uint64_t>(bytes, i));
  case DType::C64:
    return load<float>(bytes, 2 * i);
  case DType::C128:
    return load<double>(bytes, 2 * i);
  default:
    return static_cast<double>(asInt(i));
  }
}

double Tensor::imaginary(int64_t i) const {
  return type == DType::C64 ? load<float>(bytes, 2 * i + 1) : type == DType::C128 ? load<double>(bytes, 2 * i + 1) : 0.0;
}

/// What x86 makes of a value that no integer of 64 bits holds: the least one. C++ leaves it open.
static int64_t toInteger(double value) { return value >= -0x1p63 && value < 0x1p63 ? static_cast<int64_t>(value) : INT64_MIN; }

int64_t Tensor::asInt(int64_t i) const {
  switch (type) {
  case DType::I8:
  case DType::I4:
  case DType::I2:
    return load<int8_t>(bytes, i);
  case DType::I16:
    return load<int16_t>(bytes, i);
  case DType::I32:
    return load<int32_t>(bytes, i);
  case DType::I64:
  case DType::U64:
    return load<int64_t>(bytes, i);
  case DType::U8:
  case DType::U4:
  case DType::U2:
    return load<uint8_t>(bytes, i);
  case DType::U16:
    return load<uint16_t>(bytes, i);
  case DType::U32:
    return load<uint32_t>(bytes, i);
  case DType::Bool:
    return load<uint8_t>(bytes, i) != 0;
  case DType::String:
    return 0;
  default:
    return toInteger(asDouble(i));
  }
}

/// Rounded to odd, so that rounding it again to a narrower float gives what rounding once would.
static float towardsOdd(double value) {
  auto result = static_cast<float>(value);
  if (value != value || static_cast<double>(result) == value) {
    return result;
  }
  if (std::fabs(static_cast<double>(result)) > std::fabs(value)) {
    result = std::nextafter(result, 0.0f);
  }
  uint32_t bits = 0;
  std::memcpy(&bits, &result, sizeof(bits));
  bits |= 1;
  std::memcpy(&result, &bits, sizeof(bits));
  return result;
}

void Tensor::setDouble(int64_t i, double value) {
  void *data = mutableData();
  switch (type) {
  case DType::F32:
    return store(data, i, static_cast<float>(value));
  case DType::F64:
    return store(data, i, value);
  case DType::F16:
    return store(data, i, floatToF16(towardsOdd(value)));
  case DType::BF16:
    return store(data, i, floatToBf16(towardsOdd(value)));
  case DType::F8E4M3:
    return store(data, i, floatToF8e4m3(towardsOdd(value)));
  case DType::F8E5M2:
    return store(data, i, floatToF8e5m2(towardsOdd(value)));
  case DType::F8E4M3Fnuz:
    return store(data, i, floatToF8e4m3fnuz(towardsOdd(value)));
  case DType::F8E5M2Fnuz:
    return store(data, i, floatToF8e5m2fnuz(towardsOdd(value)));
  case DType::F8E8M0:
    return store(data, i, floatToF8e8m0(towardsOdd(value)));
  case DType::F4E2M1:
    return store(data, i, floatToF4e2m1(towardsOdd(value)));
  case DType::Bool:
    return store(data, i, static_cast<uint8_t>(value != 0));
  case DType::C64:
    store(data, 2 * i + 1, 0.0f);
    return store(data, 2 * i, static_cast<float>(value));
  case DType::C128:
    store(data, 2 * i + 1, 0.0);
    return store(data, 2 * i, value);
  case DType::U64:
    return store(data, i, value >= 0x1p63 && value < 0x1p64 ? static_cast<uint64_t>(value) : static_cast<uint64_t>(toInteger(value)));
  default:
    return setInt(i, toInteger(value));
  }
}

void Tensor::setInt(int64_t i, int64_t value) {
  void *data = mutableData();
  switch (dtypeSize(type)) {
  case 1:
    if (type == DType::Bool) {
      return store(data, i, static_cast<uint8_t>(value != 0));
    }
    if (isInteger(type)) {
      return store(data, i, wrapped(type, value));
    }
    break;
  case 2:
    if (isInteger(type)) {
      return store(data, i, static_cast<uint16_t>(value));
    }
    break;
  case 4:
    if (isInteger(type)) {
      return store(data, i, static_cast<uint32_t>(value));
    }
    break;
  case 8:
    if (isInteger(type)) {
      return store(data, i, value);
    }
    break;
  case 0:
    return;
  default:
    break;
  }
  setDouble(i, static_cast<double>(value));
}

Tensor realPairs(const Tensor &tensor) {
  if (!isComplex(tensor.dtype())) {
    return tensor;
  }
  Shape shape = tensor.shape();
  shape.push_back(2);
  return Tensor(tensor.dtype() == DType::C64 ? DType::F32 : DType::F64, shape, tensor.data(), std::make_shared<Tensor>(tensor));
}

Tensor unpackBits(const void *packed, DType type, Shape shape) {
  Tensor tensor(type, std::move(shape));
  int bits = packedBits(type);
  auto *out = static_cast<uint8_t *>(tensor.mutableData());
  for (int64_t i = 0; i < tensor.size(); ++i) {
    int64_t at = i * bits;
    int value = (static_cast<const uint8_t *>(packed)[at / 8] >> (at % 8)) & ((1 << bits) - 1);
    out[i] = isInteger(type) ? wrapped(type, value) : static_cast<uint8_t>(value);
  }
  return tensor;
}

std::string packBits(const Tensor &tensor) {
  int bits = packedBits(tensor.dtype());
  std::string out(static_cast<size_t>((tensor.size() * bits + 7) / 8), '\0');
  const auto *values = static_cast<const uint8_t *>(tensor.data());
  for (int64_t i = 0; i < tensor.size(); ++i) {
    int64_t at = i * bits;
    out[static_cast<size_t>(at / 8)] = static_cast<char>(out[static_cast<size_t>(at / 8)] | (values[i] & ((1 << bits) - 1)) << (at % 8));
  }
  return out;
}

} // namespace ncc
