// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Which earlier instructions an instruction must wait for. Instructions belong to streams (an engine, or one DMA
// queue) that run in order; memory is tracked by byte ranges, and per range by the last writer and readers of each
// stream, so that the work is near-linear in the number of accesses.
#pragma once

#include "runtime/isa/Instruction.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <map>
#include <vector>

namespace ncc::sync {

/// A box of memory: bytes [begin, end) of partitions [first, last), or bytes of a DRAM buffer.
struct Region {
  uint32_t memory = 0; // 0 SBUF, 1 PSUM, 2 + buffer
  int64_t begin = 0, end = 0;
  uint16_t first = 0, last = 1;
  bool dense = true; // every byte of the box is touched
};
Region regionOf(const isa::AccessPattern &ap);

/// What the firmware calls of a program touch: regions by call table entry.
struct CallRegions {
  llvm::SmallVector<Region, 4> reads, writes;
};

using RegionFn = llvm::function_ref<void(const Region &, bool writes)>;
/// All memory an instruction touches; reads come first.
void forEachRegion(const isa::Instruction &inst, llvm::ArrayRef<CallRegions> calls, RegionFn fn);

constexpr uint32_t kMaxStreams = 32;
/// Engines other than DMA, then the DMA queues.
uint32_t streamOf(const isa::Header &header);

class Hazards {
public:
  /// Notes an access and reports the earlier accesses it conflicts with, as (stream, program index). At most one
  /// per stream and region is reported: the latest, which implies the others.
  void access(const Region &region, bool writes, uint32_t stream, uint32_t index, llvm::function_ref<void(uint32_t stream, uint32_t index)> conflict);

private:
  struct Access {
    uint32_t index;
    uint16_t first, last; // partitions
    uint8_t stream;
    bool writes;
  };
  struct Segment {
    int64_t end;
    llvm::SmallVector<Access, 4> accesses;
  };
  using Map = std::map<int64_t, Segment>;
  Map::iterator split(Map &map, int64_t at);
  static void add(Segment &segment, const Access &access, bool covers);

  std::vector<Map> memories;
};

} // namespace ncc::sync
