// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/host/Tracker.h"

#include <algorithm>

namespace ncc::host {

Region::Region(const isa::AccessPattern &ap) : space(ap.space) {
  isa::ByteRange range = isa::byteRange(ap);
  b0 = range.begin;
  b1 = range.end;
  p0 = space == isa::Space::Dram ? ap.buffer : ap.partition;
  p1 = space == isa::Space::Dram ? p0 + 1 : p0 + ap.partitions;
}

bool isDense(const isa::AccessPattern &ap) {
  isa::ByteRange range = isa::byteRange(ap);
  if (range.end - range.begin != ap.freeSize() * static_cast<int64_t>(dtypeSize(ap.dtype))) {
    return false;
  }
  // As many elements as places; they are all different if the dims nest when sorted by stride.
  std::vector<isa::Dim> dims(ap.dims.begin(), ap.dims.begin() + ap.rank);
  std::sort(dims.begin(), dims.end(), [](const isa::Dim &a, const isa::Dim &b) { return std::abs(a.stride) < std::abs(b.stride); });
  int64_t expected = 1;
  for (const isa::Dim &d : dims) {
    if (d.size == 1) {
      continue;
    }
    if (std::abs(static_cast<int64_t>(d.stride)) != expected) {
      return false;
    }
    expected *= d.size;
  }
  return true;
}

void subtract(const Region &from, const Region &hole, std::vector<Region> &rest) {
  if (!hole.overlaps(from)) {
    rest.push_back(from);
    return;
  }
  auto add = [&](int64_t p0, int64_t p1, int64_t b0, int64_t b1) {
    if (p0 < p1 && b0 < b1) {
      Region r = from;
      r.p0 = p0;
      r.p1 = p1;
      r.b0 = b0;
      r.b1 = b1;
      rest.push_back(r);
    }
  };
  const int64_t p0 = std::max(from.p0, hole.p0), p1 = std::min(from.p1, hole.p1);
  add(from.p0, p0, from.b0, from.b1);
  add(p1, from.p1, from.b0, from.b1);
  add(p0, p1, from.b0, std::max(from.b0, hole.b0));
  add(p0, p1, std::min(from.b1, hole.b1), from.b1);
}

WriteMap::WriteMap(const hw::DeviceSpec &spec, isa::Space space)
    : space(space), cells(((space == isa::Space::Sbuf ? spec.sbufBytesPerPartition : spec.psumBytesPerPartition) + kCell - 1) / kCell), written(static_cast<size_t>((spec.partitions + 31) / 32), std::vector<bool>(static_cast<size_t>(cells))) {}

void WriteMap::add(const isa::AccessPattern &ap) {
  if (ap.space != space) {
    return;
  }
  Region r(ap);
  for (int64_t g = r.p0 / 32; g <= (r.p1 - 1) / 32; ++g) {
    auto begin = written[static_cast<size_t>(g)].begin();
    std::fill(begin + r.b0 / kCell, begin + (r.b1 - 1) / kCell + 1, true);
  }
}

bool WriteMap::touches(const isa::AccessPattern &ap) const {
  Region r(ap);
  for (int64_t g = r.p0 / 32; g <= (r.p1 - 1) / 32; ++g) {
    auto begin = written[static_cast<size_t>(g)].begin();
    if (std::find(begin + r.b0 / kCell, begin + (r.b1 - 1) / kCell + 1, true) != begin + (r.b1 - 1) / kCell + 1) {
      return true;
    }
  }
  return false;
}

void ConstantTracker::copied(const isa::AccessPattern &dst, size_t id) {
  overwritten(dst);
  entries.push_back({Region(dst), id, isDense(dst)});
}

void ConstantTracker::overwritten(const isa::AccessPattern &dst) {
  Region region(dst);
  const bool dense = isDense(dst);
  std::vector<Entry> rests;
  std::vector<Region> pieces;
  size_t kept = 0;
  for (Entry &e : entries) {
    if (e.region.overlaps(region)) {
      if (dense) { // what is left of the copy stays known
        pieces.clear();
        subtract(e.region, region, pieces);
        for (const Region &piece : pieces) {
          rests.push_back({piece, e.id, e.whole});
        }
        continue;
      }
      e.whole = false;
    }
    entries[kept++] = e;
  }
  entries.resize(kept);
  entries.insert(entries.end(), rests.begin(), rests.end());
}

bool ConstantTracker::known(const isa::AccessPattern &ap) const {
  // Cut the rectangles of whole entries out of the wanted one until nothing is left.
  std::vector<Region> wanted{Region(ap)};
  for (const Entry &e : entries) {
    if (!e.whole) {
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
    if (wanted.size() > 256) {
      return false;
    }
  }
  return wanted.empty();
}

} // namespace ncc::host
