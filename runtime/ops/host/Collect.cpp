// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "runtime/ops/host/Collect.h"

#include "runtime/ops/Support.h"
#include "runtime/ops/host/Rules.h"

namespace ncc::ops {

absl::StatusOr<Tensor> sliceOf(const Tensor &tensor, int64_t axis, int64_t at) {
  absl::StatusOr<int64_t> where = wrapAxis(axis, tensor.rank());
  if (!where.ok()) {
    return where.status();
  }
  Shape shape = tensor.shape();
  shape.erase(shape.begin() + *where);
  AxisView view = axisView(tensor.shape(), *where);
  absl::StatusOr<Tensor> out = allocateTensor(tensor.dtype(), shape);
  for (int64_t o = 0; out.ok() && o < view.outer; ++o) {
    copyRun(tensor, (o * view.size + at) * view.inner, *out, o * view.inner, view.inner);
  }
  return out;
}

absl::StatusOr<Tensor> stackOf(absl::Span<const Tensor> steps, int64_t axis, bool reverse, const ValueType &declared) {
  Shape shape;
  DType dtype = declared.dtype;
  const auto count = static_cast<int64_t>(steps.size());
  if (!steps.empty()) {
    shape = steps[0].shape();
    dtype = steps[0].dtype();
    for (const Tensor &step : steps) {
      if (step.shape() != shape || step.dtype() != dtype) {
        return absl::InvalidArgumentError("a result collected by a loop changes its shape from " + shapeString(shape) + " to " + shapeString(step.shape()));
      }
    }
  } else if (declared.ranked && declared.rank() > 0) {
    absl::StatusOr<int64_t> at = wrapAxis(axis, declared.rank());
    for (int64_t d = 0; at.ok() && d < declared.rank(); ++d) {
      if (d != *at) {
        shape.push_back(std::max<int64_t>(declared.shape[static_cast<size_t>(d)], 0));
      }
    }
  }
  absl::StatusOr<int64_t> where = wrapAxis(axis, static_cast<int64_t>(shape.size()) + 1);
  if (!where.ok()) {
    return where.status();
  }
  shape.insert(shape.begin() + *where, count);
  absl::StatusOr<Tensor> out = allocateTensor(dtype, shape);
  if (!out.ok()) {
    return out.status();
  }
  AxisView view = axisView(shape, *where);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t to = reverse ? count - 1 - i : i;
    for (int64_t o = 0; o < view.outer; ++o) {
      copyRun(steps[static_cast<size_t>(i)], o * view.inner, *out, (o * count + to) * view.inner, view.inner);
    }
  }
  return out;
}

} // namespace ncc::ops
