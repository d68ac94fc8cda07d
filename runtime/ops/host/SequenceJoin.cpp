// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Tensors cut into sequences, and sequences joined into tensors.
#include "runtime/ops/Support.h"
#include "runtime/ops/host/Collect.h"
#include "runtime/ops/host/Rules.h"

#include <algorithm>

namespace ncc::ops {

/// split_to_sequence(x, sizes?) {axis, keepdims}: one size for all parts, or one each; none: parts of one element.
absl::Status splitToSequenceRule(Rule &rule) {
  if (absl::Status status = needTensors(rule); !status.ok()) {
    return status;
  }
  ValueType element = rule.in[0];
  if (element.ranked) {
    absl::StatusOr<int64_t> axis = wrapAxis(rule.attrs.getInt("axis", 0), element.rank());
    if (!axis.ok()) {
      return axis.status();
    }
    if (rule.has(1)) {
      element.shape[static_cast<size_t>(*axis)] = kUnknownDim;
    } else if (rule.attrs.getInt("keepdims", 1) != 0) {
      element.shape[static_cast<size_t>(*axis)] = 1;
    } else {
      element.shape.erase(element.shape.begin() + *axis);
    }
  }
  rule.out = {ValueType::of(ValueKind::Sequence, element)};
  return absl::OkStatus();
}

absl::Status splitToSequenceRun(HostCall &call) {
  for (size_t i = 0; i < call.in.size(); ++i) {
    if (call.has(i) && (!call.in[i].isTensor() || (i == 1 && !isInteger(call.tensor(i).dtype())))) {
      return invalid("needs a tensor, and integers");
    }
  }
  const Tensor &x = call.tensor(0);
  absl::StatusOr<int64_t> axis = wrapAxis(call.attrs.getInt("axis", 0), x.rank());
  if (!axis.ok()) {
    return axis.status();
  }
  const int64_t dim = x.shape()[static_cast<size_t>(*axis)];
  std::vector<int64_t> sizes;
  if (!call.has(1) || call.tensor(1).rank() == 0) {
    const int64_t each = call.has(1) ? call.tensor(1).asInt(0) : 1;
    for (int64_t at = 0; each > 0 && at < dim; at += each) {
      sizes.push_back(std::min(each, dim - at));
    }
  } else {
    for (int64_t i = 0; i < call.tensor(1).size(); ++i) {
      sizes.push_back(call.tensor(1).asInt(i));
    }
  }
  AxisView view = axisView(x.shape(), *axis);
  std::vector<Value> parts;
  int64_t begin = 0;
  for (int64_t size : sizes) {
    if (size < 0 || size > dim - begin) {
      return invalid(absl::StrCat("the parts exceed an axis of size ", dim));
    }
    Shape shape = x.shape();
    shape[static_cast<size_t>(*axis)] = size;
    absl::StatusOr<Tensor> part = allocateTensor(x.dtype(), shape);
    if (!part.ok()) {
      return part.status();
    }
    for (int64_t o = 0; o < view.outer; ++o) {
      copyRun(x, (o * view.size + begin) * view.inner, *part, o * size * view.inner, size * view.inner);
    }
    begin += size;
    if (!call.has(1) && call.attrs.getInt("keepdims", 1) == 0) {
      shape.erase(shape.begin() + *axis);
      part = part->reshaped(shape);
    }
    parts.emplace_back(*std::move(part));
  }
  if (begin != dim) {
    return invalid("the parts do not cover the axis");
  }
  call.out = {Value::sequence(std::move(parts))};
  return absl::OkStatus();
}

/// concat_from_sequence(sequence) {axis, new_axis}
absl::Status concatFromSequenceRule(Rule &rule) {
  if (absl::Status status = needSequence(rule); !status.ok()) {
    return status;
  }
  ValueType result = *rule.in[0].element;
  if (!result.isTensor()) {
    return invalid("needs a sequence of tensors");
  }
  const bool fresh = rule.attrs.getInt("new_axis", 0) != 0;
  if (result.ranked) {
    absl::StatusOr<int64_t> axis = wrapAxis(rule.attrs.getInt("axis", 0), result.rank() + fresh);
    if (!axis.ok()) {
      return axis.status();
    }
    if (fresh) {
      result.shape.insert(result.shape.begin() + *axis, kUnknownDim);
    } else {
      result.shape[static_cast<size_t>(*axis)] = kUnknownDim;
    }
  }
  rule.out = {result};
  return absl::OkStatus();
}

absl::Status concatFromSequenceRun(HostCall &call) {
  if (absl::Status status = needSequence(call); !status.ok()) {
    return status;
  }
  std::vector<Tensor> parts;
  for (const Value &item : call.in[0].items()) {
    if (!item.isTensor()) {
      return invalid("needs a sequence of tensors");
    }
    parts.push_back(item.tensor());
  }
  if (parts.empty()) {
    return invalid("the sequence is empty");
  }
  if (call.attrs.getInt("new_axis", 0) != 0) {
    absl::StatusOr<Tensor> joined = stackOf(parts, call.attrs.getInt("axis", 0), false, {});
    if (joined.ok()) {
      call.out = {*std::move(joined)};
    }
    return joined.status();
  }
  Attributes attrs;
  attrs.set("axis", call.attrs.getInt("axis", 0));
  absl::StatusOr<std::vector<Value>> joined = runHostKernel("concat", attrs, call.in[0].items(), {});
  if (joined.ok()) {
    call.out = *std::move(joined);
  }
  return joined.status();
}

} // namespace ncc::ops
