// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Element types shared by the compiler, the NEFF and the runtime. The numeric values are stored in NEFF files:
// append only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ncc {

enum class DType : uint8_t {
  F32 = 0, F16 = 1, BF16 = 2, F64 = 3, F8E4M3 = 4, F8E5M2 = 5, F8E4M3Fnuz = 6, F8E5M2Fnuz = 7,
  I8 = 8, I16 = 9, I32 = 10, I64 = 11, I4 = 12, I2 = 13, // 4 and 2 bits lie one to a byte, extended to 8
  U8 = 16, U16 = 17, U32 = 18, U64 = 19, U4 = 20, U2 = 21,
  Bool = 24, // one byte, 0 or 1
  String = 32,
  F8E8M0 = 40, F4E2M1 = 41, // a power of two without sign; four bits, one to a byte
  C64 = 48, C128 = 49, // complex: a real and an imaginary f32, or f64
};

/// Bytes of one element; 0 for String, which has no fixed size.
constexpr size_t dtypeSize(DType type) {
  switch (type) {
  case DType::F8E4M3: case DType::F8E5M2: case DType::F8E4M3Fnuz: case DType::F8E5M2Fnuz: case DType::F8E8M0:
  case DType::F4E2M1: case DType::I8: case DType::I4: case DType::I2: case DType::U8: case DType::U4: case DType::U2:
  case DType::Bool: return 1;
  case DType::F16: case DType::BF16: case DType::I16: case DType::U16: return 2;
  case DType::F32: case DType::I32: case DType::U32: return 4;
  case DType::F64: case DType::I64: case DType::U64: case DType::C64: return 8;
  case DType::C128: return 16;
  case DType::String: return 0;
  }
  return 0;
}

/// Bytes of one element in memory; of a String, those beside its characters.
constexpr size_t memorySize(DType type) { return type == DType::String ? sizeof(std::string) : dtypeSize(type); }

constexpr bool isFloat(DType type) {
  return static_cast<uint8_t>(type) < 8 || type == DType::F8E8M0 || type == DType::F4E2M1;
}
constexpr bool isComplex(DType type) { return type == DType::C64 || type == DType::C128; }
constexpr bool isSignedInt(DType type) { return type >= DType::I8 && type <= DType::I2; }
constexpr bool isUnsignedInt(DType type) { return type >= DType::U8 && type <= DType::U2; }
constexpr bool isInteger(DType type) { return isSignedInt(type) || isUnsignedInt(type); }

/// Bits of one value as ONNX files pack it: 4 and 2 for the types below a byte.
constexpr int packedBits(DType type) {
  switch (type) {
  case DType::I4: case DType::U4: case DType::F4E2M1: return 4;
  case DType::I2: case DType::U2: return 2;
  default: return static_cast<int>(8 * dtypeSize(type));
  }
}

/// The short lower-case name: "f32", "bf16", "i8", "u8", "bool", "string".
std::string_view dtypeName(DType type);
std::optional<DType> dtypeFromName(std::string_view name);

} // namespace ncc
