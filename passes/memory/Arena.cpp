// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The range allocator of one memory.
#include "passes/memory/Arena.h"

#include <algorithm>
#include <limits>

using namespace ncc::memory;

Arena::Arena(int64_t size, int64_t base) {
  byOffset[base] = {size, 0};
  bySize.insert({size, base});
}

Arena::Range Arena::cut(std::map<int64_t, Free>::iterator range, int64_t bytes, bool top) {
  int64_t offset = range->first;
  Free free = range->second;
  bySize.erase({free.size, offset});
  byOffset.erase(range);
  if (free.size > bytes) {
    int64_t rest = top ? offset : offset + bytes;
    byOffset[rest] = {free.size - bytes, free.released};
    bySize.insert({free.size - bytes, rest});
    offset += top ? free.size - bytes : 0;
  }
  highest = std::max(highest, offset + bytes);
  return {offset, free.released};
}

std::map<int64_t, Arena::Free>::iterator Arena::insert(const Waiting &range) {
  int64_t offset = range.offset, size = range.bytes, released = range.position;
  auto next = byOffset.lower_bound(offset);
  if (next != byOffset.begin()) {
    auto previous = std::prev(next);
    if (previous->first + previous->second.size == offset) {
      offset = previous->first;
      size += previous->second.size;
      released = std::max(released, previous->second.released);
      bySize.erase({previous->second.size, previous->first});
      byOffset.erase(previous);
    }
  }
  if (next != byOffset.end() && next->first == range.offset + range.bytes) {
    size += next->second.size;
    released = std::max(released, next->second.released);
    bySize.erase({next->second.size, next->first});
    byOffset.erase(next);
  }
  bySize.insert({size, offset});
  return byOffset.insert({offset, {size, released}}).first;
}

std::optional<Arena::Range> Arena::take(int64_t bytes, bool top) {
  auto fit = bySize.lower_bound({bytes, 0});
  if (fit != bySize.end()) {
    if (top) { // the highest of that size
      fit = std::prev(bySize.upper_bound({fit->first, std::numeric_limits<int64_t>::max()}));
    }
    return cut(byOffset.find(fit->second), bytes, top);
  }
  while (!waiting.empty()) {
    auto range = insert(waiting.front());
    waiting.pop_front();
    if (range->second.size >= bytes) {
      return cut(range, bytes, top);
    }
  }
  return std::nullopt;
}

void Arena::give(int64_t offset, int64_t bytes, int64_t position) { waiting.push_back({offset, bytes, position}); }

void Arena::drainTo(size_t count) {
  while (waiting.size() > count) {
    insert(waiting.front());
    waiting.pop_front();
  }
}
