// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/frontend/onnx/schema/TypeSet.h"

#include "compiler/frontend/onnx/Model.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

using namespace llvm;

namespace ncc::frontend {

namespace {

constexpr int32_t kMostTypes = 32;
constexpr std::pair<StringLiteral, StringLiteral> kGroups[] = {
  {"real", "float16|float|double"},
  {"int", "int8|int16|int32|int64"},
  {"uint", "uint8|uint16|uint32|uint64"},
  {"wide", "int32|int64|uint32|uint64"},
  {"number", "real|int|uint"},
  {"complex", "complex64|complex128"},
  {"basic", "number|bool|string|complex"},
  {"float8", "float8e4m3fn|float8e4m3fnuz|float8e5m2|float8e5m2fnuz"},
  {"nibble", "int4|uint4"},
};
constexpr std::pair<StringLiteral, TypeSet::Form> kWrappers[] = {
  {"optional(seq(", TypeSet::OptionalSequence}, {"optional(", TypeSet::Optional}, {"seq(", TypeSet::Sequence}, {"sparse(", TypeSet::Sparse}};

int32_t numberOf(DType dtype) {
  for (int32_t number = 1; number < kMostTypes; ++number) {
    if (dtypeOfOnnx(number) == dtype) {
      return number;
    }
  }
  return 0;
}

int32_t numberOf(StringRef name) {
  for (int32_t number = 1; number < kMostTypes; ++number) {
    if (dtypeOfOnnx(number) && onnxTypeName(number) == name) {
      return number;
    }
  }
  return 0;
}

/// The parts between bars that stand in no parentheses.
SmallVector<StringRef> alternatives(StringRef text) {
  SmallVector<StringRef> parts;
  size_t start = 0;
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    depth += (text[i] == '(') - (text[i] == ')');
    if (text[i] == '|' && depth == 0) {
      parts.push_back(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push_back(text.substr(start));
  return parts;
}

} // namespace

bool TypeSet::add(StringRef text, Form form) {
  for (StringRef part : alternatives(text)) {
    const auto *wrapper = find_if(kWrappers, [&](const auto &entry) { return part.starts_with(entry.first); });
    if (part.contains("map(")) {
      others.push_back(part.str());
    } else if (wrapper != std::end(kWrappers)) {
      if (!add(part.drop_front(wrapper->first.size()).take_until([](char c) { return c == ')'; }), wrapper->second)) {
        return false;
      }
    } else if (const auto *group = find_if(kGroups, [&](const auto &entry) { return entry.first == part; }); group != std::end(kGroups)) {
      add(group->second, form);
    } else if (int32_t number = numberOf(part)) {
      elements[form] |= uint32_t{1} << number;
    } else {
      return false;
    }
  }
  return true;
}

bool TypeSet::contains(const ValueType &type) const {
  const ValueType *inner = &type;
  bool optional = type.kind == ValueKind::Optional, sequence = false;
  if (optional && inner->element) {
    inner = inner->element.get();
  }
  if (inner->kind == ValueKind::Sequence && inner->element) {
    sequence = true;
    inner = inner->element.get();
  }
  if (!inner->isTensor()) {
    return is_contained(others, onnxTypeText(type));
  }
  Form form = optional ? (sequence ? OptionalSequence : Optional) : sequence ? Sequence : Tensor;
  return elements[form] >> numberOf(inner->dtype) & 1;
}

bool TypeSet::empty() const { return others.empty() && all_of(elements, [](uint32_t bits) { return bits == 0; }); }

std::string TypeSet::str() const {
  static constexpr std::pair<const char *, const char *> kAround[kForms] = {{"", ""}, {"seq(", ")"}, {"optional(", ")"}, {"optional(seq(", "))"}, {"sparse(", ")"}};
  std::vector<std::string> words;
  for (size_t form = 0; form < kForms; ++form) {
    for (int32_t number = 1; number < kMostTypes; ++number) {
      if (elements[form] >> number & 1) {
        words.push_back(kAround[form].first + onnxTypeName(number) + kAround[form].second);
      }
    }
  }
  words.insert(words.end(), others.begin(), others.end());
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  }
  return text;
}

ValueType TypeSet::sample() const {
  auto first = [&](Form form) {
    for (int32_t number = 1; number < kMostTypes; ++number) {
      if (elements[form] >> number & 1) {
        return ValueType::unranked(*dtypeOfOnnx(number));
      }
    }
    return ValueType();
  };
  if (elements[Tensor]) {
    return first(Tensor);
  }
  if (elements[Sequence]) {
    return ValueType::of(ValueKind::Sequence, first(Sequence));
  }
  if (elements[Optional]) {
    return ValueType::of(ValueKind::Optional, first(Optional));
  }
  if (elements[OptionalSequence]) {
    return ValueType::of(ValueKind::Optional, ValueType::of(ValueKind::Sequence, first(OptionalSequence)));
  }
  if (others.empty()) {
    return {};
  }
  StringRef text = others.front();
  bool sequence = text.consume_front("seq(");
  auto [key, value] = text.drop_front(StringRef("map(").size()).take_until([](char c) { return c == ')'; }).split(',');
  ValueType map = ValueType::map(*dtypeOfOnnx(numberOf(key)), ValueType::tensor(*dtypeOfOnnx(numberOf(value)), {}));
  return sequence ? ValueType::of(ValueKind::Sequence, map) : map;
}

std::string onnxTypeText(const ValueType &type) {
  std::string inner = type.element ? onnxTypeText(*type.element) : "";
  switch (type.kind) {
  case ValueKind::None: return "nothing";
  case ValueKind::Tensor: return onnxTypeName(numberOf(type.dtype));
  case ValueKind::Sequence: return "seq(" + inner + ")";
  case ValueKind::Optional: return "optional(" + inner + ")";
  case ValueKind::Map: return "map(" + onnxTypeName(numberOf(type.dtype)) + "," + inner + ")";
  }
  return {};
}

} // namespace ncc::frontend
