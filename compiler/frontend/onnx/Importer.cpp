// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/frontend/onnx/Importer.h"

#include "compiler/frontend/onnx/ComplexTypes.h"
#include "compiler/frontend/onnx/Declarations.h"
#include "compiler/frontend/onnx/Expansion.h"
#include "compiler/frontend/onnx/GraphCheck.h"
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/InputShapes.h"
#include "compiler/frontend/onnx/NodeOrder.h"
#include "compiler/frontend/onnx/Model.h"
#include "compiler/frontend/onnx/TrialScope.h"
#include "compiler/frontend/onnx/schema/NodeCheck.h"
#include "dialects/graph/ValueTypes.h"
#include "runtime/tensor/Printable.h"

#include "absl/strings/str_cat.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <set>

using namespace mlir;

namespace ncc::frontend {

namespace {

constexpr int64_t kNewestIr = 13, kNewestOpset = 28, kNewestMlOpset = 5;

/// One of the two forms a graph's constants have.
struct Initializer {
  const onnx::TensorProto *dense = nullptr;
  const onnx::SparseTensorProto *sparse = nullptr;
};

/// The names visible in one graph or function body. A null value marks one that could not be imported.
struct Scope {
  const Scope *parent = nullptr;
  std::map<std::string, Value> values = {};
  std::map<std::string, Initializer> initializers = {};
};

/// How names and versions are to be read inside a function body.
struct Frame {
  std::string prefix;                               // of node names
  const onnx::FunctionProto *function = nullptr;    // nullptr: the model's graph
  const onnx::NodeProto *call = nullptr;            // whose attributes the body's references mean
  int depth = 0;
  int64_t copies = 1;                               // of the body in all, where loops around it are unrolled
};

class GraphImporter {
public:
  GraphImporter(MLIRContext &context, const Model &model, DiagnosticEngine &engine)
      : model(model), diagnostics(&engine), builder(&context) {
    for (const onnx::FunctionProto &function : model.proto().functions()) {
      functions[{function.domain(), function.name()}] = &function;
    }
  }

  OwningOpRef<ModuleOp> run(const ImportOptions &options);

private:
  friend class ScopeAdapter;

  bool checkVersions();
  /// Whether the nodes the calls expand to are few enough to import; otherwise says so.
  bool checkExpansion();
  /// Counts a node to import; false, once with an error, when the budget is spent.
  bool spend(const std::string &node);
  const onnx::FunctionProto *calleeOf(const onnx::NodeProto &node, const Frame &frame) const;
  void reportUnsupported(const google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes, const Frame &frame);
  int64_t versionFor(const std::string &domain, const Frame &frame) const;
  const onnx::FunctionProto *functionFor(const onnx::NodeProto &node) const;

  void importNodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes, Scope &scope, const Frame &frame);
  void importNode(const onnx::NodeProto &node, Scope &scope, const Frame &frame);
  void importCall(const onnx::NodeProto &node, const onnx::FunctionProto &function, ArrayRef<Value> operands,
                  Scope &scope, const Frame &frame);
  void addInitializers(const onnx::GraphProto &graph, Scope &scope);
  bool fitsSchema(const onnx::NodeProto &node, ArrayRef<Value> operands, const Frame &frame, const std::string &name);
  void checkDeclarations(const onnx::GraphProto &graph, const Scope &scope);
  /// For bodies, whose shapes may change from one iteration to the next.
  void checkDeclaredTypes(const google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> &declared, ArrayRef<Value> values);
  /// The value of a name: nothing when undefined, null when its import failed.
  std::optional<Value> lookup(const std::string &name, Scope &scope);
  void define(const std::string &name, Value value, Scope &scope, const std::string &node);

  const Model &model;
  DiagnosticEngine *diagnostics; // another one while a body is tried
  OpBuilder builder;
  Block *entry = nullptr;
  int64_t maxNodes = 0, imported = 0;
  int maxNesting = 0;
  bool exhausted = false;
  std::map<std::pair<std::string, std::string>, const onnx::FunctionProto *> functions;
};

/// Lets a handler import the bodies its node carries.
class ScopeAdapter : public TrialScope {
public:
  ScopeAdapter(GraphImporter &importer, Scope &scope, const Frame &frame)
      : importer(importer), scope(scope), frame(frame) {
    copies = frame.copies;
  }

  SmallVector<Value> importBody(const onnx::GraphProto &graph, ArrayRef<Value> arguments) override {
    Frame inner = frame;
    inner.copies = copies;
    if (importer.exhausted) {
      return {};
    }
    if (++inner.depth > importer.maxNesting) {
      importer.exhausted = true;
      importer.diagnostics->report(Code::TooDeep, absl::StrCat("graphs and function calls lie within each other more than ", importer.maxNesting, " deep"),
                                   frame.prefix);
      return {};
    }
    size_t before = importer.diagnostics->errorCount();
    importer.reportUnsupported(graph.node(), inner);
    if (importer.diagnostics->errorCount() != before) {
      return {};
    }
    Scope body{&scope};
    importer.addInitializers(graph, body);
    for (int i = 0; i < graph.input_size() && i < static_cast<int>(arguments.size()); ++i) {
      body.values[graph.input(i).name()] = arguments[i];
    }
    importer.checkDeclaredTypes(graph.input(), arguments);
    importer.importNodes(graph.node(), body, inner);
    SmallVector<Value> results;
    for (const onnx::ValueInfoProto &output : graph.output()) {
      std::optional<Value> value = importer.lookup(output.name(), body);
      if (!value || !*value) {
        return {};
      }
      results.push_back(*value);
    }
    importer.checkDeclaredTypes(graph.output(), results);
    return results;
  }

  SmallVector<Value> tryBody(const onnx::GraphProto &graph, std::string &reason) override {
    DiagnosticEngine trial, *usual = importer.diagnostics;
    importer.diagnostics = &trial;
    SmallVector<Value> results = importBody(graph, {});
    importer.diagnostics = usual;
    auto ofForm = [](const Diagnostic &diagnostic) {
      return diagnostic.severity != Severity::Error || diagnostic.code == Code::UnsupportedForm || diagnostic.code == Code::EvaluationFailed;
    };
    bool usable = trial.hasErrors() && llvm::all_of(trial.all(), ofForm);
    for (const Diagnostic &diagnostic : trial.all()) {
      if (!usable || diagnostic.severity != Severity::Error) {
        usual->report(diagnostic);
      } else if (reason.empty()) {
        reason = absl::StrCat("node '", diagnostic.node, "': ", diagnostic.message);
      }
    }
    return results;
  }

  absl::StatusOr<Tensor> tensor(const onnx::TensorProto &proto) override { return importer.model.tensor(proto); }
  absl::StatusOr<Tensor> tensor(const onnx::SparseTensorProto &sparse) override { return importer.model.tensor(sparse); }

private:
  GraphImporter &importer;
  Scope &scope;
  const Frame &frame;
};

bool GraphImporter::checkVersions() {
  if (model.proto().ir_version() < 1) {
    diagnostics->report(Code::ModelMalformed, "the model has no IR version");
  }
  if (model.proto().ir_version() > kNewestIr) {
    diagnostics->report(Code::UnknownVersion, absl::StrCat("the model has IR version ", model.proto().ir_version(),
                                                          ", ncc reads versions up to ", kNewestIr));
  }
  for (auto [domain, newest] : {std::pair(StringRef(""), kNewestOpset), std::pair(StringRef(kMl), kNewestMlOpset)}) {
    if (int64_t opset = model.opsetVersion(domain); opset > newest) {
      diagnostics->report(Code::UnknownVersion, absl::StrCat("the model uses opset ", opset, domain.empty() ? "" : " of ", domain.str(), ", ncc knows opsets up to ", newest));
    }
  }
  return !diagnostics->hasErrors();
}

int64_t GraphImporter::versionFor(const std::string &domain, const Frame &frame) const {
  if (frame.function) {
    for (const onnx::OperatorSetIdProto &entry : frame.function->opset_import()) {
      bool standard = (domain.empty() || domain == "ai.onnx") && (entry.domain().empty() || entry.domain() == "ai.onnx");
      if (standard || entry.domain() == domain) {
        return entry.version();
      }
    }
  }
  int64_t version = model.opsetVersion(domain);
  // Exporters forget to declare contrib domains; they have had one version ever since.
  return version == 0 && domain == kMicrosoft ? 1 : version;
}

const onnx::FunctionProto *GraphImporter::functionFor(const onnx::NodeProto &node) const {
  auto it = functions.find({node.domain(), node.op_type()});
  return it == functions.end() ? nullptr : it->second;
}

const onnx::FunctionProto *GraphImporter::calleeOf(const onnx::NodeProto &node, const Frame &frame) const {
  int64_t version = versionFor(node.domain(), frame);
  bool known = handlers().find(node.domain(), node.op_type(), version) || runTimeHandlers().find(node.domain(), node.op_type(), version);
  return known ? nullptr : functionFor(node);
}

bool GraphImporter::checkExpansion() {
  Expansion size = expansionOf(model.proto().graph(), [&](const onnx::NodeProto &node, const onnx::FunctionProto *body) {
    return calleeOf(node, Frame{"", body});
  });
  if (!size.cycle.empty()) {
    diagnostics->report(Code::BadGraph, absl::StrCat("function '", size.cycle, "' calls itself"));
  } else if (size.nodes > maxNodes) {
    diagnostics->report(Code::TooManyNodes, absl::StrCat("with its functions expanded the model has ", size.nodes == int64_t{1} << 62 ? "more than 2^62" : absl::StrCat(size.nodes),
                                                        " nodes; ncc imports up to ", maxNodes));
  } else if (size.nesting > maxNesting) {
    diagnostics->report(Code::TooDeep, absl::StrCat("function calls lie within each other more than ", maxNesting, " deep"));
  }
  return !diagnostics->hasErrors();
}

bool GraphImporter::spend(const std::string &node) {
  if (!exhausted && ++imported > maxNodes) {
    exhausted = true;
    diagnostics->report(Code::TooManyNodes, absl::StrCat("unrolling and expanding has come to more than ", maxNodes, " nodes"), node);
  }
  return !exhausted;
}

void GraphImporter::reportUnsupported(const google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes,
                                      const Frame &frame) {
  for (const onnx::NodeProto &node : nodes) {
    int64_t version = versionFor(node.domain(), frame);
    if (handlers().find(node.domain(), node.op_type(), version) || runTimeHandlers().find(node.domain(), node.op_type(), version)) {
      continue;
    }
    const onnx::FunctionProto *function = functionFor(node);
    std::string name = frame.prefix + displayName(node);
    if (function && frame.depth < maxNesting) {
      reportUnsupported(function->node(), Frame{name + "/", function, &node, frame.depth + 1});
      continue;
    }
    std::string domain = node.domain().empty() ? "ai.onnx" : node.domain();
    std::string message = version == 0
                              ? absl::StrCat("the model imports no opset for domain '", domain, "' of operator ",
                                             node.op_type())
                              : absl::StrCat("no import for ", domain, ".", node.op_type(), " (opset ", version, ")");
    diagnostics->report(Code::UnsupportedOp, message, name, node.op_type());
  }
}

void GraphImporter::addInitializers(const onnx::GraphProto &graph, Scope &scope) {
  auto add = [&](const std::string &name, Initializer initializer) {
    if (!scope.initializers.emplace(name, initializer).second) {
      diagnostics->report(Code::BadGraph, absl::StrCat("initializer '", name, "' is given twice"));
    }
  };
  for (const onnx::TensorProto &tensor : graph.initializer()) {
    if (model.defaultOf(tensor.name()) != &tensor) { // that one is an input
      add(tensor.name(), {&tensor, nullptr});
    }
  }
  for (const onnx::SparseTensorProto &tensor : graph.sparse_initializer()) {
    add(tensor.values().name(), {nullptr, &tensor});
  }
}

std::optional<Value> GraphImporter::lookup(const std::string &name, Scope &scope) {
  for (const Scope *at = &scope; at; at = at->parent) {
    if (auto it = at->values.find(name); it != at->values.end()) {
      return it->second;
    }
    auto initializer = at->initializers.find(name);
    if (initializer == at->initializers.end()) {
      continue;
    }
    const auto &[dense, sparse] = initializer->second;
    absl::StatusOr<Tensor> tensor = dense ? model.tensor(*dense) : model.tensor(*sparse);
    Value value;
    if (tensor.ok()) {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(entry);
      auto loc = NameLoc::get(builder.getStringAttr(validUtf8(name)));
      value = graph::ConstantOp::create(builder, loc, graph::tensorAttr(builder.getContext(), *tensor, name));
    } else {
      bool external = dense && dense->data_location() == 1;
      diagnostics->report(external ? Code::ExternalData : Code::BadTensor, std::string(tensor.status().message()));
    }
    const_cast<Scope *>(at)->values[name] = value;
    return value;
  }
  return std::nullopt;
}

void GraphImporter::define(const std::string &name, Value value, Scope &scope, const std::string &node) {
  if (name.empty()) {
    return;
  }
  if (scope.initializers.count(name) || !scope.values.emplace(name, value).second) {
    diagnostics->report(Code::BadGraph, absl::StrCat("value '", name, "' is defined twice"), node);
  }
}

void GraphImporter::importNodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes, Scope &scope,
                                const Frame &frame) {
  for (const onnx::NodeProto *node : inOrder(nodes)) {
    importNode(*node, scope, frame);
  }
}

/// A function body's node with the attributes that refer to the call's replaced.
static onnx::NodeProto substituted(const onnx::NodeProto &node, const Frame &frame) {
  onnx::NodeProto copy = node;
  copy.clear_attribute();
  for (const onnx::AttributeProto &attribute : node.attribute()) {
    if (attribute.ref_attr_name().empty()) {
      *copy.add_attribute() = attribute;
      continue;
    }
    auto matches = [&](const onnx::AttributeProto &given) { return given.name() == attribute.ref_attr_name(); };
    auto given = llvm::find_if(frame.call->attribute(), matches);
    auto fallback = llvm::find_if(frame.function->attribute_proto(), matches);
    if (given != frame.call->attribute().end()) {
      *copy.add_attribute() = *given;
    } else if (fallback != frame.function->attribute_proto().end()) {
      *copy.add_attribute() = *fallback;
    } else {
      continue;
    }
    copy.mutable_attribute(copy.attribute_size() - 1)->set_name(attribute.name());
  }
  return copy;
}

void GraphImporter::importNode(const onnx::NodeProto &original, Scope &scope, const Frame &frame) {
  onnx::NodeProto copy = frame.function ? substituted(original, frame) : onnx::NodeProto();
  const onnx::NodeProto &node = frame.function ? copy : original;
  std::string name = frame.prefix + displayName(node);
  auto poison = [&] {
    for (const std::string &output : node.output()) {
      define(output, Value(), scope, name);
    }
  };
  if (!spend(name)) {
    return poison();
  }
  SmallVector<Value> operands;
  bool usable = true;
  for (const std::string &input : node.input()) {
    std::optional<Value> value = input.empty() ? std::optional(Value()) : lookup(input, scope);
    if (!value) {
      diagnostics->report(Code::BadGraph, absl::StrCat("uses '", input, "', which nothing before it defines"), name,
                         node.op_type());
    }
    usable &= value && (input.empty() || *value);
    operands.push_back(value.value_or(Value()));
  }
  if (!usable) {
    return poison();
  }
  int64_t version = versionFor(node.domain(), frame);
  Handler handler = handlers().find(node.domain(), node.op_type(), version);
  Handler atRunTime = runTimeHandlers().find(node.domain(), node.op_type(), version);
  const onnx::FunctionProto *function = functionFor(node);
  if (!handler && !atRunTime && function) {
    return importCall(node, *function, operands, scope, frame);
  }
  if (!fitsSchema(node, operands, frame, name)) {
    return poison();
  }
  if (std::string refusal = complexRefusal(node, operands); !refusal.empty()) {
    diagnostics->report(Code::UnsupportedForm, refusal, name, absl::StrCat(node.op_type(), "-", version));
    return poison();
  }
  Location loc = NameLoc::get(builder.getStringAttr(validUtf8(name)));
  ScopeAdapter adapter(*this, scope, frame);
  NodeContext context(builder, loc, node, version, operands, adapter);
  bool done = handler && succeeded(handler(context));
  std::string reason = context.reason();
  SmallVector<Value> results(context.outputs());
  if (!done && atRunTime && (!handler || context.waitsForRunTime())) {
    NodeContext second(builder, loc, node, version, operands, adapter);
    done = succeeded(atRunTime(second));
    reason = second.reason();
    results.assign(second.outputs().begin(), second.outputs().end());
  }
  if (std::string refusal = done ? complexRefusal(node, results) : ""; !refusal.empty()) {
    done = false;
    reason = refusal;
  }
  for (int i = 0; done && i < node.output_size(); ++i) {
    if (!node.output(i).empty() && (i >= static_cast<int>(results.size()) || !results[i])) {
      done = false;
      reason = absl::StrCat("output ", i, " is not supported");
    }
  }
  if (!done) {
    bool dynamic = StringRef(reason).contains("computed at run time");
    Code code = dynamic ? Code::DataDependentShape : StringRef(reason).contains("needs a constant of more than") ? Code::ConstantTooLarge : Code::UnsupportedForm;
    diagnostics->report(code, reason.empty() ? "the node cannot be imported" : reason, name,
                       absl::StrCat(node.op_type(), "-", version));
    return poison();
  }
  for (int i = 0; i < node.output_size(); ++i) {
    define(node.output(i), i < static_cast<int>(results.size()) ? results[i] : Value(), scope, name);
  }
}

bool GraphImporter::fitsSchema(const onnx::NodeProto &node, ArrayRef<Value> operands, const Frame &frame, const std::string &name) {
  int64_t version = versionFor(node.domain(), frame);
  const OpSchema *schema = schemas().find(node.domain(), node.op_type(), version);
  if (!schema) {
    return true;
  }
  std::vector<NodeFault> faults;
  if (frame.function) { // the model's own graphs have been checked as a whole
    faults = checkNodeForm(*schema, node, model.proto().ir_version());
  }
  if (llvm::all_of(faults, [](const NodeFault &fault) { return fault.tolerated; })) {
    SmallVector<ValueType> types;
    for (Value operand : operands) {
      types.push_back(operand ? graph::valueTypeOf(operand.getType()) : ValueType());
    }
    llvm::append_range(faults, checkOperandTypes(*schema, types));
  }
  bool fits = true;
  for (NodeFault &fault : faults) {
    fits = fits && fault.tolerated;
    diagnostics->report(fault.tolerated ? Code::OldAttribute : Code::WrongNode, std::move(fault.fact), name, absl::StrCat(node.op_type(), "-", version), std::move(fault.advice));
  }
  return fits;
}

void GraphImporter::checkDeclaredTypes(const google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> &declared, ArrayRef<Value> values) {
  std::string fact;
  for (int i = 0; i < declared.size() && i < static_cast<int>(values.size()); ++i) {
    Contradiction found = values[i] ? contradiction(declared[i].type(), graph::valueTypeOf(values[i].getType()), fact) : Contradiction::None;
    if (found == Contradiction::Type || found == Contradiction::Precision) {
      diagnostics->report(Code::WrongDeclaration, absl::StrCat("'", declared[i].name(), "' ", fact));
    }
  }
}

void GraphImporter::checkDeclarations(const onnx::GraphProto &graph, const Scope &scope) {
  auto isOpen = [](const onnx::ValueInfoProto *input) {
    const auto &type = input->type().tensor_type();
    return !type.has_shape() || llvm::any_of(type.shape().dim(), [](const auto &dim) { return !dim.has_dim_value(); });
  };
  bool open = llvm::any_of(model.openInputs(), isOpen); // exporters leave sizes of the traced run in outputs
  size_t stale = 0;
  std::string example;
  auto check = [&](const onnx::ValueInfoProto &declared, bool output) {
    auto value = scope.values.find(declared.name());
    std::string fact;
    Contradiction found = value == scope.values.end() || !value->second ? Contradiction::None
                                                                        : contradiction(declared.type(), graph::valueTypeOf(value->second.getType()), fact);
    // ONNX's own first test files declare what numpy made of a value, and run everywhere.
    bool type = found == Contradiction::Type || (found == Contradiction::Precision && model.proto().ir_version() > 3);
    if (type || (found == Contradiction::Shape && output && !open)) {
      diagnostics->report(Code::WrongDeclaration, absl::StrCat(output ? "output '" : "value '", declared.name(), "' ", fact));
    } else if (found != Contradiction::None && stale++ == 0) {
      example = absl::StrCat(output ? "output '" : "value '", declared.name(), "' ", fact);
    }
  };
  for (const onnx::ValueInfoProto &output : graph.output()) {
    check(output, true);
  }
  for (const onnx::ValueInfoProto &value : graph.value_info()) {
    check(value, false);
  }
  if (stale > 0) {
    diagnostics->report(Code::StaleDeclaration, stale == 1 ? example : absl::StrCat(example, "; so are ", stale - 1, " more"));
  }
}

void GraphImporter::importCall(const onnx::NodeProto &node, const onnx::FunctionProto &function,
                               ArrayRef<Value> operands, Scope &scope, const Frame &frame) {
  std::string name = frame.prefix + displayName(node);
  if (static_cast<int>(operands.size()) > function.input_size() || node.output_size() > function.output_size()) {
    diagnostics->report(Code::BadGraph, absl::StrCat("function ", function.name(), " takes ", function.input_size(),
                                                    " inputs and gives ", function.output_size(), " outputs"),
                       name, node.op_type());
  }
  Scope body;
  for (int i = 0; i < function.input_size(); ++i) {
    if (i < static_cast<int>(operands.size()) && operands[i]) {
      body.values[function.input(i)] = operands[i];
    }
  }
  importNodes(function.node(), body, Frame{name + "/", &function, &node, frame.depth + 1, frame.copies});
  for (int i = 0; i < node.output_size(); ++i) {
    std::optional<Value> value = i < function.output_size() ? lookup(function.output(i), body) : std::nullopt;
    if (!value && !node.output(i).empty()) {
      diagnostics->report(Code::BadGraph, absl::StrCat("function ", function.name(), " does not define output ", i),
                         name, node.op_type());
    }
    define(node.output(i), value.value_or(Value()), scope, name);
  }
}

OwningOpRef<ModuleOp> GraphImporter::run(const ImportOptions &options) {
  const onnx::GraphProto &graph = model.proto().graph();
  maxNodes = options.maxNodes;
  maxNesting = options.maxNesting;
  if (!checkVersions() || !checkExpansion()) {
    return {};
  }
  checkModel(model, *diagnostics);
  reportUnsupported(graph.node(), Frame());
  Scope scope;
  addInitializers(graph, scope);
  std::vector<const onnx::ValueInfoProto *> inputs, tensors;
  for (const onnx::ValueInfoProto &input : graph.input()) {
    if (scope.initializers.count(input.name())) {
      continue; // weights listed among the inputs
    }
    if (input.name().empty()) {
      diagnostics->report(Code::BadGraph, "an input of the graph has no name");
    }
    int32_t type = input.type().tensor_type().elem_type();
    bool tensor = input.type().has_tensor_type();
    if (tensor ? !dtypeOfOnnx(type) : valueTypeOfProto(input.type()).kind == ValueKind::None) {
      diagnostics->report(Code::UnsupportedType, absl::StrCat("input '", input.name(), "' is ",
                         tensor ? "a tensor of " + onnxTypeName(type) : "of a type ncc does not have"));
    }
    inputs.push_back(&input);
    if (tensor) {
      tensors.push_back(&input);
    }
  }
  if (diagnostics->hasErrors()) {
    return {};
  }
  if (!model.frozenInputs().empty()) {
    diagnostics->report(Code::DefaultFrozen, absl::StrCat(model.frozenInputs().size(), " inputs with a default value ('", model.frozenInputs().front(),
                                                          model.frozenInputs().size() > 1 ? "', ...) are" : "') are", " compiled in as constants"));
  }
  std::optional<std::vector<Shape>> shapes = bindInputShapes(tensors, options, *diagnostics);
  if (!shapes) {
    return {};
  }
  Location loc = NameLoc::get(builder.getStringAttr(graph.name().empty() ? "model" : validUtf8(graph.name())));
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  builder.setInsertionPointToEnd(module->getBody());
  auto func = func::FuncOp::create(builder, loc, "main", builder.getFunctionType({}, {}));
  entry = func.addEntryBlock();
  SmallVector<Type> argumentTypes, resultTypes;
  size_t nextShape = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i]->type().has_tensor_type()) {
      argumentTypes.push_back(graph::typeOfValueType(builder.getContext(), valueTypeOfProto(inputs[i]->type())));
      define(inputs[i]->name(), entry->addArgument(argumentTypes.back(), NameLoc::get(builder.getStringAttr(validUtf8(inputs[i]->name())))), scope, "");
      continue;
    }
    const Shape &shape = (*shapes)[nextShape++];
    DType dtype = *dtypeOfOnnx(inputs[i]->type().tensor_type().elem_type());
    argumentTypes.push_back(graph::tensorTypeOf(builder.getContext(), dtype, shape));
    Location at = NameLoc::get(builder.getStringAttr(validUtf8(inputs[i]->name())));
    Value value = entry->addArgument(argumentTypes.back(), at);
    auto fixed = options.values.find(inputs[i]->name());
    if (fixed != options.values.end() && fixed->second.dtype() == dtype && fixed->second.shape() == shape) {
      builder.setInsertionPointToStart(entry);
      value = graph::ConstantOp::create(builder, at, graph::tensorAttr(builder.getContext(), fixed->second));
    }
    define(inputs[i]->name(), value, scope, "");
  }
  builder.setInsertionPointToEnd(entry);
  importNodes(graph.node(), scope, Frame());
  SmallVector<Value> results;
  for (const onnx::ValueInfoProto &output : graph.output()) {
    std::optional<Value> value = lookup(output.name(), scope);
    if (!value) {
      diagnostics->report(Code::BadGraph, absl::StrCat("nothing defines the graph's output '", output.name(), "'"));
    }
    if (value && *value) {
      results.push_back(*value);
      resultTypes.push_back(value->getType());
    }
  }
  checkDeclarations(graph, scope);
  if (diagnostics->hasErrors()) {
    return {};
  }
  func::ReturnOp::create(builder, loc, results);
  func.setType(builder.getFunctionType(argumentTypes, resultTypes));
  SmallVector<DictionaryAttr> argumentNames, resultNames; // set all at once: one by one is quadratic
  auto named = [&](StringRef name) { return builder.getDictionaryAttr(builder.getNamedAttr("graph.name", builder.getStringAttr(validUtf8(name)))); };
  for (const onnx::ValueInfoProto *input : inputs) {
    argumentNames.push_back(named(input->name()));
  }
  for (const onnx::ValueInfoProto &output : graph.output()) {
    resultNames.push_back(named(output.name()));
  }
  func.setAllArgAttrs(argumentNames);
  func.setAllResultAttrs(resultNames);
  return module;
}

} // namespace

OwningOpRef<ModuleOp> importModel(MLIRContext &context, const Model &model, const ImportOptions &options,
                                  DiagnosticEngine &diagnostics) {
  context.loadDialect<graph::GraphDialect, func::FuncDialect>();
  return GraphImporter(context, model, diagnostics).run(options);
}

std::vector<SupportedOp> supportedOps() {
  std::vector<SupportedOp> rows;
  std::map<std::tuple<std::string, std::string, int64_t>, Handler> all = handlers().entries();
  all.insert(runTimeHandlers().entries().begin(), runTimeHandlers().entries().end());
  for (const auto &[key, handler] : all) {
    const auto &[domain, op, since] = key;
    rows.push_back({domain.empty() ? "ai.onnx" : domain, op, since});
  }
  return rows;
}

} // namespace ncc::frontend
