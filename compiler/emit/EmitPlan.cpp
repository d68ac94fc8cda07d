// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/emit/EmitPlan.h"

#include "compiler/emit/WeightPool.h"
#include "dialects/graph/Constants.h"
#include "dialects/graph/Graph.h"
#include "dialects/graph/ValueTypes.h"

#include "absl/strings/str_cat.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace ncc;

namespace {

std::string nodeOf(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc)) {
    return name.getName().str();
  }
  if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations()) {
      if (std::string name = nodeOf(part); !name.empty()) {
        return name;
      }
    }
  }
  return {};
}

class PlanEmitter {
public:
  PlanEmitter(neff::Model &model, std::vector<emit::HostStep> &hostSteps) : model(model), hostSteps(hostSteps), weights(model) {}

  absl::StatusOr<neff::PlanBlock> block(Block &from) {
    neff::PlanBlock to;
    for (BlockArgument argument : from.getArguments()) {
      to.arguments.push_back(define(argument));
    }
    for (Operation &op : from.without_terminator()) {
      if (auto constant = dyn_cast<graph::ConstantOp>(op)) {
        if (absl::Status status = addConstant(constant); !status.ok()) {
          return status;
        }
        continue;
      }
      absl::StatusOr<neff::PlanStep> next = step(op);
      if (!next.ok()) {
        return next.status();
      }
      to.steps.push_back(*std::move(next));
    }
    for (Value value : from.getTerminator()->getOperands()) {
      to.results.push_back(numberOf.lookup(value));
    }
    return to;
  }

private:
  uint32_t define(Value value) {
    auto number = static_cast<uint32_t>(model.plan.values.size());
    numberOf[value] = number;
    model.plan.values.push_back({graph::valueTypeOf(value.getType()), std::nullopt});
    return number;
  }

  absl::Status addConstant(graph::ConstantOp op) {
    neff::PlanConstant constant;
    const ValueType type = graph::valueTypeOf(op.getType());
    if (type.dtype == DType::String) {
      std::optional<Tensor> tensor = graph::attrTensor(op.getValueAttr());
      constant.strings = tensor ? tensor->strings() : std::vector<std::string>();
    } else {
      constant.bytes = static_cast<uint64_t>(numElements(type.shape)) * dtypeSize(type.dtype);
      absl::StatusOr<uint64_t> offset = weights.add(op.getValueAttr(), constant.bytes);
      if (!offset.ok()) {
        return offset.status();
      }
      constant.offset = *offset;
    }
    model.plan.values[define(op.getResult())].constant = std::move(constant);
    return absl::OkStatus();
  }

  absl::StatusOr<neff::PlanStep> step(Operation &op) {
    neff::PlanStep step;
    step.node = nodeOf(op.getLoc());
    absl::Status status;
    if (auto call = dyn_cast<func::CallOp>(op)) {
      step.kind = neff::StepKind::Core;
      unsigned index = 0;
      if (!call.getCallee().starts_with("segment_") || call.getCallee().drop_front(8).getAsInteger(10, index)) {
        return absl::InternalError("a call of something that is no segment");
      }
      step.segment = index;
      addInputs(step, call.getOperands());
    } else if (auto branch = dyn_cast<graph::IfOp>(op)) {
      step.kind = neff::StepKind::If;
      addInputs(step, op.getOperands());
    } else if (auto loop = dyn_cast<graph::LoopOp>(op)) {
      step.kind = neff::StepKind::Loop;
      step.inputs = {number(loop.getTrips()), number(loop.getCondition())};
      addInputs(step, loop.getCarried());
    } else if (auto scan = dyn_cast<graph::ScanOp>(op)) {
      step.kind = neff::StepKind::Scan;
      addInputs(step, op.getOperands());
      auto list = [&](const char *name, ArrayRef<int64_t> values) { step.attributes.set(name, std::vector<int64_t>(values.begin(), values.end())); };
      step.attributes.set("inputs", static_cast<int64_t>(scan.getScanned().size()));
      list("input_axes", scan.getInputAxes());
      list("input_directions", scan.getInputDirections());
      list("output_axes", scan.getOutputAxes());
      list("output_directions", scan.getOutputDirections());
    } else {
      status = addKernel(op, step);
    }
    if (op.getNumRegions() > 0) {
      hostSteps.push_back({step.node, std::string(neff::stepKindName(step.kind))});
    }
    for (Region &region : op.getRegions()) {
      absl::StatusOr<neff::PlanBlock> inner = status.ok() ? block(region.front()) : status;
      if (!inner.ok()) {
        return inner.status();
      }
      step.blocks.push_back(*std::move(inner));
    }
    for (Value result : op.getResults()) {
      step.outputs.push_back(define(result));
    }
    return status.ok() ? absl::StatusOr<neff::PlanStep>(std::move(step)) : status;
  }

  absl::Status addKernel(Operation &op, neff::PlanStep &step) {
    std::optional<graph::HostForm> form = graph::hostFormOf(&op);
    if (!form) {
      return absl::UnimplementedError(absl::StrCat("node '", step.node, "': ", op.getName().getStringRef().str(), " has no form for a host stage"));
    }
    step.kind = neff::StepKind::Host;
    step.kernel = form->kernel;
    step.attributes = std::move(form->attributes);
    addInputs(step, ValueRange(form->operands));
    hostSteps.push_back({step.node, step.kernel});
    return absl::OkStatus();
  }

  int64_t number(Value value) const { return value ? static_cast<int64_t>(numberOf.lookup(value)) : -1; }
  void addInputs(neff::PlanStep &step, ValueRange values) {
    for (Value value : values) {
      step.inputs.push_back(number(value));
    }
  }

  neff::Model &model;
  std::vector<emit::HostStep> &hostSteps;
  emit::WeightPool weights;
  DenseMap<Value, uint32_t> numberOf;
};

} // namespace

absl::Status emit::emitPlan(func::FuncOp main, neff::Model &model, std::vector<HostStep> &hostSteps) {
  absl::StatusOr<neff::PlanBlock> block = PlanEmitter(model, hostSteps).block(main.getBody().front());
  if (!block.ok()) {
    return block.status();
  }
  model.plan.main = *std::move(block);
  return absl::OkStatus();
}
