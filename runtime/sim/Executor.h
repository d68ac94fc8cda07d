// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What the API needs of an executor. `execute` may be called from several threads; each call is one inference.
#pragma once

#include "runtime/sim/ProgramMemory.h"

#include "absl/status/status.h"

namespace ncc::sim {

/// What an inference reports besides its output bytes.
struct InferenceReport {
  /// True shape per output where a kernel found it smaller than the static one; empty Shape list = static.
  std::vector<std::optional<Shape>> shapes;
  std::optional<uint32_t> outOfBounds; // the node (of Model::nodes, 0: unknown) where an index was outside its table first
  int64_t coreSteps = 0, hostSteps = 0; // of a model with a plan: how many of its steps ran
};

class Executor {
public:
  virtual ~Executor() = default;
  virtual absl::Status execute(const InferenceIo &io, InferenceReport *report) = 0;
  /// Lines of text about how the model was prepared and, if asked for at load, where time goes.
  virtual std::string describe() const { return ""; }
};

/// "node 'emb' (Gather): an index is outside of its table".
std::string outOfBoundsText(const neff::Model &model, const InferenceReport &report);

} // namespace ncc::sim
