// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reference kernel of random: a counter-based generator, so that a draw depends on nothing but its stream and position.
#include "runtime/ops/Support.h"

#include <atomic>
#include <cmath>

namespace ncc::ops {

namespace {

/// A well-mixed 64-bit function of its argument (SplitMix64's finalizer).
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// In [0, 1), with 24 bits: never rounds up to 1 in f32.
double uniformAt(uint64_t key, uint64_t position) {
  return static_cast<double>(mix(key + (position + 1) * 0x9e3779b97f4a7c15u) >> 40) * 0x1p-24;
}

} // namespace

absl::Status drawRandom(KernelContext &context) {
  // Every call without a seed draws from another place of the stream.
  static std::atomic<uint64_t> calls{0};
  auto key = mix(static_cast<uint64_t>(context.attrs.getInt("stream", 0)) + 0x9e3779b97f4a7c15u);
  key += context.attrs.getInt("seeded", 0) != 0 ? 0 : mix(calls.fetch_add(1) + 1);
  bool normal = context.attrs.getInt("normal", 0) != 0;
  Tensor &out = context.outputs[0];
  for (int64_t i = 0; i < out.size(); ++i) {
    auto at = static_cast<uint64_t>(i);
    double value = uniformAt(key, normal ? 2 * at : at);
    if (normal) { // Box and Muller
      value = std::sqrt(-2 * std::log1p(-value)) * std::cos(2 * M_PI * uniformAt(key, 2 * at + 1));
    }
    out.setDouble(i, value);
    if (!normal && out.asDouble(i) >= 1) { // rounded up in a narrow type
      out.setDouble(i, 0.5);
    }
  }
  return absl::OkStatus();
}

} // namespace ncc::ops
