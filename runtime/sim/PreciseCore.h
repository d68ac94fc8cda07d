// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// One core, one instruction at a time, in program order: the meaning of the instruction set written down as
// plainly as possible. Slow on purpose; the host executor is tested against it and falls back to it.
#pragma once

#include "runtime/sim/CoreMemory.h"

#include "absl/status/status.h"

#include <optional>

namespace ncc::sim {

/// What instructions need beyond the core's own memories.
struct ProgramContext {
  const neff::Program *program = nullptr;
  uint8_t *const *dram = nullptr;              // by buffer index
  std::vector<uint8_t *> slots;                // by channel: the slot of the current inference
  std::vector<std::optional<Shape>> *shapes = nullptr; // true shapes of outputs, by output index
  std::optional<uint32_t> outOfBounds;         // as in InferenceReport
};

class PreciseCore {
public:
  explicit PreciseCore(const hw::DeviceSpec &spec) : memory(spec) {}

  absl::Status execute(const isa::Instruction &inst, ProgramContext &context);
  CoreMemory &storage() { return memory; }

private:
  CoreMemory memory;
};

/// The same on a memory owned by somebody else.
absl::Status executeInstruction(const isa::Instruction &inst, CoreMemory &memory, ProgramContext &context);

} // namespace ncc::sim
