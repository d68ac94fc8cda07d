// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Straight-line dataflow over SBUF at translation time: which bytes hold constants, which copies of constants
// somebody still needs, and which regions a program writes at all. Regions are rectangles of partitions x bytes.
#pragma once

#include "runtime/hw/DeviceSpec.h"
#include "runtime/isa/Checks.h"

#include <vector>

namespace ncc::host {

/// What is tracked at load is kept in lists of at most this many entries, so that preparing a program takes time in proportion to its
/// length; beyond it, knowledge is given up and everything goes the slow way.
inline constexpr size_t kMostTracked = 4096;

struct Region {
  isa::Space space = isa::Space::None;
  int64_t p0 = 0, p1 = 0, b0 = 0, b1 = 0; // DRAM: p0 = buffer, p1 = buffer + 1

  Region() = default;
  explicit Region(const isa::AccessPattern &ap);
  bool overlaps(const Region &o) const {
    return space == o.space && p0 < o.p1 && o.p0 < p1 && b0 < o.b1 && o.b0 < b1;
  }
  bool covers(const Region &o) const { return space == o.space && p0 <= o.p0 && o.p1 <= p1 && b0 <= o.b0 && o.b1 <= b1; }
};

/// True if the pattern touches every byte of its region.
bool isDense(const isa::AccessPattern &ap);

/// Appends what is left of a region without another.
void subtract(const Region &from, const Region &hole, std::vector<Region> &rest);

/// Which parts of SBUF (or PSUM) a list of instructions writes; coarse, never too small.
class WriteMap {
public:
  explicit WriteMap(const hw::DeviceSpec &spec, isa::Space space = isa::Space::Sbuf);
  void add(const isa::AccessPattern &ap);
  bool touches(const isa::AccessPattern &ap) const;

private:
  static constexpr int kCell = 32; // bytes
  isa::Space space;
  int64_t cells;
  std::vector<std::vector<bool>> written; // by group of 32 partitions
};

/// Live copies of constants into SBUF.
class ConstantTracker {
public:
  /// A copy of constants by instruction `id`; dense copies count as knowledge, others only as copies.
  void copied(const isa::AccessPattern &dst, size_t id);
  void overwritten(const isa::AccessPattern &dst);
  /// All bytes of the pattern come from live copies.
  bool known(const isa::AccessPattern &ap) const;
  /// Calls fn(id) for every live copy that overlaps.
  template <typename Fn>
  void forEachOverlap(const isa::AccessPattern &ap, Fn fn) const {
    Region region(ap);
    for (const Entry &e : entries) {
      if (e.region.overlaps(region)) {
        fn(e.id);
      }
    }
  }

  /// Forgets all when there are too many, after fn(id) for each.
  template <typename Fn>
  void limit(Fn fn) {
    if (entries.size() > kMostTracked) {
      for (const Entry &e : entries) {
        fn(e.id);
      }
      entries.clear();
    }
  }

private:
  struct Entry {
    Region region;
    size_t id;
    bool whole; // dense and not partly overwritten
  };
  std::vector<Entry> entries;
};

} // namespace ncc::host
