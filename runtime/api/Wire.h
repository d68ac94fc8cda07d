// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The protobuf wire format, by hand: reading what may be damaged, and writing.
#pragma once

#include "absl/types/span.h"

#include <cstdint>
#include <string>

namespace ncc::api {

using Span = absl::Span<const uint8_t>;

/// Protobuf wire reader; `ok` turns false at the first malformed byte.
struct Wire {
  Span bytes;
  bool ok = true;

  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (bytes.empty()) {
        break;
      }
      uint8_t b = bytes.front();
      bytes.remove_prefix(1);
      value |= static_cast<uint64_t>(b & 0x7f) << shift;
      if (!(b & 0x80)) {
        return value;
      }
    }
    ok = false;
    return 0;
  }
  Span take(uint64_t size) {
    if (size > bytes.size()) {
      ok = false;
      return {};
    }
    Span out = bytes.subspan(0, size);
    bytes.remove_prefix(size);
    return out;
  }
  Span chunk() { return take(varint()); }
  /// Moves past a field of no interest.
  void skip(int wireType) {
    switch (wireType) {
    case 0: varint(); break;
    case 1: take(8); break;
    case 2: chunk(); break;
    case 5: take(4); break;
    default: ok = false;
    }
  }
};

inline void putVarint(std::string &out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) {
    out.push_back(static_cast<char>(value | 0x80));
  }
  out.push_back(static_cast<char>(value));
}
inline void putChunk(std::string &out, int field, const void *data, size_t size) {
  putVarint(out, static_cast<uint64_t>(field) << 3 | 2);
  putVarint(out, size);
  out.append(static_cast<const char *>(data), size);
}

} // namespace ncc::api
