// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Kernels of sequences and optionals.
#include "runtime/ops/Support.h"
#include "runtime/ops/host/Collect.h"
#include "runtime/ops/host/Rules.h"

#include <algorithm>

namespace ncc::ops {

namespace {

/// The operand as a position in a list of `size`; `fallback` when it is absent.
absl::StatusOr<int64_t> position(const HostCall &call, size_t operand, int64_t size, int64_t fallback) {
  if (!call.has(operand)) {
    return fallback;
  }
  if (!call.in[operand].isTensor() || call.tensor(operand).size() != 1 || !isInteger(call.tensor(operand).dtype())) {
    return invalid("a position must be one integer");
  }
  const int64_t given = call.tensor(operand).asInt(0);
  return given < 0 ? given + size : given;
}

absl::Status outside(int64_t at, size_t size) { return absl::OutOfRangeError(absl::StrCat("position ", at, " is outside a sequence of ", size)); }

ValueType scalar(DType dtype) { return ValueType::tensor(dtype, {}); }

Tensor one(DType dtype, int64_t value) {
  Tensor tensor(dtype, {});
  tensor.setInt(0, value);
  return tensor;
}

} // namespace

absl::Status sequenceConstructRule(Rule &rule) {
  ValueType element = rule.in[0];
  for (const ValueType &type : rule.in) {
    element = join(element, type);
  }
  if (element.kind == ValueKind::None) {
    return invalid("its elements are of different types");
  }
  rule.out = {ValueType::of(ValueKind::Sequence, element)};
  return absl::OkStatus();
}

absl::Status sequenceConstructRun(HostCall &call) {
  call.out = {Value::sequence(std::vector<Value>(call.in.begin(), call.in.end()))};
  return absl::OkStatus();
}

/// sequence_empty() {dtype}
absl::Status sequenceEmptyRule(Rule &rule) {
  std::optional<DType> dtype = dtypeFromName(rule.attrs.getString("dtype", "f32"));
  rule.out = {ValueType::of(ValueKind::Sequence, ValueType::unranked(dtype.value_or(DType::F32)))};
  return dtype ? absl::OkStatus() : invalid("has no such element type");
}

absl::Status sequenceEmptyRun(HostCall &call) {
  call.out = {Value::sequence({})};
  return absl::OkStatus();
}

/// sequence_insert(sequence, value, position?)
absl::Status sequenceInsertRule(Rule &rule) {
  if (absl::Status status = needSequence(rule); !status.ok()) {
    return status;
  }
  ValueType element = join(*rule.in[0].element, rule.in[1]);
  rule.out = {ValueType::of(ValueKind::Sequence, element)};
  return element.kind == ValueKind::None ? invalid("the value is not of the sequence's type") : absl::OkStatus();
}

absl::Status sequenceInsertRun(HostCall &call) {
  absl::Status status = needSequence(call);
  if (!status.ok()) {
    return status;
  }
  std::vector<Value> items = call.in[0].items();
  const auto size = static_cast<int64_t>(items.size());
  absl::StatusOr<int64_t> at = position(call, 2, size, size);
  if (!at.ok() || *at < 0 || *at > size) {
    return at.ok() ? outside(*at, items.size()) : at.status();
  }
  items.insert(items.begin() + *at, call.in[1]);
  call.out = {Value::sequence(std::move(items))};
  return absl::OkStatus();
}

/// sequence_erase(sequence, position?)
absl::Status sequenceEraseRule(Rule &rule) {
  rule.out = {rule.in[0]};
  return needSequence(rule);
}

absl::Status sequenceEraseRun(HostCall &call) {
  if (absl::Status status = needSequence(call); !status.ok()) {
    return status;
  }
  std::vector<Value> items = call.in[0].items();
  const auto size = static_cast<int64_t>(items.size());
  absl::StatusOr<int64_t> at = position(call, 1, size, size - 1);
  if (!at.ok() || *at < 0 || *at >= size) {
    return at.ok() ? outside(*at, items.size()) : at.status();
  }
  items.erase(items.begin() + *at);
  call.out = {Value::sequence(std::move(items))};
  return absl::OkStatus();
}

absl::Status sequenceAtRule(Rule &rule) {
  if (absl::Status status = needSequence(rule); !status.ok()) {
    return status;
  }
  rule.out = {*rule.in[0].element};
  return absl::OkStatus();
}

absl::Status sequenceAtRun(HostCall &call) {
  if (absl::Status status = needSequence(call); !status.ok()) {
    return status;
  }
  const std::vector<Value> &items = call.in[0].items();
  absl::StatusOr<int64_t> at = position(call, 1, static_cast<int64_t>(items.size()), 0);
  if (!at.ok() || *at < 0 || *at >= static_cast<int64_t>(items.size())) {
    return at.ok() ? outside(*at, items.size()) : at.status();
  }
  call.out = {items[static_cast<size_t>(*at)]};
  return absl::OkStatus();
}

absl::Status sequenceLengthRule(Rule &rule) {
  rule.out = {scalar(DType::I64)};
  return needSequence(rule);
}

absl::Status sequenceLengthRun(HostCall &call) {
  call.out = {one(DType::I64, static_cast<int64_t>(call.in[0].items().size()))};
  return needSequence(call);
}

} // namespace ncc::ops
