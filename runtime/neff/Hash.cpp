// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/neff/Hash.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace ncc::neff {

namespace {
constexpr uint32_t kSha[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

// Arbitrary odd constants (the first words of SHA-512's table).
constexpr uint64_t kLane[8] = {0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbd,
                               0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118};
} // namespace

Sha256::Sha256()
    : state{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19} {}

void Sha256::block(const uint8_t *data) {
  uint32_t w[64];
  for (int i = 0; i < 16; ++i) {
    w[i] = static_cast<uint32_t>(data[4 * i]) << 24 | data[4 * i + 1] << 16 | data[4 * i + 2] << 8 | data[4 * i + 3];
  }
  for (int i = 16; i < 64; ++i) {
    uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
    uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  std::array<uint32_t, 8> v = state;
  for (int i = 0; i < 64; ++i) {
    uint32_t s1 = std::rotr(v[4], 6) ^ std::rotr(v[4], 11) ^ std::rotr(v[4], 25);
    uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + kSha[i] + w[i];
    uint32_t s0 = std::rotr(v[0], 2) ^ std::rotr(v[0], 13) ^ std::rotr(v[0], 22);
    uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    v = {t1 + t2, v[0], v[1], v[2], v[3] + t1, v[4], v[5], v[6]};
  }
  for (int i = 0; i < 8; ++i) {
    state[i] += v[i];
  }
}

void Sha256::update(const void *data, size_t size) {
  const auto *p = static_cast<const uint8_t *>(data);
  while (size > 0) {
    size_t used = total % 64;
    if (used == 0 && size >= 64) {
      block(p);
      p += 64;
      size -= 64;
      total += 64;
      continue;
    }
    size_t n = std::min(size, 64 - used);
    std::memcpy(pending.data() + used, p, n);
    p += n;
    size -= n;
    total += n;
    if (total % 64 == 0) {
      block(pending.data());
    }
  }
}

std::array<uint8_t, 32> Sha256::finish() {
  uint64_t bits = total * 8;
  uint8_t tail[72] = {0x80};
  size_t pad = (total % 64 < 56 ? 56 : 120) - total % 64;
  update(tail, pad);
  uint8_t length[8];
  for (int i = 0; i < 8; ++i) {
    length[i] = static_cast<uint8_t>(bits >> (56 - 8 * i));
  }
  update(length, 8);
  std::array<uint8_t, 32> digest;
  for (int i = 0; i < 32; ++i) {
    digest[i] = static_cast<uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
  }
  return digest;
}

std::array<uint8_t, 32> sha256(Bytes data) {
  Sha256 hash;
  hash.update(data.data(), data.size());
  return hash.finish();
}

std::string hex(Bytes data) {
  std::string out;
  for (uint8_t byte : data) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

FastHash::FastHash() { std::copy(std::begin(kLane), std::end(kLane), lanes.begin()); }

void FastHash::stripes(const uint8_t *data, size_t count) {
  // 32x32-bit products vectorise on every CPU; the multiply-xor keeps a lane from forgetting its past.
  std::array<uint64_t, 8> lane = lanes;
  for (size_t s = 0; s < count; ++s, data += kStripe) {
    for (int i = 0; i < 8; ++i) {
      uint64_t word;
      std::memcpy(&word, data + 8 * i, 8);
      uint64_t x = word ^ lane[i];
      lane[i] = (lane[i] ^ (lane[i] >> 29)) + word + (x & 0xffffffffu) * ((x >> 32) | 1) + kLane[i];
    }
  }
  lanes = lane;
}

void FastHash::update(const void *data, size_t size) {
  const auto *p = static_cast<const uint8_t *>(data);
  size_t used = total % kStripe;
  total += size;
  if (used) {
    size_t n = std::min(size, kStripe - used);
    std::memcpy(pending.data() + used, p, n);
    p += n;
    size -= n;
    if (used + n < kStripe) {
      return;
    }
    stripes(pending.data(), 1);
  }
  stripes(p, size / kStripe);
  p += size / kStripe * kStripe;
  if (size % kStripe) {
    std::memcpy(pending.data(), p, size % kStripe);
  }
}

std::string FastHash::finish() {
  size_t used = total % kStripe;
  if (used) {
    std::fill(pending.begin() + static_cast<long>(used), pending.end(), 0);
    stripes(pending.data(), 1);
  }
  uint64_t out[2] = {total * kLane[0], total ^ kLane[1]};
  for (int i = 0; i < 8; ++i) {
    for (uint64_t &word : out) {
      word = std::rotl((word ^ lanes[i]) * 0x9e3779b97f4a7c15u, 31 + (&word == out + 1));
      word ^= word >> 33;
    }
  }
  uint8_t bytes[16];
  for (int i = 0; i < 16; ++i) {
    bytes[i] = static_cast<uint8_t>(out[i / 8] >> (8 * (i % 8)));
  }
  return hex(bytes);
}

std::string fastHash(Bytes data) {
  FastHash hash;
  hash.update(data.data(), data.size());
  return hash.finish();
}

} // namespace ncc::neff
