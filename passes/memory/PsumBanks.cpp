// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// One arena per bank, used in turn.
#include "passes/memory/PsumBanks.h"

#include <algorithm>

using namespace ncc::memory;

namespace {
constexpr int64_t kAlign = 64;
}

int64_t ncc::memory::alignedBytes(int64_t bytes) { return (std::max<int64_t>(bytes, 1) + kAlign - 1) / kAlign * kAlign; }

PsumBanks::PsumBanks(int64_t count, int64_t bankBytes) : bankBytes(bankBytes) {
  for (int64_t bank = 0; bank < count; ++bank) {
    banks.emplace_back(bankBytes, bank * bankBytes);
  }
}

bool PsumBanks::fits(int64_t bytes) const {
  return std::any_of(banks.begin(), banks.end(), [&](const Arena &bank) { return bank.largest() >= alignedBytes(bytes); });
}

std::optional<Arena::Range> PsumBanks::take(int64_t bytes) {
  for (size_t i = 0; i < banks.size(); ++i) {
    size_t bank = (next + i) % banks.size();
    if (std::optional<Arena::Range> range = banks[bank].take(alignedBytes(bytes))) {
      next = bank + 1;
      inUse += alignedBytes(bytes);
      highest = std::max(highest, inUse);
      return range;
    }
  }
  return std::nullopt;
}

void PsumBanks::give(int64_t offset, int64_t bytes) {
  Arena &bank = banks[static_cast<size_t>(offset / bankBytes)];
  bank.give(offset, alignedBytes(bytes), 0);
  bank.drainTo(0);
  inUse -= alignedBytes(bytes);
}
