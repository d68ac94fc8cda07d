// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Runs the plan of a NEFF: walks its steps, hands core segments to executors of their own (host, precise: whoever
// opens the model says) and computes host steps with the kernels of runtime/ops/host. Thread safe; inferences share
// nothing but the segments' executors.
#pragma once

#include "runtime/neff/Demand.h"
#include "runtime/sim/Executor.h"

#include "absl/status/statusor.h"

#include <functional>
#include <memory>

namespace ncc::plan {

using ops::Value;

using MakeExecutor = std::function<absl::StatusOr<std::unique_ptr<sim::Executor>>(std::shared_ptr<const neff::Model>)>;

class PlanExecutor : public sim::Executor {
public:
  virtual absl::StatusOr<std::vector<Value>> run(absl::Span<const Value> inputs, sim::InferenceReport *report) = 0;
};

/// `model` has been verified. Loops, and values whose sizes only a run tells, are held to the limits while it runs.
absl::StatusOr<std::unique_ptr<PlanExecutor>> makePlanExecutor(std::shared_ptr<const neff::Model> model, const MakeExecutor &makeSegment,
                                                               const neff::Limits &limits = {});

} // namespace ncc::plan
