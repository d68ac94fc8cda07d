// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Rules of gathers, scatters and one-hot. The kernels themselves check the indices.
#include "runtime/ops/host/Rules.h"

#include <algorithm>
#include <cmath>

namespace ncc::ops {

static absl::Status needIndices(const Rule &rule, size_t i) {
  return isIndex(rule.in[i].dtype) ? absl::OkStatus() : invalid("indices must be integers");
}

absl::Status gatherRule(Rule &rule) {
  absl::Status status = needTensors(rule);
  status = status.ok() ? needIndices(rule, 1) : status;
  const ValueType &data = rule.in[0], &indices = rule.in[1];
  if (!status.ok() || !data.ranked || !indices.ranked) {
    rule.out = {ValueType::unranked(data.dtype)};
    return status;
  }
  absl::StatusOr<int64_t> axis = wrapAxis(rule.attrs.getInt("axis", 0), data.rank());
  if (!axis.ok()) {
    return axis.status();
  }
  Shape dims(data.shape.begin(), data.shape.begin() + *axis);
  dims.insert(dims.end(), indices.shape.begin(), indices.shape.end());
  dims.insert(dims.end(), data.shape.begin() + *axis + 1, data.shape.end());
  rule.out = {ValueType::tensor(data.dtype, dims)};
  rule.call.attrs.set("axis", *axis);
  return absl::OkStatus();
}

/// Where data and indices must agree: every dim but the axis at least as large as the indices'.
static absl::Status elementwiseIndices(Rule &rule) {
  absl::Status status = needTensors(rule);
  status = status.ok() ? needIndices(rule, 1) : status;
  if (!status.ok() || !rule.in[0].ranked || !rule.in[1].ranked) {
    return status;
  }
  absl::StatusOr<int64_t> axis = wrapAxis(rule.attrs.getInt("axis", 0), rule.in[0].rank());
  if (!axis.ok() || rule.in[0].rank() != rule.in[1].rank()) {
    return axis.ok() ? invalid("data and indices differ in rank") : axis.status();
  }
  for (int64_t d = 0; d < rule.in[0].rank(); ++d) {
    const int64_t have = rule.in[0].shape[static_cast<size_t>(d)], want = rule.in[1].shape[static_cast<size_t>(d)];
    if (d != *axis && have >= 0 && want > have) {
      return invalid("the indices are larger than the data");
    }
  }
  rule.call.attrs.set("axis", *axis);
  return absl::OkStatus();
}

absl::Status gatherElementsRule(Rule &rule) {
  rule.out = {rule.in[1]};
  rule.out[0].dtype = rule.in[0].dtype;
  return elementwiseIndices(rule);
}

absl::Status scatterElementsRule(Rule &rule) {
  rule.out = {rule.in[0]};
  absl::Status status = elementwiseIndices(rule);
  const ValueType &indices = rule.in[1], &updates = rule.in[2];
  if (status.ok() && (updates.dtype != rule.in[0].dtype || (indices.isStatic() && updates.isStatic() && indices.shape != updates.shape))) {
    return invalid("updates must have the shape of the indices and the type of the data");
  }
  return status;
}

absl::Status gatherNdRule(Rule &rule) {
  absl::Status status = needTensors(rule);
  status = status.ok() ? needIndices(rule, 1) : status;
  const ValueType &data = rule.in[0], &indices = rule.in[1];
  rule.out = {ValueType::unranked(data.dtype)};
  if (!status.ok() || !data.ranked || !indices.ranked) {
    return status;
  }
  const int64_t batch = rule.attrs.getInt("batch_dims", 0), depth = indices.rank() > 0 ? indices.shape.back() : 0;
  if (indices.rank() < 1 || batch < 0 || batch >= std::min(data.rank(), indices.rank()) || depth > data.rank() - batch) {
    return invalid("the indices do not address the data");
  }
  for (int64_t d = 0; d < batch; ++d) {
    if (!dimsAgree(data.shape[static_cast<size_t>(d)], indices.shape[static_cast<size_t>(d)])) {
      return invalid("data and indices differ in a batch dim");
    }
  }
  if (depth >= 0) {
    Shape dims(indices.shape.begin(), indices.shape.end() - 1);
    dims.insert(dims.end(), data.shape.begin() + batch + depth, data.shape.end());
    rule.out = {ValueType::tensor(data.dtype, dims)};
  }
  return absl::OkStatus();
}

absl::Status scatterNdRule(Rule &rule) {
  absl::Status status = needTensors(rule);
  status = status.ok() ? needIndices(rule, 1) : status;
  const ValueType &data = rule.in[0], &indices = rule.in[1], &updates = rule.in[2];
  rule.out = {data};
  if (!status.ok() || updates.dtype != data.dtype) {
    return status.ok() ? invalid("updates must have the type of the data") : status;
  }
  if (!data.isStatic() || !indices.isStatic() || !updates.isStatic()) {
    return absl::OkStatus();
  }
  if (indices.rank() < 1 || indices.shape.back() > data.rank()) {
    return invalid("the indices do not address the data");
  }
  Shape want(indices.shape.begin(), indices.shape.end() - 1);
  want.insert(want.end(), data.shape.begin() + indices.shape.back(), data.shape.end());
  return updates.shape == want ? absl::OkStatus() : invalid("updates do not have the shape that data and indices ask for");
}

/// one_hot(indices, values) {axis}: the depth is the promised result's.
absl::Status oneHotRule(Rule &rule) {
  absl::Status status = needTensors(rule);
  if (!status.ok() || rule.declared.size() != 1 || !rule.declared[0].isStatic() || !rule.in[0].isStatic()) {
    return status.ok() ? invalid("its operand and result must have static shapes") : status;
  }
  const int64_t axis = rule.attrs.getInt("axis", 0);
  Shape dims = rule.declared[0].shape;
  if (rule.in[1].isStatic() && rule.in[1].shape != Shape{2}) {
    return invalid("values must be two");
  }
  if (axis < 0 || axis >= static_cast<int64_t>(dims.size())) {
    return invalid("axis is outside the result");
  }
  dims.erase(dims.begin() + axis);
  rule.out = {ValueType::tensor(rule.in[1].dtype, rule.declared[0].shape)};
  return dims == rule.in[0].shape ? absl::OkStatus() : invalid("the result must have the indices' dims");
}

/// one_hot_by(indices, depth, values) {axis}
absl::Status oneHotByRule(Rule &rule) {
  if (absl::Status status = needTensors(rule); !status.ok()) {
    return status;
  }
  rule.out = {ValueType::unranked(rule.in[2].dtype)};
  rule.call = {"one_hot", {}, {0, 2}};
  if (!rule.in[0].ranked) {
    return absl::OkStatus();
  }
  absl::StatusOr<int64_t> axis = wrapAxis(rule.attrs.getInt("axis", -1), rule.in[0].rank() + 1);
  if (!axis.ok() || (rule.in[2].isStatic() && rule.in[2].shape != Shape{2})) {
    return axis.ok() ? invalid("values must be two") : axis.status();
  }
  int64_t depth = kUnknownDim;
  if (rule.isKnown(1)) {
    const double given = rule.known[1]->size() == 1 && rule.in[1].dtype != DType::String ? rule.known[1]->asDouble(0) : 0;
    if (!(given >= 1) || given > 1e9) {
      return invalid("its depth must be one positive number");
    }
    depth = static_cast<int64_t>(given);
  }
  Shape dims = rule.in[0].shape;
  dims.insert(dims.begin() + *axis, depth);
  rule.out = {ValueType::tensor(rule.in[2].dtype, dims)};
  rule.call.attrs.set("axis", *axis);
  return absl::OkStatus();
}

absl::Status reverseSequenceRule(Rule &rule) {
  if (absl::Status status = sameAsFirst(rule); !status.ok() || !rule.in[0].ranked) {
    return status;
  }
  const int64_t batch = rule.attrs.getInt("batch_axis", 1), time = rule.attrs.getInt("time_axis", 0), rank = rule.in[0].rank();
  if (batch < 0 || time < 0 || batch >= rank || time >= rank || batch == time || !isIndex(rule.in[1].dtype)) {
    return invalid("batch_axis and time_axis must be different dims of x, lengths integers");
  }
  if (rule.in[1].isStatic() && rule.in[0].isStatic() && rule.in[1].shape != Shape{rule.in[0].shape[static_cast<size_t>(batch)]}) {
    return invalid("lengths must have one entry per batch");
  }
  if (rule.isKnown(1)) {
    for (int64_t length : rule.ints(1)) {
      if (length < 0 || (rule.in[0].shape[static_cast<size_t>(time)] >= 0 && length > rule.in[0].shape[static_cast<size_t>(time)])) {
        return invalid("a length is outside the time axis");
      }
    }
  }
  return absl::OkStatus();
}

} // namespace ncc::ops
