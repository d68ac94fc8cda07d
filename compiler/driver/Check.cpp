// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Describes a model from its protobuf, then tries to import it.
#include "compiler/driver/Check.h"

#include "compiler/driver/Compile.h"
#include "compiler/driver/Inputs.h"
#include "compiler/frontend/onnx/Importer.h"
#include "compiler/frontend/onnx/Model.h"
#include "passes/Pipelines.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <set>

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
      shape += (shape.empty() ? "" : "x") + (dim.is_string() ? dim.get<std::string>() : std::to_string(dim.get<int64_t>()));
    }
    std::printf("%-8s %s: %s %s\n", what, item["name"].get<std::string>().c_str(), item["type"].get<std::string>().c_str(),
                shape.empty() ? "scalar" : shape.c_str());
  }
}

} // namespace

bool driver::check(const std::string &path, const Options &options, bool json, DiagnosticEngine &diagnostics) {
  std::unique_ptr<frontend::Model> model = loadModel(path, diagnostics);
  if (!model) {
    return false;
  }
  const onnx::GraphProto &graph = model->proto().graph();
  std::set<std::string> initializers;
  for (const auto &initializer : graph.initializer()) {
    initializers.insert(initializer.name());
  }
  Json result = {{"model", path}, {"inputs", Json::array()}, {"outputs", Json::array()}, {"ops", Json::object()}};
  for (const auto &input : graph.input()) {
    if (!initializers.count(input.name())) {
      result["inputs"].push_back(describe(input));
    }
  }
  for (const auto &output : graph.output()) {
    result["outputs"].push_back(describe(output));
  }
  std::map<std::string, int64_t> ops;
  for (const auto &node : graph.node()) {
    ++ops[(node.domain().empty() ? "" : node.domain() + ".") + node.op_type()];
  }
  result["ops"] = ops;
  frontend::ImportOptions import{options.shapes, options.dims};
  bool ok = options.shapesFrom.empty() || shapesFromFolder(options.shapesFrom, *model, import.shapes, diagnostics);
  if (ok) {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
    context.loadAllAvailableDialects();
    ok = static_cast<bool>(frontend::importModel(context, *model, import, diagnostics));
  }
  result["supported"] = ok;
  for (const Diagnostic &diagnostic : diagnostics.all()) {
    result["diagnostics"].push_back({{"code", codeString(diagnostic.code)}, {"node", diagnostic.node}, {"op", diagnostic.opType},
                                     {"message", diagnostic.message}, {"advice", diagnostic.advice}});
  }
  if (json) {
    std::puts(result.dump(2).c_str());
    return ok;
  }
  print(result["inputs"], "input");
  print(result["outputs"], "output");
  std::printf("%-8s", "ops");
  for (const auto &[name, count] : ops) {
    std::printf(" %s %lld", name.c_str(), static_cast<long long>(count));
  }
  std::printf("\n%s\n", ok ? "supported: every node can be imported" : "not supported: see the errors");
  return ok;
}
