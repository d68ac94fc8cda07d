// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Conversions between float and the narrow float formats, bit exact on every CPU: round to nearest even, NaN
// stays NaN. F8E4M3 is the "FN" form (no infinity, largest 448); out-of-range values become NaN there.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace ncc {

inline float bf16ToFloat(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
inline uint16_t floatToBf16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return static_cast<uint16_t>((bits >> 16) | 0x40); // quiet
  }
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
}

inline float f16ToFloat(uint16_t half) {
  uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  uint32_t exponent = (half >> 10) & 31;
  uint32_t mantissa = half & 1023;
  if (exponent == 0) {
    float value = static_cast<float>(mantissa) * 0x1p-24f;
    return sign ? -value : value;
  }
  if (exponent == 31) {
    return std::bit_cast<float>(sign | 0x7f800000u | mantissa << 13);
  }
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}
inline uint16_t floatToF16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) {
    return sign | 0x7e00 | static_cast<uint16_t>((magnitude >> 13) & 0x1ff);
  }
  if (magnitude >= 0x477ff000u) { // rounds to 65536 or more
    return sign | 0x7c00;
  }
  if (magnitude < 0x38800000u) { // subnormal: let the float adder round
    float rounded = std::bit_cast<float>(magnitude) + 0.5f;
    return sign | static_cast<uint16_t>(std::bit_cast<uint32_t>(rounded) - 0x3f000000u);
  }
  magnitude += 0xfffu + ((magnitude >> 13) & 1) - 0x38000000u;
  return sign | static_cast<uint16_t>(magnitude >> 13);
}

namespace detail {
/// Decodes a float of 1 + E + M bits with the given bias; specials are handled by the callers.
template <int M, int Bias>
float decodeSmall(uint8_t bits, int exponentBits) {
  int exponent = (bits >> M) & ((1 << exponentBits) - 1);
  int mantissa = bits & ((1 << M) - 1);
  float value = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), 1 - Bias - M)
                              : std::ldexp(static_cast<float>(mantissa | 1 << M), exponent - Bias - M);
  return bits & 0x80 ? -value : value;
}
template <int M, int Bias>
int encodeSmall(float magnitude) {
  int exponent = std::max(std::ilogb(magnitude), 1 - Bias);
  float scaled = std::ldexp(magnitude, M - exponent); // integer part is the significand
  int significand = static_cast<int>(std::nearbyint(scaled));
  int code = significand + ((exponent + Bias - 1) << M);
  return code;
}
} // namespace detail

inline float f8e4m3ToFloat(uint8_t bits) {
  return (bits & 0x7f) == 0x7f ? std::nanf("") : detail::decodeSmall<3, 7>(bits, 4);
}
inline uint8_t floatToF8e4m3(float value) {
  uint8_t sign = std::signbit(value) ? 0x80 : 0;
  float magnitude = std::fabs(value);
  if (!(magnitude <= 464.0f)) { // NaN, infinity, and all that rounds above 448
    return sign | 0x7f;
  }
  return sign | (magnitude == 0 ? 0 : static_cast<uint8_t>(detail::encodeSmall<3, 7>(magnitude)));
}
inline float f8e5m2ToFloat(uint8_t bits) { return f16ToFloat(static_cast<uint16_t>(bits << 8)); }
inline uint8_t floatToF8e5m2(float value) {
  uint8_t sign = std::signbit(value) ? 0x80 : 0;
  float magnitude = std::fabs(value);
  if (std::isnan(value)) {
    return sign | 0x7e;
  }
  if (magnitude >= 61440.0f) {
    return sign | 0x7c;
  }
  return sign | (magnitude == 0 ? 0 : static_cast<uint8_t>(detail::encodeSmall<2, 15>(magnitude)));
}

} // namespace ncc
