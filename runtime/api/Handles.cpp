// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "runtime/api/Handles.h"

#include "runtime/tensor/Guard.h"

namespace ncc::api {

std::string &lastErrorText() {
  thread_local std::string text;
  return text;
}

NRT_STATUS fail(NRT_STATUS code, const std::string &text) {
  lastErrorText() = text;
  return code;
}

NRT_STATUS fromStatus(const absl::Status &status, NRT_STATUS otherwise) {
  lastErrorText() = std::string(status.message());
  switch (status.code()) {
  case absl::StatusCode::kOk:
    return NRT_SUCCESS;
  case absl::StatusCode::kUnimplemented:
    return NRT_UNSUPPORTED_NEFF_VERSION;
  case absl::StatusCode::kResourceExhausted:
    return NRT_RESOURCE;
  case absl::StatusCode::kInvalidArgument:
  case absl::StatusCode::kDataLoss:
  case absl::StatusCode::kNotFound:
    return NRT_INVALID;
  default:
    return otherwise;
  }
}

NRT_STATUS caught() {
  try {
    return fromStatus(guarded([]() -> absl::Status { throw; }), NRT_FAILURE);
  } catch (...) {
    return fail(NRT_FAILURE, "an unexpected failure");
  }
}

nrt_dtype_t dtypeCode(DType type) {
  switch (type) {
  case DType::F32:
    return NRT_DTYPE_FLOAT32;
  case DType::F16:
    return NRT_DTYPE_FLOAT16;
  case DType::BF16:
    return NRT_DTYPE_BFLOAT16;
  case DType::F64:
    return NCC_NRT_DTYPE_FLOAT64;
  case DType::F8E4M3:
    return NRT_DTYPE_FP8_E4;
  case DType::F8E5M2:
    return NRT_DTYPE_FP8_E5;
  case DType::I8:
    return NRT_DTYPE_INT8;
  case DType::I16:
    return NRT_DTYPE_INT16;
  case DType::I32:
    return NRT_DTYPE_INT32;
  case DType::I64:
    return NRT_DTYPE_INT64;
  case DType::U8:
    return NRT_DTYPE_UINT8;
  case DType::U16:
    return NRT_DTYPE_UINT16;
  case DType::U32:
    return NRT_DTYPE_UINT32;
  case DType::U64:
    return NRT_DTYPE_UINT64;
  case DType::F8E4M3Fnuz:
    return NCC_NRT_DTYPE_FP8_E4M3FNUZ;
  case DType::F8E5M2Fnuz:
    return NCC_NRT_DTYPE_FP8_E5M2FNUZ;
  case DType::F8E8M0:
    return NCC_NRT_DTYPE_FP8_E8M0;
  case DType::F4E2M1:
    return NCC_NRT_DTYPE_FP4_E2M1;
  case DType::I4:
    return NCC_NRT_DTYPE_INT4;
  case DType::U4:
    return NCC_NRT_DTYPE_UINT4;
  case DType::I2:
    return NCC_NRT_DTYPE_INT2;
  case DType::U2:
    return NCC_NRT_DTYPE_UINT2;
  case DType::C64:
    return NCC_NRT_DTYPE_COMPLEX64;
  case DType::C128:
    return NCC_NRT_DTYPE_COMPLEX128;
  case DType::Bool:
    return NCC_NRT_DTYPE_BOOL;
  case DType::String:
    return NCC_NRT_DTYPE_STRING;
  default:
    return NRT_DTYPE_UNKNOWN;
  }
}

std::optional<DType> dtypeOfCode(nrt_dtype_t code) {
  for (int i = 0; i < 256; ++i) {
    const auto type = static_cast<DType>(i);
    if (dtypeName(type) != "?" && dtypeCode(type) == code && code != NRT_DTYPE_UNKNOWN) {
      return type;
    }
  }
  return std::nullopt;
}

} // namespace ncc::api
