// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// verifyPlan: after it, an executor may walk a plan without looking at a number twice.
#include "runtime/neff/Model.h"
#include "runtime/ops/host/HostKernel.h"

#include <algorithm>

namespace ncc::neff {

namespace {

absl::Status bad(const std::string &what) { return absl::InvalidArgumentError("plan: " + what); }

class PlanVerifier {
public:
  explicit PlanVerifier(const Model &model) : model(model), plan(model.plan), visible(plan.values.size()), defined(plan.values.size()) {}

  absl::Status run() {
    for (size_t i = 0; i < plan.values.size(); ++i) {
      if (absl::Status status = constant(i); !status.ok()) {
        return status;
      }
    }
    if (plan.main.arguments.size() != model.inputs.size() || plan.main.results.size() != model.outputs.size()) {
      return bad("its arguments and results are not the model's inputs and outputs");
    }
    return block(plan.main);
  }

private:
  absl::Status constant(size_t i) {
    const PlanValue &value = plan.values[i];
    if (value.type.kind == ValueKind::None) {
      return bad("a value has no type");
    }
    if (!value.constant) {
      return absl::OkStatus();
    }
    if (!value.type.isStatic()) {
      return bad("a constant is no tensor of known shape");
    }
    const auto count = static_cast<uint64_t>(numElements(value.type.shape));
    const PlanConstant &c = *value.constant;
    if (value.type.dtype == DType::String ? c.strings.size() != count
                                          : c.offset % 64 != 0 || c.offset > model.weightBytes || c.bytes > model.weightBytes - c.offset ||
                                                c.bytes != count * dtypeSize(value.type.dtype)) {
      return bad("a constant lies outside the weights or has another size than its type");
    }
    visible[i] = defined[i] = true;
    return absl::OkStatus();
  }

  bool define(uint32_t value, std::vector<uint32_t> &fresh) {
    if (value >= plan.values.size() || defined[value]) {
      return false;
    }
    defined[value] = visible[value] = true;
    fresh.push_back(value);
    return true;
  }

  /// Values defined in a block are not seen after it.
  absl::Status block(const PlanBlock &b) {
    std::vector<uint32_t> fresh;
    for (uint32_t argument : b.arguments) {
      if (!define(argument, fresh)) {
        return bad("a block argument is no value, or is defined twice");
      }
    }
    for (const PlanStep &s : b.steps) {
      if (absl::Status status = step(s); !status.ok()) {
        return bad(std::string(stepKindName(s.kind)) + " step '" + s.node + "': " + std::string(status.message()));
      }
      for (uint32_t output : s.outputs) {
        if (!define(output, fresh)) {
          return bad("a step's output is no value, or is defined twice");
        }
      }
    }
    for (uint32_t result : b.results) {
      if (result >= plan.values.size() || !visible[result]) {
        return bad("a block's result is not defined in it");
      }
    }
    for (uint32_t value : fresh) {
      visible[value] = false;
    }
    return absl::OkStatus();
  }

  absl::Status step(const PlanStep &s) {
    const bool host = s.kind == StepKind::Host;
    for (size_t i = 0; i < s.inputs.size(); ++i) {
      const int64_t input = s.inputs[i];
      const bool absent = input == -1 && (host || (s.kind == StepKind::Loop && i < 2));
      if (!absent && (input < 0 || static_cast<size_t>(input) >= plan.values.size() || !visible[static_cast<size_t>(input)])) {
        return bad("an input is not defined before it");
      }
    }
    const size_t blocks = s.kind == StepKind::If ? 2 : s.kind == StepKind::Loop || s.kind == StepKind::Scan ? 1 : 0;
    if (s.blocks.size() != blocks) {
      return bad("has the wrong number of blocks");
    }
    absl::Status status;
    switch (s.kind) {
    case StepKind::Core: return core(s);
    case StepKind::Host: return kernel(s);
    case StepKind::If: status = branch(s); break;
    case StepKind::Loop: status = loop(s); break;
    case StepKind::Scan: status = scan(s); break;
    }
    for (const PlanBlock &b : s.blocks) {
      status = status.ok() ? block(b) : status;
    }
    return status;
  }

  const ValueType &typeOf(int64_t value) const { return plan.values[static_cast<size_t>(value)].type; }

  absl::Status core(const PlanStep &s) const {
    if (s.segment >= model.segments.size()) {
      return bad("there is no such segment");
    }
    const Model &segment = model.segments[s.segment];
    auto same = [&](int64_t value, const TensorInfo &info) {
      return static_cast<size_t>(value) < plan.values.size() && typeOf(value) == ValueType::tensor(info.dtype, info.shape);
    };
    bool fits = s.inputs.size() == segment.inputs.size() && s.outputs.size() == segment.outputs.size();
    for (size_t i = 0; fits && i < s.inputs.size(); ++i) {
      fits = same(s.inputs[i], segment.inputs[i]);
    }
    for (size_t i = 0; fits && i < s.outputs.size(); ++i) {
      fits = same(s.outputs[i], segment.outputs[i]);
    }
    return fits ? absl::OkStatus() : bad("its values are not the segment's tensors");
  }

  absl::Status kernel(const PlanStep &s) const {
    const ops::HostKernel *kernel = ops::findHostKernel(s.kernel);
    if (!kernel) {
      return bad("there is no host kernel '" + s.kernel + "'");
    }
    const auto count = static_cast<int>(s.inputs.size());
    if (count < kernel->least || (kernel->most >= 0 && count > kernel->most)) {
      return bad("has the wrong number of inputs");
    }
    std::vector<ValueType> in, out;
    for (int64_t input : s.inputs) {
      in.push_back(input < 0 ? ValueType() : typeOf(input));
    }
    for (uint32_t output : s.outputs) {
      if (output >= plan.values.size()) {
        return bad("a step's output is no value");
      }
      out.push_back(plan.values[output].type);
    }
    return ops::inferHostTypes(s.kernel, s.attributes, in, {}, out).status(); // again, with values, when it runs
  }

  absl::Status branch(const PlanStep &s) const {
    bool fits = s.inputs.size() == 1;
    for (const PlanBlock &b : s.blocks) {
      fits &= b.arguments.empty() && b.results.size() == s.outputs.size();
    }
    return fits ? absl::OkStatus() : bad("its branches do not give its outputs");
  }

  absl::Status loop(const PlanStep &s) const {
    const PlanBlock &body = s.blocks[0];
    const size_t carried = s.inputs.size() - 2;
    const bool fits = s.inputs.size() >= 2 && body.arguments.size() == carried + 2 && s.outputs.size() >= carried &&
                      body.results.size() == s.outputs.size() + 1;
    return fits ? absl::OkStatus() : bad("its body does not carry its values");
  }

  absl::Status scan(const PlanStep &s) const {
    const PlanBlock &body = s.blocks[0];
    const int64_t scanned = s.attributes.getInt("inputs", 0);
    const auto inputs = static_cast<int64_t>(s.inputs.size());
    const bool fits = scanned >= 1 && scanned <= inputs && body.arguments.size() == s.inputs.size() && body.results.size() == s.outputs.size() &&
                      static_cast<int64_t>(s.outputs.size()) >= inputs - scanned;
    return fits ? absl::OkStatus() : bad("its body does not carry its values");
  }

  const Model &model;
  const Plan &plan;
  std::vector<bool> visible, defined;
};

} // namespace

absl::Status verifyPlan(const Model &model) { return PlanVerifier(model).run(); }

} // namespace ncc::neff
