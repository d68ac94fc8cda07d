// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/tensor/DType.h"

namespace ncc {

namespace {
struct Name {
  DType type;
  std::string_view name;
};
constexpr Name kNames[] = {
    {DType::F32, "f32"}, {DType::F16, "f16"}, {DType::BF16, "bf16"}, {DType::F64, "f64"}, {DType::F8E4M3, "f8e4m3"},
    {DType::F8E5M2, "f8e5m2"}, {DType::F8E4M3Fnuz, "f8e4m3fnuz"}, {DType::F8E5M2Fnuz, "f8e5m2fnuz"},
    {DType::F8E8M0, "f8e8m0"}, {DType::F4E2M1, "f4e2m1"}, {DType::I4, "i4"}, {DType::I2, "i2"}, {DType::U4, "u4"}, {DType::U2, "u2"},
    {DType::I8, "i8"}, {DType::I16, "i16"}, {DType::I32, "i32"}, {DType::I64, "i64"},
    {DType::U8, "u8"}, {DType::U16, "u16"}, {DType::U32, "u32"}, {DType::U64, "u64"}, {DType::Bool, "bool"},
    {DType::C64, "c64"}, {DType::C128, "c128"}, {DType::String, "string"}};
} // namespace

std::string_view dtypeName(DType type) {
  for (const Name &entry : kNames) {
    if (entry.type == type) {
      return entry.name;
    }
  }
  return "?";
}

std::optional<DType> dtypeFromName(std::string_view name) {
  for (const Name &entry : kNames) {
    if (entry.name == name) {
      return entry.type;
    }
  }
  return std::nullopt;
}

} // namespace ncc
