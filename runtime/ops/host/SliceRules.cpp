// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Rules of moves whose bounds are operands: slice_by, pad_by.
#include "runtime/ops/host/Rules.h"

#include <algorithm>

namespace ncc::ops {

absl::Status padRule(Rule &rule);

/// One dim of a slice: first element, count and step.
static void sliceDim(int64_t dim, int64_t start, int64_t end, int64_t step, int64_t &first, int64_t &size) {
  auto clamp = [&](int64_t at, int64_t low, int64_t high) { return std::min(std::max(at < 0 ? at + dim : at, low), high); };
  first = step > 0 ? clamp(start, 0, dim) : clamp(start, 0, dim - 1);
  int64_t last = step > 0 ? clamp(end, 0, dim) : clamp(end, -1, dim - 1);
  last = step < 0 && end < -dim ? -1 : last;
  const __int128 span = step > 0 ? static_cast<__int128>(last) - first + step - 1 : static_cast<__int128>(first) - last - step - 1;
  size = dim == 0 ? 0 : std::max<int64_t>(0, static_cast<int64_t>(span / (step > 0 ? step : -static_cast<__int128>(step))));
  first = size > 0 ? first : 0;
}

/// slice_by(x, starts, ends, axes?, steps?)
absl::Status sliceByRule(Rule &rule) {
  absl::Status status = needTensors(rule);
  for (size_t i = 1; i < 5 && status.ok(); ++i) {
    status = rule.has(i) ? needInts(rule, i, "bounds") : status;
  }
  if (!status.ok() || !rule.in[0].ranked) {
    return status.ok() ? moved(rule, std::nullopt, "slice") : status;
  }
  const int64_t rank = rule.in[0].rank();
  Shape dims = rule.in[0].shape;
  bool bounds = rule.isKnown(1) && rule.isKnown(2) && (!rule.has(4) || rule.isKnown(4));
  std::optional<int64_t> count = lengthOf(rule.in[1]);
  std::vector<int64_t> axes = rule.ints(3);
  if (rule.has(3) && !rule.isKnown(3)) {
    return moved(rule, unknownDims(rank), "slice");
  }
  for (int64_t i = 0; !rule.has(3) && i < std::min<int64_t>(count.value_or(rank), rank); ++i) {
    axes.push_back(i);
  }
  for (int64_t &axis : axes) {
    absl::StatusOr<int64_t> wrapped = wrapAxis(axis, rank);
    if (!wrapped.ok()) {
      return wrapped.status();
    }
    axis = *wrapped;
  }
  std::vector<int64_t> starts = rule.ints(1), ends = rule.ints(2), steps = rule.ints(4);
  steps.resize(rule.has(4) ? steps.size() : starts.size(), 1);
  if (bounds && (starts.size() != axes.size() || ends.size() != axes.size() || steps.size() != axes.size())) {
    return invalid("starts, ends, axes and steps differ in length");
  }
  std::vector<int64_t> offsets(static_cast<size_t>(rank), 0), strides(static_cast<size_t>(rank), 1);
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<size_t>(axes[i]);
    if (!bounds || dims[axis] < 0) {
      dims[axis] = kUnknownDim;
      continue;
    }
    if (steps[i] == 0 || steps[i] == INT64_MIN) {
      return invalid("a step must not be zero");
    }
    const int64_t dim = rule.in[0].shape[axis];
    sliceDim(dim, starts[i], ends[i], steps[i], offsets[axis], dims[axis]);
    strides[axis] = dims[axis] > 1 ? steps[i] : 1;
  }
  Attributes attrs;
  attrs.set("offsets", offsets);
  attrs.set("strides", strides);
  return moved(rule, dims, "slice", std::move(attrs));
}

/// pad_by(x, pads, value?, axes?) {mode}
absl::Status padByRule(Rule &rule) {
  absl::Status status = needTensors(rule);
  status = status.ok() ? needInts(rule, 1, "pads") : status;
  if (!status.ok() || !rule.in[0].ranked) {
    return status.ok() ? moved(rule, std::nullopt, "pad") : status;
  }
  if (rule.has(2) && rule.in[2].dtype != rule.in[0].dtype) {
    return invalid("the border's value must have the element type of x");
  }
  const int64_t rank = rule.in[0].rank();
  const bool known = rule.isKnown(1) && (!rule.has(3) || rule.isKnown(3));
  std::vector<int64_t> pads = rule.ints(1), axes = rule.ints(3);
  for (int64_t i = 0; !rule.has(3) && i < rank; ++i) {
    axes.push_back(i);
  }
  if (known && pads.size() != 2 * axes.size()) {
    return invalid(absl::StrCat("pads has ", pads.size(), " entries for ", axes.size(), " axes"));
  }
  if (!known) {
    return moved(rule, unknownDims(rank), "pad");
  }
  std::vector<int64_t> low(static_cast<size_t>(rank), 0), high(low);
  for (size_t i = 0; i < axes.size(); ++i) {
    absl::StatusOr<int64_t> axis = wrapAxis(axes[i], rank);
    if (!axis.ok()) {
      return axis.status();
    }
    low[static_cast<size_t>(*axis)] = pads[i];
    high[static_cast<size_t>(*axis)] = pads[i + axes.size()];
  }
  rule.call = {"pad", {}, {0}};
  rule.call.attrs.set("low", low);
  rule.call.attrs.set("high", high);
  rule.call.attrs.set("mode", rule.attrs.getString("mode", "constant"));
  if (rule.has(2) && rule.isKnown(2) && rule.known[2]->size() == 1 && rule.in[2].dtype != DType::String) {
    if (isInteger(rule.in[2].dtype)) {
      rule.call.attrs.set("value_int", rule.known[2]->asInt(0));
    } else {
      rule.call.attrs.set("value", rule.known[2]->asDouble(0));
      rule.call.attrs.set("value_imaginary", rule.known[2]->imaginary(0));
    }
  }
  return padRule(rule);
}

} // namespace ncc::ops
