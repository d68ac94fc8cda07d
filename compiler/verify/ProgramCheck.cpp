// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/verify/ProgramCheck.h"

#include "compiler/driver/Phases.h"
#include "compiler/emit/Emit.h"
#include "dialects/graph/Constants.h"
#include "dialects/graph/Graph.h"
#include "dialects/graph/Locations.h"
#include "runtime/api/Session.h"

#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::verify;

absl::StatusOr<std::vector<ops::Value>> verify::runProgram(ModuleOp module, const ProgramContext &context) {
  OwningOpRef<ModuleOp> own(module.clone());
  PipelineOptions options;
  options.device = context.device;
  PassManager passes(module.getContext());
  for (const char *phase : {"memory", "sync", "verify"}) {
    allPhases()[driver::phaseNamed(phase)].build(passes, options);
  }
  if (failed(passes.run(*own))) {
    return absl::InternalError("it cannot be finished");
  }
  emit::ModelInfo info;
  info.inputs = context.inputs;
  info.outputs = context.outputs;
  info.provenance = {"ncc verify", "", context.device.name, "", "", context.precision};
  auto keep = std::make_shared<int>(0); // the caller's context outlives the model
  absl::StatusOr<neff::Model> made = emit::emitModel(*own, context.device, std::move(info), keep);
  return made.ok() ? runModel(*std::move(made), context) : made.status();
}

absl::StatusOr<std::vector<ops::Value>> verify::runModel(neff::Model made, const ProgramContext &context) {
  auto model = std::make_shared<neff::Model>(std::move(made));
  if (absl::Status status = neff::materializeWeights(*model); !status.ok()) {
    return status;
  }
  api::SessionOptions options;
  options.executor = context.precise ? api::ExecutorKind::Precise : api::ExecutorKind::Host;
  absl::StatusOr<std::unique_ptr<api::Session>> session = api::Session::open(std::shared_ptr<const neff::Model>(model), options);
  return session.ok() ? (*session)->runValues(context.values) : session.status();
}

std::vector<Probe> verify::addProbes(ModuleOp module, std::vector<neff::TensorInfo> &outputs) {
  std::vector<Probe> probes;
  auto func = *module.getOps<func::FuncOp>().begin();
  Operation *terminator = func.getBody().front().getTerminator();
  SmallVector<Value> returned(terminator->getOperands());
  // `outside` is what the rest of the function sees of the value: null inside of a group.
  auto add = [&](Operation *maker, Value outside) {
    Probe probe{graph::nodeNames(maker->getLoc()), maker->getName().stripDialect().str()};
    auto type = outside ? dyn_cast<RankedTensorType>(outside.getType()) : RankedTensorType();
    std::optional<DType> dtype = type ? graph::dtypeOf(type.getElementType()) : std::nullopt;
    if (dtype && type.hasStaticShape() && type.getNumElements() > 0) {
      probe.output = static_cast<int64_t>(outputs.size());
      outputs.push_back({"probe" + std::to_string(probes.size()), *dtype, graph::shapeOf(type)});
      returned.push_back(outside);
    }
    probes.push_back(std::move(probe));
  };
  for (Operation &op : func.getBody().front().without_terminator()) {
    if (auto fusion = dyn_cast<graph::FusionOp>(op)) {
      Operation *yield = fusion.getBody().front().getTerminator();
      for (Operation &inner : fusion.getBody().front().without_terminator()) {
        auto yielded = llvm::find_if(yield->getOperands(), [&](Value value) { return value.getDefiningOp() == &inner; });
        add(&inner, yielded == yield->operand_end() ? Value() : fusion.getResult(static_cast<unsigned>(yielded - yield->operand_begin())));
      }
    } else if (!llvm::isa<graph::ConstantOp>(op)) {
      add(&op, op.getNumResults() == 0 ? Value() : op.getResult(0));
    }
  }
  size_t own = terminator->getNumOperands();
  terminator->setOperands(returned);
  SmallVector<DictionaryAttr> attributes;
  func.getAllResultAttrs(attributes);
  Builder b(module.getContext());
  for (size_t i = own; i < returned.size(); ++i) {
    auto number = b.getI64IntegerAttr(static_cast<int64_t>(outputs.size() - returned.size() + i));
    attributes.push_back(b.getDictionaryAttr(b.getNamedAttr("graph.output", number)));
  }
  func.setType(FunctionType::get(module.getContext(), func.getArgumentTypes(), ValueRange(returned).getTypes()));
  func.setAllResultAttrs(attributes);
  return probes;
}
