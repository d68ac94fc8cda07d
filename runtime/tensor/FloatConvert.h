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

// The "FNUZ" forms have one zero and one NaN (0x80) and no infinity; their biases are one larger.
inline float f8e4m3fnuzToFloat(uint8_t bits) { return bits == 0x80 ? std::nanf("") : detail::decodeSmall<3, 8>(bits, 4); }
inline uint8_t floatToF8e4m3fnuz(float value) {
  float magnitude = std::fabs(value);
  if (!(magnitude < 248.0f)) { // NaN, infinity, and all that rounds above 240
    return 0x80;
  }
  int code = magnitude == 0 ? 0 : detail::encodeSmall<3, 8>(magnitude);
  return static_cast<uint8_t>(code | (std::signbit(value) && code ? 0x80 : 0));
}
inline float f8e5m2fnuzToFloat(uint8_t bits) { return bits == 0x80 ? std::nanf("") : detail::decodeSmall<2, 16>(bits, 5); }
inline uint8_t floatToF8e5m2fnuz(float value) {
  float magnitude = std::fabs(value);
  if (!(magnitude < 61440.0f)) {
    return 0x80;
  }
  int code = magnitude == 0 ? 0 : detail::encodeSmall<2, 16>(magnitude);
  return static_cast<uint8_t>(code | (std::signbit(value) && code ? 0x80 : 0));
}

/// 2^(bits - 127); 255 is NaN. There is no zero and no sign.
inline float f8e8m0ToFloat(uint8_t bits) { return bits == 255 ? std::nanf("") : std::ldexp(1.0f, bits - 127); }
enum class E8m0Rounding { Nearest, Up, Down };
inline uint8_t floatToF8e8m0(float value, E8m0Rounding rounding = E8m0Rounding::Nearest) {
  float magnitude = std::fabs(value);
  if (!(magnitude <= 0x1.fffffep127f)) { // NaN and infinity
    return 255;
  }
  if (magnitude == 0) {
    return 0;
  }
  int exponent = std::ilogb(magnitude);
  float fraction = std::ldexp(magnitude, -exponent); // [1, 2)
  bool up = rounding == E8m0Rounding::Up ? fraction > 1 : rounding == E8m0Rounding::Nearest && fraction >= 1.5f;
  return static_cast<uint8_t>(std::clamp(exponent + (up ? 1 : 0) + 127, 0, 254));
}

/// 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives; what is larger becomes 6.
inline float f4e2m1ToFloat(uint8_t bits) {
  static constexpr float kValues[] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
  return bits & 8 ? -kValues[bits & 7] : kValues[bits & 7];
}
inline uint8_t floatToF4e2m1(float value) {
  uint8_t sign = std::signbit(value) ? 8 : 0;
  float magnitude = std::fabs(value);
  if (!(magnitude < 7.0f)) { // NaN has no code: the largest stands for it
    return sign | 7;
  }
  return sign | (magnitude == 0 ? 0 : static_cast<uint8_t>(detail::encodeSmall<1, 1>(magnitude)));
}

} // namespace ncc
