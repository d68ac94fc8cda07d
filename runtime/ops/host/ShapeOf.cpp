// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Shapes as values: shape_of, size_of.
#include "runtime/ops/host/Rules.h"

#include <algorithm>

namespace ncc::ops {

/// shape_of(x) {start, end}
absl::Status shapeOfRule(Rule &rule) {
  if (absl::Status status = needTensors(rule); !status.ok()) {
    return status;
  }
  int64_t count = kUnknownDim;
  if (rule.in[0].ranked) {
    const int64_t rank = rule.in[0].rank();
    auto clamp = [&](int64_t at) { return std::min(std::max<int64_t>(at < 0 ? at + rank : at, 0), rank); };
    count = std::max<int64_t>(clamp(rule.attrs.getInt("end", rank)) - clamp(rule.attrs.getInt("start", 0)), 0);
  }
  rule.out = {ValueType::tensor(DType::I64, {count})};
  return absl::OkStatus();
}

absl::Status shapeOfRun(HostCall &call) {
  if (!call.in[0].isTensor()) {
    return invalid("needs a tensor");
  }
  const Shape &shape = call.tensor(0).shape();
  const auto rank = static_cast<int64_t>(shape.size());
  auto clamp = [&](int64_t at) { return std::min(std::max<int64_t>(at < 0 ? at + rank : at, 0), rank); };
  const int64_t start = clamp(call.attrs.getInt("start", 0)), end = clamp(call.attrs.getInt("end", rank));
  Tensor out(DType::I64, {std::max<int64_t>(end - start, 0)});
  for (int64_t i = 0; i < out.size(); ++i) {
    out.setInt(i, shape[static_cast<size_t>(start + i)]);
  }
  call.out = {out};
  return absl::OkStatus();
}

absl::Status sizeOfRule(Rule &rule) {
  rule.out = {ValueType::tensor(DType::I64, {})};
  return needTensors(rule);
}

absl::Status sizeOfRun(HostCall &call) {
  if (!call.in[0].isTensor()) {
    return invalid("needs a tensor");
  }
  Tensor out(DType::I64, {});
  out.setInt(0, call.tensor(0).size());
  call.out = {out};
  return absl::OkStatus();
}

} // namespace ncc::ops
