// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "runtime/tensor/Printable.h"

#include <cstdint>
#include <cstdio>

namespace ncc {

namespace {

/// Bytes of the code point that `bytes` starts with; 0 when it starts with none. `point` is its number.
size_t decode(std::string_view bytes, uint32_t &point) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  uint8_t first = byte(0);
  size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length == 0 || length > bytes.size()) {
    return 0;
  }
  point = length == 1 ? first : first & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) {
      return 0;
    }
    point = point << 6 | (byte(i) & 0x3fu);
  }
  bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  bool surrogate = point >= 0xd800 && point < 0xe000;
  return overlong || surrogate || point > 0x10ffff ? 0 : length;
}

bool isHidden(uint32_t point) {
  return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x00ad || point == 0x061c || (point >= 0x200b && point <= 0x200f) ||
         (point >= 0x2028 && point <= 0x202e) || (point >= 0x2060 && point <= 0x206f) || point == 0xfeff || (point >= 0xfff9 && point <= 0xfffb) ||
         (point >= 0xe0000 && point <= 0xe0fff);
}

void appendHex(std::string &text, const char *format, uint32_t value) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, format, value);
  text += buffer;
}

std::string rewritten(std::string_view bytes, bool hide) {
  std::string text;
  text.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size();) {
    uint32_t point = 0;
    size_t length = decode(bytes.substr(i), point);
    if (length == 0) {
      appendHex(text, "\\x%02x", static_cast<uint8_t>(bytes[i]));
    } else if (hide && point == '\n') {
      text += "\\n";
    } else if (hide && point == '\t') {
      text += "\\t";
    } else if (hide && isHidden(point)) {
      appendHex(text, point < 0x80 ? "\\x%02x" : point < 0x10000 ? "\\u%04x" : "\\U%08x", point);
    } else {
      text += bytes.substr(i, length);
    }
    i += length == 0 ? 1 : length;
  }
  return text;
}

} // namespace

std::string printable(std::string_view bytes) { return rewritten(bytes, true); }

std::string validUtf8(std::string_view bytes) { return rewritten(bytes, false); }

} // namespace ncc
