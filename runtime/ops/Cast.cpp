// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reference kernel of cast. Floats truncate towards zero on the way to integers, out-of-range values wrap through
// int64; 8-bit floats saturate when asked.
#include "runtime/ops/Support.h"
#include "runtime/tensor/FloatConvert.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace ncc::ops {

namespace {

int64_t toInt64(double value) {
  if (!(value > -0x1p63)) {
    return INT64_MIN;
  }
  return value < 0x1p63 ? static_cast<int64_t>(value) : INT64_MAX;
}

template <typename From, typename To>
To convert(From value) {
  if constexpr (std::is_same_v<To, bool>) {
    return value != From(0);
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    if constexpr (std::is_same_v<To, uint64_t>) {
      return value >= 0x1p63 ? (value < 0x1p64 ? static_cast<uint64_t>(value) : UINT64_MAX)
                             : static_cast<uint64_t>(toInt64(value));
    }
    return static_cast<To>(toInt64(value));
  } else {
    return static_cast<To>(value);
  }
}

std::string formatNumber(const Tensor &x, int64_t i) {
  if (!isFloat(x.dtype())) {
    return x.dtype() == DType::U64 ? std::to_string(static_cast<uint64_t>(x.asInt(i))) : std::to_string(x.asInt(i));
  }
  double value = x.asDouble(i);
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value < 0 ? "-INF" : "INF";
  }
  char text[40];
  std::snprintf(text, sizeof(text), x.dtype() == DType::F64 ? "%.17g" : "%.8g", value);
  return text;
}

absl::Status castStrings(const Tensor &x, Tensor &out) {
  for (int64_t i = 0; i < out.size(); ++i) {
    if (out.dtype() == DType::String) {
      out.mutableStrings()[i] = x.dtype() == DType::String ? x.strings()[i] : formatNumber(x, i);
      continue;
    }
    const std::string &text = x.strings()[i];
    char *end = nullptr;
    double number = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0') {
      return absl::InvalidArgumentError(absl::StrCat("'", text, "' is not a number"));
    }
    if (isFloat(out.dtype())) {
      out.setDouble(i, number);
    } else {
      out.setInt(i, std::strtoll(text.c_str(), nullptr, 10));
    }
  }
  return absl::OkStatus();
}

/// The largest value of an 8-bit or smaller float.
double largestOf(DType type) {
  switch (type) {
  case DType::F8E4M3: return 448;
  case DType::F8E4M3Fnuz: return 240;
  case DType::F4E2M1: return 6;
  case DType::F8E8M0: return 0x1p127;
  default: return 57344;
  }
}

/// To floats of 8 bits and less, and to integers of 4 and 2 bits, which keep the low bits.
void castToSmall(const KernelContext &context, const Tensor &x, Tensor &out) {
  bool saturate = context.attrs.getInt("saturate", 1) != 0;
  if (isInteger(out.dtype())) {
    for (int64_t i = 0; i < x.size(); ++i) {
      out.setInt(i, isFloat(x.dtype()) ? toInt64(x.asDouble(i)) : x.asInt(i));
    }
    return;
  }
  std::string mode = context.attrs.getString("round_mode", "up");
  E8m0Rounding rounding = mode == "up" ? E8m0Rounding::Up : mode == "down" ? E8m0Rounding::Down : E8m0Rounding::Nearest;
  double limit = largestOf(out.dtype());
  for (int64_t i = 0; i < x.size(); ++i) {
    double value = x.asDouble(i);
    value = saturate && std::fabs(value) > limit ? std::copysign(limit, value) : value;
    value = out.dtype() == DType::F4E2M1 && std::isnan(value) ? 0 : value; // it has no NaN
    if (out.dtype() == DType::F8E8M0) {
      out.mutableAs<uint8_t>()[i] = floatToF8e8m0(static_cast<float>(value), rounding);
    } else {
      out.setDouble(i, value);
    }
  }
}

} // namespace

absl::Status cast(KernelContext &context) {
  const Tensor &x = context.inputs[0];
  Tensor &out = context.outputs[0];
  if (x.dtype() == DType::String || out.dtype() == DType::String) {
    return castStrings(x, out);
  }
  if (x.dtype() == out.dtype()) {
    out = x;
    return absl::OkStatus();
  }
  if (dtypeSize(out.dtype()) == 1 && (isFloat(out.dtype()) || packedBits(out.dtype()) < 8)) {
    castToSmall(context, x, out);
    return absl::OkStatus();
  }
  if (packedBits(x.dtype()) < 8 && isInteger(x.dtype())) {
    for (int64_t i = 0; i < x.size(); ++i) {
      out.setInt(i, x.asInt(i));
    }
    return absl::OkStatus();
  }
  if (x.dtype() == DType::F64 && isNarrowFloat(out.dtype())) {
    for (int64_t i = 0; i < x.size(); ++i) {
      out.setDouble(i, x.asDouble(i));
    }
    return absl::OkStatus();
  }
  return runWidened(context, [](KernelContext &wide) {
    const Tensor &in = wide.inputs[0];
    Tensor &result = wide.outputs[0];
    if (in.dtype() == result.dtype()) {
      result = in;
      return absl::OkStatus();
    }
    return dispatch(in.dtype(), [&](auto from) {
      using From = typename decltype(from)::type;
      return dispatch(result.dtype(), [&](auto to) {
        using To = typename decltype(to)::type;
        const From *source = in.as<From>().data();
        To *target = result.mutableAs<To>().data();
        for (int64_t i = 0; i < in.size(); ++i) {
          target[i] = convert<From, To>(source[i]);
        }
        return absl::OkStatus();
      });
    });
  });
}

} // namespace ncc::ops
