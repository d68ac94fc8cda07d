// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The accumulator banks. They are taken in turn, so that an accumulator rarely waits for the evacuation of the one
// before it. Accumulators are never paged: the scheduler keeps its own copy to issue only what the allocator, which
// sees the same instructions in the same order, will be able to place.
#pragma once

#include "passes/memory/Arena.h"

#include <vector>

namespace ncc::memory {

class PsumBanks {
public:
  PsumBanks(int64_t banks, int64_t bankBytes);

  bool fits(int64_t bytes) const;
  std::optional<Arena::Range> take(int64_t bytes);
  void give(int64_t offset, int64_t bytes);
  /// Most bytes ever in use at once.
  int64_t peak() const { return highest; }

private:
  int64_t bankBytes;
  std::vector<Arena> banks;
  size_t next = 0;
  int64_t inUse = 0, highest = 0;
};

/// The bytes an on-chip tile of `bytes` a partition takes.
int64_t alignedBytes(int64_t bytes);

} // namespace ncc::memory
