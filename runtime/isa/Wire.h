// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Variable-length integers as used by the instruction encoding and the NEFF's streams (base 128, low bits first;
// signed values zigzagged), and a reader that cannot run past its end.
#pragma once

#include "absl/types/span.h"

#include <cstdint>
#include <cstring>
#include <string>

namespace ncc::isa {

inline void putVarint(std::string &out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}
inline uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
inline int64_t unzigzag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}
inline void putSigned(std::string &out, int64_t value) { putVarint(out, zigzag(value)); }
inline void putF32(std::string &out, float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  for (int i = 0; i < 4; ++i) {
    out.push_back(static_cast<char>(bits >> (8 * i)));
  }
}

/// Reads from the front of a span; after the first failure `ok` stays false and every result is 0.
struct WireReader {
  absl::Span<const uint8_t> bytes;
  bool ok = true;

  uint8_t byte() {
    if (bytes.empty()) {
      ok = false;
      return 0;
    }
    uint8_t value = bytes.front();
    bytes.remove_prefix(1);
    return value;
  }
  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      uint8_t b = byte();
      value |= static_cast<uint64_t>(b & 0x7f) << shift;
      if (!(b & 0x80)) {
        return ok ? value : 0;
      }
    }
    ok = false;
    return 0;
  }
  int64_t signedInt() { return unzigzag(varint()); }
  float f32() {
    uint32_t bits = 0;
    for (int i = 0; i < 4; ++i) {
      bits |= static_cast<uint32_t>(byte()) << (8 * i);
    }
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
  }
  /// A varint that must fit the type.
  template <typename T>
  T narrow() {
    uint64_t value = varint();
    if (value != static_cast<uint64_t>(static_cast<T>(value))) {
      ok = false;
      return 0;
    }
    return static_cast<T>(value);
  }
};

} // namespace ncc::isa
