// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The precise executor: a whole model, one inference at a time, cores one after another in pipeline order.
// `checkUninitialised` fails an inference that reads SBUF or PSUM bytes nobody has written since load;
// `checkRaces` fails one whose result depends on timing: two instructions on different engines or queues touch
// the same bytes, one of them writing, and no chain of semaphores orders them.
#pragma once

#include "runtime/sim/Executor.h"

namespace ncc::sim {

struct PreciseOptions {
  bool checkUninitialised = false;
  bool checkRaces = false;
};

absl::StatusOr<std::unique_ptr<Executor>> makePreciseExecutor(std::shared_ptr<const neff::Model> model,
                                                              const PreciseOptions &options = {});

} // namespace ncc::sim
