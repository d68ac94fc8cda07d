// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The program of stages of a NEFF whose model is more than one core program: values, and steps over them in order.
// A core step runs a segment (core programs with static tensors), a host step runs a kernel of runtime/ops/host;
// if, loop and scan hold blocks of steps. Values are numbered once for the whole plan; a nested block may read what
// the blocks around it computed before.
#pragma once

#include "runtime/ops/Attributes.h"
#include "runtime/tensor/Value.h"

#include "absl/status/status.h"

#include <optional>
#include <string>
#include <vector>

namespace ncc::neff {

struct Model;

/// A tensor known at compile time: bytes of the weights, or strings in the plan itself.
struct PlanConstant {
  uint64_t offset = 0, bytes = 0; // in the weights, aligned to 64
  std::vector<std::string> strings;
};

struct PlanValue {
  ValueType type;
  std::optional<PlanConstant> constant;
};

enum class StepKind : uint8_t { Core, Host, If, Loop, Scan };
std::string_view stepKindName(StepKind kind);

struct PlanStep;

/// Steps in order. `arguments` are defined by whoever runs the block, `results` are read when it ends.
struct PlanBlock {
  std::vector<uint32_t> arguments, results;
  std::vector<PlanStep> steps;
};

/// Core: inputs and outputs are the segment's. Host: an input of -1 is absent.
/// If: inputs {condition}; blocks {then, else} without arguments.
/// Loop: inputs {trip count or -1, condition or -1, carried...}; block arguments {iteration, condition, carried...}, results
/// {condition, carried..., one per collected output}; outputs {carried..., collected...}.
/// Scan: inputs {carried..., scanned...}; block arguments the same with one slice of each scanned; results {carried...,
/// collected...}. Attributes: inputs (how many are scanned), input_axes, input_directions (1: backwards), and the same for outputs.
struct PlanStep {
  StepKind kind = StepKind::Host;
  uint32_t segment = 0;      // Core
  std::string kernel;        // Host
  ops::Attributes attributes; // Host, Scan
  std::vector<int64_t> inputs;
  std::vector<uint32_t> outputs;
  std::vector<PlanBlock> blocks;
  std::string node; // of the source model, for messages and profiles
};

/// Arguments and results of `main` are the model's inputs and outputs.
struct Plan {
  std::vector<PlanValue> values;
  PlanBlock main;
  bool empty() const { return values.empty() && main.steps.empty() && main.results.empty(); }
};

/// Calls fn(step, depth) for every step, outer ones first.
template <typename Fn>
void forEachStep(const PlanBlock &block, Fn &&fn, int depth = 0) {
  for (const PlanStep &step : block.steps) {
    fn(step, depth);
    for (const PlanBlock &inner : step.blocks) {
      forEachStep(inner, fn, depth + 1);
    }
  }
}

/// Everything that can be wrong with a plan before it runs: numbers of values, segments and kernels, definitions before
/// uses, each value defined once, types of core and host operands as far as they are known, places of constants, nesting.
absl::Status verifyPlan(const Model &model);

} // namespace ncc::neff
