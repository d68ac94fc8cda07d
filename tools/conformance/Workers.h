// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Runs numbered jobs in a few forked processes: a crash or a hang costs the job it happened in, nothing else.
#pragma once

#include <functional>
#include <string>

namespace ncc::conformance {

struct WorkerOptions {
  int processes = 2;
  unsigned secondsPerJob = 120;
};

/// `job(i)` runs in a worker and gives a text (one line); `done(i, text, problem)` runs here, in the order jobs end.
/// `problem` says how the worker died, in which case there is no text.
void runJobs(size_t count, const WorkerOptions &options, const std::function<std::string(size_t)> &job,
             const std::function<void(size_t, const std::string &text, const std::string &problem)> &done);

} // namespace ncc::conformance
