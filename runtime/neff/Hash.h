// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Two hashes: SHA-256 for identities (the header, the source model) and a fast 128-bit one that tells a damaged
// weights member from a sound one at memory speed. The fast one is no defence against an attacker and need not
// be: a NEFF is treated as hostile whatever its hashes say.
#pragma once

#include "absl/types/span.h"

#include <array>
#include <cstdint>
#include <string>

namespace ncc::neff {

using Bytes = absl::Span<const uint8_t>;

class Sha256 {
public:
  Sha256();
  void update(const void *data, size_t size);
  std::array<uint8_t, 32> finish();

private:
  void block(const uint8_t *data);
  std::array<uint32_t, 8> state;
  std::array<uint8_t, 64> pending{};
  uint64_t total = 0;
};

std::array<uint8_t, 32> sha256(Bytes data);
std::string hex(Bytes data);

/// Streaming; the result does not depend on how the input was cut into updates.
class FastHash {
public:
  FastHash();
  void update(const void *data, size_t size);
  std::string finish(); // 32 hex digits

private:
  static constexpr size_t kStripe = 64;
  void stripes(const uint8_t *data, size_t count);
  std::array<uint64_t, 8> lanes;
  std::array<uint8_t, kStripe> pending{};
  uint64_t total = 0;
};

std::string fastHash(Bytes data);

} // namespace ncc::neff
