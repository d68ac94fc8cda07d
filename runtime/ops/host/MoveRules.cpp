// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Rules of what moves elements, in the forms of the graph dialect's ops.
#include "runtime/ops/host/Rules.h"

#include <algorithm>

namespace ncc::ops {

absl::Status reshapeRule(Rule &rule) {
  if (absl::Status status = needTensors(rule); !status.ok()) {
    return status;
  }
  if (rule.declared.size() != 1 || !rule.declared[0].isStatic()) {
    return invalid("its result must have a static shape");
  }
  absl::StatusOr<int64_t> have = rule.in[0].ranked ? countOf(rule.in[0].shape) : kUnknownDim, want = countOf(rule.declared[0].shape);
  if (!have.ok() || !want.ok() || !dimsAgree(*have, *want)) {
    return invalid("must keep the number of elements");
  }
  rule.out = {ValueType::tensor(rule.in[0].dtype, rule.declared[0].shape)};
  return absl::OkStatus();
}

absl::Status expandRule(Rule &rule) {
  if (absl::Status status = needTensors(rule); !status.ok()) {
    return status;
  }
  if (rule.declared.size() != 1 || !rule.declared[0].isStatic()) {
    return invalid("its result must have a static shape");
  }
  if (rule.in[0].ranked) {
    absl::StatusOr<Shape> joined = broadcast(rule.in[0].shape, rule.declared[0].shape);
    if (!joined.ok() || *joined != rule.declared[0].shape) {
      return invalid("the input does not broadcast to the shape");
    }
  }
  rule.out = {ValueType::tensor(rule.in[0].dtype, rule.declared[0].shape)};
  return absl::OkStatus();
}

absl::Status sliceRule(Rule &rule) {
  std::vector<int64_t> offsets = rule.attrs.getInts("offsets"), strides = rule.attrs.getInts("strides");
  if (absl::Status status = needTensors(rule); !status.ok()) {
    return status;
  }
  if (rule.declared.size() != 1 || !rule.declared[0].isStatic() || !rule.in[0].isStatic()) {
    return invalid("its operand and result must have static shapes");
  }
  const Shape &x = rule.in[0].shape, &out = rule.declared[0].shape;
  if (offsets.size() != x.size() || strides.size() != x.size() || out.size() != x.size()) {
    return invalid("offsets, strides and result must have the rank of x");
  }
  for (size_t i = 0; i < x.size(); ++i) {
    const __int128 last = offsets[i] + static_cast<__int128>(out[i] - 1) * strides[i];
    if (out[i] > 0 && (offsets[i] < 0 || offsets[i] >= x[i] || last < 0 || last >= x[i])) {
      return invalid(absl::StrCat("reads outside dim ", i, " of size ", x[i]));
    }
    offsets[i] = out[i] > 0 ? offsets[i] : 0; // what no element is read by is no number to compute with
    strides[i] = out[i] > 1 ? strides[i] : 1;
  }
  rule.call.attrs.set("offsets", offsets);
  rule.call.attrs.set("strides", strides);
  rule.out = {ValueType::tensor(rule.in[0].dtype, out)};
  return absl::OkStatus();
}

absl::Status transposeRule(Rule &rule) {
  if (absl::Status status = sameAsFirst(rule); !status.ok() || !rule.in[0].ranked) {
    return status;
  }
  std::vector<int64_t> perm = rule.attrs.getInts("perm");
  const int64_t rank = rule.in[0].rank();
  if (perm.empty()) {
    for (int64_t i = rank - 1; i >= 0; --i) {
      perm.push_back(i);
    }
  }
  absl::StatusOr<std::vector<int64_t>> sorted = wrapAxes(perm, rank);
  if (!sorted.ok() || static_cast<int64_t>(perm.size()) != rank) {
    return invalid(absl::StrCat("perm is not a permutation of ", rank, " dims"));
  }
  for (size_t i = 0; i < perm.size(); ++i) {
    perm[i] = perm[i] < 0 ? perm[i] + rank : perm[i];
    rule.out[0].shape[i] = rule.in[0].shape[static_cast<size_t>(perm[i])];
  }
  rule.call.attrs.set("perm", perm);
  return absl::OkStatus();
}

absl::Status concatRule(Rule &rule) {
  if (absl::Status status = needOneType(rule); !status.ok()) {
    return status;
  }
  for (size_t i = 0; i < rule.in.size(); ++i) {
    if (!rule.has(i)) {
      return invalid("an operand is missing");
    }
    if (!rule.in[i].ranked) {
      rule.out = {ValueType::unranked(rule.in[0].dtype)};
      return absl::OkStatus();
    }
  }
  absl::StatusOr<int64_t> axis = wrapAxis(rule.attrs.getInt("axis", 0), rule.in[0].rank());
  if (!axis.ok()) {
    return axis.status();
  }
  Shape dims = rule.in[0].shape;
  const auto along = static_cast<size_t>(*axis);
  for (size_t i = 1; i < rule.in.size(); ++i) {
    const Shape &other = rule.in[i].shape;
    for (size_t d = 0; d < dims.size(); ++d) {
      if (other.size() != dims.size() || (d != along && !dimsAgree(dims[d], other[d]))) {
        return invalid(absl::StrCat("operands of shapes ", shapeString(dims), " and ", shapeString(other), " cannot be joined along axis ", *axis));
      }
      if (d != along || dims[d] < 0 || other[d] < 0) {
        dims[d] = d == along ? kUnknownDim : knownDim(dims[d], other[d]);
      } else if (__builtin_add_overflow(dims[d], other[d], &dims[d])) {
        return invalid("the joined dim is too large");
      }
    }
  }
  rule.out = {ValueType::tensor(rule.in[0].dtype, dims)};
  rule.call.attrs.set("axis", *axis);
  return absl::OkStatus();
}

absl::Status padRule(Rule &rule) {
  if (absl::Status status = sameAsFirst(rule); !status.ok() || !rule.in[0].ranked) {
    return status;
  }
  std::vector<int64_t> low = rule.call.attrs.getInts("low"), high = rule.call.attrs.getInts("high");
  Shape &dims = rule.out[0].shape;
  if (low.size() != dims.size() || high.size() != dims.size()) {
    return invalid("pads do not match the rank");
  }
  const std::string mode = rule.call.attrs.getString("mode", "constant");
  for (size_t i = 0; i < dims.size(); ++i) {
    constexpr int64_t kMostPad = int64_t{1} << 40;
    if (low[i] < -kMostPad || low[i] > kMostPad || high[i] < -kMostPad || high[i] > kMostPad) {
      return invalid("a pad is out of range");
    }
    const int64_t size = dims[i];
    dims[i] = size < 0 ? kUnknownDim : size + low[i] + high[i];
    if (size >= 0 && (dims[i] < 0 || (mode != "constant" && size == 0 && dims[i] > 0))) {
      return invalid("cropping removes more than there is, or the border of an empty dim would be repeated");
    }
  }
  return absl::OkStatus();
}

} // namespace ncc::ops
