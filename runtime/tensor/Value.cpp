// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "runtime/tensor/Value.h"

#include <algorithm>
#include <cstring>

namespace ncc {

ValueType ValueType::tensor(DType dtype, Shape shape) {
  ValueType type;
  type.kind = ValueKind::Tensor;
  type.dtype = dtype;
  type.shape = std::move(shape);
  return type;
}

ValueType ValueType::unranked(DType dtype) {
  ValueType type = tensor(dtype, {});
  type.ranked = false;
  return type;
}

ValueType ValueType::of(ValueKind kind, ValueType element) {
  ValueType type;
  type.kind = kind;
  type.element = std::make_shared<const ValueType>(std::move(element));
  return type;
}

ValueType ValueType::map(DType key, ValueType value) {
  ValueType type = of(ValueKind::Map, std::move(value));
  type.dtype = key;
  return type;
}

bool ValueType::isStatic() const {
  return isTensor() && ranked && std::all_of(shape.begin(), shape.end(), [](int64_t dim) { return dim >= 0; });
}

std::string ValueType::str() const {
  std::string inner = "<";
  inner += element ? element->str() + ">" : ">";
  switch (kind) {
  case ValueKind::None: return "none";
  case ValueKind::Sequence: return "sequence" + inner;
  case ValueKind::Optional: return "optional" + inner;
  case ValueKind::Map: return "map<" + std::string(dtypeName(dtype)) + ", " + inner.substr(1);
  case ValueKind::Tensor: break;
  }
  std::string text(dtypeName(dtype));
  if (!ranked) {
    return text + " of unknown rank";
  }
  if (shape.empty()) {
    return text + " scalar";
  }
  for (size_t i = 0; i < shape.size(); ++i) {
    text += i ? "x" : " ";
    text += shape[i] < 0 ? "?" : std::to_string(shape[i]);
  }
  return text;
}

bool ValueType::operator==(const ValueType &other) const {
  if (kind != other.kind) {
    return false;
  }
  if ((kind == ValueKind::Tensor || kind == ValueKind::Map) && dtype != other.dtype) {
    return false;
  }
  if (kind == ValueKind::Tensor) {
    return ranked == other.ranked && (!ranked || shape == other.shape);
  }
  return !element || !other.element ? element == other.element : *element == *other.element;
}

bool includes(const ValueType &general, const ValueType &special) {
  if (general.kind != special.kind) {
    return false;
  }
  switch (general.kind) {
  case ValueKind::None: return true;
  case ValueKind::Map:
    if (general.dtype != special.dtype) {
      return false;
    }
    [[fallthrough]];
  case ValueKind::Sequence:
  case ValueKind::Optional: return general.element && special.element && includes(*general.element, *special.element);
  case ValueKind::Tensor: break;
  }
  if (general.dtype != special.dtype || !general.ranked) {
    return general.dtype == special.dtype;
  }
  return special.ranked && special.rank() == general.rank() &&
         std::equal(general.shape.begin(), general.shape.end(), special.shape.begin(),
                    [](int64_t g, int64_t s) { return g < 0 || g == s; });
}

ValueType join(const ValueType &a, const ValueType &b) {
  if (a.kind != b.kind) {
    return {};
  }
  if (a.kind == ValueKind::Tensor) {
    if (a.dtype != b.dtype) {
      return {};
    }
    if (!a.ranked || !b.ranked || a.rank() != b.rank()) {
      return ValueType::unranked(a.dtype);
    }
    ValueType result = a;
    for (size_t i = 0; i < result.shape.size(); ++i) {
      result.shape[i] = a.shape[i] == b.shape[i] ? a.shape[i] : kUnknownDim;
    }
    return result;
  }
  if (!a.element || !b.element || (a.kind == ValueKind::Map && a.dtype != b.dtype)) {
    return {};
  }
  ValueType element = join(*a.element, *b.element);
  if (element.kind == ValueKind::None) {
    return {};
  }
  ValueType result = ValueType::of(a.kind, std::move(element));
  result.dtype = a.dtype;
  return result;
}

namespace ops {

Value::Value(ValueKind kind, std::vector<Value> items)
    : valueKind(kind), list(std::make_shared<const std::vector<Value>>(std::move(items))) {}

Value Value::map(Tensor keys, std::vector<Value> values) {
  Value value(ValueKind::Map, std::move(values));
  value.content = std::move(keys);
  return value;
}

const std::vector<Value> &Value::items() const {
  static const std::vector<Value> nothing;
  return list ? *list : nothing;
}

ValueType typeOf(const Value &value) {
  if (!value.present()) {
    return {};
  }
  if (value.isTensor()) {
    return ValueType::tensor(value.tensor().dtype(), value.tensor().shape());
  }
  ValueType element = value.items().empty() ? ValueType::unranked(DType::F32) : typeOf(value.items().front());
  for (const Value &item : value.items()) {
    ValueType joined = join(element, typeOf(item));
    element = joined.kind == ValueKind::None ? element : joined;
  }
  ValueType type = ValueType::of(value.kind(), std::move(element));
  type.dtype = value.kind() == ValueKind::Map ? value.tensor().dtype() : DType::F32;
  return type;
}

bool fits(const Value &value, const ValueType &type) {
  if (value.kind() != type.kind) {
    return false;
  }
  if (value.isTensor()) {
    return includes(type, ValueType::tensor(value.tensor().dtype(), value.tensor().shape()));
  }
  if (value.kind() == ValueKind::Map && value.tensor().dtype() != type.dtype) {
    return false;
  }
  return std::all_of(value.items().begin(), value.items().end(),
                     [&](const Value &item) { return type.element && fits(item, *type.element); });
}

static bool identical(const Tensor &a, const Tensor &b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) {
    return false;
  }
  if (a.dtype() == DType::String) {
    return a.size() == 0 || a.strings() == b.strings();
  }
  return a.byteSize() == 0 || std::memcmp(a.data(), b.data(), a.byteSize()) == 0;
}

bool identical(const Value &a, const Value &b) {
  if (a.kind() != b.kind() || a.items().size() != b.items().size()) {
    return false;
  }
  if ((a.kind() == ValueKind::Tensor || a.kind() == ValueKind::Map) && !identical(a.tensor(), b.tensor())) {
    return false;
  }
  for (size_t i = 0; i < a.items().size(); ++i) {
    if (!identical(a.items()[i], b.items()[i])) {
      return false;
    }
  }
  return true;
}

} // namespace ops
} // namespace ncc
