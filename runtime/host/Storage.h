// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Where the host keeps on-chip data. An SBUF address is 128 places a partition apart: on a CPU a tile then lies in
// 128 pages and is never in the cache when it is needed. This pass follows the data through a program's straight
// line (which write reaches which read), gives every connected set of accesses a dense block of its own, and lets
// blocks share memory when their lives do not overlap: register renaming for tiles. Data that init leaves in SBUF,
// and all that an instruction without a fast form touches, keeps its address.
#pragma once

#include "runtime/host/Tracker.h"
#include "runtime/sim/CoreMemory.h"

#include <optional>
#include <vector>

namespace ncc::host {

/// Resolves the on-chip patterns of one instruction; without overrides, to the core's memories.
struct Layouts {
  struct Override {
    isa::AccessPattern ap;
    int64_t offset = 0; // of the pattern's first element in the tile memory
    int64_t pitch = 0;
  };
  int64_t sbufPitch, psumPitch;
  absl::Span<const Override> overrides;

  Layouts(const sim::CoreMemory &memory) : sbufPitch(memory.sbufPitch()), psumPitch(memory.psumPitch()) {}
  const Override *find(const isa::AccessPattern &ap) const {
    for (const Override &o : overrides) {
      if (o.ap == ap) {
        return &o;
      }
    }
    return nullptr;
  }
};

/// One pattern an instruction really reads or writes in memory.
struct StorageAccess {
  isa::AccessPattern ap;
  bool write = false;
};

class StoragePlanner {
public:
  explicit StoragePlanner(const hw::DeviceSpec &spec);
  /// Accesses of the next instruction, in program order. `pinned`: they must keep their addresses.
  void add(const std::vector<StorageAccess> &accesses, bool pinned);
  void finish();

  /// After finish: the overrides of instruction i.
  absl::Span<const Layouts::Override> overrides(size_t i) const;
  /// The last instruction that touches the block behind a pattern of instruction i; SIZE_MAX if it is pinned.
  size_t lastUse(size_t i, const isa::AccessPattern &ap) const;
  /// Bytes of a partition that all accesses of that block together span; empty if it is pinned.
  std::optional<std::pair<int64_t, int64_t>> span(size_t i, const isa::AccessPattern &ap) const;
  int64_t bytes() const { return top; }

private:
  struct Entry {
    Region region;
    uint32_t web;
    bool dense;
  };
  struct Record {
    isa::AccessPattern ap;
    uint32_t web;
    bool write;
  };
  struct Web {
    uint32_t parent = 0;
    bool pinned = false;
    Region bounds;
    size_t first = 0, last = 0;
    int64_t offset = 0, pitch = 0;
    int64_t begin = 0; // bounds.b0 before it was aligned
  };

  uint32_t newWeb();
  uint32_t root(uint32_t web) const;
  void unite(uint32_t a, uint32_t b);
  uint32_t read(const isa::AccessPattern &ap);
  uint32_t write(const isa::AccessPattern &ap);
  void limit(int memory);
  bool covered(const Region &region, const std::vector<Entry> &entries) const;
  void place();

  std::vector<Web> webs;
  std::vector<Entry> live[2]; // SBUF, PSUM
  std::vector<Record> records;
  std::vector<size_t> starts; // of an instruction's records
  Region whole[2];            // all of either memory
  WriteMap openReads[2];      // what is read without having been written in this program
  std::vector<std::vector<Layouts::Override>> resolved;
  int64_t top = 0;
};

} // namespace ncc::host
