// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Rules of what combines elements along axes, and of matrix products.
#include "runtime/ops/host/Rules.h"

#include <algorithm>

namespace ncc::ops {

static absl::Status needNumbers(const Rule &rule) {
  return rule.in[0].isTensor() && rule.in[0].dtype != DType::String ? needTensors(rule) : invalid("needs numbers");
}

/// x without the axes, or with ones in their place. An empty list stands for all dims, if `emptyIsAll`.
static absl::Status reduced(Rule &rule, std::optional<std::vector<int64_t>> axes, bool emptyIsAll) {
  const ValueType &x = rule.in[0];
  const bool keep = rule.attrs.getInt("keepdims", 1) != 0;
  rule.call.kernel = "reduce";
  rule.call.operands = {0};
  if (!x.ranked || !axes) {
    rule.out = {tensorOf(x.dtype, x.ranked && keep ? MaybeShape(unknownDims(x.rank())) : std::nullopt)};
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<int64_t>> wrapped = wrapAxes(*axes, x.rank());
  if (!wrapped.ok()) {
    return wrapped.status();
  }
  for (int64_t i = 0; axes->empty() && emptyIsAll && i < x.rank(); ++i) {
    wrapped->push_back(i);
  }
  Shape dims;
  for (int64_t i = 0; i < x.rank(); ++i) {
    if (!std::binary_search(wrapped->begin(), wrapped->end(), i)) {
      dims.push_back(x.shape[static_cast<size_t>(i)]);
    } else if (keep) {
      dims.push_back(1);
    }
  }
  rule.out = {ValueType::tensor(x.dtype, dims)};
  rule.call.attrs.set("axes", *wrapped);
  return absl::OkStatus();
}

absl::Status reduceRule(Rule &rule) {
  if (absl::Status status = needNumbers(rule); !status.ok()) {
    return status;
  }
  return reduced(rule, rule.attrs.getInts("axes"), false);
}

/// reduce_by(x, axes?) {kind, keepdims, noop_with_empty_axes}
absl::Status reduceByRule(Rule &rule) {
  if (absl::Status status = needNumbers(rule); !status.ok()) {
    return status;
  }
  if (rule.has(1) && !isIndex(rule.in[1].dtype)) {
    return invalid("axes must be integers");
  }
  std::optional<std::vector<int64_t>> axes = rule.attrs.getInts("axes");
  if (rule.has(1)) {
    axes = rule.isKnown(1) ? std::optional(rule.ints(1)) : std::nullopt;
  }
  return reduced(rule, axes, rule.attrs.getInt("noop_with_empty_axes", 0) == 0);
}

absl::Status argReduceRule(Rule &rule) {
  if (absl::Status status = needNumbers(rule); !status.ok()) {
    return status;
  }
  const ValueType &x = rule.in[0];
  rule.out = {ValueType::unranked(DType::I64)};
  if (!x.ranked) {
    return absl::OkStatus();
  }
  absl::StatusOr<int64_t> axis = wrapAxis(rule.attrs.getInt("axis", 0), x.rank());
  if (!axis.ok()) {
    return axis.status();
  }
  Shape dims = x.shape;
  dims[static_cast<size_t>(*axis)] = 1;
  if (rule.attrs.getInt("keepdims", 1) == 0) {
    dims.erase(dims.begin() + *axis);
  }
  rule.out = {ValueType::tensor(DType::I64, dims)};
  rule.call.attrs.set("axis", *axis);
  return absl::OkStatus();
}

/// cumsum(x) {axis, ...}; cumsum_by(x, axis)
static absl::Status cumulative(Rule &rule, std::optional<int64_t> axis) {
  rule.out = {rule.in[0]};
  rule.call.kernel = "cumsum";
  rule.call.operands = {0};
  if (!axis || !rule.in[0].ranked) {
    return absl::OkStatus();
  }
  absl::StatusOr<int64_t> wrapped = wrapAxis(*axis, rule.in[0].rank());
  rule.call.attrs.set("axis", wrapped.ok() ? *wrapped : 0);
  return wrapped.status();
}

absl::Status cumsumRule(Rule &rule) {
  absl::Status status = needNumbers(rule);
  return status.ok() ? cumulative(rule, rule.attrs.getInt("axis", 0)) : status;
}

absl::Status cumsumByRule(Rule &rule) {
  if (absl::Status status = needNumbers(rule); !status.ok()) {
    return status;
  }
  if (!isIndex(rule.in[1].dtype) || (rule.isKnown(1) && rule.known[1]->size() != 1)) {
    return invalid("axis must be one integer");
  }
  return cumulative(rule, rule.isKnown(1) ? std::optional(rule.ints(1)[0]) : std::nullopt);
}

static absl::Status top(Rule &rule, std::optional<int64_t> k) {
  const ValueType &x = rule.in[0];
  rule.out = {x, x};
  rule.out[1].dtype = DType::I64;
  rule.call.kernel = "topk";
  rule.call.operands = {0};
  if (!x.ranked) {
    return absl::OkStatus();
  }
  absl::StatusOr<int64_t> axis = wrapAxis(rule.attrs.getInt("axis", -1), x.rank());
  if (!axis.ok()) {
    return axis.status();
  }
  const int64_t size = x.shape[static_cast<size_t>(*axis)];
  if (k && (*k < 0 || (size >= 0 && *k > size))) {
    return invalid(absl::StrCat("k = ", *k, " is not between 0 and ", size));
  }
  for (ValueType &out : rule.out) {
    out.shape[static_cast<size_t>(*axis)] = k.value_or(kUnknownDim);
  }
  rule.call.attrs.set("axis", *axis);
  rule.call.attrs.set("k", k.value_or(0));
  return absl::OkStatus();
}

absl::Status topkRule(Rule &rule) {
  absl::Status status = needNumbers(rule);
  return status.ok() ? top(rule, rule.attrs.getInt("k", 1)) : status;
}

absl::Status topkByRule(Rule &rule) {
  if (absl::Status status = needNumbers(rule); !status.ok()) {
    return status;
  }
  if (!isIndex(rule.in[1].dtype) || (rule.isKnown(1) && rule.known[1]->size() != 1)) {
    return invalid("k must be one integer");
  }
  return top(rule, rule.isKnown(1) ? std::optional(rule.ints(1)[0]) : std::nullopt);
}

absl::Status matmulRule(Rule &rule) {
  absl::Status status = needNumbers(rule);
  const ValueType &a = rule.in[0], &b = rule.in[1];
  const bool bytes = dtypeSize(a.dtype) == 1 && isInteger(a.dtype);
  if (!status.ok() || (a.dtype != b.dtype && !(bytes && dtypeSize(b.dtype) == 1 && isInteger(b.dtype)))) {
    return status.ok() ? invalid("operands differ in element type") : status;
  }
  const DType type = bytes ? DType::I32 : a.dtype;
  if (!a.ranked || !b.ranked) {
    rule.out = {ValueType::unranked(type)};
    return absl::OkStatus();
  }
  if (a.rank() < 1 || b.rank() < 1) {
    return invalid("operands must not be scalars");
  }
  const bool rowA = a.rank() == 1, columnB = b.rank() == 1;
  const bool flipA = !rowA && rule.attrs.getInt("transpose_a", 0) != 0, flipB = !columnB && rule.attrs.getInt("transpose_b", 0) != 0;
  const auto ra = static_cast<size_t>(a.rank()), rb = static_cast<size_t>(b.rank());
  const int64_t m = rowA ? 1 : a.shape[flipA ? ra - 1 : ra - 2], ka = rowA ? a.shape[0] : a.shape[flipA ? ra - 2 : ra - 1];
  const int64_t n = columnB ? 1 : b.shape[flipB ? rb - 2 : rb - 1], kb = columnB ? b.shape[0] : b.shape[flipB ? rb - 1 : rb - 2];
  if (!dimsAgree(ka, kb)) {
    return invalid(absl::StrCat("inner dims ", ka, " and ", kb, " differ"));
  }
  absl::StatusOr<Shape> batch = broadcast(rowA ? Shape{} : Shape(a.shape.begin(), a.shape.end() - 2),
                                          columnB ? Shape{} : Shape(b.shape.begin(), b.shape.end() - 2));
  if (!batch.ok()) {
    return batch.status();
  }
  if (!rowA) {
    batch->push_back(m);
  }
  if (!columnB) {
    batch->push_back(n);
  }
  rule.out = {ValueType::tensor(type, *batch)};
  return absl::OkStatus();
}

} // namespace ncc::ops
