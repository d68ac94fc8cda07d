// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Turns a program into steps, once per load:
//  - a chain of matmuls that add to one PSUM region becomes one step, run when the region is first needed;
//  - an operand whose bytes are known at load is packed now; a moving or stationary operand that several matmuls
//    share is packed once per inference;
//  - copies of constants into SBUF that only packed operands read are dropped;
//  - on-chip data lives in dense blocks instead of at its SBUF or PSUM address (Storage.h);
//  - every other instruction gets its fast form, or the precise interpreter's.
// The instructions alone decide what is computed: nothing here looks at the source model.
#pragma once

#include "runtime/host/Steps.h"

namespace ncc::host {

struct TranslationStats {
  int64_t steps = 0, plain = 0, chains = 0, matmuls = 0, packs = 0, droppedCopies = 0, inTrees = 0;
  int64_t constantBytes = 0;
};

struct Translation {
  std::vector<StepPtr> steps;
  std::vector<sim::HostBytes> constants; // packed operands
  int64_t arenaBytes = 0;
  int64_t tileBytes = 0;
  TranslationStats stats;
};

/// `context` has run the program's init; its SBUF is what the first inference starts from. ResourceExhausted when packed
/// operands would take more than `memoryBytes` (0: no limit).
absl::StatusOr<Translation> translate(const neff::Program &program, const hw::DeviceSpec &spec, const Kernels &kernels,
                                      const CoreContext &context, double memoryBytes = 0);

} // namespace ncc::host
