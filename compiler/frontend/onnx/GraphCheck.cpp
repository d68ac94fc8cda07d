// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/frontend/onnx/GraphCheck.h"

#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/Model.h"
#include "compiler/frontend/onnx/schema/NodeCheck.h"

#include "absl/strings/str_cat.h"

#include <set>
#include <unordered_set>

using namespace llvm;

namespace ncc::frontend {

namespace {

constexpr int kMaxNesting = 40;

bool isStandard(StringRef domain) { return domain.empty() || domain == "ai.onnx"; }

/// The names that one graph's nodes may read, in the order of the file.
struct Names {
  const Names *parent = nullptr;
  std::unordered_set<std::string_view> defined = {};

  bool isVisible(const std::string &name) const { return defined.count(name) || (parent && parent->isVisible(name)); }
};

class Checker {
public:
  Checker(const Model &model, DiagnosticEngine &diagnostics) : model(model), diagnostics(diagnostics) {
    for (const onnx::FunctionProto &function : model.proto().functions()) {
      if (!functions.insert({function.domain(), function.name(), function.overload()}).second) {
        report(Code::BadGraph, absl::StrCat("function ", function.domain(), ".", function.name(), " is given twice"), "keep one of the two");
      }
    }
  }

  void run() {
    const onnx::GraphProto &graph = model.proto().graph();
    checkOpsets();
    if (graph.output_size() == 0) {
      report(Code::BadGraph, "the graph has no outputs", "name the values to compute as the graph's outputs");
    }
    checkInitializers(graph);
    Names names;
    checkGraph(graph, names, 0);
  }

private:
  void report(Code code, std::string fact, std::string advice, std::string node = {}, std::string op = {}) {
    diagnostics.report(code, std::move(fact), std::move(node), std::move(op), std::move(advice));
  }

  int64_t versionOf(StringRef domain) const {
    int64_t version = model.opsetVersion(domain);
    return version == 0 && domain == kMicrosoft ? 1 : version;
  }

  void checkOpsets() {
    for (const onnx::OperatorSetIdProto &entry : model.proto().opset_import()) {
      if (entry.version() != model.opsetVersion(entry.domain())) {
        report(Code::BadGraph, absl::StrCat("the model imports two versions of domain '", isStandard(entry.domain()) ? "ai.onnx" : entry.domain(), "': ",
                                            model.opsetVersion(entry.domain()), " and ", entry.version()),
               "import the one its nodes are written for");
      }
    }
  }

  /// Old files list weights among the inputs, with the type and shape they have.
  void checkInitializers(const onnx::GraphProto &graph) {
    StringMap<const onnx::TypeProto *> inputs;
    for (const onnx::ValueInfoProto &input : graph.input()) {
      inputs[input.name()] = &input.type();
    }
    auto check = [&](const std::string &name, int32_t type, const auto &dims) {
      auto input = inputs.find(name);
      if (input == inputs.end() || !input->second->has_tensor_type()) {
        return;
      }
      const onnx::TypeProto::Tensor &said = input->second->tensor_type();
      if (said.elem_type() != type) {
        report(Code::WrongDeclaration, absl::StrCat("initializer '", name, "' holds ", onnxTypeName(type), ", the input of its name is ", onnxTypeName(said.elem_type())),
               "give both one type");
      }
      bool same = !said.has_shape() || said.shape().dim_size() == dims.size();
      for (int i = 0; same && said.has_shape() && i < dims.size(); ++i) {
        const auto &dim = said.shape().dim(i);
        same = !dim.has_dim_value() || dim.dim_value() < 0 || dim.dim_value() == dims.Get(i);
      }
      if (!same) {
        report(Code::WrongDeclaration, absl::StrCat("initializer '", name, "' has another shape than the input of its name"), "give both one shape");
      }
    };
    for (const onnx::TensorProto &tensor : graph.initializer()) {
      check(tensor.name(), tensor.data_type(), tensor.dims());
    }
    for (const onnx::SparseTensorProto &tensor : graph.sparse_initializer()) {
      check(tensor.values().name(), tensor.values().data_type(), tensor.dims());
    }
  }

  void checkGraph(const onnx::GraphProto &graph, Names &names, int depth) {
    for (const onnx::ValueInfoProto &input : graph.input()) {
      if (!names.defined.insert(input.name()).second) {
        report(Code::BadGraph, absl::StrCat("input '", input.name(), "' is given twice"), "each value has a name of its own");
      }
    }
    for (const onnx::TensorProto &tensor : graph.initializer()) {
      names.defined.insert(tensor.name());
    }
    for (const onnx::SparseTensorProto &tensor : graph.sparse_initializer()) {
      names.defined.insert(tensor.values().name());
    }
    std::unordered_set<std::string_view> nodes;
    for (const onnx::NodeProto &node : graph.node()) {
      std::string name = displayName(node);
      if (!node.name().empty() && !nodes.insert(node.name()).second) {
        report(Code::BadGraph, "another node has the same name", "each node has a name of its own, or none", name, node.op_type());
      }
      checkNode(node, name, names, depth);
      for (const std::string &output : node.output()) {
        if (output.empty()) {
          continue;
        }
        bool outside = names.parent && names.parent->isVisible(output);
        if (outside || !names.defined.insert(output).second) {
          report(Code::BadGraph, absl::StrCat("value '", output, "' is defined twice", outside ? ", here and in a graph around this one" : ""),
                 "each value has a name of its own", name, node.op_type());
        }
      }
    }
  }

  void checkNode(const onnx::NodeProto &node, const std::string &name, const Names &names, int depth) {
    int64_t version = versionOf(node.domain());
    bool handled = handlers().find(node.domain(), node.op_type(), version) || runTimeHandlers().find(node.domain(), node.op_type(), version);
    std::string op = absl::StrCat(node.op_type(), "-", version);
    if (handled) {
      const OpSchema *schema = schemas().find(node.domain(), node.op_type(), version);
      ArrayRef<OpSchema> forms = schemas().forms(node.domain(), node.op_type());
      if (!schema && !forms.empty()) {
        report(Code::UnsupportedOp, absl::StrCat("opset ", version, " has no ", node.op_type(), ", it came with opset ", forms.front().since),
               "export with a newer opset", name, op);
      }
      std::optional<int64_t> dropped = schemas().droppedBy(node.domain(), node.op_type(), version);
      if (dropped) {
        report(Code::RetiredOperator, *dropped > forms.front().since
                                          ? absl::StrCat("opset ", version, " has no ", node.op_type(), " any more, opset ", *dropped - 1, " was the last with it")
                                          : absl::StrCat("opset ", version, " has ", node.op_type(), " only as a deprecated operator"),
               "", name, op);
      }
      std::vector<NodeFault> faults = schema ? checkNodeForm(*schema, node, model.proto().ir_version()) : std::vector<NodeFault>();
      for (NodeFault &fault : faults) {
        report(fault.tolerated ? Code::OldAttribute : Code::WrongNode, std::move(fault.fact), std::move(fault.advice), name, op);
      }
      if (faults.empty() && isStandard(node.domain())) {
        checkBodies(node, name, op);
      }
    }
    for (const onnx::AttributeProto &attribute : node.attribute()) {
      if (attribute.has_g() && depth < kMaxNesting) {
        Names inner{&names};
        checkGraph(attribute.g(), inner, depth + 1);
      }
    }
  }

  /// What a node's body takes and gives follows from what the node takes and gives.
  void checkBodies(const onnx::NodeProto &node, const std::string &name, const std::string &op) {
    int inputs = node.input_size(), outputs = node.output_size();
    const std::string &type = node.op_type();
    std::vector<const onnx::AttributeProto *> bodies;
    for (const onnx::AttributeProto &attribute : node.attribute()) {
      if (attribute.has_g()) {
        bodies.push_back(&attribute);
      }
    }
    if (type == "If") {
      inputs = 0;
    } else if (type == "Loop") {
      inputs = std::max(inputs, 2); // an iteration's number and condition, then what is carried
      ++outputs;
    } else if (type == "Scan") {
      inputs -= versionOf("") < 9; // the sequences' lengths came first
    } else if (type != "SequenceMap") {
      return;
    }
    for (const onnx::AttributeProto *body : bodies) {
      auto count = [&](const char *what, int has, int needs) {
        if (has != needs) {
          report(Code::WrongNode, absl::StrCat("the graph of attribute '", body->name(), "' has ", has, " ", what, has == 1 ? "" : "s", ", the node needs ", needs),
                 "the counts of a node and its graphs belong together", name, op);
        }
      };
      count("input", body->g().input_size(), inputs);
      count("output", body->g().output_size(), outputs);
    }
    if (type == "If" && bodies.size() == 2) {
      checkBranches(bodies[0]->g(), bodies[1]->g(), name, op);
    }
  }

  void checkBranches(const onnx::GraphProto &first, const onnx::GraphProto &second, const std::string &name, const std::string &op) {
    for (int i = 0; i < first.output_size() && i < second.output_size(); ++i) {
      ValueType a = valueTypeOfProto(first.output(i).type()), b = valueTypeOfProto(second.output(i).type());
      if (a.kind != ValueKind::None && b.kind != ValueKind::None && onnxTypeText(a) != onnxTypeText(b)) {
        report(Code::WrongDeclaration, absl::StrCat("output ", i, " is ", onnxTypeText(a), " from one branch and ", onnxTypeText(b), " from the other"),
               "both branches give values of one type", name, op);
      }
    }
  }

  const Model &model;
  DiagnosticEngine &diagnostics;
  std::set<std::tuple<std::string, std::string, std::string>> functions;
};

} // namespace

void checkModel(const Model &model, DiagnosticEngine &diagnostics) { Checker(model, diagnostics).run(); }

} // namespace ncc::frontend
