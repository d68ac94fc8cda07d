// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// A function of host ops, control flow and calls of segments -> the plan of a NEFF.
#pragma once

#include "runtime/neff/Model.h"

#include "absl/status/status.h"

#include <string>
#include <vector>

namespace mlir::func {
class FuncOp;
} // namespace mlir::func

namespace ncc::emit {

/// What ran where, for the report: node and kernel of each host step.
struct HostStep {
  std::string node, kernel;
};

/// Fills the plan of `model`, whose inputs, outputs and segments (by the number in their function's name) are there.
/// Constants of the plan join the weights.
absl::Status emitPlan(mlir::func::FuncOp main, neff::Model &model, std::vector<HostStep> &hostSteps);

} // namespace ncc::emit
