// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Rows chosen by bools.
#include "runtime/ops/Support.h"
#include "runtime/ops/host/Rules.h"

namespace ncc::ops {

absl::StatusOr<Tensor> takeRows(const Tensor &x, int64_t axis, const std::vector<int64_t> &rows) {
  Shape dims = x.shape();
  dims[static_cast<size_t>(axis)] = static_cast<int64_t>(rows.size());
  absl::StatusOr<Tensor> out = allocateTensor(x.dtype(), dims);
  AxisView view = axisView(x.shape(), axis);
  const auto count = static_cast<int64_t>(rows.size());
  for (int64_t o = 0; out.ok() && o < view.outer; ++o) {
    for (int64_t i = 0; i < count; ++i) {
      copyRun(x, (o * view.size + rows[static_cast<size_t>(i)]) * view.inner, *out, (o * count + i) * view.inner, view.inner);
    }
  }
  return out;
}

//===--- compress(x, condition) {axis?} ---===//

absl::Status compressRule(Rule &rule) {
  absl::Status status = needTensors(rule);
  if (!status.ok() || rule.in[1].dtype != DType::Bool) {
    return status.ok() ? invalid("the condition must be bools") : status;
  }
  rule.out = {ValueType::tensor(rule.in[0].dtype, {kUnknownDim})};
  if (!rule.attrs.find("axis")) {
    return absl::OkStatus();
  }
  rule.out = {rule.in[0]};
  if (rule.in[0].ranked) {
    absl::StatusOr<int64_t> axis = wrapAxis(rule.attrs.getInt("axis", 0), rule.in[0].rank());
    if (!axis.ok()) {
      return axis.status();
    }
    rule.out[0].shape[static_cast<size_t>(*axis)] = kUnknownDim;
  }
  return absl::OkStatus();
}

absl::Status compressRun(HostCall &call) {
  if (!call.in[0].isTensor() || !call.in[1].isTensor() || call.tensor(1).dtype() != DType::Bool) {
    return invalid("needs a tensor and bools");
  }
  Tensor x = call.tensor(0);
  absl::StatusOr<int64_t> axis = call.attrs.find("axis") ? wrapAxis(call.attrs.getInt("axis", 0), x.rank()) : 0;
  if (!axis.ok()) {
    return axis.status();
  }
  x = call.attrs.find("axis") ? x : x.reshaped({x.size()});
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < call.tensor(1).size(); ++i) {
    if (call.tensor(1).asInt(i) != 0) {
      rows.push_back(i);
    }
  }
  if (!rows.empty() && rows.back() >= x.shape()[static_cast<size_t>(*axis)]) {
    return invalid("the condition is longer than the axis");
  }
  absl::StatusOr<Tensor> out = takeRows(x, *axis, rows);
  if (out.ok()) {
    call.out = {*out};
  }
  return out.status();
}

} // namespace ncc::ops
