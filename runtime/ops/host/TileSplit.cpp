// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// tile_by and split_by.
#include "runtime/ops/Support.h"
#include "runtime/ops/host/Rules.h"

#include <algorithm>

namespace ncc::ops {

//===--- tile_by(x, repeats) ---===//

absl::Status tileByRule(Rule &rule) {
  if (absl::Status status = sameAsFirst(rule); !status.ok() || !rule.in[0].ranked) {
    return status;
  }
  std::vector<int64_t> repeats = rule.ints(1);
  if (!isIndex(rule.in[1].dtype) || (rule.isKnown(1) && static_cast<int64_t>(repeats.size()) != rule.in[0].rank())) {
    return invalid("repeats must have one entry per dim");
  }
  for (size_t i = 0; i < rule.out[0].shape.size(); ++i) {
    int64_t &dim = rule.out[0].shape[i];
    if (rule.isKnown(1) && repeats[i] < 0) {
      return invalid("repeats holds a negative count");
    }
    dim = !rule.isKnown(1) || dim < 0 || __builtin_mul_overflow(dim, repeats[i], &dim) ? kUnknownDim : dim;
  }
  return absl::OkStatus();
}

absl::Status tileByRun(HostCall &call) {
  absl::StatusOr<std::vector<ValueType>> types = typesOf("tile_by", call);
  absl::StatusOr<Tensor> out = types.ok() ? allocateTensor((*types)[0].dtype, (*types)[0].shape) : types.status();
  if (!out.ok()) {
    return out.status();
  }
  const Tensor &x = call.tensor(0);
  if (absl::Status status = charactersFit(x, out->size()); !status.ok()) {
    return status;
  }
  const int64_t rank = x.rank(), row = rank ? x.shape()[rank - 1] : 1;
  if (rank == 0 || out->size() == 0) {
    copyRun(x, 0, *out, 0, out->size());
    call.out = {*out};
    return absl::OkStatus();
  }
  Shape strides = stridesOf(x.shape()), own = stridesOf(out->shape());
  for (int64_t at = 0; at < out->size(); at += row) { // one run of x's innermost dim at a time
    int64_t from = 0;
    for (int64_t d = 0; d + 1 < rank; ++d) {
      from += at / own[d] % out->shape()[d] % x.shape()[d] * strides[d];
    }
    copyRun(x, from, *out, at, row);
  }
  call.out = {*out};
  return absl::OkStatus();
}

//===--- split_by(x, sizes?) {axis, parts} ---===//

absl::Status splitByRule(Rule &rule) {
  if (absl::Status status = needTensors(rule); !status.ok()) {
    return status;
  }
  std::vector<int64_t> sizes = rule.ints(1);
  const int64_t parts = rule.attrs.getInt("parts", static_cast<int64_t>(rule.declared.size()));
  if (parts < 1 || parts > 65536 || (rule.has(1) && !isIndex(rule.in[1].dtype))) {
    return invalid("the number of parts is not valid");
  }
  rule.out.assign(static_cast<size_t>(parts), rule.in[0]);
  if (!rule.in[0].ranked) {
    return absl::OkStatus();
  }
  absl::StatusOr<int64_t> axis = wrapAxis(rule.attrs.getInt("axis", 0), rule.in[0].rank());
  if (!axis.ok()) {
    return axis.status();
  }
  const int64_t dim = rule.in[0].shape[static_cast<size_t>(*axis)], each = dim < 0 ? kUnknownDim : (dim + parts - 1) / parts;
  if (rule.isKnown(1) && static_cast<int64_t>(sizes.size()) != parts) {
    return invalid(absl::StrCat(sizes.size(), " sizes for ", parts, " parts"));
  }
  int64_t sum = 0;
  for (int64_t i = 0; i < parts; ++i) {
    int64_t size = rule.has(1) || dim < 0 ? kUnknownDim : std::clamp<int64_t>(dim - i * each, 0, each);
    size = rule.isKnown(1) ? sizes[static_cast<size_t>(i)] : size;
    if (rule.isKnown(1) && (size < 0 || (dim >= 0 && size > dim - sum))) {
      return invalid(absl::StrCat("the parts exceed an axis of size ", dim));
    }
    sum += size;
    rule.out[static_cast<size_t>(i)].shape[static_cast<size_t>(*axis)] = size;
  }
  return rule.isKnown(1) && dim >= 0 && sum != dim ? invalid("the parts do not cover the axis") : absl::OkStatus();
}

absl::Status splitByRun(HostCall &call) {
  absl::StatusOr<std::vector<ValueType>> types = typesOf("split_by", call);
  if (!types.ok()) {
    return types.status();
  }
  const Tensor &x = call.tensor(0);
  const int64_t axis = *wrapAxis(call.attrs.getInt("axis", 0), x.rank());
  AxisView whole = axisView(x.shape(), axis);
  int64_t begin = 0;
  for (const ValueType &type : *types) {
    absl::StatusOr<Tensor> part = allocateTensor(type.dtype, type.shape);
    if (!part.ok()) {
      return part.status();
    }
    const int64_t size = type.shape[static_cast<size_t>(axis)], run = size * whole.inner;
    for (int64_t o = 0; o < whole.outer; ++o) {
      copyRun(x, (o * whole.size + begin) * whole.inner, *part, o * run, run);
    }
    begin += size;
    call.out.emplace_back(*std::move(part));
  }
  return absl::OkStatus();
}

} // namespace ncc::ops
