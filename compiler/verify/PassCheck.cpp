// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The walk over phases and passes.
#include "compiler/verify/PassCheck.h"

#include "compiler/driver/Compile.h"
#include "compiler/driver/Phases.h"
#include "compiler/verify/ProgramCheck.h"
#include "dialects/graph/Evaluate.h"
#include "dialects/graph/Graph.h"
#include "dialects/graph/Locations.h"
#include "dialects/tile/Tile.h"

#include "mlir/IR/OperationSupport.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

#include <chrono>
#include <set>

using namespace mlir;
using namespace ncc;
using namespace ncc::verify;

namespace {

using Clock = std::chrono::steady_clock;
using Outputs = std::vector<ops::Value>;

/// A value computed for some nodes of the model.
struct Computed {
  llvm::SmallVector<std::string, 2> names;
  std::string op;
  Tensor value;
};

class Checker {
public:
  Checker(const frontend::Model &model, const CheckOptions &options, const std::vector<Tensor> &inputs, ncc::DiagnosticEngine &diagnostics)
      : model(model), options(options), diagnostics(diagnostics), context(MLIRContext::Threading::DISABLED), tolerance(options.tolerance.value_or(Tolerance())) {
    loadAllDialects(context);
    program.values.assign(inputs.begin(), inputs.end());
    program.precise = options.precise;
  }

  std::optional<CheckResult> run() {
    ScopedDiagnosticHandler handler(&context, [this](mlir::Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error) {
        diagnostics.report(Code::CompileFailed, diagnostic.str(), graph::nodeName(diagnostic.getLocation()));
      }
      return success();
    });
    std::optional<hw::DeviceSpec> device = ncc::resolveTarget(options.compile.target, diagnostics);
    if (!device || !import() || !evaluateReference()) {
      return std::nullopt;
    }
    program.device = *device;
    Options compile = options.compile;
    compile.cores = 1;
    pipeline = driver::pipelineOptions(compile, *device);
    program.precision = driver::lowestProduct(compile);
    if (!runPhase(allPhases()[0])) { // the stages
      return std::nullopt;
    }
    bool divided = module->lookupSymbol<func::FuncOp>("main")->hasAttr("ncc.plan");
    if (result.wrongPass.empty() && !(divided ? checkSegments() : checkPhases())) {
      return std::nullopt;
    }
    if (result.wrongPass.empty() && !checkCompiled()) {
      return std::nullopt;
    }
    return std::move(result);
  }

private:
  bool import() {
    module = driver::importModel(context, model, options.compile, diagnostics);
    if (!module) {
      return false;
    }
    auto main = module->lookupSymbol<func::FuncOp>("main");
    program.inputs = driver::tensorsOf(main, true);
    program.outputs = driver::tensorsOf(main, false);
    return true;
  }

  bool evaluateReference() {
    absl::StatusOr<Outputs> outputs = graph::evaluateFunctionValues(module->lookupSymbol<func::FuncOp>("main"), program.values, [&](Operation *op, absl::Span<const Tensor> results) {
      for (const std::string &name : graph::nodeNames(op->getLoc())) {
        if (!results.empty()) {
          reference[name] = results[0];
        }
      }
    });
    if (!outputs.ok()) {
      diagnostics.report(Code::EvaluationFailed, std::string(outputs.status().message()));
      return false;
    }
    expected = *std::move(outputs);
    return true;
  }

  /// The phases after the first, up to the first pass that is wrong, and the values inside of the program.
  bool checkPhases() {
    for (const Phase &phase : allPhases().subspan(1)) {
      if (!runPhase(phase)) {
        return false;
      }
      if (!result.wrongPass.empty()) {
        return true;
      }
    }
    return checkNodes();
  }

  /// Of a model with stages on the host, each segment as a model of its own: on what it is given when the whole runs on
  /// the inputs (the first time, in a loop). One that these inputs do not reach is not checked.
  bool checkSegments() {
    llvm::MapVector<Operation *, Outputs> given;
    auto main = module->lookupSymbol<func::FuncOp>("main");
    absl::StatusOr<Outputs> outputs = graph::evaluateFunctionValues(main, program.values, {}, [&](func::FuncOp callee, absl::Span<const ops::Value> inputs) {
      given.try_emplace(callee, Outputs(inputs.begin(), inputs.end()));
    });
    if (!outputs.ok()) {
      diagnostics.report(Code::EvaluationFailed, std::string(outputs.status().message()));
      return false;
    }
    OwningOpRef<ModuleOp> divided = std::move(module);
    const ProgramContext whole = program;
    const Outputs wholeOutputs = expected;
    const Tolerance wide = tolerance;
    std::vector<NodeError> nodes;
    for (auto &[callee, inputs] : given) {
      auto segment = cast<func::FuncOp>(callee).clone();
      part = segment.getSymName().str();
      segment.setSymName("main");
      segment.setPublic();
      module = ModuleOp::create(callee->getLoc());
      module->push_back(segment);
      program.inputs = driver::tensorsOf(segment, true);
      program.outputs = driver::tensorsOf(segment, false);
      program.values = inputs;
      tolerance = wide;
      last.reset();
      reference.clear();
      helpers.clear();
      if (!evaluateReference() || !checkPhases()) {
        return false;
      }
      llvm::append_range(nodes, result.nodes);
      if (!result.wrongPass.empty()) {
        return true;
      }
    }
    result.nodes = std::move(nodes);
    part.clear();
    program.inputs = whole.inputs;
    program.outputs = whole.outputs;
    program.values = whole.values;
    expected = wholeOutputs;
    if (given.empty() && pipeline.autoCast != "none") {
      narrow(0.999);
    }
    return true;
  }

  /// After every pass of a phase: is the model still what it was?
  struct Instrumentation : PassInstrumentation {
    Instrumentation(Checker &checker, std::string_view phase) : checker(checker), phase(phase) {}
    void runAfterPass(Pass *pass, Operation *op) override {
      if (!pass->getArgument().empty()) { // not an adaptor
        checker.afterPass(phase, pass->getArgument().str(), op);
      }
    }
    Checker &checker;
    std::string_view phase;
  };

  /// Element by element, narrow products drift apart; the direction of the whole decides.
  void narrow(double cosine) {
    if (!options.tolerance) {
      tolerance = {1e-2, 1e-2, -1, cosine};
    }
  }

  bool runPhase(const Phase &phase) {
    std::string_view name = phase.name;
    if (name == "lower") {
      graphModule = module->clone();
    }
    // From here on values are those of narrower products.
    if (name == "quantize" && options.compile.quantizeInt8) {
      narrow(0.99);
    } else if ((name == "precision" && pipeline.autoCast != "none") || (name == "legalize" && pipeline.autoCast == "all")) {
      narrow(options.compile.quantizeInt8 ? 0.99 : 0.999);
    }
    PassManager passes(&context);
    passes.enableVerifier(name != "memory" && name != "sync" && name != "verify");
    phase.build(passes, pipeline);
    if (options.inject) {
      options.inject(name, passes);
    }
    passes.addInstrumentation(std::make_unique<Instrumentation>(*this, name));
    broken = false;
    bool ok = succeeded(passes.run(*module));
    if (!ok && diagnostics.errorCount() == 0) {
      diagnostics.report(Code::InternalError, "the phase '" + std::string(name) + "' failed without a reason");
    }
    return ok && !broken;
  }

  void afterPass(std::string_view phase, const std::string &pass, Operation *op) {
    bool onTiles = phase == "lower" || phase == "combine" || phase == "schedule", onCores = phase == "memory" || phase == "sync" || phase == "verify";
    if (broken || !result.wrongPass.empty() || onCores || phase == "layout") {
      return;
    }
    auto whole = llvm::isa<ModuleOp>(op) ? cast<ModuleOp>(op) : op->getParentOfType<ModuleOp>();
    OperationFingerPrint print(whole);
    if (last && *last == print) {
      return;
    }
    last = print;
    broken = onTiles ? !checkProgram(phase, pass, whole) : !checkGraph(phase, pass, whole);
  }

  bool checkGraph(std::string_view phase, const std::string &pass, ModuleOp whole) {
    Clock::time_point begin = Clock::now();
    std::vector<Computed> values;
    auto main = whole.lookupSymbol<func::FuncOp>("main");
    absl::StatusOr<Outputs> outputs = graph::evaluateFunctionValues(main ? main : *whole.getOps<func::FuncOp>().begin(), program.values, [&](Operation *op, absl::Span<const Tensor> results) {
      if (!results.empty() && !llvm::isa<graph::ConstantOp, func::CallOp>(op)) {
        values.push_back({graph::nodeNames(op->getLoc()), op->getName().stripDialect().str(), results[0]});
      }
    });
    if (!outputs.ok()) {
      diagnostics.report(Code::EvaluationFailed, "after " + pass + ": " + std::string(outputs.status().message()));
      return false;
    }
    addResult(phase, pass, *outputs, begin);
    std::vector<NodeError> nodes = compareNodes(values);
    if (result.wrongPass.empty()) {
      for (const NodeError &node : nodes) {
        if (!node.error.within) {
          helpers.insert(node.node);
        }
      }
    } else {
      result.nodes = std::move(nodes);
      nameFirstWrong();
    }
    return true;
  }

  bool checkProgram(std::string_view phase, const std::string &pass, ModuleOp whole) {
    Clock::time_point begin = Clock::now();
    absl::StatusOr<Outputs> outputs = runProgram(whole, program);
    if (!outputs.ok()) {
      diagnostics.report(Code::InternalError, "after " + pass + " the program does not run: " + std::string(outputs.status().message()));
      return false;
    }
    addResult(phase, pass, *outputs, begin);
    // The values inside of a program are seen by making them outputs; a pass on tiles is run again on that program.
    return result.wrongPass.empty() || checkNodes();
  }

  /// The model as the compiler makes it, on as many cores as asked for.
  bool checkCompiled() {
    Clock::time_point begin = Clock::now();
    ncc::DiagnosticEngine again; // what there is to note was noted
    std::optional<Compilation> compiled = ncc::compile(model, options.compile, again);
    absl::StatusOr<Outputs> outputs = compiled ? runModel(std::move(compiled->model), program) : absl::InternalError("it does not compile");
    if (!outputs.ok()) {
      diagnostics.report(Code::InternalError, "the compiled model does not run: " + std::string(outputs.status().message()));
      return false;
    }
    addResult("program", "compiled model", *outputs, begin);
    nameFirstWrong();
    return true;
  }

  void addResult(std::string_view phase, const std::string &pass, const Outputs &outputs, Clock::time_point begin) {
    PassResult entry{std::string(phase), pass, part, {}, std::chrono::duration<double>(Clock::now() - begin).count()};
    for (size_t i = 0; i < expected.size(); ++i) {
      entry.outputs.push_back({program.outputs[i].name, "", expected[i].isTensor() ? expected[i].tensor().shape() : Shape(), errorOf(outputs[i], expected[i], tolerance)});
    }
    if (!entry.good() && result.wrongPass.empty()) {
      result.wrongPass = pass;
    }
    result.passes.push_back(std::move(entry));
  }

  /// Every node's last value against the reference; a merged op stands for the last of its nodes. What was far from its
  /// node's value while the model's outputs were right is no value of that node.
  std::vector<NodeError> compareNodes(const std::vector<Computed> &values) {
    llvm::StringMap<size_t> lastOf;
    for (size_t i = 0; i < values.size(); ++i) {
      for (const std::string &name : values[i].names) {
        lastOf[name] = i;
      }
    }
    std::vector<NodeError> nodes;
    for (size_t i = 0; i < values.size(); ++i) {
      std::optional<NodeError> best;
      for (const std::string &name : values[i].names) {
        auto known = reference.find(name);
        if (lastOf[name] != i || values[i].value.size() == 0 || known == reference.end() || known->second.shape() != values[i].value.shape()) {
          continue;
        }
        Error error = errorOf(values[i].value, known->second, tolerance);
        if (!best || error.maxAbs < best->error.maxAbs) {
          best = NodeError{name, values[i].op, values[i].value.shape(), error};
        }
      }
      if (best && !helpers.count(best->node)) {
        nodes.push_back(std::move(*best));
      }
    }
    return nodes;
  }

  void nameFirstWrong() {
    auto first = llvm::find_if(result.nodes, [](const NodeError &node) { return !node.error.within; });
    if (!result.wrongPass.empty() && first != result.nodes.end()) {
      result.wrongNode = first->node;
    }
  }

  bool checkNodes() {
    OwningOpRef<ModuleOp> probed(graphModule->clone());
    ProgramContext wide = program;
    std::vector<Probe> probes = addProbes(*probed, wide.outputs);
    PassManager passes(&context);
    for (const char *phase : {"lower", "combine", "schedule"}) {
      allPhases()[driver::phaseNamed(phase)].build(passes, pipeline);
      if (options.inject) {
        options.inject(phase, passes);
      }
    }
    absl::StatusOr<Outputs> outputs = succeeded(passes.run(*probed)) ? runProgram(*probed, wide) : absl::InternalError("it does not compile");
    if (!outputs.ok()) {
      diagnostics.report(Code::InternalError, "the program with all values as outputs does not run: " + std::string(outputs.status().message()));
      return false;
    }
    std::vector<Computed> values;
    for (const Probe &probe : probes) {
      values.push_back({probe.names, probe.op, probe.output >= 0 ? (*outputs)[static_cast<size_t>(probe.output)].tensor() : Tensor()});
    }
    result.nodes = compareNodes(values);
    nameFirstWrong();
    return true;
  }

  const frontend::Model &model;
  const CheckOptions &options;
  ncc::DiagnosticEngine &diagnostics;
  MLIRContext context;
  Tolerance tolerance;
  PipelineOptions pipeline;
  ProgramContext program;
  OwningOpRef<ModuleOp> module, graphModule;
  std::map<std::string, Tensor> reference; // a node's first result, as imported
  std::set<std::string> helpers;           // nodes that live on in the name of some helper only (a cast of an operand)
  Outputs expected;
  std::string part; // the segment under test
  std::optional<OperationFingerPrint> last;
  bool broken = false; // a check could not be made
  CheckResult result;
};

} // namespace

bool PassResult::good() const {
  return std::all_of(outputs.begin(), outputs.end(), [](const NodeError &output) { return output.error.within; });
}

std::optional<CheckResult> verify::checkPasses(const frontend::Model &model, const CheckOptions &options, const std::vector<Tensor> &inputs,
                                               ncc::DiagnosticEngine &diagnostics) {
  return Checker(model, options, inputs, diagnostics).run();
}

std::optional<std::vector<neff::TensorInfo>> verify::modelInputs(const frontend::Model &model, const Options &options, ncc::DiagnosticEngine &diagnostics) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  loadAllDialects(context);
  OwningOpRef<ModuleOp> module = driver::importModel(context, model, options, diagnostics);
  return module ? std::optional(driver::tensorsOf(module->lookupSymbol<func::FuncOp>("main"), true)) : std::nullopt;
}
