// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// ncc verify: what every pass made of the model, and the compiled program, against the reference evaluation of the
// graph as it was imported.
#include "tools/ncc/CommandLine.h"

#include "compiler/driver/Buckets.h"
#include "compiler/frontend/onnx/Model.h"
#include "compiler/verify/EdgeInputs.h"
#include "compiler/verify/PassCheck.h"
#include "runtime/api/TensorFiles.h"
#include "runtime/tensor/Printable.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <random>

using namespace ncc;
using namespace ncc::cli;
using nlohmann::ordered_json;

namespace {

/// A check of one set of inputs.
struct Run {
  verify::InputKind kind = verify::InputKind::Ordinary;
  bool given = false;    // from a data set
  bool narrowed = false; // the model refuses integers of the whole range
  verify::CheckResult result;
  bool good() const { return result.wrongPass.empty(); }
  std::string name() const { return given ? "data set" : std::string(inputKindName(kind)); }
};

ordered_json toJson(const verify::NodeError &node) {
  return {{"name", node.node}, {"op", node.op}, {"shape", node.shape}, {"max_abs", node.error.maxAbs}, {"max_rel", node.error.maxRel},
          {"cosine", node.error.cosine}, {"ulp", node.error.ulp}, {"pass", node.error.within}};
}

void printJson(const verify::CheckResult &result, const std::vector<Run> &runs) {
  ordered_json json;
  json["pass"] = result.wrongPass.empty();
  json["wrong_pass"] = result.wrongPass;
  json["wrong_node"] = result.wrongNode;
  json["passes"] = ordered_json::array();
  for (const verify::PassResult &pass : result.passes) {
    ordered_json entry{{"phase", pass.phase}, {"name", pass.pass}, {"part", pass.part}, {"pass", pass.good()}, {"seconds", pass.seconds}, {"outputs", ordered_json::array()}};
    for (const verify::NodeError &output : pass.outputs) {
      entry["outputs"].push_back(toJson(output));
    }
    json["passes"].push_back(std::move(entry));
  }
  json["nodes"] = ordered_json::array();
  for (const verify::NodeError &node : result.nodes) {
    json["nodes"].push_back(toJson(node));
  }
  json["runs"] = ordered_json::array();
  for (const Run &run : runs) {
    json["runs"].push_back({{"inputs", run.name()}, {"pass", run.good()}, {"wrong_pass", run.result.wrongPass}, {"wrong_node", run.result.wrongNode}});
  }
  std::printf("%s\n", json.dump(2, ' ', true, ordered_json::error_handler_t::replace).c_str());
}

void printLine(const char *verdict, const std::string &name, const std::string &kind, const verify::Error &error) {
  std::printf("%-5s%-40s %-22s max abs %-9.3g max rel %-9.3g cosine %.6f  %.3g ulp\n", verdict, printable(name).c_str(), printable(kind).c_str(), error.maxAbs, error.maxRel,
              error.cosine, error.ulp);
}

void printText(const verify::CheckResult &result) {
  std::printf("Nodes of the program, in the order they are computed (where a node was merged into others, the last of them):\n");
  for (const verify::NodeError &node : result.nodes) {
    printLine(node.error.within ? "" : "far", node.node, node.op + " " + shapeString(node.shape), node.error);
  }
  std::printf("\nOutputs after each pass that changed the model:\n");
  for (const verify::PassResult &pass : result.passes) {
    const verify::NodeError *worst = nullptr;
    for (const verify::NodeError &output : pass.outputs) {
      worst = !worst || output.error.maxRel > worst->error.maxRel || !output.error.within ? &output : worst;
    }
    if (worst) {
      printLine(pass.good() ? "pass" : "FAIL", pass.part.empty() ? pass.pass : pass.part + " " + pass.pass, worst->node, worst->error);
    }
  }
  for (const verify::NodeError &output : result.passes.empty() ? std::vector<verify::NodeError>() : result.passes.back().outputs) {
    std::printf("%-5s %s: max abs %.3g, max rel %.3g, cosine %.6f\n", output.error.within ? "pass" : "FAIL", printable(output.node).c_str(), output.error.maxAbs,
                output.error.maxRel, output.error.cosine);
  }
  if (!result.wrongPass.empty()) {
    std::printf("\nThe pass %s changes what the model computes; first at node '%s'.\n", result.wrongPass.c_str(), printable(result.wrongNode).c_str());
  }
}

void printRuns(const std::vector<Run> &runs) {
  for (const Run &run : runs) {
    std::printf("%-5s %s inputs%s%s\n", run.good() ? "pass" : "FAIL", run.name().c_str(), run.narrowed ? ", integers 0 and 1" : "",
                run.good() ? "" : (": the pass " + run.result.wrongPass + ", first at node '" + run.result.wrongNode + "'").c_str());
  }
}

std::optional<std::vector<Tensor>> givenInputs(const CommandLine &line, const std::vector<neff::TensorInfo> &infos, DiagnosticEngine &diagnostics) {
  std::vector<Tensor> inputs;
  absl::StatusOr<std::vector<api::NamedTensor>> files = api::readTensorSeries(line.testData, "input_");
  if (!files.ok() || files->size() < infos.size()) {
    diagnostics.report(Code::BadOption, "--test-data: " + (files.ok() ? "'" + line.testData + "' has " + std::to_string(files->size()) + " inputs, the model takes " + std::to_string(infos.size())
                                                                      : std::string(files.status().message())));
    return std::nullopt;
  }
  for (size_t i = 0; i < infos.size(); ++i) {
    const Tensor &tensor = (*files)[i].tensor;
    if (tensor.dtype() != infos[i].dtype || tensor.shape() != infos[i].shape) {
      diagnostics.report(Code::BadOption, "--test-data: input_" + std::to_string(i) + ".pb is not of the type and shape of input '" + infos[i].name + "'");
      return std::nullopt;
    }
    inputs.push_back(tensor);
  }
  return inputs;
}

/// Checks one set of drawn inputs. Integers of the whole range that the reference evaluation refuses (an index outside of
/// its table) are drawn again as zeros and ones.
std::optional<Run> drawnRun(const frontend::Model &model, const verify::CheckOptions &options, const std::vector<neff::TensorInfo> &infos, verify::InputKind kind,
                            std::mt19937_64 &random, DiagnosticEngine &diagnostics) {
  const std::mt19937_64 before = random;
  for (bool wholeRange : {true, false}) {
    random = before;
    DiagnosticEngine quiet;
    const bool last = !wholeRange || kind != verify::InputKind::Extreme;
    std::optional<verify::CheckResult> result = verify::checkPasses(model, options, verify::drawInputs(infos, kind, wholeRange, random), last ? diagnostics : quiet);
    if (result || last) {
      return result ? std::optional(Run{kind, false, !wholeRange, *std::move(result)}) : std::nullopt;
    }
  }
  return std::nullopt;
}

} // namespace

int cli::runVerify(const CommandLine &line, DiagnosticEngine &diagnostics) {
  verify::CheckOptions options;
  options.compile = line.options;
  options.precise = line.precise;
  if (options.compile.shapesFrom.empty() && !line.testData.empty()) {
    options.compile.shapesFrom = {line.testData};
  }
  if (line.rtol >= 0 || line.atol >= 0) {
    options.tolerance = {line.rtol >= 0 ? line.rtol : 1e-3, 1e-5, line.atol, 2};
  }
  std::unique_ptr<frontend::Model> model = loadModel(line.model, diagnostics, options.compile.defaults);
  std::optional<Options> one = model ? driver::onlyOptions(*model, options.compile, "ncc verify", diagnostics) : std::nullopt;
  options.compile = one ? *std::move(one) : options.compile;
  std::optional<std::vector<neff::TensorInfo>> infos = one ? verify::modelInputs(*model, options.compile, diagnostics) : std::nullopt;
  if (!infos) {
    return exitCodeOf(diagnostics);
  }
  std::vector<Run> runs;
  if (!line.testData.empty()) {
    std::optional<std::vector<Tensor>> inputs = givenInputs(line, *infos, diagnostics);
    std::optional<verify::CheckResult> result = inputs ? verify::checkPasses(*model, options, *inputs, diagnostics) : std::nullopt;
    if (!result) {
      return exitCodeOf(diagnostics);
    }
    runs.push_back({verify::InputKind::Ordinary, true, false, *std::move(result)});
  }
  std::mt19937_64 random(line.seed);
  for (uint64_t i = 0; line.testData.empty() && i < line.runs; ++i) {
    std::optional<Run> run = drawnRun(*model, options, *infos, verify::kindOfRun(i, line.runs, line.edge), random, diagnostics);
    if (!run) {
      return exitCodeOf(diagnostics);
    }
    runs.push_back(*std::move(run));
    if (!runs.back().good()) {
      break;
    }
  }
  // The run that failed, else the first, whose errors are those of ordinary numbers.
  const verify::CheckResult &shown = runs.back().good() ? runs.front().result : runs.back().result;
  if (line.json) {
    printJson(shown, runs);
  } else {
    printText(shown);
    printRuns(runs);
  }
  return shown.wrongPass.empty() ? kOk : kMismatch;
}
