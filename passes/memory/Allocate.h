// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Addresses for a program in its final order: SBUF byte ranges, PSUM banks, one scratch buffer in DRAM. When SBUF
// overflows, the tiles whose next use is furthest per byte moved are paged out to DRAM (or dropped, when they can
// be loaded again from where they came from) and paged in before they are touched again.
#pragma once

#include "passes/memory/Storage.h"
#include "runtime/hw/DeviceSpec.h"

#include <string>

namespace ncc::memory {

/// A DRAM buffer of the program; its position in the table is what AccessPattern::buffer holds.
struct Buffer {
  RootKind kind = RootKind::Scratch;
  DType dtype = DType::U8;
  int64_t bytes = 0;
  int64_t index = 0;
  mlir::Attribute value;
};

struct PlacedInst {
  isa::Instruction inst; // absolute
  mlir::Operation *op = nullptr;
};

struct Statistics {
  int64_t sbufPeak = 0, psumPeak = 0, residentBytes = 0; // per partition
  int64_t scratchBytes = 0;
  int64_t stores = 0, reloads = 0;              // by paging
  int64_t storedBytes = 0, reloadedBytes = 0;
};

struct PlacedCall {
  mlir::Operation *op = nullptr;
  /// Buffer and byte offset per operand; the buffer is -1 for an absent input.
  std::vector<std::pair<int64_t, int64_t>> inputs, outputs;
};

struct PlacedProgram {
  std::vector<Buffer> buffers;
  std::vector<PlacedCall> calls;
  std::vector<PlacedInst> init, run;
  Statistics statistics;
};

struct AllocationFailure {
  mlir::Operation *op = nullptr;
  std::string fact, advice;
};

/// Places every root of `program`. Loads of weights and inputs move up to `lookahead` instructions ahead of their
/// place when the memory they need is free by then. Returns false and fills `failure` when a single instruction's operands do not fit.
bool allocate(Program &program, const hw::DeviceSpec &device, int64_t lookahead, PlacedProgram &out, AllocationFailure &failure);

} // namespace ncc::memory
