// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/driver/Phases.h"

#include "compiler/frontend/onnx/Importer.h"
#include "dialects/graph/ValueTypes.h"

#include <algorithm>

using namespace mlir;
using namespace ncc;

PipelineOptions driver::pipelineOptions(const Options &options, const hw::DeviceSpec &device) {
  PipelineOptions pipeline;
  pipeline.device = device;
  pipeline.cores = options.cores;
  pipeline.parallel = options.parallel == Parallel::Auto       ? partition::Parallel::Auto
                      : options.parallel == Parallel::Pipeline ? partition::Parallel::Pipeline
                                                               : partition::Parallel::Data;
  pipeline.autoCast = options.autoCast == AutoCast::None ? "none" : options.autoCast == AutoCast::All ? "all" : "matmult";
  pipeline.autoCastType = options.autoCastType == CastType::Bf16 ? "bf16" : "fp16";
  pipeline.quantizeInt8 = options.quantizeInt8;
  pipeline.verify = options.verifyPasses;
  pipeline.disabled = options.disabled;
  return pipeline;
}

OwningOpRef<ModuleOp> driver::importModel(MLIRContext &context, const frontend::Model &model, const Options &options, ncc::DiagnosticEngine &diagnostics) {
  context.printOpOnDiagnostic(false); // users get facts about their nodes, not the compiler's form of them
  return frontend::importModel(context, model, {options.shapes, options.dims, options.dimFormulas}, diagnostics);
}

std::string driver::lowestProduct(const Options &options) {
  if (options.quantizeInt8) {
    return "i8";
  }
  if (options.autoCast == AutoCast::None) {
    return "f32";
  }
  return options.autoCastType == CastType::Bf16 ? "bf16" : "f16";
}

size_t driver::phaseNamed(std::string_view name) {
  auto phases = allPhases();
  return static_cast<size_t>(std::find_if(phases.begin(), phases.end(), [&](const Phase &phase) { return phase.name == name; }) - phases.begin());
}

std::vector<neff::TensorInfo> driver::tensorsOf(func::FuncOp main, bool inputs) {
  std::vector<neff::TensorInfo> list;
  ArrayRef<Type> types = inputs ? main.getArgumentTypes() : main.getResultTypes();
  for (auto [i, type] : llvm::enumerate(types)) {
    auto index = static_cast<unsigned>(i);
    auto name = inputs ? main.getArgAttrOfType<StringAttr>(index, "graph.name") : main.getResultAttrOfType<StringAttr>(index, "graph.name");
    ValueType value = graph::valueTypeOf(type);
    neff::TensorInfo info;
    info.name = name ? name.str() : (inputs ? "input" : "output") + std::to_string(i);
    info.dtype = value.dtype;
    for (int64_t dim : value.shape) { // what is not known here, or is no tensor, the plan says
      info.shape.push_back(std::max<int64_t>(dim, 0));
    }
    if (!value.isTensor() || !value.ranked) {
      info.shape = {0};
    }
    list.push_back(std::move(info));
  }
  return list;
}

