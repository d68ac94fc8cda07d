// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/frontend/onnx/WireScan.h"

#include "absl/status/status.h"

#include <cstdint>
#include <optional>

namespace ncc::frontend {

namespace {

enum class Kind { Model, Graph, Node, Attribute, Tensor, Sparse, Function, Opaque };

/// The message type of a length-delimited field that may hold tensors; Opaque for everything else.
Kind childOf(Kind parent, uint64_t field) {
  switch (parent) {
  case Kind::Model: return field == 7 ? Kind::Graph : field == 25 ? Kind::Function : Kind::Opaque;
  case Kind::Graph: return field == 1 ? Kind::Node : field == 5 ? Kind::Tensor : field == 15 ? Kind::Sparse : Kind::Opaque;
  case Kind::Function: return field == 7 ? Kind::Node : field == 11 ? Kind::Attribute : Kind::Opaque;
  case Kind::Node: return field == 5 ? Kind::Attribute : Kind::Opaque;
  case Kind::Attribute:
    return field == 5 || field == 10 ? Kind::Tensor
           : field == 6 || field == 11 ? Kind::Graph
           : field == 22 || field == 23 ? Kind::Sparse : Kind::Opaque;
  case Kind::Sparse: return field == 1 || field == 2 ? Kind::Tensor : Kind::Opaque;
  default: return Kind::Opaque;
  }
}

constexpr int kMaxDepth = 80;
constexpr uint64_t kRawData = 9, kMappedOffset = 1000, kMappedLength = 1001;

class Scanner {
public:
  explicit Scanner(std::string_view file) : base(file.data()) {}

  bool scan(std::string_view bytes, Kind kind, int depth, std::string &out) {
    if (depth > kMaxDepth) {
      return false;
    }
    const char *at = bytes.data(), *end = at + bytes.size();
    while (at < end) {
      const char *start = at;
      std::optional<uint64_t> tag = readVarint(at, end);
      if (!tag || *tag >> 3 == 0) {
        return false;
      }
      if ((*tag & 7) != 2) {
        if (!skip(at, end, *tag & 7)) {
          return false;
        }
        bool ours = kind == Kind::Tensor && (*tag >> 3 == kMappedOffset || *tag >> 3 == kMappedLength);
        out.append(start, ours ? 0 : at - start);
        continue;
      }
      std::optional<uint64_t> length = readVarint(at, end);
      if (!length || *length > static_cast<uint64_t>(end - at)) {
        return false;
      }
      if (!field({at, *length}, kind, *tag, depth, out)) {
        return false;
      }
      at += *length;
    }
    return true;
  }

private:
  bool field(std::string_view payload, Kind kind, uint64_t tag, int depth, std::string &out) {
    if (kind == Kind::Tensor && tag >> 3 == kRawData && payload.size() > kMappedBytes) {
      writeVarint(kMappedOffset << 3, out);
      writeVarint(payload.data() - base, out);
      writeVarint(kMappedLength << 3, out);
      writeVarint(payload.size(), out);
      return true;
    }
    Kind child = childOf(kind, tag >> 3);
    writeVarint(tag, out);
    if (child == Kind::Opaque) {
      writeVarint(payload.size(), out);
      out.append(payload);
      return true;
    }
    std::string inner;
    if (!scan(payload, child, depth + 1, inner)) {
      return false;
    }
    writeVarint(inner.size(), out);
    out.append(inner);
    return true;
  }

  static std::optional<uint64_t> readVarint(const char *&at, const char *end) {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && at < end; shift += 7) {
      uint8_t byte = static_cast<uint8_t>(*at++);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (!(byte & 0x80)) {
        return value;
      }
    }
    return std::nullopt;
  }

  static bool skip(const char *&at, const char *end, uint64_t wire) {
    if (wire == 0) {
      return readVarint(at, end).has_value();
    }
    ptrdiff_t size = wire == 1 ? 8 : wire == 5 ? 4 : -1;
    if (size < 0 || end - at < size) {
      return false;
    }
    at += size;
    return true;
  }

  static void writeVarint(uint64_t value, std::string &out) {
    for (; value >= 0x80; value >>= 7) {
      out += static_cast<char>(value | 0x80);
    }
    out += static_cast<char>(value);
  }

  const char *base;
};

} // namespace

absl::StatusOr<std::string> scanWire(std::string_view bytes, WireMessage kind) {
  std::string out;
  if (!Scanner(bytes).scan(bytes, kind == WireMessage::Model ? Kind::Model : Kind::Tensor, 0, out)) {
    return absl::InvalidArgumentError("not a valid protobuf message");
  }
  return out;
}

} // namespace ncc::frontend
