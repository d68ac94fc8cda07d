// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "tools/conformance/Case.h"

#include "compiler/driver/Compile.h"
#include "compiler/frontend/onnx/Declarations.h"
#include "compiler/frontend/onnx/Model.h"
#include "runtime/api/Session.h"
#include "runtime/neff/Writer.h"
#include "tools/conformance/DataSet.h"
#include "tools/conformance/Expected.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/mman.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace ncc::conformance {

namespace {

using Model = frontend::Model;

std::string slurp(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void putVarint(std::string &out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) {
    out.push_back(static_cast<char>(value | 0x80));
  }
  out.push_back(static_cast<char>(value));
}
std::string field(int number, const std::string &payload) {
  std::string out;
  putVarint(out, static_cast<uint64_t>(number) << 3 | 2);
  putVarint(out, payload.size());
  return out + payload;
}

/// A few old data sets hold other shapes than their models declare, which an initializer may not.
bool isOfDeclaredShape(const onnx::ValueInfoProto &input, const std::string &path) {
  absl::StatusOr<Tensor> value = frontend::readTensorFile(path);
  std::string fact;
  ValueType declared = frontend::valueTypeOfProto(input.type()); // whose element type the data need not say
  return !value.ok() || frontend::contradiction(input.type(), ValueType::tensor(declared.dtype, value->shape()), fact) != frontend::Contradiction::Shape;
}

/// The model with the data of all inputs but the first as initializers: messages merge when their bytes are joined.
absl::StatusOr<std::unique_ptr<Model>> withConstants(const Model &model, const std::string &set) {
  std::vector<const onnx::ValueInfoProto *> inputs = model.openInputs();
  std::string graph;
  for (size_t i = 1; i < inputs.size(); ++i) {
    std::string path = set + "/input_" + std::to_string(i) + ".pb";
    if (inputs[i]->type().has_tensor_type() && fs::exists(path) && isOfDeclaredShape(*inputs[i], path)) {
      std::string type; // old data files hold bfloat16 as uint16
      putVarint(type, 2 << 3);
      putVarint(type, static_cast<uint64_t>(inputs[i]->type().tensor_type().elem_type()));
      graph += field(5, slurp(path) + type + field(8, inputs[i]->name()));
    }
  }
  std::string bytes = std::string(model.bytes()) + field(7, graph);
  int file = ::memfd_create("model", MFD_CLOEXEC);
  if (file < 0 || ::write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    return absl::InternalError("cannot write a file in memory");
  }
  auto loaded = Model::load("/proc/self/fd/" + std::to_string(file), DefaultInputs::Freeze);
  ::close(file);
  return loaded;
}

std::string firstError(const DiagnosticEngine &diagnostics) {
  for (const Diagnostic &diagnostic : diagnostics.all()) {
    if (diagnostic.severity == Severity::Error) {
      std::string type = diagnostic.opType.empty() ? "" : " (" + diagnostic.opType + ")";
      return codeString(diagnostic.code) + type + ": " + diagnostic.message;
    }
  }
  return "no reason given";
}

Outcome failed(std::string reason) {
  Outcome outcome;
  outcome.reason = std::move(reason);
  return outcome;
}

Outcome runSet(const Model &model, const DataSet &data, const Rules &rules, const RunOptions &run) {
  Options options;
  options.target = run.target;
  options.cores = run.cores;
  options.autoCast = AutoCast::None;
  options.jobs = 1;
  std::vector<const onnx::ValueInfoProto *> open = model.openInputs();
  for (size_t i = 0; i < open.size() && i < data.inputs.size(); ++i) {
    if (open[i]->type().has_tensor_type()) {
      const Shape &shape = data.inputs[i].tensor().shape();
      options.shapes[open[i]->name()] = std::vector<int64_t>(shape.begin(), shape.end());
    }
  }
  DiagnosticEngine diagnostics;
  std::optional<Compilation> compiled = compile(model, options, diagnostics);
  if (!compiled) {
    return failed(firstError(diagnostics));
  }
  Outcome outcome;
  for (const FirmwareReport &firmware : compiled->report.firmware) {
    outcome.firmware.insert(firmware.op.substr(firmware.op.find('.') + 1));
  }
  for (const FirmwareReport &step : compiled->report.hostSteps) {
    outcome.host.insert(step.op);
  }
  api::SessionOptions session;
  session.host.threads = 1;
  std::string path = "/dev/shm/ncc-conformance-" + std::to_string(::getpid()) + ".neff";
  absl::Status written = neff::writeModel(compiled->model, path);
  auto opened = api::Session::open(path, session);
  ::unlink(path.c_str());
  if (!written.ok() || !opened.ok()) {
    return failed("load: " + std::string((written.ok() ? opened.status() : written).message()));
  }
  const std::vector<neff::TensorInfo> &wanted = (*opened)->model().inputs;
  std::vector<ops::Value> inputs;
  for (size_t i = 0; i < wanted.size() && i < data.inputs.size(); ++i) {
    const ops::Value &value = data.inputs[i];
    inputs.push_back(value.isTensor() ? ops::Value(retyped(value.tensor(), wanted[i].dtype)) : value);
  }
  auto outputs = (*opened)->runValues(inputs);
  if (!outputs.ok()) {
    return failed("run: " + std::string(outputs.status().message()));
  }
  outcome.reason = differences(*outputs, data.outputs, rules);
  outcome.pass = outcome.reason.empty();
  return outcome;
}

/// The values of the inputs that are still open in a model some of whose inputs became constants.
DataSet stillOpen(const DataSet &data, const Model &model, const Model &changed) {
  std::set<std::string> open;
  for (const onnx::ValueInfoProto *input : changed.openInputs()) {
    open.insert(input->name());
  }
  std::vector<const onnx::ValueInfoProto *> inputs = model.openInputs();
  DataSet left{{}, data.outputs};
  for (size_t i = 0; i < inputs.size() && i < data.inputs.size(); ++i) {
    if (open.count(inputs[i]->name())) {
      left.inputs.push_back(data.inputs[i]);
    }
  }
  return left;
}

/// Runs every data set; the first failure counts.
Outcome runVariant(const Model &model, const Case &test, bool constants, const Rules &rules, const RunOptions &options) {
  Outcome outcome = failed("no data set");
  for (const std::string &set : dataSets(test.folder)) {
    absl::StatusOr<DataSet> data = readDataSet(model, set);
    if (!data.ok()) {
      return failed("data: " + std::string(data.status().message()));
    }
    if (data->outputs.empty()) {
      return failed("data: no expected outputs");
    }
    if (!constants) {
      outcome = runSet(model, *data, rules, options);
    } else if (auto changed = withConstants(model, set); changed.ok()) {
      outcome = runSet(**changed, stillOpen(*data, model, **changed), rules, options);
    } else {
      return failed("constants: " + std::string(changed.status().message()));
    }
    if (!outcome.pass) {
      return outcome;
    }
  }
  return outcome;
}

void describe(const Model &model, Result &result) {
  std::set<std::string> ops;
  std::string domain;
  for (const auto &node : model.proto().graph().node()) {
    bool standard = node.domain().empty() || node.domain() == "ai.onnx";
    if (node.op_type() != "Constant" || model.proto().graph().node_size() == 1) {
      ops.insert(standard ? node.op_type() : node.domain() + "." + node.op_type());
      domain = node.domain();
    }
  }
  result.op = ops.size() == 1 ? *ops.begin() : "several";
  result.opset = static_cast<int>(model.opsetVersion(ops.size() == 1 ? domain : ""));
  if (model.proto().graph().input_size() > 0) {
    const auto &type = model.proto().graph().input(0).type();
    result.type = type.has_tensor_type() ? frontend::onnxTypeName(type.tensor_type().elem_type()) : "not a tensor";
  }
}

} // namespace

std::vector<Case> listCases(const std::string &corpus, const std::string &part) {
  std::vector<Case> cases;
  std::error_code error;
  for (const auto &entry : fs::directory_iterator(corpus + "/" + part, error)) {
    if (fs::exists(entry.path() / "model.onnx")) {
      cases.push_back({part, entry.path().filename().string(), entry.path().string()});
    }
  }
  std::sort(cases.begin(), cases.end(), [](const Case &a, const Case &b) { return a.name < b.name; });
  return cases;
}

Result runCase(const Case &test, const RunOptions &options) {
  Result result;
  DiagnosticEngine diagnostics;
  std::unique_ptr<Model> model = loadModel(test.folder + "/model.onnx", diagnostics);
  if (!model) {
    result.inputs = result.constants = failed(firstError(diagnostics));
    return result;
  }
  describe(*model, result);
  Rules rules = rulesFor(*model);
  result.inputs = runVariant(*model, test, false, rules, options);
  result.constants = model->openInputs().size() < 2 ? result.inputs : runVariant(*model, test, true, rules, options);
  return result;
}

} // namespace ncc::conformance
