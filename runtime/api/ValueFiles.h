// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Values of any kind on disk: ONNX TensorProto, SequenceProto, OptionalProto and MapProto. None of them says which it
// is; the type of the input or output it belongs to does.
#pragma once

#include "runtime/tensor/Value.h"

#include "absl/status/statusor.h"

namespace ncc::api {

struct NamedValue {
  std::string name; // empty when the file has none
  ops::Value value;
};

absl::StatusOr<NamedValue> parseValueProto(absl::Span<const uint8_t> bytes, const ValueType &type);
std::string serializeValueProto(const NamedValue &value);

absl::StatusOr<NamedValue> readValueFile(const std::string &path, const ValueType &type);
absl::Status writeValueFile(const std::string &path, const NamedValue &value);

} // namespace ncc::api
