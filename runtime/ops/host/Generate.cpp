// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Generators: range, fill; and triangle, which keeps one half of a matrix.
#include "runtime/ops/host/Rules.h"
#include "runtime/ops/host/Tables.h"

#include <algorithm>
#include <cmath>

namespace ncc::ops {

//===--- range(start, limit, delta) ---===//

absl::Status rangeRule(Rule &rule) {
  if (absl::Status status = needOneType(rule); !status.ok()) {
    return status;
  }
  rule.out = {ValueType::tensor(rule.in[0].dtype, {kUnknownDim})};
  return rule.in[0].dtype == DType::String ? invalid("needs numbers") : absl::OkStatus();
}

absl::StatusOr<int64_t> rangeLength(const Tensor &start, const Tensor &limit, const Tensor &delta) {
  for (const Tensor *x : {&start, &limit, &delta}) {
    if (x->size() != 1 || x->dtype() != start.dtype() || x->dtype() == DType::String) {
      return invalid("start, limit and delta must be one number each");
    }
  }
  constexpr int64_t kMost = int64_t{1} << 42;
  if (isFloat(start.dtype())) {
    const double steps = std::ceil((limit.asDouble(0) - start.asDouble(0)) / delta.asDouble(0));
    if (delta.asDouble(0) == 0 || !(steps < 1e12)) {
      return invalid("the range has no end");
    }
    return steps <= 0 ? 0 : static_cast<int64_t>(steps);
  }
  const __int128 span = static_cast<__int128>(limit.asInt(0)) - start.asInt(0), step = delta.asInt(0);
  if (step == 0) {
    return invalid("delta must not be zero");
  }
  const __int128 steps = (span + (step > 0 ? step - 1 : step + 1)) / step;
  return static_cast<int64_t>(std::clamp<__int128>(steps, 0, kMost));
}

absl::StatusOr<Tensor> rangeOf(const Tensor &start, const Tensor &limit, const Tensor &delta) {
  absl::StatusOr<int64_t> length = rangeLength(start, limit, delta);
  if (!length.ok()) {
    return length.status();
  }
  const int64_t count = *length;
  absl::StatusOr<Tensor> out = allocateTensor(start.dtype(), {count});
  for (int64_t i = 0; out.ok() && i < count; ++i) {
    if (isFloat(start.dtype())) {
      out->setDouble(i, start.asDouble(0) + static_cast<double>(i) * delta.asDouble(0));
    } else {
      out->setInt(i, static_cast<int64_t>(static_cast<uint64_t>(start.asInt(0)) + static_cast<uint64_t>(i) * static_cast<uint64_t>(delta.asInt(0))));
    }
  }
  return out;
}

absl::Status rangeRun(HostCall &call) {
  if (!call.in[0].isTensor() || !call.in[1].isTensor() || !call.in[2].isTensor()) {
    return invalid("start, limit and delta must be one number each");
  }
  absl::StatusOr<Tensor> out = rangeOf(call.tensor(0), call.tensor(1), call.tensor(2));
  if (out.ok()) {
    call.out = {*out};
  }
  return out.status();
}

//===--- fill(shape, value?) ---===//

absl::Status fillRule(Rule &rule) {
  if (absl::Status status = needTensors(rule); !status.ok()) {
    return status;
  }
  if (!isIndex(rule.in[0].dtype)) {
    return invalid("its shape must be integers");
  }
  MaybeShape shape;
  if (rule.isKnown(0)) {
    std::vector<int64_t> dims = rule.ints(0);
    shape = Shape(dims.begin(), dims.end());
  } else if (rule.in[0].ranked && rule.in[0].rank() == 1 && rule.in[0].shape[0] >= 0 && rule.in[0].shape[0] <= 32) {
    shape = unknownDims(rule.in[0].shape[0]);
  }
  rule.out = {tensorOf(rule.has(1) ? rule.in[1].dtype : DType::F32, shape)};
  return absl::OkStatus();
}

absl::Status fillRun(HostCall &call) {
  if (!call.in[0].isTensor() || !isIndex(call.tensor(0).dtype()) || (call.has(1) && (!call.in[1].isTensor() || call.tensor(1).size() != 1))) {
    return invalid("needs a shape and one value");
  }
  Shape shape;
  for (int64_t i = 0; i < call.tensor(0).size(); ++i) {
    shape.push_back(call.tensor(0).asInt(i));
  }
  absl::StatusOr<Tensor> out = allocateTensor(call.has(1) ? call.tensor(1).dtype() : DType::F32, shape);
  for (int64_t i = 0; out.ok() && call.has(1) && i < out->size(); ++i) {
    copyRun(call.tensor(1), 0, *out, i, 1);
  }
  if (out.ok()) {
    call.out = {*out};
  }
  return out.status();
}

//===--- triangle(x, k?) {upper} ---===//

absl::Status triangleRule(Rule &rule) {
  absl::Status status = sameAsFirst(rule);
  return status.ok() && rule.in[0].ranked && rule.in[0].rank() < 2 ? invalid("needs at least a matrix") : status;
}

absl::Status triangleRun(HostCall &call) {
  if (!call.in[0].isTensor() || call.tensor(0).rank() < 2 || call.tensor(0).dtype() == DType::String ||
      (call.has(1) && (!call.in[1].isTensor() || call.tensor(1).size() != 1))) {
    return invalid("needs at least a matrix, and one integer");
  }
  const Tensor &x = call.tensor(0);
  const int64_t k = call.has(1) ? call.tensor(1).asInt(0) : 0, rows = x.shape()[x.rank() - 2], columns = x.shape()[x.rank() - 1];
  const bool upper = call.attrs.getInt("upper", 1) != 0;
  absl::StatusOr<Tensor> out = allocateTensor(x.dtype(), x.shape());
  for (int64_t at = 0; out.ok() && at < x.size(); ++at) {
    const int64_t i = at / columns % rows, j = at % columns;
    if (upper ? j - i >= k : j - i <= k) {
      copyRun(x, at, *out, at, 1);
    }
  }
  if (out.ok()) {
    call.out = {*out};
  }
  return out.status();
}

} // namespace ncc::ops
