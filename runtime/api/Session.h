// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// A loaded model in C++: what the C API and the tools are written over.
#pragma once

#include "runtime/api/BucketSessions.h"
#include "runtime/host/Host.h"
#include "runtime/neff/Demand.h"
#include "runtime/neff/Reader.h"
#include "runtime/plan/PlanExecutor.h"
#include "runtime/sim/Executor.h"
#include "runtime/sim/Precise.h"

namespace ncc::api {

using ops::Value;

enum class ExecutorKind { Host, Precise };

struct SessionOptions {
  ExecutorKind executor = ExecutorKind::Host;
  host::HostOptions host;
  sim::PreciseOptions precise;
  neff::ReadOptions read;
  neff::Limits limits;
};

/// None of its functions throws: what memory or threads are missing for is ResourceExhausted.
class Session {
public:
  static absl::StatusOr<std::unique_ptr<Session>> open(const std::string &path, const SessionOptions &options = {});
  static absl::StatusOr<std::unique_ptr<Session>> open(std::shared_ptr<const neff::Model> model, const SessionOptions &options = {});

  const neff::Model &model() const { return *neff; }
  /// Thread safe. Buffers have the sizes of the model's tensors; not for models with buckets.
  absl::Status execute(const sim::InferenceIo &io, sim::InferenceReport *report = nullptr);
  std::string describe() const { return buckets ? buckets->describe() : executor->describe(); }
  /// The part of a model with buckets that serves one set of shapes; its inputs end with masks.
  absl::StatusOr<Session *> bucket(size_t index) { return buckets->session(index); }
  /// Values of any kind in and out; the only way for models whose inputs or outputs are no plain static tensors.
  absl::StatusOr<std::vector<Value>> runValues(absl::Span<const Value> inputs, sim::InferenceReport *report = nullptr);
  /// Whole tensors in, whole tensors out; checks types and shapes.
  absl::StatusOr<std::vector<Tensor>> run(absl::Span<const Tensor> inputs);

private:
  absl::StatusOr<std::vector<Value>> runAny(absl::Span<const Value> inputs, sim::InferenceReport *report);
  absl::StatusOr<std::vector<Tensor>> runTensors(absl::Span<const Tensor> inputs);

  std::shared_ptr<const neff::Model> neff;
  std::unique_ptr<sim::Executor> executor;
  plan::PlanExecutor *plan = nullptr; // the executor, when the model has a plan
  std::unique_ptr<BucketSessions> buckets; // instead of an executor
};

} // namespace ncc::api
