// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "runtime/api/ValueFiles.h"

#include "runtime/neff/InputFile.h"
#include "runtime/neff/OutputFile.h"

#include "runtime/api/TensorFiles.h"
#include "runtime/api/Wire.h"

#include <fstream>

namespace ncc::api {

using ops::Value;

namespace {

constexpr int kMostNesting = 8;

absl::Status bad(const std::string &what) { return absl::InvalidArgumentError("value file: " + what); }

absl::StatusOr<NamedValue> parse(Span bytes, const ValueType &type, int depth);

/// SequenceProto and OptionalProto have the same fields: name 1, element kind 2, tensors 3, sequences 5, maps 6, optionals 7.
absl::StatusOr<NamedValue> parseHolder(Span bytes, const ValueType &type, int depth) {
  NamedValue result;
  std::vector<Value> items;
  Wire in{bytes};
  while (in.ok && !in.bytes.empty()) {
    const uint64_t tag = in.varint();
    const uint64_t field = tag >> 3;
    if ((tag & 7) != 2) {
      in.skip(static_cast<int>(tag & 7));
      continue;
    }
    Span chunk = in.chunk();
    if (field == 1) {
      result.name.assign(reinterpret_cast<const char *>(chunk.data()), chunk.size());
    } else if (field == 3 || (field >= 5 && field <= 7)) {
      const ValueKind kinds[] = {ValueKind::Tensor, ValueKind::None, ValueKind::Sequence, ValueKind::Map, ValueKind::Optional};
      if (type.element->kind != kinds[field - 3]) {
        return bad("it holds something else than a " + type.element->str());
      }
      absl::StatusOr<NamedValue> item = parse(chunk, *type.element, depth + 1);
      if (!item.ok()) {
        return item;
      }
      items.push_back(std::move(item->value));
    }
  }
  if (!in.ok || (type.kind == ValueKind::Optional && items.size() > 1)) {
    return bad("not a " + type.str());
  }
  if (type.kind == ValueKind::Optional) {
    result.value = items.empty() ? Value::none() : Value::some(std::move(items[0]));
  } else {
    result.value = Value::sequence(std::move(items));
  }
  return result;
}

/// MapProto: name 1, key type 2, integer keys 3, string keys 4, values 5 (a SequenceProto).
absl::StatusOr<NamedValue> parseMap(Span bytes, const ValueType &type, int depth) {
  NamedValue result;
  std::vector<int64_t> integers;
  std::vector<std::string> strings;
  std::vector<Value> values;
  Wire in{bytes};
  while (in.ok && !in.bytes.empty()) {
    const uint64_t tag = in.varint();
    const uint64_t field = tag >> 3;
    if (field == 3 && (tag & 7) == 0) {
      integers.push_back(static_cast<int64_t>(in.varint()));
      continue;
    }
    if ((tag & 7) != 2) {
      in.skip(static_cast<int>(tag & 7));
      continue;
    }
    Span chunk = in.chunk();
    if (field == 1 || field == 4) {
      std::string text(reinterpret_cast<const char *>(chunk.data()), chunk.size());
      field == 1 ? void(result.name = std::move(text)) : strings.push_back(std::move(text));
    } else if (field == 3) {
      for (Wire packed{chunk}; packed.ok && !packed.bytes.empty();) {
        integers.push_back(static_cast<int64_t>(packed.varint()));
      }
    } else if (field == 5) {
      absl::StatusOr<NamedValue> list = parseHolder(chunk, ValueType::of(ValueKind::Sequence, *type.element), depth + 1);
      if (!list.ok()) {
        return list;
      }
      values = list->value.items();
    }
  }
  const bool text = type.dtype == DType::String;
  Tensor keys(type.dtype, {static_cast<int64_t>(text ? strings.size() : integers.size())});
  if (!in.ok || keys.size() != static_cast<int64_t>(values.size())) {
    return bad("not a " + type.str());
  }
  for (size_t i = 0; !text && i < integers.size(); ++i) {
    keys.setInt(static_cast<int64_t>(i), integers[i]);
  }
  if (text) {
    keys.mutableStrings() = std::move(strings);
  }
  result.value = Value::map(std::move(keys), std::move(values));
  return result;
}

absl::StatusOr<NamedValue> parse(Span bytes, const ValueType &type, int depth) {
  if (depth > kMostNesting || (type.kind != ValueKind::Tensor && !type.element)) {
    return bad("nested too deeply");
  }
  if (type.isTensor()) {
    absl::StatusOr<NamedTensor> tensor = parseTensorProto(bytes);
    return tensor.ok() ? absl::StatusOr<NamedValue>(NamedValue{tensor->name, Value(tensor->tensor)}) : tensor.status();
  }
  return type.kind == ValueKind::Map ? parseMap(bytes, type, depth) : parseHolder(bytes, type, depth);
}

/// The number ONNX gives a kind of element, and the field its values are in.
int kindNumber(ValueKind kind) { return kind == ValueKind::Sequence ? 3 : kind == ValueKind::Map ? 4 : kind == ValueKind::Optional ? 5 : 1; }
int fieldOf(ValueKind kind) { return kind == ValueKind::Sequence ? 5 : kind == ValueKind::Map ? 6 : kind == ValueKind::Optional ? 7 : 3; }

std::string serialize(const Value &value, const std::string &name) {
  if (value.isTensor()) {
    return serializeTensorProto({name, value.tensor()});
  }
  std::string out;
  if (!name.empty()) {
    putChunk(out, 1, name.data(), name.size());
  }
  putVarint(out, 2 << 3);
  if (value.kind() == ValueKind::Map) {
    const Tensor &keys = value.tensor();
    putVarint(out, keys.dtype() == DType::String ? 8 : 7);
    for (int64_t i = 0; i < keys.size(); ++i) {
      if (keys.dtype() == DType::String) {
        const std::string &text = keys.strings()[static_cast<size_t>(i)];
        putChunk(out, 4, text.data(), text.size());
      } else {
        putVarint(out, 3 << 3);
        putVarint(out, static_cast<uint64_t>(keys.asInt(i)));
      }
    }
    std::string values = serialize(Value::sequence(value.items()), "");
    putChunk(out, 5, values.data(), values.size());
    return out;
  }
  putVarint(out, static_cast<uint64_t>(value.items().empty() ? 1 : kindNumber(value.items()[0].kind())));
  for (const Value &item : value.items()) {
    std::string bytes = serialize(item, "");
    putChunk(out, fieldOf(item.kind()), bytes.data(), bytes.size());
  }
  return out;
}

} // namespace

absl::StatusOr<NamedValue> parseValueProto(Span bytes, const ValueType &type) { return parse(bytes, type, 0); }

std::string serializeValueProto(const NamedValue &value) { return serialize(value.value, value.name); }

absl::StatusOr<NamedValue> readValueFile(const std::string &path, const ValueType &type) {
  if (type.isTensor()) {
    absl::StatusOr<NamedTensor> tensor = readTensorFile(path);
    return tensor.ok() ? absl::StatusOr<NamedValue>(NamedValue{tensor->name, Value(tensor->tensor)}) : tensor.status();
  }
  absl::StatusOr<std::string> bytes = neff::readWholeFile(path);
  if (!bytes.ok()) {
    return bytes.status();
  }
  absl::StatusOr<NamedValue> value = parseValueProto(Span(reinterpret_cast<const uint8_t *>(bytes->data()), bytes->size()), type);
  return value.ok() ? value : absl::Status(value.status().code(), path + ": " + std::string(value.status().message()));
}

absl::Status writeValueFile(const std::string &path, const NamedValue &value) {
  if (value.value.isTensor()) {
    return writeTensorFile(path, {value.name, value.value.tensor()});
  }
  return neff::writeWholeFile(path, serializeValueProto(value));
}

} // namespace ncc::api
