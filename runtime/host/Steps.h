// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What a translated program consists of: steps with resolved operands. A step only knows offsets; the base
// addresses come from the context, so that several contexts (inferences in flight) share one translation.
#pragma once

#include "runtime/host/Kernels.h"
#include "runtime/host/Storage.h"
#include "runtime/sim/PreciseCore.h"

#include <algorithm>
#include <memory>
#include <vector>

namespace ncc::host {

/// Memories of one inference in flight on one core.
struct CoreContext {
  CoreContext(const neff::Model &model, const neff::Program &program, const neff::Group *group, const hw::DeviceSpec &spec)
      : memory(spec), dram(model, program, group) {
    environment.program = &program;
    environment.dram = dram.table();
  }
  sim::CoreMemory memory;
  sim::ProgramMemory dram;
  sim::ProgramContext environment;
  sim::HostBytes arena; // packed operands that are not constant
  sim::HostBytes tiles; // on-chip data in dense blocks (Storage.h)
  std::vector<uint8_t> scratch;
  std::vector<uint32_t> corrections; // of integer matmuls with zero points: rows, then columns
};

class Step {
public:
  virtual ~Step() = default;
  virtual absl::Status run(CoreContext &context) const = 0;
  virtual const char *name() const = 0;
};
using StepPtr = std::unique_ptr<Step>;

/// An access pattern as a strided walk: dims collapsed, partitions (if any) as the outermost dim.
struct Walk {
  isa::Space space = isa::Space::None;
  bool renamed = false; // in the tile memory
  uint16_t buffer = 0;
  int64_t offset = 0; // from the base of the memory
  DType dtype = DType::F32;
  int rank = 0;                   // collapsed free dims
  int64_t sizes[6] = {}, strides[6] = {}; // bytes
  int64_t partitions = 1, pitch = 0;
  int64_t perPartition = 1;

  Walk() = default;
  Walk(const isa::AccessPattern &ap, const Layouts &layouts);
  uint8_t *base(const CoreContext &context) const {
    if (renamed) {
      return context.tiles.get() + offset;
    }
    switch (space) {
    case isa::Space::Sbuf:
      return context.memory.sbuf() + offset;
    case isa::Space::Psum:
      return context.memory.psum() + offset;
    default:
      return context.dram.buffer(buffer) + offset;
    }
  }
  /// Asks for the first lines of a row that will be used soon: rows lie far apart, no hardware prefetcher sees them coming.
  void prefetch(const uint8_t *base, int64_t partition) const {
    if (partition < partitions && rank <= 1) {
      const uint8_t *row = base + partition * pitch;
      const int64_t bytes = rank == 0 ? 1 : std::min<int64_t>(sizes[0] * strides[0], 2048);
      for (int64_t at = 0; at < bytes; at += 64) {
        __builtin_prefetch(row + at);
      }
    }
  }
  bool floatRows() const { return dtype == DType::F32 && contiguousRows(); }
  /// One contiguous run per partition.
  bool contiguousRows() const {
    return rank == 0 || (rank == 1 && strides[0] == static_cast<int64_t>(dtypeSize(dtype)));
  }
};

/// Any instruction through the precise interpreter's code.
StepPtr makePlainStep(const isa::Instruction &inst);
/// The fast form of an instruction other than a matmul; null when there is none.
StepPtr makeFastStep(const isa::Instruction &inst, const Layouts &layouts, const Kernels &kernels);
/// The same for what decides and chooses (ByteSteps.cpp).
StepPtr makeByteStep(const isa::Instruction &inst, const Layouts &layouts, const Kernels &kernels);
bool hasFastStep(const isa::Instruction &inst, const Layouts &layouts, const Kernels &kernels);

/// Copies between patterns of the same element type (used by the translator on its shadow memory, too).
void copyElements(const Walk &to, uint8_t *toBase, const Walk &from, const uint8_t *fromBase);
/// Rows of an operand made contiguous: returns a pointer and sets the pitch; uses `scratch` if it has to.
const uint8_t *contiguousRows(const Walk &walk, const uint8_t *base, std::vector<uint8_t> &scratch, int64_t &pitch);

/// The columns of a moving operand that land in a part of a wider result: `rows` pieces of `length` columns,
/// `stride` apart, the first at `first`, of `width`. Columns outside are filled so that they contribute nothing.
struct ColumnWindow {
  int64_t width = 0; // 0: no window
  int64_t first = 0, rows = 1, stride = 0, length = 0;
  uint8_t fill = 0;
  bool operator==(const ColumnWindow &) const = default;
};

/// Packs an operand into the arena.
struct PackPlan {
  Walk walk;
  bool moving = false;
  bool sums = false;      // int8: column sums of the packed values follow the data
  int64_t segment = 0;    // moving: columns are packed in pieces of this many, each padded on its own (0: one piece)
  ColumnWindow window;
  int64_t bytes = 0;      // of the packed data
  int64_t width() const { return window.width ? window.width : walk.perPartition; }
  int64_t total() const { return bytes + (sums ? (width() * 4 + 63) / 64 * 64 : 0); }
};
void packOperand(const PackPlan &plan, const MatmulKernel &kernel, const uint8_t *base, uint8_t *to, std::vector<uint8_t> &scratch);
StepPtr makePackStep(const PackPlan &plan, const MatmulKernel &kernel, int64_t arenaOffset);

struct MatmulOperand {
  const uint8_t *constant = nullptr; // packed at load, or
  int64_t arena = 0;                 // packed by an earlier step
  const uint8_t *at(const CoreContext &context) const { return constant ? constant : context.arena.get() + arena; }
};
struct MatmulPlan {
  const MatmulKernel *kernel = nullptr;
  struct Item {
    MatmulOperand stationary, moving;
    int32_t k = 0;
    int64_t stationarySums = -1, movingSums = -1; // byte offsets of the sums behind the data
    int32_t stationaryZero = 0, movingZero = 0;   // as the kernel sees the operands
  };
  std::vector<Item> items;
  Walk dst;
  int m = 0, n = 0;
  int64_t segment = 0; // the result's rows are pieces of this many columns, and so are the moving operands
  bool accumulate = false;
};
StepPtr makeMatmulStep(MatmulPlan plan);

} // namespace ncc::host
