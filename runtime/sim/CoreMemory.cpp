// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/sim/CoreMemory.h"

#include "runtime/tensor/FloatConvert.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace ncc::sim {

namespace {

template <typename T>
T get(const uint8_t *at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}
template <typename T>
void put(uint8_t *at, T value) {
  std::memcpy(at, &value, sizeof(T));
}

template <typename T>
void putClamped(uint8_t *at, int64_t value, bool saturate) {
  if (saturate) {
    if constexpr (std::is_same_v<T, uint64_t>) {
      value = value < 0 ? 0 : value;
    } else if constexpr (!std::is_same_v<T, int64_t>) {
      value = std::min<int64_t>(std::max<int64_t>(value, std::numeric_limits<T>::min()), std::numeric_limits<T>::max());
    }
  }
  put(at, static_cast<T>(value));
}

} // namespace

int64_t toInteger(double value, ToInteger how) {
  if (std::isnan(value)) { // on the way to a range that clamps 0, else what x86 makes of it
    return how.saturate ? 0 : std::numeric_limits<int64_t>::min();
  }
  value = how.round ? std::nearbyint(value) : std::trunc(value);
  if (value >= 0x1p63) {
    return std::numeric_limits<int64_t>::max();
  }
  return value < -0x1p63 ? std::numeric_limits<int64_t>::min() : static_cast<int64_t>(value);
}

// One level of each: a type that no engine holds (the verifier lets none through) reads as zero and is not written.
namespace {

int64_t integerAt(DType type, const uint8_t *at) {
  switch (type) {
  case DType::I8:
    return get<int8_t>(at);
  case DType::I16:
    return get<int16_t>(at);
  case DType::I32:
    return get<int32_t>(at);
  case DType::I64:
  case DType::U64:
    return get<int64_t>(at);
  case DType::U8:
    return *at;
  case DType::U16:
    return get<uint16_t>(at);
  case DType::U32:
    return get<uint32_t>(at);
  case DType::Bool:
    return *at != 0;
  default:
    return 0;
  }
}

float floatAt(DType type, const uint8_t *at) {
  switch (type) {
  case DType::F32:
    return get<float>(at);
  case DType::BF16:
    return bf16ToFloat(get<uint16_t>(at));
  case DType::F16:
    return f16ToFloat(get<uint16_t>(at));
  case DType::F8E4M3:
    return f8e4m3ToFloat(*at);
  case DType::F8E5M2:
    return f8e5m2ToFloat(*at);
  default:
    return 0;
  }
}

void putFloat(DType type, uint8_t *at, float value) {
  switch (type) {
  case DType::F32:
    return put(at, value);
  case DType::BF16:
    return put(at, floatToBf16(value));
  case DType::F16:
    return put(at, floatToF16(value));
  case DType::F8E4M3:
    return put(at, floatToF8e4m3(value));
  case DType::F8E5M2:
    return put(at, floatToF8e5m2(value));
  default:
    return;
  }
}

} // namespace

double loadDouble(DType type, const uint8_t *at) {
  switch (type) {
  case DType::F64:
    return get<double>(at);
  case DType::U64:
    return static_cast<double>(get<uint64_t>(at));
  default:
    return exactType(type) ? static_cast<double>(integerAt(type, at)) : floatAt(type, at);
  }
}

int64_t loadInteger(DType type, const uint8_t *at) {
  return exactType(type) ? integerAt(type, at) : toInteger(loadDouble(type, at), {false, true});
}

float loadFloat(DType type, const uint8_t *at) {
  switch (type) {
  case DType::F64:
    return static_cast<float>(get<double>(at));
  case DType::U64:
    return static_cast<float>(get<uint64_t>(at));
  default:
    return exactType(type) ? static_cast<float>(integerAt(type, at)) : floatAt(type, at);
  }
}

void storeInteger(DType type, uint8_t *at, int64_t value, bool saturate) {
  switch (type) {
  case DType::I8:
    return putClamped<int8_t>(at, value, saturate);
  case DType::I16:
    return putClamped<int16_t>(at, value, saturate);
  case DType::I32:
    return putClamped<int32_t>(at, value, saturate);
  case DType::I64:
    return putClamped<int64_t>(at, value, saturate);
  case DType::U8:
    return putClamped<uint8_t>(at, value, saturate);
  case DType::U16:
    return putClamped<uint16_t>(at, value, saturate);
  case DType::U32:
    return putClamped<uint32_t>(at, value, saturate);
  case DType::U64:
    return putClamped<uint64_t>(at, value, saturate);
  case DType::Bool:
    return put<uint8_t>(at, value != 0);
  case DType::F64:
    return put(at, static_cast<double>(value));
  default:
    return putFloat(type, at, static_cast<float>(value));
  }
}

void storeFloat(DType type, uint8_t *at, float value, ToInteger how) {
  return isFloat(type) && type != DType::F64 ? putFloat(type, at, value) : storeDouble(type, at, value, how);
}

void storeDouble(DType type, uint8_t *at, double value, ToInteger how) {
  switch (type) {
  case DType::F64:
    return put(at, value);
  case DType::Bool:
    return put<uint8_t>(at, value != 0); // NaN is true
  case DType::U64:
    if (value >= 0x1p63) {
      return put(at, value < 0x1p64 ? static_cast<uint64_t>(value) : std::numeric_limits<uint64_t>::max());
    }
    break;
  default:
    break;
  }
  if (isInteger(type)) {
    return storeInteger(type, at, toInteger(value, how), how.saturate);
  }
  putFloat(type, at, static_cast<float>(value));
}

CoreMemory::CoreMemory(const hw::DeviceSpec &spec)
    : sbufStride((spec.sbufBytesPerPartition + 63) / 64 * 64 + 64),
      psumStride((spec.psumBytesPerPartition + 63) / 64 * 64 + 64),
      sbufBytes(allocateBytes(static_cast<uint64_t>(sbufStride * spec.partitions))),
      psumBytes(allocateBytes(static_cast<uint64_t>(psumStride * spec.partitions))) {}

CoreMemory::Layout CoreMemory::layout(const isa::AccessPattern &ap, uint8_t *const *dram) const {
  switch (ap.space) {
  case isa::Space::Sbuf:
    return {sbuf() + ap.partition * sbufStride + static_cast<int64_t>(ap.offset), sbufStride, ap.partitions};
  case isa::Space::Psum:
    return {psum() + ap.partition * psumStride + static_cast<int64_t>(ap.offset), psumStride, ap.partitions};
  default:
    return {dram[ap.buffer] + ap.offset, 0, 1};
  }
}

namespace {

template <typename T, typename Load>
std::vector<T> readAll(const CoreMemory &memory, const isa::AccessPattern &ap, uint8_t *const *dram, Load load) {
  std::vector<T> out(static_cast<size_t>(ap.totalSize()));
  T *to = out.data();
  memory.forEachRun(ap, dram, [&](const uint8_t *at, int64_t count, int64_t stride) {
    for (int64_t i = 0; i < count; ++i, at += stride) {
      *to++ = load(ap.dtype, at);
    }
  });
  return out;
}

template <typename T, typename Store>
void writeAll(const CoreMemory &memory, const isa::AccessPattern &ap, uint8_t *const *dram, const std::vector<T> &values, Store store) {
  const T *from = values.data();
  memory.forEachRun(ap, dram, [&](uint8_t *at, int64_t count, int64_t stride) {
    for (int64_t i = 0; i < count; ++i, at += stride) {
      store(ap.dtype, at, *from++);
    }
  });
}

} // namespace

std::vector<float> CoreMemory::readFloats(const isa::AccessPattern &ap, uint8_t *const *dram) const {
  return readAll<float>(*this, ap, dram, loadFloat);
}
std::vector<double> CoreMemory::readDoubles(const isa::AccessPattern &ap, uint8_t *const *dram) const {
  return readAll<double>(*this, ap, dram, loadDouble);
}
std::vector<int64_t> CoreMemory::readIntegers(const isa::AccessPattern &ap, uint8_t *const *dram) const {
  return readAll<int64_t>(*this, ap, dram, loadInteger);
}
std::vector<uint8_t> CoreMemory::readBytes(const isa::AccessPattern &ap, uint8_t *const *dram) const {
  const size_t size = dtypeSize(ap.dtype);
  std::vector<uint8_t> out(static_cast<size_t>(ap.totalSize()) * size);
  uint8_t *to = out.data();
  forEachRun(ap, dram, [&](const uint8_t *at, int64_t count, int64_t stride) {
    for (int64_t i = 0; i < count; ++i, at += stride, to += size) {
      std::memcpy(to, at, size);
    }
  });
  return out;
}
void CoreMemory::writeFloats(const isa::AccessPattern &ap, uint8_t *const *dram, const std::vector<float> &values, ToInteger how) {
  writeAll(*this, ap, dram, values, [how](DType type, uint8_t *at, float v) { storeFloat(type, at, v, how); });
}
void CoreMemory::writeDoubles(const isa::AccessPattern &ap, uint8_t *const *dram, const std::vector<double> &values, ToInteger how) {
  writeAll(*this, ap, dram, values, [how](DType type, uint8_t *at, double v) { storeDouble(type, at, v, how); });
}
void CoreMemory::writeIntegers(const isa::AccessPattern &ap, uint8_t *const *dram, const std::vector<int64_t> &values, bool saturate) {
  writeAll(*this, ap, dram, values, [saturate](DType type, uint8_t *at, int64_t v) { storeInteger(type, at, v, saturate); });
}
void CoreMemory::writeBytes(const isa::AccessPattern &ap, uint8_t *const *dram, const std::vector<uint8_t> &values) {
  const size_t size = dtypeSize(ap.dtype);
  const uint8_t *from = values.data();
  forEachRun(ap, dram, [&](uint8_t *at, int64_t count, int64_t stride) {
    for (int64_t i = 0; i < count; ++i, at += stride, from += size) {
      std::memcpy(at, from, size);
    }
  });
}

} // namespace ncc::sim
