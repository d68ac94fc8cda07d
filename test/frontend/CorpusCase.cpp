// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "test/frontend/CorpusCase.h"

#include "compiler/frontend/onnx/Importer.h"
#include "compiler/frontend/onnx/Model.h"
#include "dialects/graph/Evaluate.h"
#include "passes/Pipelines.h"
#include "tools/conformance/DataSet.h"
#include "tools/conformance/Expected.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include <algorithm>
#include <filesystem>

namespace fs = std::filesystem;

namespace ncc::test {

namespace {

/// A case whose shapes depend on its inputs' values is tried again with the small inputs as constants.
CaseResult runSet(const frontend::Model &model, const std::string &set, const std::string &pipeline,
                  bool fixValues = false) {
  frontend::ImportOptions options;
  absl::StatusOr<conformance::DataSet> data = conformance::readDataSet(model, set);
  if (!data.ok()) {
    return {Outcome::BadCase, std::string(data.status().message())};
  }
  std::vector<const onnx::ValueInfoProto *> inputs = model.openInputs();
  for (size_t i = 0; i < std::min(inputs.size(), data->inputs.size()); ++i) {
    if (!data->inputs[i].isTensor()) {
      continue;
    }
    DType wanted = frontend::dtypeOfOnnx(inputs[i]->type().tensor_type().elem_type()).value_or(DType::F32);
    Tensor value = conformance::retyped(data->inputs[i].tensor(), wanted);
    options.shapes[inputs[i]->name()] = std::vector<int64_t>(value.shape().begin(), value.shape().end());
    if (fixValues && value.rank() <= 1 && value.size() <= 16) {
      options.values[inputs[i]->name()] = value;
    }
    data->inputs[i] = value;
  }
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  DiagnosticEngine diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module = frontend::importModel(context, model, options, diagnostics);
  if (!module) {
    bool dynamic = std::any_of(diagnostics.all().begin(), diagnostics.all().end(), [](const Diagnostic &d) {
      return d.code == Code::DataDependentShape || d.message.find("must be") != std::string::npos;
    });
    if (dynamic && !fixValues) {
      return runSet(model, set, pipeline, true);
    }
    std::string text = diagnostics.all().empty() ? "no reason given" : "";
    for (const Diagnostic &diagnostic : diagnostics.all()) {
      if (diagnostic.severity == Severity::Error) {
        text += (text.empty() ? "" : " | ") + diagnostic.str();
      }
    }
    return {Outcome::ImportFailed, text};
  }
  if (failed(mlir::verify(*module))) {
    return {Outcome::ImportFailed, "the module does not verify"};
  }
  if (!pipeline.empty()) {
    mlir::PassManager manager(&context);
    if (failed(mlir::parsePassPipeline(pipeline, manager)) || failed(manager.run(*module))) {
      return {Outcome::ImportFailed, "the passes failed"};
    }
  }
  auto main = module->lookupSymbol<mlir::func::FuncOp>("main");
  absl::StatusOr<std::vector<ops::Value>> results = graph::evaluateFunctionValues(main, data->inputs);
  if (!results.ok()) {
    return {Outcome::EvaluationFailed, std::string(results.status().message())};
  }
  std::string what = conformance::differences(*results, data->outputs, conformance::rulesFor(model));
  return what.empty() ? CaseResult{Outcome::Pass, ""} : CaseResult{Outcome::Mismatch, what};
}

} // namespace

CaseResult runCase(const std::string &folder, const std::string &pipeline) {
  absl::StatusOr<std::unique_ptr<frontend::Model>> model = frontend::Model::load(folder + "/model.onnx");
  if (!model.ok()) {
    return {Outcome::ImportFailed, std::string(model.status().message())};
  }
  CaseResult result{Outcome::BadCase, "no data set"};
  for (const std::string &set : conformance::dataSets(folder)) {
    result = runSet(**model, set, pipeline);
    if (result.outcome != Outcome::Pass) {
      return result;
    }
  }
  return result;
}

CaseResult importCase(const std::string &folder) {
  absl::StatusOr<std::unique_ptr<frontend::Model>> model = frontend::Model::load(folder + "/model.onnx");
  if (!model.ok()) {
    return {Outcome::ImportFailed, std::string(model.status().message())};
  }
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  DiagnosticEngine diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module = frontend::importModel(context, **model, {}, diagnostics);
  if (module && succeeded(mlir::verify(*module))) {
    return {Outcome::Pass, ""};
  }
  return {Outcome::ImportFailed, diagnostics.all().empty() ? "no reason given" : diagnostics.all().back().str()};
}

std::vector<std::string> casesIn(const std::string &root) {
  std::vector<std::string> folders;
  std::error_code error;
  for (const auto &entry : fs::directory_iterator(root, error)) {
    if (fs::exists(entry.path() / "model.onnx")) {
      folders.push_back(entry.path().string());
    }
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

std::string corpusRoot() {
  const char *given = std::getenv("NCC_CORPUS");
  fs::path root = given ? fs::path(given) : fs::path(NCC_SOURCE_DIR).parent_path() / "shared" / "corpus";
  std::error_code error;
  return fs::is_directory(root, error) ? root.string() : "";
}

} // namespace ncc::test
