// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The host executor: runs a NEFF's instructions at native speed. At load every program is translated once into a
// list of steps with resolved addresses, packed constants and kernels picked for this CPU; an inference then only
// walks the list. Cores are tasks over at most as many threads as CPUs; several inferences in flight overlap, each
// core working on another one. Results are the same for any number of threads.
#pragma once

#include "runtime/sim/Executor.h"

namespace ncc::host {

/// Instruction set levels, best last. Amx needs the kernel's permission, asked for on first use.
enum class CpuLevel { Portable = 0, Avx2 = 1, Avx512 = 2, Avx512Bf16 = 3, Amx = 4 };
CpuLevel detectCpu();
const char *cpuLevelName(CpuLevel level);

struct HostOptions {
  int threads = 0; // 0: one per CPU
  std::optional<CpuLevel> level = std::nullopt; // lower than what the CPU has, for tests
  bool plain = false;            // no translation: every instruction by the precise interpreter
  bool profile = false;          // measure each kind of step; see describe()
  double memoryBytes = 0;        // the most that packed operands may take; 0: no limit
};

absl::StatusOr<std::unique_ptr<sim::Executor>> makeHostExecutor(std::shared_ptr<const neff::Model> model,
                                                                const HostOptions &options = {});

} // namespace ncc::host
