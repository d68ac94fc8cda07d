// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/frontend/onnx/schema/Schema.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

using namespace llvm;

namespace ncc::frontend {

namespace {

using Kind = AttributeSchema::Kind;

constexpr std::pair<StringLiteral, Kind> kKinds[] = {
  {"float", Kind::Float}, {"int", Kind::Int}, {"string", Kind::String}, {"tensor", Kind::Tensor}, {"graph", Kind::Graph},
  {"floats", Kind::Floats}, {"ints", Kind::Ints}, {"strings", Kind::Strings}, {"sparse", Kind::Sparse}, {"type", Kind::Type}};

/// One row as it stands in a .def file.
struct Row {
  StringLiteral domain, op;
  int64_t since;
  StringLiteral inputs, outputs, types, attributes;
};
struct Removal {
  StringLiteral domain, op;
  int64_t opset;
};

constexpr Row kRows[] = {
#define NCC_SCHEMA(domain, op, since, inputs, outputs, types, attributes) {domain, op, since, inputs, outputs, types, attributes},
#define NCC_REMOVED(domain, op, opset)
#include "compiler/frontend/onnx/schema/Standard.def"
#include "compiler/frontend/onnx/schema/Ml.def"
#include "compiler/frontend/onnx/schema/Preview.def"
#include "compiler/frontend/onnx/schema/Microsoft.def"
#undef NCC_SCHEMA
#undef NCC_REMOVED
};

constexpr Removal kRemovals[] = {
#define NCC_SCHEMA(domain, op, since, inputs, outputs, types, attributes)
#define NCC_REMOVED(domain, op, opset) {domain, op, opset},
#include "compiler/frontend/onnx/schema/Standard.def"
#include "compiler/frontend/onnx/schema/Ml.def"
#include "compiler/frontend/onnx/schema/Preview.def"
#include "compiler/frontend/onnx/schema/Microsoft.def"
#undef NCC_SCHEMA
#undef NCC_REMOVED
};

SmallVector<StringRef> words(StringRef text) {
  SmallVector<StringRef> parts;
  text.split(parts, ' ', -1, /*KeepEmpty=*/false);
  return parts;
}

class RowReader {
public:
  explicit RowReader(const Row &row) : row(row) {
    schema.domain = row.domain.str();
    schema.op = row.op.str();
    schema.since = row.since;
    for (StringRef word : words(row.types)) {
      readType(word);
    }
    for (StringRef word : words(row.inputs)) {
      readParameter(word, schema.inputs);
    }
    for (StringRef word : words(row.outputs)) {
      readParameter(word, schema.outputs);
    }
    for (StringRef word : words(row.attributes)) {
      readAttribute(word);
    }
  }

  OpSchema schema;
  std::vector<std::string> faults;

private:
  void fault(StringRef word, StringRef what) {
    faults.push_back((Twine(row.domain) + "." + row.op + "-" + Twine(row.since) + ": '" + word + "' " + what).str());
  }

  void readType(StringRef word) {
    auto [name, set] = word.split('=');
    if (set.empty()) {
      auto [element, sequence] = word.split('@');
      schema.elements.emplace_back(element.str(), sequence.str());
    } else if (!variables[name].add(set)) {
      fault(word, "names no types");
    }
  }

  void readParameter(StringRef word, std::vector<ParameterSchema> &parameters) {
    auto [name, type] = word.split(':');
    ParameterSchema parameter;
    bool own = name.consume_back("~");
    if (name.consume_back("?")) {
      parameter.presence = ParameterSchema::Presence::Optional;
    } else if (name.ends_with("*") || name.ends_with("+")) {
      parameter.presence = ParameterSchema::Presence::Variadic;
      parameter.least = name.back() == '+';
      name = name.drop_back();
    }
    parameter.name = name.str();
    if (auto variable = variables.find(type); variable != variables.end()) {
      parameter.types = variable->second;
      parameter.variable = own ? "" : type.str();
    } else if (!parameter.types.add(type)) {
      fault(word, "names no types");
    }
    if (!parameters.empty() && parameters.back().presence == ParameterSchema::Presence::Variadic) {
      fault(word, "stands behind a variadic one");
    }
    parameters.push_back(std::move(parameter));
  }

  void readAttribute(StringRef word) {
    AttributeSchema attribute;
    auto [name, rest] = word.split(':');
    attribute.name = name.str();
    StringRef kind = rest.take_while([](char c) { return c >= 'a' && c <= 'z'; });
    const auto *known = find_if(kKinds, [&](const auto &entry) { return entry.first == kind; });
    rest = rest.drop_front(kind.size());
    attribute.required = rest.consume_front("!");
    if (known == std::end(kKinds)) {
      return fault(word, "is of no kind of attribute");
    }
    attribute.kind = known->second;
    if (rest.consume_front("{")) {
      SmallVector<StringRef> choices;
      rest.take_until([](char c) { return c == '}'; }).split(choices, '|');
      attribute.choices.assign(choices.begin(), choices.end());
      rest = rest.split('}').second;
    } else if (rest.consume_front("(0..)")) {
      attribute.positive = true;
    } else if (rest.consume_front("[")) {
      auto [low, high] = rest.take_until([](char c) { return c == ']'; }).split("..");
      std::pair<int64_t, int64_t> range(INT32_MIN, INT32_MAX);
      if ((low != "-" && low.getAsInteger(10, range.first)) || (!high.empty() && high.getAsInteger(10, range.second))) {
        return fault(word, "has no range");
      }
      attribute.range = range;
      rest = rest.split(']').second;
    }
    if (!rest.empty() && !rest.consume_front("=")) {
      return fault(word, "goes on with no default");
    }
    attribute.fallback = rest.str();
    schema.attributes.push_back(std::move(attribute));
  }

  const Row &row;
  StringMap<TypeSet> variables;
};

} // namespace

std::string AttributeSchema::str() const {
  const auto *known = find_if(kKinds, [&](const auto &entry) { return entry.second == kind; });
  std::string text = known->first.str();
  if (range && range->first == range->second) {
    text += " of " + std::to_string(range->first);
  } else if (range && range->second == INT32_MAX && range->first != INT32_MIN) {
    text += " of " + std::to_string(range->first) + " or more";
  } else if (range) {
    text += " in [" + std::to_string(range->first) + ", " + std::to_string(range->second) + "]";
  }
  text += positive ? " above zero" : "";
  for (size_t i = 0; i < choices.size(); ++i) {
    text += (i == 0 ? ", one of " : ", ") + choices[i];
  }
  return text;
}

size_t OpSchema::least(ArrayRef<ParameterSchema> parameters) {
  size_t count = 0;
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].presence == ParameterSchema::Presence::Variadic) {
      count = parameters[i].least ? i + parameters[i].least : count;
    } else if (parameters[i].presence == ParameterSchema::Presence::Required) {
      count = i + 1;
    }
  }
  return count;
}

size_t OpSchema::most(ArrayRef<ParameterSchema> parameters) {
  bool open = !parameters.empty() && parameters.back().presence == ParameterSchema::Presence::Variadic;
  return open ? SIZE_MAX : parameters.size();
}

const AttributeSchema *OpSchema::attribute(StringRef name) const {
  auto found = find_if(attributes, [&](const AttributeSchema &entry) { return entry.name == name; });
  return found == attributes.end() ? nullptr : &*found;
}

const ParameterSchema *OpSchema::parameter(ArrayRef<ParameterSchema> parameters, size_t i) {
  if (i < parameters.size()) {
    return &parameters[i];
  }
  return most(parameters) == SIZE_MAX ? &parameters.back() : nullptr;
}

std::string SchemaTable::key(StringRef domain, StringRef op) { return ((domain == "ai.onnx" ? "" : domain) + ":" + op).str(); }

SchemaTable::SchemaTable() {
  for (const Row &row : kRows) {
    RowReader reader(row);
    problems.insert(problems.end(), reader.faults.begin(), reader.faults.end());
    std::vector<OpSchema> &forms = table[key(row.domain, row.op)].live;
    if (!forms.empty() && forms.back().since >= row.since) {
      problems.push_back(key(row.domain, row.op) + " is not in order");
    }
    forms.push_back(std::move(reader.schema));
  }
  for (const Removal &removal : kRemovals) {
    table[key(removal.domain, removal.op)].dropped.push_back(removal.opset);
  }
}

ArrayRef<OpSchema> SchemaTable::forms(StringRef domain, StringRef op) const {
  auto entry = table.find(key(domain, op));
  return entry == table.end() ? ArrayRef<OpSchema>() : ArrayRef<OpSchema>(entry->second.live);
}

const OpSchema *SchemaTable::find(StringRef domain, StringRef op, int64_t version) const {
  const OpSchema *best = nullptr;
  for (const OpSchema &form : forms(domain, op)) {
    best = form.since <= version ? &form : best;
  }
  return best;
}

std::optional<int64_t> SchemaTable::droppedBy(StringRef domain, StringRef op, int64_t version) const {
  auto entry = table.find(key(domain, op));
  const OpSchema *form = find(domain, op, version);
  if (entry != table.end()) {
    for (int64_t opset : entry->second.dropped) {
      if (opset <= version && form && form->since <= opset) {
        return opset;
      }
    }
  }
  return std::nullopt;
}

std::vector<const OpSchema *> SchemaTable::all() const {
  std::vector<const OpSchema *> rows;
  for (const auto &entry : table) {
    for (const OpSchema &form : entry.second.live) {
      rows.push_back(&form);
    }
  }
  llvm::sort(rows, [](const OpSchema *a, const OpSchema *b) {
    return std::tie(a->domain, a->op, a->since) < std::tie(b->domain, b->op, b->since);
  });
  return rows;
}

const SchemaTable &schemas() {
  static const SchemaTable table;
  return table;
}

} // namespace ncc::frontend
