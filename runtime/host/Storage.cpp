// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/host/Storage.h"

#include <algorithm>
#include <map>

namespace ncc::host {

using isa::AccessPattern;
using isa::Space;

namespace {
int memoryOf(const AccessPattern &ap) { return ap.space == Space::Sbuf ? 0 : 1; }

/// First-fit memory with lowest addresses first, so that few lines are touched and stay in the cache.
class BlockAllocator {
public:
  int64_t allocate(int64_t size) {
    int64_t at = used.size() < kMostTracked ? 0 : top;
    if (at == 0) {
      for (auto [begin, end] : used) {
        if (begin - at >= size) {
          break;
        }
        at = end;
      }
    }
    used[at] = at + size;
    top = std::max(top, at + size);
    return at;
  }
  void release(int64_t at) { used.erase(at); }
  int64_t top = 0;

private:
  std::map<int64_t, int64_t> used;
};
} // namespace

StoragePlanner::StoragePlanner(const hw::DeviceSpec &spec)
    : openReads{WriteMap(spec, Space::Sbuf), WriteMap(spec, Space::Psum)} {
  for (int memory = 0; memory < 2; ++memory) {
    whole[memory].space = memory == 0 ? Space::Sbuf : Space::Psum;
    whole[memory].p1 = spec.partitions;
    whole[memory].b1 = memory == 0 ? spec.sbufBytesPerPartition : spec.psumBytesPerPartition;
  }
}

/// Too many pieces to be followed one by one: all of them keep their addresses, as if one access had touched the whole memory.
void StoragePlanner::limit(int memory) {
  std::vector<Entry> &entries = live[memory];
  if (entries.size() <= kMostTracked) {
    return;
  }
  const uint32_t web = newWeb();
  for (const Entry &e : entries) {
    unite(web, e.web);
  }
  webs[root(web)].pinned = true;
  entries = {{whole[memory], root(web), false}};
}

uint32_t StoragePlanner::newWeb() {
  auto id = static_cast<uint32_t>(webs.size());
  webs.emplace_back();
  webs.back().parent = id;
  return id;
}

uint32_t StoragePlanner::root(uint32_t web) const {
  while (webs[web].parent != web) {
    web = webs[web].parent;
  }
  return web;
}

void StoragePlanner::unite(uint32_t a, uint32_t b) {
  a = root(a);
  b = root(b);
  if (a == b) {
    return;
  }
  if (b < a) {
    std::swap(a, b);
  }
  webs[b].parent = a;
  webs[a].pinned |= webs[b].pinned;
}

bool StoragePlanner::covered(const Region &region, const std::vector<Entry> &entries) const {
  std::vector<Region> wanted{region};
  for (const Entry &e : entries) {
    if (!e.dense) {
      continue;
    }
    std::vector<Region> rest;
    for (const Region &w : wanted) {
      subtract(w, e.region, rest);
    }
    wanted = std::move(rest);
    if (wanted.empty()) {
      return true;
    }
    if (wanted.size() > 64) {
      return false;
    }
  }
  return false;
}

uint32_t StoragePlanner::read(const AccessPattern &ap) {
  const Region region(ap);
  std::vector<Entry> touching;
  for (const Entry &e : live[memoryOf(ap)]) {
    if (e.region.overlaps(region)) {
      touching.push_back(e);
    }
  }
  uint32_t web = touching.empty() ? newWeb() : touching[0].web;
  bool whole = false;
  for (const Entry &e : touching) {
    unite(web, e.web);
    whole |= e.dense && e.region.covers(region);
  }
  if (!whole && !covered(region, touching)) {
    webs[root(web)].pinned = true;
    openReads[memoryOf(ap)].add(ap);
  }
  return web;
}

uint32_t StoragePlanner::write(const AccessPattern &ap) {
  const Region region(ap);
  const bool dense = isDense(ap);
  std::vector<Entry> &entries = live[memoryOf(ap)];
  uint32_t web = newWeb();
  bool inside = false; // of a region already known, in the same web
  std::vector<Entry> rests;
  std::vector<Region> pieces;
  size_t kept = 0;
  for (Entry &e : entries) {
    if (e.region.overlaps(region)) {
      if (dense) { // a new life begins there; only a read of both brings the remains and the new data together
        pieces.clear();
        subtract(e.region, region, pieces);
        for (const Region &piece : pieces) {
          rests.push_back({piece, e.web, e.dense});
        }
        continue;
      }
      unite(web, e.web);
      inside |= e.dense && e.region.covers(region);
    }
    entries[kept++] = e;
  }
  entries.resize(kept);
  entries.insert(entries.end(), rests.begin(), rests.end());
  if (!inside) {
    entries.push_back({region, web, dense});
  }
  limit(memoryOf(ap));
  return web;
}

void StoragePlanner::add(const std::vector<StorageAccess> &accesses, bool pinned) {
  const size_t start = records.size();
  starts.push_back(start);
  for (const StorageAccess &a : accesses) {
    if (!a.write && a.ap.space != Space::Dram) {
      records.push_back({a.ap, read(a.ap), false});
    }
  }
  const size_t reads = records.size();
  for (const StorageAccess &a : accesses) {
    if (a.write && a.ap.space != Space::Dram) {
      uint32_t web = write(a.ap);
      for (size_t r = start; r < reads; ++r) { // in place: one address for both
        if (Region(records[r].ap).overlaps(Region(a.ap))) {
          unite(web, records[r].web);
        }
      }
      records.push_back({a.ap, web, true});
    }
  }
  for (size_t r = start; pinned && r < records.size(); ++r) {
    webs[root(records[r].web)].pinned = true;
  }
}

void StoragePlanner::finish() {
  starts.push_back(records.size());
  // What the next inference finds must be where it looks: writes to places that are read before being written stay.
  for (const Record &r : records) {
    if (r.write && openReads[memoryOf(r.ap)].touches(r.ap)) {
      webs[root(r.web)].pinned = true;
    }
  }
  std::vector<bool> seen(webs.size());
  for (size_t i = 0; i + 1 < starts.size(); ++i) {
    for (size_t r = starts[i]; r < starts[i + 1]; ++r) {
      const uint32_t id = root(records[r].web);
      Web &web = webs[id];
      const Region region(records[r].ap);
      if (!seen[id]) {
        seen[id] = true;
        web.bounds = region;
        web.first = i;
      }
      web.bounds.p0 = std::min(web.bounds.p0, region.p0);
      web.bounds.p1 = std::max(web.bounds.p1, region.p1);
      web.bounds.b0 = std::min(web.bounds.b0, region.b0);
      web.bounds.b1 = std::max(web.bounds.b1, region.b1);
      web.last = i;
    }
  }
  place();
  resolved.resize(starts.size() - 1);
  for (size_t i = 0; i + 1 < starts.size(); ++i) {
    for (size_t r = starts[i]; r < starts[i + 1]; ++r) {
      const Web &web = webs[root(records[r].web)];
      if (!web.pinned) {
        const AccessPattern &ap = records[r].ap;
        resolved[i].push_back({ap, web.offset + (ap.partition - web.bounds.p0) * web.pitch + static_cast<int64_t>(ap.offset) - web.bounds.b0, web.pitch});
      }
    }
  }
}

void StoragePlanner::place() {
  std::vector<uint32_t> order;
  for (uint32_t w = 0; w < webs.size(); ++w) {
    if (root(w) == w && !webs[w].pinned && webs[w].bounds.space != Space::None) {
      order.push_back(w);
    }
  }
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return std::pair(webs[a].first, a) < std::pair(webs[b].first, b); });
  BlockAllocator memory;
  std::multimap<size_t, int64_t> ends;
  for (uint32_t w : order) {
    Web &web = webs[w];
    while (!ends.empty() && ends.begin()->first < web.first) {
      memory.release(ends.begin()->second);
      ends.erase(ends.begin());
    }
    web.begin = web.bounds.b0;
    web.bounds.b0 = web.bounds.b0 / 64 * 64;
    web.pitch = (web.bounds.b1 - web.bounds.b0 + 63) / 64 * 64;
    web.pitch += web.pitch % 1024 == 0 ? 64 : 0; // rows must not fall into the same cache sets
    web.offset = memory.allocate((web.bounds.p1 - web.bounds.p0) * web.pitch);
    ends.emplace(web.last, web.offset);
  }
  top = memory.top;
}

absl::Span<const Layouts::Override> StoragePlanner::overrides(size_t i) const { return resolved[i]; }

std::optional<std::pair<int64_t, int64_t>> StoragePlanner::span(size_t i, const AccessPattern &ap) const {
  for (size_t r = starts[i]; r < starts[i + 1]; ++r) {
    const Web &web = webs[root(records[r].web)];
    if (records[r].ap == ap && !web.pinned) {
      return std::pair(web.begin, web.bounds.b1);
    }
  }
  return std::nullopt;
}

size_t StoragePlanner::lastUse(size_t i, const AccessPattern &ap) const {
  for (size_t r = starts[i]; r < starts[i + 1]; ++r) {
    if (records[r].ap == ap) {
      const Web &web = webs[root(records[r].web)];
      return web.pinned ? SIZE_MAX : web.last;
    }
  }
  return SIZE_MAX;
}

} // namespace ncc::host
