// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What a model will ask of the machine, computed before anything of it runs: a NEFF of a few kilobytes can say "a channel of 64
// terabytes" or "ten instructions of 2^33 elements".
#pragma once

#include "runtime/neff/Model.h"

namespace ncc::neff {

/// Limits of one inference, and of loading. The defaults let through whatever this machine could finish.
struct Limits {
  /// Units of isa::workOf: about a nanosecond of one CPU on the host executor, a few dozen on the precise one. The default is some
  /// five hours of one CPU: more than an inference of any model takes, a language model with 4,096 tokens in flight included.
  double work = kDefaultWork;
  double memory = 0; // bytes; 0: what the machine lets this process have
  double steps = kDefaultSteps; // of a plan, those of loops counted each time; the default is about half a minute of empty ones

  static constexpr double kDefaultWork = 1.8e13, kDefaultSteps = 2e7;
  double memoryBytes() const;
};

/// Work of a step of a plan beside what its kernel or segment computes.
inline constexpr double kStepWork = 1000;

struct Demand {
  double work = 0;   // of one inference and what comes once before it; a loop's body once, both branches of an if
  double memory = 0; // bytes beside the file
};

/// Of a verified model. Of one with buckets, the largest.
Demand demandOf(const Model &model);
/// ResourceExhausted, with what is asked and what is allowed, when the demand is beyond the limits.
absl::Status checkDemand(const Model &model, const Limits &limits);

/// What this process may hold: the machine's memory, or less where a limit of the process or of its control group is lower.
double machineMemory();

} // namespace ncc::neff
