// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Rules of the elementwise kernels.
#include "runtime/ops/host/Rules.h"

namespace ncc::ops {

absl::Status unaryRule(Rule &rule) {
  std::string kind = rule.attrs.getString("kind", "");
  if (absl::Status status = sameAsFirst(rule); !status.ok()) {
    return status;
  }
  if (kind == "logical_not" && rule.in[0].dtype != DType::Bool) {
    return invalid("logical_not needs bools");
  }
  if (kind == "is_nan" || kind == "is_inf" || kind == "logical_not") {
    rule.out[0].dtype = DType::Bool;
  }
  return absl::OkStatus();
}

static absl::Status broadcastRule(Rule &rule, size_t from, std::optional<DType> result) {
  absl::Status status = needOneType(rule, from);
  absl::StatusOr<MaybeShape> shape = status.ok() ? broadcastOperands(rule) : status;
  if (!shape.ok()) {
    return shape.status();
  }
  rule.out = {tensorOf(result.value_or(rule.in[from].dtype), *shape)};
  return absl::OkStatus();
}

absl::Status binaryRule(Rule &rule) {
  if (rule.in[0].isTensor() && rule.in[0].dtype == DType::String) {
    return invalid("there is no arithmetic on strings");
  }
  absl::Status status = broadcastRule(rule, 0, std::nullopt);
  if (status.ok() && rule.attrs.getString("kind", "") == "prelu" && rule.in[0].isStatic() && rule.out[0].isStatic() &&
      rule.out[0].shape != rule.in[0].shape) {
    return invalid("prelu's slope must broadcast to its input");
  }
  return status;
}

absl::Status compareRule(Rule &rule) { return broadcastRule(rule, 0, DType::Bool); }

absl::Status selectRule(Rule &rule) {
  if (!rule.in[0].isTensor() || rule.in[0].dtype != DType::Bool) {
    return invalid("the condition must be bools");
  }
  return broadcastRule(rule, 1, std::nullopt);
}

/// The element type comes from the attribute `to` (a dtype's name) or from the promised result.
absl::Status castRule(Rule &rule) {
  if (absl::Status status = sameAsFirst(rule); !status.ok()) {
    return status;
  }
  std::optional<DType> to = dtypeFromName(rule.attrs.getString("to", ""));
  if (!to && rule.declared.size() == 1 && rule.declared[0].isTensor()) {
    to = rule.declared[0].dtype;
  }
  if (!to) {
    return invalid("it is not said what to cast to");
  }
  rule.out[0].dtype = *to;
  return absl::OkStatus();
}

absl::Status softmaxRule(Rule &rule) {
  if (absl::Status status = sameAsFirst(rule); !status.ok() || !rule.in[0].ranked) {
    return status;
  }
  absl::StatusOr<int64_t> axis = wrapAxis(rule.attrs.getInt("axis", -1), rule.in[0].rank());
  if (!axis.ok()) {
    return axis.status();
  }
  rule.call.attrs.set("axis", *axis);
  return isFloat(rule.in[0].dtype) ? absl::OkStatus() : invalid("needs floats");
}

/// Scale and bias fit the dims from `axis` on.
absl::Status normRule(Rule &rule) {
  if (absl::Status status = sameAsFirst(rule); !status.ok() || !rule.in[0].ranked) {
    return status;
  }
  absl::StatusOr<int64_t> axis = wrapAxis(rule.attrs.getInt("axis", -1), rule.in[0].rank());
  if (!axis.ok()) {
    return axis.status();
  }
  if (!isFloat(rule.in[0].dtype)) {
    return invalid("needs floats");
  }
  rule.call.attrs.set("axis", *axis);
  Shape inner(rule.in[0].shape.begin() + *axis, rule.in[0].shape.end());
  for (size_t i = 1; i < rule.in.size(); ++i) {
    if (rule.has(i) && (rule.in[i].dtype != rule.in[0].dtype || (rule.isStatic() && rule.in[i].shape != inner))) {
      return invalid("scale and bias must have the shape of the normalized dims");
    }
  }
  return absl::OkStatus();
}

/// Joins of any number of operands: see concat in ShapeRules; `identity` passes one value of any kind on.
absl::Status identityRule(Rule &rule) {
  rule.out = {rule.in[0]};
  return absl::OkStatus();
}

absl::Status identityRun(HostCall &call) {
  call.out = {call.in[0]};
  return absl::OkStatus();
}

} // namespace ncc::ops
