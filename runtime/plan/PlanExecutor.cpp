// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "runtime/plan/PlanExecutor.h"

#include "runtime/ops/host/Calls.h"
#include "runtime/ops/host/Collect.h"

#include "absl/strings/str_cat.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

namespace ncc::plan {

using neff::PlanBlock;
using neff::PlanStep;
using neff::StepKind;

namespace {

/// Which values of a block nobody reads after each of its steps.
using Deaths = std::unordered_map<const PlanBlock *, std::vector<std::vector<uint32_t>>>;

void noteUses(const PlanBlock &block, size_t at, std::unordered_map<uint32_t, size_t> &last);
void noteUses(const PlanStep &step, size_t at, std::unordered_map<uint32_t, size_t> &last) {
  for (int64_t input : step.inputs) {
    last[static_cast<uint32_t>(input)] = at;
  }
  for (const PlanBlock &block : step.blocks) {
    noteUses(block, at, last);
  }
}
void noteUses(const PlanBlock &block, size_t at, std::unordered_map<uint32_t, size_t> &last) {
  for (const PlanStep &step : block.steps) {
    noteUses(step, at, last);
  }
  for (uint32_t result : block.results) {
    last[result] = at;
  }
}

void findDeaths(const PlanBlock &block, Deaths &deaths) {
  std::unordered_map<uint32_t, size_t> last;
  for (size_t i = 0; i < block.steps.size(); ++i) {
    noteUses(block.steps[i], i, last);
    for (uint32_t output : block.steps[i].outputs) {
      last.try_emplace(output, i);
    }
    for (const PlanBlock &inner : block.steps[i].blocks) {
      findDeaths(inner, deaths);
    }
  }
  std::vector<std::vector<uint32_t>> &lists = deaths[&block];
  lists.resize(block.steps.size());
  auto die = [&](uint32_t value) {
    auto it = last.find(value);
    if (it != last.end() && std::find(block.results.begin(), block.results.end(), value) == block.results.end()) {
      lists[it->second].push_back(value);
    }
  };
  for (uint32_t argument : block.arguments) {
    die(argument);
  }
  for (const PlanStep &step : block.steps) {
    std::for_each(step.outputs.begin(), step.outputs.end(), die);
  }
}

class Walker {
public:
  Walker(const neff::Model &model, const std::vector<std::unique_ptr<sim::Executor>> &segments, const Deaths &deaths, std::vector<Value> frame,
         sim::InferenceReport &report, const neff::Limits &limits, const std::vector<double> &segmentWork)
      : plan(model.plan), model(model), segments(segments), deaths(deaths), frame(std::move(frame)), report(report), limits(limits),
        segmentWork(segmentWork), memoryBytes(limits.memoryBytes()) {}

  /// Fails when the run, with so much more, is beyond its limits.
  absl::Status spend(double work) {
    spent += work;
    return spent <= limits.work ? absl::OkStatus()
                                : absl::ResourceExhaustedError(absl::StrCat("the run takes more than ", limits.work, " units of work, the limit"));
  }

  absl::Status run(const PlanBlock &block) {
    const auto &dead = deaths.at(&block);
    for (size_t i = 0; i < block.steps.size(); ++i) {
      const PlanStep &s = block.steps[i];
      if (absl::Status status = step(s); !status.ok()) {
        const bool named = !s.node.empty() && status.message().find("node '") == std::string_view::npos;
        return named ? absl::Status(status.code(), absl::StrCat("node '", s.node, "': ", std::string(status.message()))) : status;
      }
      for (uint32_t value : dead[i]) {
        frame[value] = Value();
      }
    }
    return absl::OkStatus();
  }

  absl::Status define(uint32_t id, Value value) {
    if (!fits(value, plan.values[id].type)) {
      return absl::InvalidArgumentError(absl::StrCat("a value is ", typeOf(value).str(), ", not ", plan.values[id].type.str()));
    }
    frame[id] = std::move(value);
    return absl::OkStatus();
  }
  const Value &at(int64_t id) const { return frame[static_cast<size_t>(id)]; }

private:
  absl::Status step(const PlanStep &s) {
    if (++steps > limits.steps) {
      return absl::ResourceExhaustedError(absl::StrCat("the run takes more than ", limits.steps, " steps, the limit"));
    }
    if (absl::Status status = spend(neff::kStepWork); !status.ok()) {
      return status;
    }
    switch (s.kind) {
    case StepKind::Core: return core(s);
    case StepKind::Host: return host(s);
    case StepKind::If: return branch(s);
    case StepKind::Loop: return loop(s);
    case StepKind::Scan: return scan(s);
    }
    return absl::OkStatus();
  }

  absl::Status core(const PlanStep &s) {
    const neff::Model &segment = model.segments[s.segment];
    if (absl::Status status = spend(segmentWork[s.segment]); !status.ok()) {
      return status;
    }
    std::vector<const void *> in;
    std::vector<void *> out;
    std::vector<Tensor> outputs;
    for (int64_t input : s.inputs) {
      in.push_back(at(input).tensor().data());
    }
    for (const neff::TensorInfo &info : segment.outputs) {
      outputs.emplace_back(info.dtype, info.shape);
      out.push_back(outputs.back().mutableData());
    }
    sim::InferenceReport own;
    if (absl::Status status = segments[s.segment]->execute({in, out}, &own); !status.ok()) {
      return status;
    }
    ++report.coreSteps;
    report.outOfBounds = report.outOfBounds ? report.outOfBounds : own.outOfBounds;
    for (size_t i = 0; i < s.outputs.size(); ++i) {
      frame[s.outputs[i]] = std::move(outputs[i]);
    }
    return absl::OkStatus();
  }

  absl::Status host(const PlanStep &s) {
    std::vector<Value> inputs;
    std::vector<ValueType> types, given;
    std::vector<const Tensor *> known;
    for (int64_t input : s.inputs) {
      inputs.push_back(input < 0 ? Value() : at(input));
      given.push_back(inputs.back().present() ? typeOf(inputs.back()) : ValueType());
    }
    for (const Value &input : inputs) { // which stays where it is from here on
      known.push_back(input.isTensor() ? &input.tensor() : nullptr);
    }
    for (uint32_t output : s.outputs) {
      types.push_back(plan.values[output].type);
    }
    if (absl::Status status = afford(s, given, known, types); !status.ok()) {
      return status;
    }
    absl::StatusOr<std::vector<Value>> results = ops::runHostKernel(s.kernel, s.attributes, inputs, types);
    if (!results.ok()) {
      return results.status();
    }
    ++report.hostSteps;
    for (size_t i = 0; i < s.outputs.size(); ++i) {
      frame[s.outputs[i]] = std::move((*results)[i]);
    }
    return absl::OkStatus();
  }

  /// Results whose sizes only the operands tell are looked at before anybody makes them.
  absl::Status afford(const PlanStep &s, const std::vector<ValueType> &given, const std::vector<const Tensor *> &known, const std::vector<ValueType> &promised) {
    std::vector<ValueType> types = promised;
    if (!std::all_of(types.begin(), types.end(), [](const ValueType &type) { return type.isStatic(); })) {
      absl::StatusOr<std::vector<ValueType>> inferred = ops::inferHostTypes(s.kernel, s.attributes, given, known, promised);
      types = inferred.ok() ? *inferred : types; // what is wrong is said by the kernel
    }
    double bytes = 0;
    for (const ValueType &type : types) {
      double own = type.isStatic() ? static_cast<double>(memorySize(type.dtype)) : 0;
      for (int64_t dim : type.shape) {
        own *= static_cast<double>(dim);
      }
      bytes += own;
    }
    if (bytes > memoryBytes) {
      return absl::ResourceExhaustedError(absl::StrCat("its results take ", bytes, " bytes, the limit is ", memoryBytes));
    }
    return spend(ops::workOfKernel(s.kernel, s.attributes, given, types));
  }

  absl::StatusOr<bool> truth(const Value &value) const {
    if (!value.isTensor() || value.tensor().dtype() != DType::Bool || value.tensor().size() != 1) {
      return absl::InvalidArgumentError("a condition must be one bool, is " + typeOf(value).str());
    }
    return value.tensor().asInt(0) != 0;
  }

  absl::Status branch(const PlanStep &s) {
    absl::StatusOr<bool> taken = truth(at(s.inputs[0]));
    if (!taken.ok()) {
      return taken.status();
    }
    const PlanBlock &block = s.blocks[*taken ? 0 : 1];
    absl::Status status = run(block);
    for (size_t i = 0; status.ok() && i < s.outputs.size(); ++i) {
      status = define(s.outputs[i], at(block.results[i]));
    }
    return status;
  }

  /// Binds the body's arguments, runs it, and returns its results.
  absl::StatusOr<std::vector<Value>> iterate(const PlanBlock &body, std::vector<Value> arguments) {
    absl::Status status;
    for (size_t i = 0; status.ok() && i < arguments.size(); ++i) {
      status = define(body.arguments[i], std::move(arguments[i]));
    }
    status = status.ok() ? run(body) : status;
    if (!status.ok()) {
      return status;
    }
    std::vector<Value> results;
    for (uint32_t result : body.results) {
      results.push_back(at(result));
    }
    return results;
  }

  absl::Status collect(std::vector<std::vector<Tensor>> &collected, absl::Span<const Value> results) {
    for (size_t i = 0; i < collected.size(); ++i) {
      if (!results[i].isTensor()) {
        return absl::InvalidArgumentError("a loop collects tensors only");
      }
      collectedBytes += 64 + static_cast<double>(results[i].tensor().size()) * static_cast<double>(memorySize(results[i].tensor().dtype()));
      if (collectedBytes > memoryBytes) {
        return absl::ResourceExhaustedError("what its loops collect takes more memory than the limit");
      }
      collected[i].push_back(results[i].tensor());
    }
    return absl::OkStatus();
  }

  absl::Status loop(const PlanStep &s) {
    int64_t trips = INT64_MAX;
    if (s.inputs[0] >= 0) {
      const Value &count = at(s.inputs[0]);
      if (!count.isTensor() || count.tensor().size() != 1 || !isInteger(count.tensor().dtype())) {
        return absl::InvalidArgumentError("a trip count must be one integer, is " + typeOf(count).str());
      }
      trips = count.tensor().asInt(0);
    }
    absl::StatusOr<bool> go = s.inputs[1] >= 0 ? truth(at(s.inputs[1])) : true;
    std::vector<Value> carried;
    for (size_t i = 2; i < s.inputs.size(); ++i) {
      carried.push_back(at(s.inputs[i]));
    }
    std::vector<std::vector<Tensor>> collected(s.outputs.size() - carried.size());
    for (int64_t i = 0; go.ok() && *go && i < trips; ++i) {
      Tensor number(DType::I64, {}), condition(DType::Bool, {});
      number.setInt(0, i);
      condition.setInt(0, 1);
      std::vector<Value> arguments{number, condition};
      arguments.insert(arguments.end(), carried.begin(), carried.end());
      absl::StatusOr<std::vector<Value>> results = iterate(s.blocks[0], std::move(arguments));
      if (!results.ok()) {
        return results.status();
      }
      go = truth((*results)[0]);
      std::copy_n(results->begin() + 1, carried.size(), carried.begin());
      if (absl::Status status = collect(collected, absl::MakeSpan(*results).subspan(1 + carried.size())); !status.ok()) {
        return status;
      }
    }
    return go.ok() ? finish(s, carried, collected, {}, {}) : go.status();
  }

  absl::Status finish(const PlanStep &s, const std::vector<Value> &carried, const std::vector<std::vector<Tensor>> &collected,
                      const std::vector<int64_t> &axes, const std::vector<int64_t> &directions) {
    absl::Status status;
    for (size_t i = 0; status.ok() && i < carried.size(); ++i) {
      status = define(s.outputs[i], carried[i]);
    }
    for (size_t i = 0; status.ok() && i < collected.size(); ++i) {
      const uint32_t id = s.outputs[carried.size() + i];
      absl::StatusOr<Tensor> joined = ops::stackOf(collected[i], i < axes.size() ? axes[i] : 0, i < directions.size() && directions[i], plan.values[id].type);
      status = joined.ok() ? define(id, *std::move(joined)) : joined.status();
    }
    return status;
  }

  absl::Status scan(const PlanStep &s) {
    const auto scanned = static_cast<size_t>(s.attributes.getInt("inputs", 0)), states = s.inputs.size() - scanned;
    std::vector<int64_t> axes = s.attributes.getInts("input_axes"), directions = s.attributes.getInts("input_directions");
    axes.resize(scanned, 0);
    directions.resize(scanned, 0);
    int64_t trips = -1;
    for (size_t i = 0; i < scanned; ++i) {
      const Value &value = at(s.inputs[states + i]);
      absl::StatusOr<int64_t> axis = absl::InvalidArgumentError("a scanned input must be a tensor");
      if (value.isTensor() && axes[i] >= -value.tensor().rank() && axes[i] < value.tensor().rank()) {
        axis = axes[i] < 0 ? axes[i] + value.tensor().rank() : axes[i];
      }
      if (!axis.ok()) {
        return axis.status();
      }
      const int64_t length = value.tensor().shape()[static_cast<size_t>(*axis)];
      if (trips >= 0 && length != trips) {
        return absl::InvalidArgumentError("scanned inputs differ in length");
      }
      trips = length;
    }
    std::vector<Value> carried;
    for (size_t i = 0; i < states; ++i) {
      carried.push_back(at(s.inputs[i]));
    }
    std::vector<std::vector<Tensor>> collected(s.outputs.size() - states);
    for (int64_t step = 0; step < trips; ++step) {
      std::vector<Value> arguments = carried;
      for (size_t i = 0; i < scanned; ++i) {
        absl::StatusOr<Tensor> part = ops::sliceOf(at(s.inputs[states + i]).tensor(), axes[i], directions[i] ? trips - 1 - step : step);
        if (!part.ok()) {
          return part.status();
        }
        arguments.emplace_back(*std::move(part));
      }
      absl::StatusOr<std::vector<Value>> results = iterate(s.blocks[0], std::move(arguments));
      if (!results.ok()) {
        return results.status();
      }
      std::copy_n(results->begin(), states, carried.begin());
      if (absl::Status status = collect(collected, absl::MakeSpan(*results).subspan(states)); !status.ok()) {
        return status;
      }
    }
    return finish(s, carried, collected, s.attributes.getInts("output_axes"), s.attributes.getInts("output_directions"));
  }

  const neff::Plan &plan;
  const neff::Model &model;
  const std::vector<std::unique_ptr<sim::Executor>> &segments;
  const Deaths &deaths;
  std::vector<Value> frame;
  sim::InferenceReport &report;
  const neff::Limits &limits;
  const std::vector<double> &segmentWork; // of one inference each
  double memoryBytes, spent = 0, steps = 0, collectedBytes = 0;
};

class PlanExecutorImpl : public PlanExecutor {
public:
  PlanExecutorImpl(std::shared_ptr<const neff::Model> model, const neff::Limits &limits) : model(std::move(model)), limits(limits) {}

  absl::Status load(const MakeExecutor &makeSegment) {
    limits.memory = limits.memoryBytes(); // asked once
    for (const neff::Model &segment : model->segments) {
      absl::StatusOr<std::unique_ptr<sim::Executor>> executor = makeSegment(std::shared_ptr<const neff::Model>(model, &segment));
      if (!executor.ok()) {
        return executor.status();
      }
      segments.push_back(*std::move(executor));
      segmentWork.push_back(neff::demandOf(segment).work);
    }
    findDeaths(model->plan.main, deaths);
    constants.resize(model->plan.values.size());
    for (size_t i = 0; i < constants.size(); ++i) {
      const neff::PlanValue &value = model->plan.values[i];
      if (!value.constant) {
        continue;
      }
      if (value.type.dtype != DType::String) {
        constants[i] = Tensor(value.type.dtype, value.type.shape, model->weightData + value.constant->offset, model->weightOwner);
        continue;
      }
      Tensor strings(DType::String, value.type.shape);
      strings.mutableStrings() = value.constant->strings;
      constants[i] = strings;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<Value>> run(absl::Span<const Value> inputs, sim::InferenceReport *given) override {
    const PlanBlock &main = model->plan.main;
    if (inputs.size() != main.arguments.size()) {
      return absl::InvalidArgumentError(absl::StrCat("the model has ", main.arguments.size(), " inputs, ", inputs.size(), " were given"));
    }
    sim::InferenceReport local;
    sim::InferenceReport &report = given ? *given : local;
    report = {};
    Walker walker(*model, segments, deaths, constants, report, limits, segmentWork);
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (!fits(inputs[i], model->plan.values[main.arguments[i]].type)) {
        return absl::InvalidArgumentError(absl::StrCat("input ", model->inputs[i].name, " is ", model->plan.values[main.arguments[i]].type.str(),
                                                       ", not ", typeOf(inputs[i]).str()));
      }
      if (absl::Status status = walker.define(main.arguments[i], inputs[i]); !status.ok()) {
        return status;
      }
    }
    if (absl::Status status = walker.run(main); !status.ok()) {
      return status;
    }
    std::vector<Value> outputs;
    for (uint32_t result : main.results) {
      outputs.push_back(walker.at(result));
    }
    return outputs;
  }

  /// For callers with plain buffers: every output must be a tensor of the size that was promised.
  absl::Status execute(const sim::InferenceIo &io, sim::InferenceReport *report) override {
    std::vector<Value> inputs;
    for (size_t i = 0; i < io.inputs.size() && i < model->inputs.size(); ++i) {
      const ValueType type = model->typeOfInput(i);
      if (!type.isStatic() || type.dtype == DType::String) {
        return absl::InvalidArgumentError("input " + model->inputs[i].name + " is " + type.str() + ", which a plain buffer does not hold");
      }
      inputs.emplace_back(Tensor(type.dtype, type.shape, io.inputs[i], nullptr));
    }
    sim::InferenceReport local;
    sim::InferenceReport &result = report ? *report : local;
    absl::StatusOr<std::vector<Value>> outputs = run(inputs, &result);
    if (!outputs.ok()) {
      return outputs.status();
    }
    for (size_t i = 0; i < outputs->size(); ++i) {
      const ValueType type = model->typeOfOutput(i);
      if (!type.isStatic() || type.dtype == DType::String) {
        return absl::InvalidArgumentError("output " + model->outputs[i].name + " is " + type.str() + ", which a plain buffer does not hold");
      }
      const Tensor &tensor = (*outputs)[i].tensor();
      if (tensor.byteSize() > 0) {
        std::memcpy(io.outputs[i], tensor.data(), tensor.byteSize());
      }
    }
    result.shapes.assign(outputs->size(), std::nullopt);
    return absl::OkStatus();
  }

  std::string describe() const override {
    std::string text;
    for (size_t i = 0; i < segments.size(); ++i) {
      absl::StrAppend(&text, "segment ", i, "\n", segments[i]->describe());
    }
    return text;
  }

private:
  std::shared_ptr<const neff::Model> model;
  std::vector<std::unique_ptr<sim::Executor>> segments;
  Deaths deaths;
  std::vector<Value> constants;
  neff::Limits limits;
  std::vector<double> segmentWork;
};

} // namespace

absl::StatusOr<std::unique_ptr<PlanExecutor>> makePlanExecutor(std::shared_ptr<const neff::Model> model, const MakeExecutor &makeSegment,
                                                               const neff::Limits &limits) {
  auto executor = std::make_unique<PlanExecutorImpl>(std::move(model), limits);
  if (absl::Status status = executor->load(makeSegment); !status.ok()) {
    return status;
  }
  return std::unique_ptr<PlanExecutor>(std::move(executor));
}

} // namespace ncc::plan
