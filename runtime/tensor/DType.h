// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Element types shared by the compiler, the NEFF and the runtime. The numeric values are stored in NEFF files:
// append only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ncc {

enum class DType : uint8_t {
  F32 = 0, F16 = 1, BF16 = 2, F64 = 3, F8E4M3 = 4, F8E5M2 = 5,
  I8 = 8, I16 = 9, I32 = 10, I64 = 11,
  U8 = 16, U16 = 17, U32 = 18, U64 = 19,
  Bool = 24, // one byte, 0 or 1
  String = 32,
};

/// Bytes of one element; 0 for String, which has no fixed size.
constexpr size_t dtypeSize(DType type) {
  switch (type) {
  case DType::F8E4M3: case DType::F8E5M2: case DType::I8: case DType::U8: case DType::Bool: return 1;
  case DType::F16: case DType::BF16: case DType::I16: case DType::U16: return 2;
  case DType::F32: case DType::I32: case DType::U32: return 4;
  case DType::F64: case DType::I64: case DType::U64: return 8;
  case DType::String: return 0;
  }
  return 0;
}

constexpr bool isFloat(DType type) { return static_cast<uint8_t>(type) < 8; }
constexpr bool isSignedInt(DType type) { return type >= DType::I8 && type <= DType::I64; }
constexpr bool isUnsignedInt(DType type) { return type >= DType::U8 && type <= DType::U64; }
constexpr bool isInteger(DType type) { return isSignedInt(type) || isUnsignedInt(type); }

/// The short lower-case name: "f32", "bf16", "i8", "u8", "bool", "string".
std::string_view dtypeName(DType type);
std::optional<DType> dtypeFromName(std::string_view name);

} // namespace ncc
