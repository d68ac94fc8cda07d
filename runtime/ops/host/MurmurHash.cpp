// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// murmur_hash(x) {seed, positive}: MurmurHash3's 32 bits of each element's bytes, as hashed features are numbered.
#include "runtime/ops/host/Rules.h"

#include <bit>
#include <cstring>

namespace ncc::ops {

absl::Status murmurHashRule(Rule &rule) {
  absl::Status status = needTensors(rule);
  const DType type = rule.in[0].dtype;
  const bool known = type == DType::String || type == DType::I32 || type == DType::U32 || type == DType::I64 || type == DType::U64 || type == DType::F32 ||
                     type == DType::F64;
  rule.out = {rule.in[0]};
  rule.out[0].dtype = rule.attrs.getInt("positive", 1) != 0 ? DType::U32 : DType::I32;
  return status.ok() && !known ? invalid("hashes strings and numbers of 32 or 64 bits, not " + rule.in[0].str()) : status;
}

static uint32_t murmur(const uint8_t *bytes, size_t count, uint32_t hash) {
  auto mixed = [](uint32_t word) { return std::rotl(word * 0xcc9e2d51u, 15) * 0x1b873593u; };
  size_t at = 0;
  for (; at + 4 <= count; at += 4) {
    uint32_t word = 0;
    std::memcpy(&word, bytes + at, 4);
    hash = std::rotl(hash ^ mixed(word), 13) * 5 + 0xe6546b64u;
  }
  uint32_t tail = 0;
  for (size_t i = count; i-- > at;) {
    tail = tail << 8 | bytes[i];
  }
  hash ^= at < count ? mixed(tail) : 0;
  hash ^= static_cast<uint32_t>(count);
  hash = (hash ^ hash >> 16) * 0x85ebca6bu;
  hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
  return hash ^ hash >> 16;
}

absl::Status murmurHashRun(HostCall &call) {
  absl::StatusOr<std::vector<ValueType>> types = typesOf("murmur_hash", call);
  if (!types.ok()) {
    return types.status();
  }
  const Tensor &x = call.tensor(0);
  const auto seed = static_cast<uint32_t>(call.attrs.getInt("seed", 0));
  const size_t size = x.dtype() == DType::String ? 0 : dtypeSize(x.dtype());
  Tensor out((*types)[0].dtype, x.shape());
  for (int64_t i = 0; i < x.size(); ++i) {
    const std::string_view text = size == 0 ? std::string_view(x.strings()[static_cast<size_t>(i)])
                                            : std::string_view(static_cast<const char *>(x.data()) + static_cast<size_t>(i) * size, size);
    const uint32_t hash = murmur(reinterpret_cast<const uint8_t *>(text.data()), text.size(), seed);
    out.setInt(i, out.dtype() == DType::U32 ? static_cast<int64_t>(hash) : static_cast<int32_t>(hash));
  }
  call.out = {std::move(out)};
  return absl::OkStatus();
}

} // namespace ncc::ops
