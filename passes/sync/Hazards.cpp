// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The range map behind dependence analysis.
#include "passes/sync/Hazards.h"

#include <algorithm>

using namespace ncc;
using namespace ncc::sync;

Region sync::regionOf(const isa::AccessPattern &ap) {
  Region region;
  auto element = static_cast<int64_t>(dtypeSize(ap.dtype));
  int64_t low = 0, high = 0, touched = 1;
  for (int i = 0; i < ap.rank; ++i) {
    int64_t reach = int64_t{ap.dims[i].stride} * (int64_t{ap.dims[i].size} - 1);
    (reach < 0 ? low : high) += reach;
    touched *= ap.dims[i].stride == 0 ? 1 : ap.dims[i].size;
  }
  region.begin = static_cast<int64_t>(ap.offset) + low * element;
  region.end = static_cast<int64_t>(ap.offset) + (high + 1) * element;
  region.dense = touched == high - low + 1;
  region.memory = ap.space == isa::Space::Sbuf ? 0 : ap.space == isa::Space::Psum ? 1 : 2 + ap.buffer;
  if (ap.space != isa::Space::Dram) {
    region.first = ap.partition;
    region.last = static_cast<uint16_t>(ap.partition + ap.partitions);
  }
  return region;
}

void sync::forEachRegion(const isa::Instruction &inst, llvm::ArrayRef<CallRegions> calls, RegionFn fn) {
  if (const auto *call = std::get_if<isa::Call>(&inst)) {
    for (const Region &region : calls[call->entry].reads) {
      fn(region, false);
    }
    for (const Region &region : calls[call->entry].writes) {
      fn(region, true);
    }
    return;
  }
  isa::forEachRead(inst, [&](const isa::AccessPattern &ap) { fn(regionOf(ap), false); });
  isa::forEachWrite(inst, [&](const isa::AccessPattern &ap) { fn(regionOf(ap), true); });
}

uint32_t sync::streamOf(const isa::Header &header) {
  if (header.engine != isa::Engine::Dma) {
    uint32_t engine = static_cast<uint32_t>(header.engine);
    return engine > static_cast<uint32_t>(isa::Engine::Dma) ? engine - 1 : engine;
  }
  return std::min<uint32_t>(static_cast<uint32_t>(isa::enumCount(isa::Engine{})) - 1 + header.queue, kMaxStreams - 1);
}

Hazards::Map::iterator Hazards::split(Map &map, int64_t at) {
  auto it = map.lower_bound(at);
  if (it != map.begin()) {
    auto previous = std::prev(it);
    if (previous->first < at && previous->second.end > at) {
      Segment tail = previous->second;
      previous->second.end = at;
      return map.emplace_hint(it, at, std::move(tail));
    }
  }
  return it;
}

void Hazards::add(Segment &segment, const Access &access, bool covers) {
  // A write that covers a range hides what lies under it; the writer itself was made to wait for all of it.
  if (covers) {
    llvm::erase_if(segment.accesses, [&](const Access &old) { return old.first >= access.first && old.last <= access.last; });
  }
  for (Access &old : segment.accesses) {
    if (old.stream == access.stream && old.writes == access.writes) {
      old = {access.index, std::min(old.first, access.first), std::max(old.last, access.last), old.stream, old.writes};
      return;
    }
  }
  segment.accesses.push_back(access);
}

void Hazards::access(const Region &region, bool writes, uint32_t stream, uint32_t index,
                     llvm::function_ref<void(uint32_t stream, uint32_t index)> conflict) {
  constexpr int kTooMany = 16;
  if (memories.size() <= region.memory) {
    memories.resize(region.memory + 1);
  }
  Map &map = memories[region.memory];
  Access access{index, region.first, region.last, static_cast<uint8_t>(stream), writes};
  split(map, region.end);
  auto it = split(map, region.begin);
  int64_t at = region.begin;
  int segments = 0;
  while (at < region.end) {
    ++segments;
    if (it == map.end() || it->first > at) { // untouched so far
      int64_t end = it == map.end() ? region.end : std::min(region.end, it->first);
      it = map.emplace_hint(it, at, Segment{end, {access}});
    } else {
      for (const Access &old : it->second.accesses) {
        if ((writes || old.writes) && old.index != index && old.first < region.last && region.first < old.last) {
          conflict(old.stream, old.index);
        }
      }
      add(it->second, access, writes && region.dense);
    }
    at = it->second.end;
    ++it;
  }
  if (segments <= kTooMany) {
    return;
  }
  // Many small pieces read or written as one: from here on they are one, with the union of their accesses.
  auto first = map.find(region.begin);
  auto next = std::next(first);
  while (next != map.end() && next->first < region.end) {
    for (const Access &old : next->second.accesses) {
      bool merged = false;
      for (Access &mine : first->second.accesses) {
        if (mine.stream == old.stream && mine.writes == old.writes) {
          mine.index = std::max(mine.index, old.index);
          mine.first = std::min(mine.first, old.first);
          mine.last = std::max(mine.last, old.last);
          merged = true;
          break;
        }
      }
      if (!merged) {
        first->second.accesses.push_back(old);
      }
    }
    first->second.end = next->second.end;
    next = map.erase(next);
  }
}
