// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "test/frontend/SchemaSweep.h"

#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/Importer.h"
#include "compiler/frontend/onnx/Model.h"
#include "dialects/graph/ValueTypes.h"

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

using namespace ncc;
using namespace ncc::frontend;
using namespace ncc::test;

namespace fs = std::filesystem;

namespace {

bool isHandled(const OpSchema &form) {
  return handlers().find(form.domain, form.op, form.since) || runTimeHandlers().find(form.domain, form.op, form.since);
}

struct Outcome {
  std::vector<Diagnostic> errors;
  ValueType firstResult; // None after errors
};

class Sweep {
public:
  Sweep(std::string folder, const Visit &visit) : folder(std::move(folder)), visit(visit) { fs::create_directories(this->folder); }

  void run(const onnx::ModelProto &model, const OpSchema &schema) {
    ++result.forms;
    Outcome base = import(model);
    bool bad = std::any_of(base.errors.begin(), base.errors.end(), [](const Diagnostic &error) {
      return error.code == Code::WrongNode || error.code == Code::WrongDeclaration || error.code == Code::BadGraph;
    });
    if (bad) {
      result.badBases.insert(formName(schema) + ": " + base.errors.front().str());
      return;
    }
    for (const Mutant &mutant : mutantsOf(model, schema)) {
      judge(mutant);
    }
    if (std::optional<Mutant> mutant = misdeclared(model, schema, base.firstResult)) {
      judge(*mutant);
    }
  }

  SweepResult result;

private:
  Outcome import(const onnx::ModelProto &model) {
    std::string path = folder + "/model.onnx";
    std::ofstream(path, std::ios::binary) << model.SerializeAsString();
    absl::StatusOr<std::unique_ptr<Model>> loaded = Model::load(path);
    Outcome outcome;
    if (!loaded.ok()) {
      outcome.errors.push_back({Code::ModelMalformed, Severity::Error, "", "", std::string(loaded.status().message()), ""});
      return outcome;
    }
    mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
    DiagnosticEngine diagnostics;
    auto module = importModel(context, **loaded, {}, diagnostics);
    for (const Diagnostic &diagnostic : diagnostics.all()) {
      if (diagnostic.severity == Severity::Error) {
        outcome.errors.push_back(diagnostic);
      }
    }
    if (module) {
      auto main = module->lookupSymbol<mlir::func::FuncOp>("main");
      outcome.firstResult = main.getNumResults() > 0 ? graph::valueTypeOf(main.getResultTypes().front()) : ValueType();
    }
    return outcome;
  }

  void judge(const Mutant &mutant) {
    Outcome outcome = import(mutant.model);
    const onnx::NodeProto &node = mutant.model.graph().node(0);
    auto named = [&](const Diagnostic &error) {
      bool node_ = error.code == Code::WrongNode && error.node == displayName(node) && !error.opType.empty();
      bool value = error.code == Code::WrongDeclaration;
      return (node_ || value) && absl::StrContains(error.message, mutant.concerns) && !error.advice.empty();
    };
    Verdict verdict = outcome.errors.empty() ? Verdict::Accepted
                      : std::any_of(outcome.errors.begin(), outcome.errors.end(), named) ? Verdict::BySchema : Verdict::Otherwise;
    ++result.counts[mutant.kind()][static_cast<size_t>(verdict)];
    if (verdict != Verdict::BySchema) {
      (verdict == Verdict::Accepted ? result.accepted : result.otherwise).insert(mutant.name());
    }
    if (visit) {
      visit(mutant, verdict);
    }
  }

  std::string folder;
  const Visit &visit;
};

} // namespace

std::string SweepResult::table() const {
  std::string text = absl::StrFormat("%-42s %8s %10s %9s\n", "mutation", "refused", "otherwise", "accepted");
  std::array<size_t, 3> total{};
  for (const auto &[kind, row] : counts) {
    absl::StrAppendFormat(&text, "%-42s %8d %10d %9d\n", kind, row[0], row[1], row[2]);
    for (size_t i = 0; i < 3; ++i) {
      total[i] += row[i];
    }
  }
  absl::StrAppendFormat(&text, "%-42s %8d %10d %9d\n", "all", total[0], total[1], total[2]);
  return text + std::to_string(forms) + " forms\n";
}

SweepResult test::sweepSchemas(const std::string &folder, const Visit &visit) {
  Sweep sweep(folder, visit);
  for (const OpSchema *form : schemas().all()) {
    if (isHandled(*form)) {
      sweep.run(modelOf(*form), *form);
    }
  }
  return sweep.result;
}

SweepResult test::sweepCorpus(const std::string &corpus, const std::string &folder, const Visit &visit) {
  std::set<std::string> paths;
  for (const char *part : {"onnx-node", "onnx-node-old", "ml-node", "cases"}) {
    fs::path tests = fs::path(corpus) / part;
    for (const auto &entry : fs::exists(tests) ? fs::directory_iterator(tests) : fs::directory_iterator()) {
      if (fs::exists(entry.path() / "model.onnx")) {
        paths.insert((entry.path() / "model.onnx").string());
      }
    }
  }
  Sweep sweep(folder, visit);
  std::set<const OpSchema *> done;
  for (const std::string &path : paths) {
    constexpr uintmax_t kLargest = 1 << 20;
    absl::StatusOr<std::unique_ptr<Model>> loaded = fs::file_size(path) > kLargest ? absl::ResourceExhaustedError(path) : Model::load(path);
    if (!loaded.ok() || (*loaded)->proto().graph().node_size() != 1 || (*loaded)->proto().functions_size() > 0) {
      continue;
    }
    onnx::ModelProto model = (*loaded)->proto();
    const onnx::NodeProto &node = model.graph().node(0);
    const OpSchema *form = schemas().find(node.domain(), node.op_type(), std::max<int64_t>(1, (*loaded)->opsetVersion(node.domain())));
    bool mapped = std::any_of(model.graph().initializer().begin(), model.graph().initializer().end(), [](const auto &tensor) { return tensor.has_mapped_length(); });
    if (form && isHandled(*form) && !mapped && done.insert(form).second) {
      sweep.run(model, *form);
    }
  }
  return sweep.result;
}

std::set<std::string> test::readAllowed(const std::string &path, std::vector<std::string> &faults) {
  std::set<std::string> names;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    size_t reason = line.find(" # ");
    if (line.empty() || line.front() == '#') {
      continue;
    }
    if (reason == std::string::npos || !names.insert(line.substr(0, reason)).second) {
      faults.push_back(line);
    }
  }
  return names;
}
