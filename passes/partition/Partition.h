// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The partition phase: which core runs which part of the model.
#pragma once

#include <memory>
#include <vector>

namespace mlir {
class Pass;
} // namespace mlir

namespace ncc {
namespace hw {
struct DeviceSpec;
} // namespace hw

namespace partition {

enum class Parallel { Auto, Pipeline, Data };

/// Replaces func @main by @core0, @core1, ...: the stages of a pipeline that talk through channels, or one function
/// that runs as replicas. The module gets the attribute `ncc.partition`: {kind, replicas, stages = [ns...],
/// ends = the op after the last one of each stage, op_costs, macs, weighted_macs, single = ns of the model on one core}.
/// `opCosts`, if not empty, holds measured nanoseconds per op (constants not counted) and replaces the estimates.
std::unique_ptr<mlir::Pass> createAssignCoresPass(const hw::DeviceSpec &device, int cores, Parallel parallel, std::vector<double> opCosts = {});
void registerPasses();

} // namespace partition
} // namespace ncc
