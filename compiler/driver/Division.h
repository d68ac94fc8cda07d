// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Dividing a model over cores by measurement: a division is compiled and simulated, what its stages really took is
// charged to their ops, and the next division is cut by those costs.
#pragma once

#include "passes/partition/Partition.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace ncc::driver {

/// What the simulator says of one division.
struct Division {
  std::vector<double> stageNs;  // between two inferences, per program
  double intervalNs = 0;        // of the whole, per inference
  std::vector<int64_t> ends;    // the op after the last one of each stage
  std::vector<double> opCosts;  // the costs it was cut by
};

/// Compiles a division of that kind, cut by `opCosts` (estimates if empty); nothing on errors.
using CompileDivision = std::function<std::optional<Division>(partition::Parallel kind, const std::vector<double> &opCosts)>;
/// Called when the last division compiled is the best one so far.
using KeepDivision = std::function<void()>;

/// Tries replicas (not for `Pipeline`) and pipelines, each cut by what the one before it took, while that may gain. False on
/// errors.
bool divide(int cores, partition::Parallel kind, const CompileDivision &compile, const KeepDivision &keep);

/// Costs per op so that the ops of each stage add up to what the stage took, in the proportions they had.
std::vector<double> charge(const Division &division);

} // namespace ncc::driver
