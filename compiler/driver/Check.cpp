// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Describes a model from its protobuf, then tries to import it.
#include "compiler/driver/Check.h"

#include "compiler/driver/Buckets.h"
#include "compiler/driver/Compile.h"
#include "compiler/driver/Fit.h"
#include "compiler/driver/Phases.h"
#include "compiler/frontend/onnx/Model.h"
#include "passes/Pipelines.h"
#include "runtime/tensor/Printable.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"

#include <nlohmann/json.hpp>

#include <cstdio>

using namespace ncc;
using Json = nlohmann::ordered_json;

namespace {

Json describe(const onnx::ValueInfoProto &value) {
  Json dims = Json::array();
  const onnx::TypeProto &type = value.type();
  if (type.has_tensor_type()) {
    for (const auto &dim : type.tensor_type().shape().dim()) {
      if (dim.has_dim_value()) {
        dims.push_back(dim.dim_value());
      } else {
        dims.push_back(dim.dim_param().empty() ? "?" : dim.dim_param());
      }
    }
  }
  return {{"name", value.name()}, {"type", type.has_tensor_type() ? frontend::onnxTypeName(type.tensor_type().elem_type()) : "not a tensor"}, {"shape", dims}};
}

void print(const Json &list, const char *what) {
  for (const Json &item : list) {
    std::string shape;
    for (const Json &dim : item["shape"]) {
      shape += shape.empty() ? "" : "x";
      shape += dim.is_string() ? dim.get<std::string>() : std::to_string(dim.get<int64_t>());
    }
    std::printf("%-8s %s: %s %s\n", what, printable(item["name"].get<std::string>()).c_str(), item["type"].get<std::string>().c_str(),
                shape.empty() ? "scalar" : shape.c_str());
  }
}

double megabytes(int64_t bytes) { return static_cast<double>(bytes) / 1e6; }

/// False, with an error, when a core's memory is too small.
bool addFit(const driver::Fit &fit, const hw::DeviceSpec &device, Json &result, DiagnosticEngine &diagnostics) {
  int64_t engines = 0, all = 0;
  result["target"] = device.name;
  result["firmware"] = Json::array();
  for (const lower::Placement &placement : fit.placements) {
    all += placement.elements;
    engines += placement.firmware ? 0 : placement.elements;
    if (placement.firmware) {
      result["firmware"].push_back({{"node", placement.node}, {"op", placement.op}, {"elements", placement.elements}});
    }
  }
  result["engine_elements_share"] = all > 0 ? static_cast<double>(engines) / static_cast<double>(all) : 1;
  int64_t most = 0;
  for (const driver::CoreMemory &core : fit.cores) {
    result["cores"].push_back({{"weight_bytes", core.weightBytes}, {"activation_bytes", core.activationBytes}});
    most = std::max(most, core.weightBytes + core.activationBytes);
  }
  result["bytes_per_core"] = fit.bytesPerCore;
  result["fits"] = fit.fits();
  if (!fit.fits()) {
    diagnostics.report(Code::DoesNotFit, "a core would need " + std::to_string(most) + " bytes for weights and activations; each core of " + device.name + " has " +
                                             std::to_string(fit.bytesPerCore));
  }
  return fit.fits();
}

void printFit(const Json &result) {
  std::printf("%-8s %.1f %% of the elements on engines", "runs", 100 * result["engine_elements_share"].get<double>());
  std::printf(result["firmware"].empty() ? "\n" : "; in firmware:\n");
  for (const Json &node : result["firmware"]) {
    std::printf("           %s (%s), %lld elements\n", printable(node["node"].get<std::string>()).c_str(), printable(node["op"].get<std::string>()).c_str(),
                static_cast<long long>(node["elements"].get<int64_t>()));
  }
  for (size_t core = 0; core < result["cores"].size(); ++core) {
    const Json &memory = result["cores"][core];
    std::printf("%-8s core %zu: %.1f MB of weights, %.1f MB of activations, of %.0f MB\n", core == 0 ? "memory" : "", core,
                megabytes(memory["weight_bytes"].get<int64_t>()), megabytes(memory["activation_bytes"].get<int64_t>()), megabytes(result["bytes_per_core"].get<int64_t>()));
  }
}

/// What one set of shapes needs.
bool checkShapes(const frontend::Model &model, const Options &options, const hw::DeviceSpec &device, Json &result, DiagnosticEngine &diagnostics) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  loadAllDialects(context);
  mlir::OwningOpRef<mlir::ModuleOp> module = driver::importModel(context, model, options, diagnostics);
  result["supported"] = static_cast<bool>(module);
  bool ok = module && driver::everyValueFits(*module, device, diagnostics);
  if (std::optional<driver::Fit> fit = ok ? driver::fitOf(*module, options, device) : std::nullopt) {
    ok = addFit(*fit, device, result, diagnostics);
  }
  return ok;
}

} // namespace

bool driver::check(const std::string &path, const Options &options, bool json, DiagnosticEngine &diagnostics) {
  std::unique_ptr<frontend::Model> model = loadModel(path, diagnostics);
  if (!model) {
    return false;
  }
  const onnx::GraphProto &graph = model->proto().graph();
  Json result = {{"model", path}, {"inputs", Json::array()}, {"outputs", Json::array()}, {"ops", Json::object()}};
  for (const onnx::ValueInfoProto *input : model->openInputs()) {
    result["inputs"].push_back(describe(*input));
  }
  for (const auto &output : graph.output()) {
    result["outputs"].push_back(describe(output));
  }
  std::map<std::string, int64_t> ops;
  for (const auto &node : graph.node()) {
    ++ops[(node.domain().empty() ? "" : node.domain() + ".") + node.op_type()];
  }
  result["ops"] = ops;
  std::optional<hw::DeviceSpec> device = resolveTarget(options.target, diagnostics);
  std::optional<std::vector<Options>> list = device ? bucketOptions(*model, options, diagnostics) : std::nullopt;
  const bool several = list && list->size() > 1;
  bool ok = list.has_value();
  result["supported"] = ok;
  for (size_t i = 0; ok && i < list->size(); ++i) {
    Json one = Json::object();
    ok = checkShapes(*model, (*list)[i], *device, one, diagnostics);
    result["supported"] = result["supported"] && one["supported"];
    if (several) {
      one["shapes"] = (*list)[i].shapes;
      result["buckets"].push_back(std::move(one));
    } else {
      result.update(one);
    }
  }
  for (const Diagnostic &diagnostic : diagnostics.all()) {
    result["diagnostics"].push_back({{"code", codeString(diagnostic.code)}, {"node", diagnostic.node}, {"op", diagnostic.opType},
                                     {"message", diagnostic.message}, {"advice", diagnostic.advice}});
  }
  if (json) {
    std::puts(result.dump(2, ' ', true, Json::error_handler_t::replace).c_str());
    return ok;
  }
  print(result["inputs"], "input");
  print(result["outputs"], "output");
  std::printf("%-8s", "ops");
  for (const auto &[name, count] : ops) {
    std::printf(" %s %lld", printable(name).c_str(), static_cast<long long>(count));
  }
  std::printf("\n");
  if (result.contains("cores")) {
    printFit(result);
  }
  for (const Json &bucket : result.contains("buckets") ? result["buckets"] : Json::array()) {
    std::printf("%-8s", "bucket");
    for (const auto &[input, shape] : bucket["shapes"].items()) {
      std::printf(" %s=%s", printable(input).c_str(), shapeString(shape.get<std::vector<int64_t>>()).c_str());
    }
    std::printf("\n");
    if (bucket.contains("cores")) {
      printFit(bucket);
    }
  }
  std::printf("%s\n", ok ? "supported: every node can be compiled" : "not supported: see the errors");
  return ok;
}
