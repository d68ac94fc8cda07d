// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Byte ranges of one memory: best fit over the free ranges. Freed ranges wait in a queue and are used again, oldest
// first, only when nothing else fits, so that a new tile rarely has to wait for the last reader of an old one.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>

namespace ncc::memory {

class Arena {
public:
  explicit Arena(int64_t size, int64_t base = 0);

  struct Range {
    int64_t offset = 0;
    int64_t released = 0; // position after which the range is free
  };
  /// `top`: from the upper end of the range, so that what lives shortly and what lives long do not mix.
  std::optional<Range> take(int64_t bytes, bool top = false);
  /// Frees a range whose last use is before `position`.
  void give(int64_t offset, int64_t bytes, int64_t position);
  /// Ranges that wait are made free until at most `count` wait.
  void drainTo(size_t count);

  int64_t peak() const { return highest; }
  /// The largest range that is free and does not wait.
  int64_t largest() const { return bySize.empty() ? 0 : bySize.rbegin()->first; }

private:
  struct Free {
    int64_t size;
    int64_t released;
  };
  struct Waiting {
    int64_t offset, bytes, position;
  };
  /// Returns the free range it became part of.
  std::map<int64_t, Free>::iterator insert(const Waiting &range);
  Range cut(std::map<int64_t, Free>::iterator range, int64_t bytes, bool top);

  std::map<int64_t, Free> byOffset;
  std::set<std::pair<int64_t, int64_t>> bySize; // (size, offset)
  std::deque<Waiting> waiting;
  int64_t highest = 0;
};

} // namespace ncc::memory
