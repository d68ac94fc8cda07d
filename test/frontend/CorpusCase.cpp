// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "test/frontend/CorpusCase.h"

#include "compiler/frontend/onnx/Importer.h"
#include "compiler/frontend/onnx/Model.h"
#include "dialects/graph/Evaluate.h"
#include "passes/Pipelines.h"
#include "runtime/api/ValueFiles.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>

namespace fs = std::filesystem;

namespace ncc::test {

namespace {

CaseResult compareTensors(const Tensor &actual, Tensor expected, size_t index) {
  std::string where = "output " + std::to_string(index) + ": ";
  if (actual.dtype() == DType::BF16 && expected.dtype() == DType::U16) {
    expected = Tensor(DType::BF16, expected.shape(), expected.data(), std::make_shared<Tensor>(expected));
  }
  if (actual.dtype() != expected.dtype() || actual.shape() != expected.shape()) {
    return {Outcome::Mismatch, where + "is " + std::string(dtypeName(actual.dtype())) + " " +
                                   shapeString(actual.shape()) + ", expected " +
                                   std::string(dtypeName(expected.dtype())) + " " + shapeString(expected.shape())};
  }
  if (actual.dtype() == DType::String) {
    return actual.strings() == expected.strings() ? CaseResult{Outcome::Pass, ""}
                                                  : CaseResult{Outcome::Mismatch, where + "strings differ"};
  }
  double largest = 0;
  for (int64_t i = 0; i < expected.size(); ++i) {
    double value = std::fabs(expected.asDouble(i));
    largest = std::isfinite(value) ? std::max(largest, value) : largest;
  }
  bool coarse = isFloat(actual.dtype()) && dtypeSize(actual.dtype()) <= 2;
  double rtol = coarse ? 1e-2 : 1e-3, atol = (coarse ? 1e-2 : 1e-5) * largest;
  // Quantized outputs may differ by one step, other integers and bools not at all.
  double step = dtypeSize(actual.dtype()) == 1 && actual.dtype() != DType::Bool ? 1 : 0;
  int64_t wrong = 0, first = -1;
  for (int64_t i = 0; i < expected.size(); ++i) {
    double a = actual.asDouble(i), b = expected.asDouble(i);
    bool same = a == b || (std::isnan(a) && std::isnan(b));
    double limit = isFloat(actual.dtype()) ? atol + rtol * std::fabs(b) : step;
    if (!same && !(std::fabs(a - b) <= limit)) {
      first = wrong++ == 0 ? i : first;
    }
  }
  if (wrong > 0) {
    return {Outcome::Mismatch, where + std::to_string(wrong) + " of " + std::to_string(expected.size()) +
                                   " differ; element " + std::to_string(first) + " is " +
                                   std::to_string(actual.asDouble(first)) + ", expected " +
                                   std::to_string(expected.asDouble(first))};
  }
  return {Outcome::Pass, ""};
}

CaseResult compare(const ops::Value &actual, const ops::Value &expected, size_t index) {
  if (actual.isTensor() && expected.isTensor()) {
    return compareTensors(actual.tensor(), expected.tensor(), index);
  }
  if (actual.kind() != expected.kind() || actual.items().size() != expected.items().size()) {
    return {Outcome::Mismatch, "output " + std::to_string(index) + ": is " + typeOf(actual).str() + ", expected " + typeOf(expected).str()};
  }
  for (size_t i = 0; i < actual.items().size(); ++i) {
    CaseResult result = compare(actual.items()[i], expected.items()[i], index);
    if (result.outcome != Outcome::Pass) {
      return result;
    }
  }
  return {Outcome::Pass, ""};
}

std::vector<std::string> dataSets(const std::string &folder) {
  std::vector<std::string> sets;
  std::error_code error;
  for (const auto &entry : fs::directory_iterator(folder, error)) {
    if (entry.is_directory() && entry.path().filename().string().starts_with("test_data_set_")) {
      sets.push_back(entry.path().string());
    }
  }
  std::sort(sets.begin(), sets.end());
  return sets;
}

/// The values of input_0.pb, ... or output_0.pb, ...; `infos` says what kind each is.
absl::StatusOr<std::vector<ops::Value>> readAll(const std::string &set, const std::string &stem, const std::vector<const onnx::ValueInfoProto *> &infos) {
  std::vector<ops::Value> values;
  for (size_t i = 0;; ++i) {
    std::string path = set + "/" + stem + "_" + std::to_string(i) + ".pb";
    if (!fs::exists(path)) {
      return values;
    }
    if (i < infos.size() && !infos[i]->type().has_tensor_type()) {
      absl::StatusOr<api::NamedValue> value = api::readValueFile(path, frontend::valueTypeOfProto(infos[i]->type()));
      if (!value.ok()) {
        return value.status();
      }
      values.push_back(value->value);
      continue;
    }
    absl::StatusOr<Tensor> tensor = frontend::readTensorFile(path);
    if (!tensor.ok()) {
      return tensor.status();
    }
    values.push_back(*tensor);
  }
}

/// A case whose shapes depend on its inputs' values is tried again with the small inputs as constants.
CaseResult runSet(const frontend::Model &model, const std::string &set, const std::string &pipeline,
                  bool fixValues = false) {
  frontend::ImportOptions options;
  std::set<std::string> weights;
  for (const auto &tensor : model.proto().graph().initializer()) {
    weights.insert(tensor.name());
  }
  std::vector<const onnx::ValueInfoProto *> given, wanted;
  for (const auto &input : model.proto().graph().input()) {
    if (!weights.count(input.name())) {
      given.push_back(&input);
    }
  }
  for (const auto &output : model.proto().graph().output()) {
    wanted.push_back(&output);
  }
  absl::StatusOr<std::vector<ops::Value>> inputs = readAll(set, "input", given), outputs = readAll(set, "output", wanted);
  if (!inputs.ok() || !outputs.ok()) {
    return {Outcome::BadCase, std::string((inputs.ok() ? outputs.status() : inputs.status()).message())};
  }
  size_t next = 0;
  for (const onnx::ValueInfoProto *info : given) {
    const onnx::ValueInfoProto &input = *info;
    if (next < inputs->size() && !(*inputs)[next].isTensor()) {
      ++next;
    } else if (next < inputs->size()) {
      Tensor value = (*inputs)[next].tensor();
      if (input.type().tensor_type().elem_type() == 16 && value.dtype() == DType::U16) { // old data files
        value = Tensor(DType::BF16, value.shape(), value.data(), std::make_shared<Tensor>(value));
      }
      options.shapes[input.name()] = std::vector<int64_t>(value.shape().begin(), value.shape().end());
      if (fixValues && value.rank() <= 1 && value.size() <= 16) {
        options.values[input.name()] = value;
      }
      (*inputs)[next++] = value;
    }
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
  if (std::getenv("NCC_HISTOGRAM")) {
    std::map<std::string, int> counts;
    main.walk([&](mlir::Operation *op) { ++counts[op->getName().getStringRef().str()]; });
    for (const auto &[name, count] : counts) {
      std::fprintf(stderr, "%6d %s\n", count, name.c_str());
    }
  }
  absl::StatusOr<std::vector<ops::Value>> results = graph::evaluateFunctionValues(main, *inputs);
  if (!results.ok()) {
    return {Outcome::EvaluationFailed, std::string(results.status().message())};
  }
  if (outputs->size() > results->size()) {
    return {Outcome::Mismatch, "has too few outputs"};
  }
  for (size_t i = 0; i < outputs->size(); ++i) {
    CaseResult result = compare((*results)[i], (*outputs)[i], i);
    if (result.outcome != Outcome::Pass) {
      return result;
    }
  }
  return {Outcome::Pass, ""};
}

} // namespace

CaseResult runCase(const std::string &folder, const std::string &pipeline) {
  absl::StatusOr<std::unique_ptr<frontend::Model>> model = frontend::Model::load(folder + "/model.onnx");
  if (!model.ok()) {
    return {Outcome::ImportFailed, std::string(model.status().message())};
  }
  CaseResult result{Outcome::BadCase, "no data set"};
  for (const std::string &set : dataSets(folder)) {
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
