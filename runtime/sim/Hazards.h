// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Checks that the plain interpreter offers: reads of on-chip bytes nobody wrote, and pairs of instructions whose
// order only luck decides.
#pragma once

#include "runtime/hw/DeviceSpec.h"
#include "runtime/neff/Model.h"

#include <vector>

namespace ncc::sim {

/// Which on-chip bytes have been written since load.
class WrittenBytes {
public:
  explicit WrittenBytes(const hw::DeviceSpec &spec);
  /// Fails if the instruction reads a byte not yet written, then records what it writes.
  absl::Status check(const isa::Instruction &inst);

private:
  template <typename Fn>
  void forEachByte(const isa::AccessPattern &ap, Fn &&fn);
  int64_t sbufPitch, psumPitch;
  std::vector<bool> sbuf, psum;
};

/// Orders instructions by queue (engine, or DMA queue) and by semaphore (a wait for a value happens after the
/// signals that any execution needs to reach it) and reports the first conflicting pair left unordered.
absl::Status findRaces(const neff::Program &program, const hw::DeviceSpec &spec);

} // namespace ncc::sim
