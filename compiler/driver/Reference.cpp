// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Imports once more, for evaluation only.
#include "compiler/driver/Reference.h"

#include "compiler/driver/Inputs.h"
#include "compiler/frontend/onnx/Importer.h"
#include "compiler/frontend/onnx/Model.h"
#include "dialects/graph/Evaluate.h"
#include "passes/Pipelines.h"

#include "mlir/IR/BuiltinOps.h"

#include <cstring>

using namespace ncc;

std::optional<std::vector<Tensor>> driver::referenceOutputs(const frontend::Model &model, const Options &options,
                                                            const std::vector<Tensor> &inputs, DiagnosticEngine &diagnostics) {
  frontend::ImportOptions import{options.shapes, options.dims, {}};
  if (!options.shapesFrom.empty() && !shapesFromFolder(options.shapesFrom, model, import.shapes, diagnostics)) {
    return std::nullopt;
  }
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  DiagnosticEngine silent; // notes were given by the compilation
  mlir::OwningOpRef<mlir::ModuleOp> module = frontend::importModel(context, model, import, silent);
  auto main = module ? module->lookupSymbol<mlir::func::FuncOp>("main") : mlir::func::FuncOp();
  if (!main) {
    diagnostics.report(Code::InternalError, "the model was imported once but not twice");
    return std::nullopt;
  }
  absl::StatusOr<std::vector<Tensor>> outputs = graph::evaluateFunction(main, inputs);
  if (!outputs.ok()) {
    diagnostics.report(Code::EvaluationFailed, std::string(outputs.status().message()));
    return std::nullopt;
  }
  // Results may be views of constants, which go with the context.
  std::vector<Tensor> kept;
  for (const Tensor &output : *outputs) {
    Tensor copy(output.dtype(), output.shape());
    std::memcpy(copy.mutableData(), output.data(), output.byteSize());
    kept.push_back(std::move(copy));
  }
  return kept;
}
