// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/frontend/onnx/schema/NodeCheck.h"

#include "absl/strings/str_cat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <set>

using namespace llvm;

namespace ncc::frontend {

namespace {

using Kind = AttributeSchema::Kind;
using Presence = ParameterSchema::Presence;

std::string formName(const OpSchema &schema) { return absl::StrCat(schema.op, "-", schema.since); }

std::string countText(size_t least, size_t most) {
  return most == SIZE_MAX ? absl::StrCat(least, " or more") : least == most ? absl::StrCat(least) : absl::StrCat(least, " to ", most);
}

std::string parameterList(ArrayRef<ParameterSchema> parameters) {
  std::string text;
  for (const ParameterSchema &parameter : parameters) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", parameter.name,
                    parameter.presence == Presence::Optional ? " (optional)" : parameter.presence == Presence::Variadic ? " (any number)" : "");
  }
  return text.empty() ? "none" : text;
}

/// ONNX's name of an attribute type's number.
std::string kindName(int32_t kind) {
  static constexpr const char *kNames[] = {"of no type", "a float", "an int", "a string", "a tensor", "a graph", "floats", "ints", "strings",
                                           "tensors", "graphs", "a sparse tensor", "sparse tensors", "a type", "types"};
  return kind >= 0 && kind < static_cast<int32_t>(std::size(kNames)) ? kNames[kind] : absl::StrCat("of type ", kind);
}

/// The kinds of value an attribute's fields hold, whatever it says it is.
SmallVector<int32_t> kindsHeld(const onnx::AttributeProto &attribute) {
  SmallVector<int32_t> kinds;
  auto add = [&](bool held, Kind kind) {
    if (held) {
      kinds.push_back(static_cast<int32_t>(kind));
    }
  };
  add(attribute.has_f(), Kind::Float);
  add(attribute.has_i(), Kind::Int);
  add(attribute.has_s(), Kind::String);
  add(attribute.has_t(), Kind::Tensor);
  add(attribute.has_g(), Kind::Graph);
  add(attribute.floats_size() > 0, Kind::Floats);
  add(attribute.ints_size() > 0, Kind::Ints);
  add(attribute.strings_size() > 0, Kind::Strings);
  add(attribute.has_sparse_tensor(), Kind::Sparse);
  add(attribute.has_tp(), Kind::Type);
  return kinds;
}

class FormCheck {
public:
  FormCheck(const OpSchema &schema, const onnx::NodeProto &node, int64_t irVersion) : schema(schema), node(node), untyped(irVersion < 2), old(irVersion < 4) {}

  std::vector<NodeFault> run() {
    count("input", schema.inputs, node.input());
    count("output", schema.outputs, node.output());
    std::set<std::string> given;
    for (const onnx::AttributeProto &attribute : node.attribute()) {
      const AttributeSchema *known = schema.attribute(attribute.name());
      if (!given.insert(attribute.name()).second) {
        fault(absl::StrCat("attribute '", attribute.name(), "' is given twice"), "give it once");
      } else if (!known) {
        fault(absl::StrCat("attribute '", attribute.name(), "' is not one of ", formName(schema), "'s"), attributeList());
      } else {
        check(attribute, *known);
      }
    }
    for (const AttributeSchema &attribute : schema.attributes) {
      if (attribute.required && !given.count(attribute.name)) {
        fault(absl::StrCat("attribute '", attribute.name, "' is missing"), wants(attribute));
      }
    }
    return std::move(faults);
  }

private:
  void fault(std::string fact, std::string advice) { faults.push_back({std::move(fact), std::move(advice)}); }

  std::string wants(const AttributeSchema &attribute) const {
    return absl::StrCat(formName(schema), attribute.required ? " needs " : " has ", attribute.name, ": ", attribute.str());
  }

  std::string attributeList() const {
    std::string text;
    for (const AttributeSchema &attribute : schema.attributes) {
      absl::StrAppend(&text, text.empty() ? "" : ", ", attribute.name);
    }
    return text.empty() ? formName(schema) + " has no attributes" : absl::StrCat(formName(schema), " has ", text);
  }

  template <typename Names>
  void count(const char *what, ArrayRef<ParameterSchema> parameters, const Names &names) {
    size_t least = OpSchema::least(parameters), most = OpSchema::most(parameters), have = static_cast<size_t>(names.size());
    if (have < least || have > most) {
      fault(absl::StrCat("has ", have, " ", what, have == 1 ? "" : "s", ", ", formName(schema), " has ", countText(least, most)),
            absl::StrCat("its ", what, "s are: ", parameterList(parameters)));
    }
    for (size_t i = 0; i < have && i < parameters.size(); ++i) {
      if (parameters[i].presence == Presence::Required && names.Get(static_cast<int>(i)).empty()) {
        fault(absl::StrCat(what, " ", i, " ('", parameters[i].name, "') is missing"), absl::StrCat("only optional ", what, "s may be left out"));
      }
    }
  }

  void check(const onnx::AttributeProto &attribute, const AttributeSchema &known) {
    int32_t want = static_cast<int32_t>(known.kind);
    SmallVector<int32_t> held = kindsHeld(attribute);
    int32_t said = untyped && attribute.type() == 0 ? (held.empty() ? want : held.front()) : attribute.type();
    if (const AttributeSchema *older = said != want && old ? olderForm(attribute.name(), said) : nullptr) {
      faults.push_back({absl::StrCat("attribute '", attribute.name(), "' is ", kindName(said), ", as before ", formName(schema)), wants(known), /*tolerated=*/true});
      return checkValues(attribute, *older);
    }
    if (said != want) {
      return fault(absl::StrCat("attribute '", attribute.name(), "' is ", kindName(said)), wants(known));
    }
    for (int32_t other : held) {
      if (other != want) {
        return fault(absl::StrCat("attribute '", attribute.name(), "' is ", kindName(want), " and holds ", kindName(other), " as well"), wants(known));
      }
    }
    if (!attribute.ref_attr_name().empty()) {
      return; // its value is the caller's
    }
    bool message = known.kind == Kind::Tensor || known.kind == Kind::Graph || known.kind == Kind::Sparse || known.kind == Kind::Type;
    if (message && held.empty()) { // a number or text that is left out is zero or empty
      return fault(absl::StrCat("attribute '", attribute.name(), "' holds nothing"), wants(known));
    }
    checkValues(attribute, known);
  }

  /// The attribute as an older form of the operator has it, of that kind; null where none has.
  const AttributeSchema *olderForm(StringRef name, int32_t kind) const {
    for (const OpSchema &form : schemas().forms(schema.domain, schema.op)) {
      const AttributeSchema *attribute = form.since < schema.since ? form.attribute(name) : nullptr;
      if (attribute && static_cast<int32_t>(attribute->kind) == kind) {
        return attribute;
      }
    }
    return nullptr;
  }

  void checkValues(const onnx::AttributeProto &attribute, const AttributeSchema &known) {
    auto holds = [&](const auto &value) { fault(absl::StrCat("attribute '", attribute.name(), "' holds ", value), wants(known)); };
    SmallVector<int64_t> ints(attribute.ints().begin(), attribute.ints().end());
    SmallVector<float> floats(attribute.floats().begin(), attribute.floats().end());
    if (known.kind == Kind::Int) {
      ints.assign(1, attribute.i());
    } else if (known.kind == Kind::Float) {
      floats.assign(1, attribute.f());
    }
    for (int64_t value : ints) {
      if (known.range && (value < known.range->first || value > known.range->second)) {
        return holds(value);
      }
    }
    for (float value : floats) {
      if (known.positive && !(value > 0)) {
        return holds(value);
      }
    }
    if (!known.choices.empty() && known.kind == Kind::String && !is_contained(known.choices, attribute.s())) {
      holds(absl::StrCat("'", attribute.s(), "'"));
    }
  }

  const OpSchema &schema;
  const onnx::NodeProto &node;
  bool untyped, old;
  std::vector<NodeFault> faults;
};

std::string operandText(const OpSchema &schema, size_t i) {
  return absl::StrCat(i, " ('", OpSchema::parameter(schema.inputs, i)->name, "')");
}

} // namespace

std::vector<NodeFault> checkNodeForm(const OpSchema &schema, const onnx::NodeProto &node, int64_t irVersion) {
  return FormCheck(schema, node, irVersion).run();
}

std::vector<NodeFault> checkOperandTypes(const OpSchema &schema, ArrayRef<ValueType> operands) {
  std::vector<NodeFault> faults;
  StringMap<size_t> bound; // variables by the first operand that has them
  for (size_t i = 0; i < operands.size(); ++i) {
    const ParameterSchema *parameter = OpSchema::parameter(schema.inputs, i);
    if (!parameter || operands[i].kind == ValueKind::None) {
      continue;
    }
    std::string type = onnxTypeText(operands[i]);
    if (!parameter->types.contains(operands[i])) {
      faults.push_back({absl::StrCat("input ", operandText(schema, i), " is ", type), absl::StrCat(formName(schema), " takes ", parameter->types.str(), " there")});
      continue;
    }
    if (parameter->variable.empty()) {
      continue;
    }
    auto [first, fresh] = bound.try_emplace(parameter->variable, i);
    if (!fresh && onnxTypeText(operands[first->second]) != type) {
      faults.push_back({absl::StrCat("input ", operandText(schema, i), " is ", type, ", input ", operandText(schema, first->second), " is ",
                                     onnxTypeText(operands[first->second])),
                        absl::StrCat(formName(schema), " takes one type for both")});
    }
  }
  for (const auto &[element, sequence] : schema.elements) {
    auto one = bound.find(element), all = bound.find(sequence);
    if (one == bound.end() || all == bound.end()) {
      continue;
    }
    std::string inner = operands[all->second].element ? onnxTypeText(*operands[all->second].element) : "";
    if (inner != onnxTypeText(operands[one->second])) {
      faults.push_back({absl::StrCat("input ", operandText(schema, one->second), " is ", onnxTypeText(operands[one->second]), ", input ",
                                     operandText(schema, all->second), " is ", onnxTypeText(operands[all->second])),
                        "a sequence's items have one type"});
    }
  }
  return faults;
}

} // namespace ncc::frontend
