// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Any bytes as an ONNX model: reading, importing and simplifying it must end in a graph or in coded errors.
#include "compiler/diagnostics/Diagnostic.h"
#include "compiler/frontend/onnx/Importer.h"
#include "compiler/frontend/onnx/Model.h"
#include "dialects/graph/Graph.h"
#include "passes/simplify/Passes.h"
#include "test/fuzz/ModelMutator.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"

#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

using namespace ncc;

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize, unsigned seed) {
  std::minstd_rand random(seed);
  onnx::ModelProto model;
  if (seed % 8 == 0 || !model.ParseFromArray(data, static_cast<int>(size))) {
    return LLVMFuzzerMutate(data, size, maxSize);
  }
  fuzz::mutate(model, random);
  std::string text = model.SerializeAsString();
  if (text.size() > maxSize) {
    return LLVMFuzzerMutate(data, size, maxSize);
  }
  std::copy(text.begin(), text.end(), data);
  return text.size();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static int file = memfd_create("model", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) {
    std::abort();
  }
  absl::StatusOr<std::unique_ptr<frontend::Model>> model = frontend::Model::load(path);
  if (!model.ok()) {
    return 0;
  }
  DiagnosticEngine diagnostics;
  mlir::DialectRegistry registry;
  registry.insert<graph::GraphDialect, mlir::func::FuncDialect>();
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  mlir::ScopedDiagnosticHandler quiet(&context, [](mlir::Diagnostic &) { return mlir::success(); });
  mlir::OwningOpRef<mlir::ModuleOp> module = frontend::importModel(context, **model, {}, diagnostics);
  if (!module) {
    if (diagnostics.errorCount() == 0) {
      std::abort(); // a refusal has a reason
    }
    return 0;
  }
  mlir::PassManager passes(&context);
  passes.addNestedPass<mlir::func::FuncOp>(simplify::createFoldConstantsPass());
  passes.addNestedPass<mlir::func::FuncOp>(simplify::createCanonicalizePass());
  passes.addNestedPass<mlir::func::FuncOp>(simplify::createEliminateCommonPass());
  (void)passes.run(*module);
  return 0;
}
