// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Rows that a gather fetches on chip only to be compared there. Where their numbers are known at load, each comparison can
// read the row in the table itself, and the gather is not run.
#pragma once

#include "runtime/host/Steps.h"

#include <functional>
#include <optional>
#include <vector>

namespace ncc::host {

/// The comparisons that read one gather's rows.
struct GatheredRows {
  struct Reader {
    size_t instruction;
    std::vector<int64_t> rows; // of the table, by partition
  };
  std::vector<Reader> readers;
};

/// What reads the rows of the gather, instruction `at`, up to `last`, when nothing but such comparisons does and neither the
/// table nor the fetched rows are overwritten meanwhile. `weight(buffer)` is the memory of a constant buffer, else null.
std::optional<GatheredRows> gatheredRows(absl::Span<const isa::Instruction> program, size_t at, size_t last, const Layouts &layouts, const Kernels &kernels,
                                         const std::function<const uint8_t *(uint16_t)> &weight);

/// A comparison that reads the gather's table.
StepPtr makeGatheredCompare(const isa::TensorScalar &inst, const isa::DmaGather &gather, std::vector<int64_t> rows, const Layouts &layouts,
                            const Kernels &kernels);

} // namespace ncc::host
