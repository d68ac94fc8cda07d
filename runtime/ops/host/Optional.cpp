// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Kernels of optionals.
#include "runtime/ops/host/Rules.h"

namespace ncc::ops {

static Tensor flag(bool value) {
  Tensor tensor(DType::Bool, {});
  tensor.setInt(0, value);
  return tensor;
}

/// optional_make(value?): the element's type of an empty one is the promised result's.
absl::Status optionalMakeRule(Rule &rule) {
  if (rule.has(0)) {
    rule.out = {ValueType::of(ValueKind::Optional, rule.in[0])};
    return absl::OkStatus();
  }
  const bool promised = rule.declared.size() == 1 && rule.declared[0].kind == ValueKind::Optional;
  rule.out = {promised ? rule.declared[0] : ValueType::of(ValueKind::Optional, ValueType::unranked(DType::F32))};
  return absl::OkStatus();
}

absl::Status optionalMakeRun(HostCall &call) {
  call.out = {call.has(0) ? Value::some(call.in[0]) : Value::none()};
  return absl::OkStatus();
}

/// From opset 18 on, what is no optional counts as one that is there.
absl::Status optionalGetRule(Rule &rule) {
  rule.out = {rule.in[0].kind == ValueKind::Optional && rule.in[0].element ? *rule.in[0].element : rule.in[0]};
  return absl::OkStatus();
}

absl::Status optionalGetRun(HostCall &call) {
  if (call.in[0].kind() == ValueKind::Optional && call.in[0].items().empty()) {
    return invalid("the optional is empty");
  }
  call.out = {call.in[0].kind() == ValueKind::Optional ? call.in[0].items()[0] : call.in[0]};
  return absl::OkStatus();
}

absl::Status optionalHasRule(Rule &rule) {
  rule.out = {ValueType::tensor(DType::Bool, {})};
  return absl::OkStatus();
}

absl::Status optionalHasRun(HostCall &call) {
  const bool there = call.has(0) && (call.in[0].kind() != ValueKind::Optional || !call.in[0].items().empty());
  call.out = {flag(there)};
  return absl::OkStatus();
}

} // namespace ncc::ops
