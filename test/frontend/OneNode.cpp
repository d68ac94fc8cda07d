// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "test/frontend/OneNode.h"

#include "compiler/frontend/onnx/Model.h"

#include "absl/strings/str_cat.h"
#include "llvm/ADT/STLExtras.h"

#include <map>

using namespace ncc;
using namespace ncc::frontend;

namespace {

using Kind = AttributeSchema::Kind;
using Presence = ParameterSchema::Presence;

constexpr int64_t kFarAway = int64_t{1} << 62;

int32_t numberOf(DType dtype) {
  for (int32_t number = 1; number < 32; ++number) {
    if (dtypeOfOnnx(number) == dtype) {
      return number;
    }
  }
  return 0;
}

void setType(onnx::TypeProto &proto, const ValueType &type) {
  switch (type.kind) {
  case ValueKind::None: return;
  case ValueKind::Sequence: return setType(*proto.mutable_sequence_type()->mutable_elem_type(), *type.element);
  case ValueKind::Optional: return setType(*proto.mutable_optional_type()->mutable_elem_type(), *type.element);
  case ValueKind::Map:
    proto.mutable_map_type()->set_key_type(numberOf(type.dtype));
    return setType(*proto.mutable_map_type()->mutable_value_type(), *type.element);
  case ValueKind::Tensor:
    proto.mutable_tensor_type()->set_elem_type(numberOf(type.dtype));
    proto.mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(1);
  }
}

/// A body with as many inputs and outputs as its node needs.
void setBody(onnx::GraphProto &graph, int inputs, int outputs) {
  graph.set_name("body");
  for (int i = 0; i < inputs; ++i) {
    graph.add_input()->set_name(absl::StrCat("body_in", i));
  }
  for (int i = 0; i < outputs; ++i) {
    std::string name = absl::StrCat("body_out", i);
    onnx::NodeProto &node = *graph.add_node();
    node.set_op_type("Constant");
    node.add_output(name);
    onnx::AttributeProto &value = *node.add_attribute();
    value.set_name("value");
    value.set_type(static_cast<int32_t>(Kind::Tensor));
    value.mutable_t()->set_data_type(1);
    value.mutable_t()->add_float_data(1);
    graph.add_output()->set_name(name);
  }
}

void setValue(onnx::AttributeProto &attribute, const AttributeSchema &schema) {
  attribute.set_name(schema.name);
  attribute.set_type(static_cast<int32_t>(schema.kind));
  int64_t number = schema.range ? std::max<int64_t>(schema.range->first, std::min<int64_t>(schema.range->second, 1)) : 1;
  std::string text = schema.choices.empty() ? "x" : schema.choices.front();
  switch (schema.kind) {
  case Kind::Float: return attribute.set_f(1);
  case Kind::Int: return attribute.set_i(number);
  case Kind::String: return attribute.set_s(text);
  case Kind::Floats: return attribute.add_floats(1);
  case Kind::Ints: return attribute.add_ints(number);
  case Kind::Strings: *attribute.add_strings() = text; return;
  case Kind::Graph: attribute.mutable_g(); return;
  case Kind::Type: return attribute.mutable_tp()->mutable_tensor_type()->set_elem_type(1);
  case Kind::Sparse: attribute.mutable_sparse_tensor(); return;
  case Kind::Tensor:
    attribute.mutable_t()->set_data_type(1);
    attribute.mutable_t()->add_dims(1);
    attribute.mutable_t()->add_float_data(1);
  }
}

onnx::AttributeProto &attributeOf(onnx::NodeProto &node, const AttributeSchema &schema) {
  for (onnx::AttributeProto &attribute : *node.mutable_attribute()) {
    if (attribute.name() == schema.name) {
      return attribute;
    }
  }
  setValue(*node.add_attribute(), schema);
  return *node.mutable_attribute(node.attribute_size() - 1);
}

onnx::ValueInfoProto &inputNamed(onnx::GraphProto &graph, const std::string &name) {
  for (onnx::ValueInfoProto &input : *graph.mutable_input()) {
    if (input.name() == name) {
      return input;
    }
  }
  graph.add_input()->set_name(name);
  return *graph.mutable_input(graph.input_size() - 1);
}

/// The type a node's input has by the graph's inputs and initializers.
ValueType typeOfInput(const onnx::GraphProto &graph, const std::string &name) {
  for (const onnx::TensorProto &tensor : graph.initializer()) {
    if (tensor.name() == name && dtypeOfOnnx(tensor.data_type())) {
      return ValueType::tensor(*dtypeOfOnnx(tensor.data_type()), Shape(tensor.dims().begin(), tensor.dims().end()));
    }
  }
  for (const onnx::ValueInfoProto &input : graph.input()) {
    if (input.name() == name) {
      return valueTypeOfProto(input.type());
    }
  }
  return {};
}

/// Makes it an input of the graph of another type, of the shape it has.
void retype(onnx::GraphProto &graph, const std::string &name, DType dtype) {
  ValueType type = typeOfInput(graph, name);
  for (int i = graph.initializer_size() - 1; i >= 0; --i) {
    if (graph.initializer(i).name() == name) {
      graph.mutable_initializer()->DeleteSubrange(i, 1);
    }
  }
  onnx::TypeProto &proto = *inputNamed(graph, name).mutable_type();
  onnx::TensorShapeProto shape = proto.tensor_type().shape();
  if (!proto.has_tensor_type()) {
    for (int64_t dim : type.shape) {
      shape.add_dim()->set_dim_value(std::max<int64_t>(dim, 1));
    }
  }
  proto.Clear();
  proto.mutable_tensor_type()->set_elem_type(numberOf(dtype));
  *proto.mutable_tensor_type()->mutable_shape() = shape;
}

class Mutator {
public:
  Mutator(const onnx::ModelProto &model, const OpSchema &schema) : model(model), node(model.graph().node(0)), schema(schema) {}

  std::vector<test::Mutant> run() {
    for (const AttributeSchema &attribute : schema.attributes) {
      mutate(attribute);
    }
    counts("input", schema.inputs, node.input_size());
    counts("output", schema.outputs, node.output_size());
    types();
    return std::move(mutants);
  }

private:
  onnx::NodeProto &add(std::string mutation, std::string concerns) {
    mutants.push_back({test::formName(schema), std::move(mutation), std::move(concerns), model});
    return *mutants.back().model.mutable_graph()->mutable_node(0);
  }

  void mutate(const AttributeSchema &attribute) {
    if (attribute.required) {
      onnx::NodeProto &mutant = add("missing attribute " + attribute.name, attribute.name);
      auto *attributes = mutant.mutable_attribute();
      for (int i = attributes->size() - 1; i >= 0; --i) {
        if (attributes->Get(i).name() == attribute.name) {
          attributes->DeleteSubrange(i, 1);
        }
      }
    }
    auto give = [&](const std::string &what, auto set) {
      onnx::AttributeProto &given = attributeOf(add(what + " attribute " + attribute.name, attribute.name), attribute);
      given.Clear();
      given.set_name(attribute.name);
      given.set_type(static_cast<int32_t>(attribute.kind));
      set(given);
    };
    for (Kind kind : {Kind::Int, Kind::Float, Kind::String, Kind::Ints, Kind::Tensor}) {
      if (kind != attribute.kind) {
        AttributeSchema other{attribute.name, kind, false, {}, false, {}, {}};
        give("mistyped (" + other.str() + ")", [&](onnx::AttributeProto &given) { setValue(given, other); });
      }
    }
    auto giveInt = [&](const std::string &what, int64_t value) {
      give(what, [&](onnx::AttributeProto &given) { attribute.kind == Kind::Int ? given.set_i(value) : given.add_ints(value); });
    };
    if (attribute.range) {
      giveInt("too large", attribute.range->second + 1);
      giveInt("far too large", kFarAway);
      giveInt("too small", attribute.range->first - 1);
      giveInt("far too small", -kFarAway);
    }
    if (attribute.positive) {
      give("too small", [&](onnx::AttributeProto &given) { attribute.kind == Kind::Float ? given.set_f(0) : given.add_floats(0); });
    }
    if (attribute.kind == Kind::String && !attribute.choices.empty()) {
      give("unknown value of", [](onnx::AttributeProto &given) { given.set_s("nonsense"); });
    }
  }

  void counts(const std::string &what, llvm::ArrayRef<ParameterSchema> parameters, int have) {
    size_t least = OpSchema::least(parameters), most = OpSchema::most(parameters);
    auto names = [&](onnx::NodeProto &mutant) { return what == "input" ? mutant.mutable_input() : mutant.mutable_output(); };
    if (most != SIZE_MAX) {
      onnx::NodeProto &mutant = add("one " + what + " more", what);
      auto *list = names(mutant);
      while (list->size() <= static_cast<int>(most)) {
        std::string name = what == "output" || list->empty() || have == 0 ? absl::StrCat("extra", list->size()) : list->Get(0);
        *list->Add() = name;
        if (have == 0 && what == "input") {
          setType(*inputNamed(*mutants.back().model.mutable_graph(), name).mutable_type(), ValueType::tensor(DType::F32, {1}));
        }
      }
    }
    if (least > 0 && have >= static_cast<int>(least)) {
      auto *list = names(add("one " + what + " less", what));
      list->DeleteSubrange(static_cast<int>(least) - 1, list->size() - static_cast<int>(least) + 1);
    }
  }

  void types() {
    std::map<std::string, std::string> bound; // the names that variables' first operands have
    for (int i = 0; i < node.input_size(); ++i) {
      const ParameterSchema *parameter = OpSchema::parameter(schema.inputs, static_cast<size_t>(i));
      const std::string &name = node.input(i);
      if (!parameter || name.empty() || !typeOfInput(model.graph(), name).isTensor()) {
        continue;
      }
      bool alone = llvm::count(node.input(), name) == 1;
      for (DType other : {DType::F32, DType::I32, DType::I64, DType::String, DType::Bool, DType::U8, DType::F16, DType::F64}) {
        if (!parameter->types.contains(ValueType::unranked(other))) {
          retypeInput("operand of another type (" + onnxTypeName(numberOf(other)) + ") ", *parameter, name, other);
        }
      }
      auto [first, fresh] = bound.emplace(parameter->variable, name);
      if (parameter->variable.empty() || fresh || !alone || first->second == name) {
        continue;
      }
      DType taken = typeOfInput(model.graph(), first->second).dtype;
      for (DType other : {DType::F64, DType::F32, DType::I64, DType::I32, DType::F16, DType::U8, DType::I8, DType::Bool}) {
        if (other != taken && parameter->types.contains(ValueType::unranked(other))) {
          retypeInput("operand of another type than its like (" + onnxTypeName(numberOf(other)) + ") ", *parameter, name, other);
          break;
        }
      }
    }
  }

  void retypeInput(const std::string &what, const ParameterSchema &parameter, const std::string &name, DType dtype) {
    add(what + parameter.name, parameter.name);
    retype(*mutants.back().model.mutable_graph(), name, dtype);
  }

  const onnx::ModelProto &model;
  const onnx::NodeProto &node;
  const OpSchema &schema;
  std::vector<test::Mutant> mutants;
};

} // namespace

std::string test::formName(const OpSchema &schema) { return absl::StrCat(schema.domain.empty() ? "ai.onnx" : schema.domain, ".", schema.op, "-", schema.since); }

std::string test::Mutant::kind() const {
  std::string text = mutation.substr(0, mutation.find(" attribute "));
  size_t bracket = text.find(" (");
  return text.substr(0, bracket);
}

onnx::ModelProto test::modelOf(const OpSchema &schema) {
  onnx::ModelProto model;
  model.set_ir_version(8);
  onnx::OperatorSetIdProto &standard = *model.add_opset_import();
  standard.set_version(schema.domain.empty() ? schema.since : 17);
  if (!schema.domain.empty()) {
    onnx::OperatorSetIdProto &own = *model.add_opset_import();
    own.set_domain(schema.domain);
    own.set_version(schema.since);
  }
  onnx::GraphProto &graph = *model.mutable_graph();
  graph.set_name("one_node");
  onnx::NodeProto &node = *graph.add_node();
  node.set_name("the node");
  node.set_op_type(schema.op);
  node.set_domain(schema.domain);
  for (size_t i = 0; i < OpSchema::least(schema.inputs); ++i) {
    const ParameterSchema &parameter = *OpSchema::parameter(schema.inputs, i);
    std::string name = absl::StrCat("x", i);
    node.add_input(name);
    setType(*inputNamed(graph, name).mutable_type(), parameter.types.sample());
  }
  for (size_t i = 0; i < std::max<size_t>(1, OpSchema::least(schema.outputs)); ++i) {
    node.add_output(absl::StrCat("y", i));
    graph.add_output()->set_name(absl::StrCat("y", i));
  }
  for (const AttributeSchema &attribute : schema.attributes) {
    if (!attribute.required) {
      continue;
    }
    setValue(*node.add_attribute(), attribute);
    if (attribute.kind == Kind::Graph) {
      bool branch = schema.op == "If", loop = schema.op == "Loop";
      int inputs = branch ? 0 : loop ? std::max(2, node.input_size()) : node.input_size() - (schema.op == "Scan" && schema.since < 9);
      setBody(*node.mutable_attribute(node.attribute_size() - 1)->mutable_g(), inputs, node.output_size() + loop);
    }
  }
  return model;
}

std::vector<test::Mutant> test::mutantsOf(const onnx::ModelProto &model, const OpSchema &schema) { return Mutator(model, schema).run(); }

std::optional<test::Mutant> test::misdeclared(const onnx::ModelProto &model, const OpSchema &schema, const ValueType &computed) {
  bool sequence = computed.kind == ValueKind::Sequence && computed.element && computed.element->isTensor();
  if (model.graph().output_size() == 0 || (!computed.isTensor() && !sequence)) {
    return std::nullopt;
  }
  Mutant mutant{formName(schema), "output declared of another type", model.graph().output(0).name(), model};
  DType dtype = sequence ? computed.element->dtype : computed.dtype;
  onnx::TypeProto &type = *mutant.model.mutable_graph()->mutable_output(0)->mutable_type();
  type.Clear();
  onnx::TypeProto &tensor = sequence ? *type.mutable_sequence_type()->mutable_elem_type() : type;
  bool old = model.ir_version() <= 3; // where other floats are only warned of
  tensor.mutable_tensor_type()->set_elem_type(numberOf(dtype == DType::I64 ? DType::F32 : old ? DType::I64 : dtype == DType::F64 ? DType::F32 : DType::F64));
  return mutant;
}
