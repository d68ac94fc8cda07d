// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The rule of resize_by: sizes, scales and region of interest as operands.
#include "runtime/ops/host/Rules.h"

#include <algorithm>
#include <cmath>

namespace ncc::ops {

//===--- resize_by(x, roi?, scales?, sizes?) {axes, mode, ...} ---===//

namespace {

struct ResizePlan {
  std::vector<int64_t> axes;
  Shape sizes;
  std::vector<double> scales;
};

/// What keep_aspect_ratio_policy makes of the wanted sizes.
void keepAspect(const std::string &policy, const Shape &dims, ResizePlan &plan) {
  if (policy == "stretch" || plan.axes.empty()) {
    return;
  }
  double chosen = plan.scales[static_cast<size_t>(plan.axes[0])];
  for (int64_t axis : plan.axes) {
    const double scale = plan.scales[static_cast<size_t>(axis)];
    chosen = policy == "not_larger" ? std::min(chosen, scale) : std::max(chosen, scale);
  }
  for (int64_t axis : plan.axes) {
    const auto d = static_cast<size_t>(axis);
    plan.scales[d] = chosen;
    plan.sizes[d] = static_cast<int64_t>(std::floor(chosen * static_cast<double>(dims[d]) + 0.5));
  }
}

absl::Status planSizes(const Rule &rule, const Shape &dims, ResizePlan &plan) {
  const bool bySizes = rule.has(3) && rule.known[3]->size() > 0;
  const Tensor *given = bySizes ? rule.known[3] : rule.has(2) ? rule.known[2] : nullptr;
  if (!given || given->size() != static_cast<int64_t>(plan.axes.size()) || given->dtype() == DType::String) {
    return invalid("scales or sizes must have one entry per resized dim");
  }
  for (size_t i = 0; i < plan.axes.size(); ++i) {
    const auto axis = static_cast<size_t>(plan.axes[i]);
    const double want = given->asDouble(static_cast<int64_t>(i));
    if (!(want > 0) || !(want < 1e9) || (bySizes && dims[axis] < 1)) {
      return invalid("scales and sizes must be positive");
    }
    plan.scales[axis] = bySizes ? want / static_cast<double>(dims[axis]) : want;
    plan.sizes[axis] = static_cast<int64_t>(bySizes ? want : std::floor(static_cast<double>(dims[axis]) * want));
  }
  if (bySizes) {
    keepAspect(rule.attrs.getString("keep_aspect_ratio_policy", "stretch"), dims, plan);
  }
  return absl::OkStatus();
}

} // namespace

absl::Status resizeByRule(Rule &rule) {
  if (absl::Status status = sameAsFirst(rule); !status.ok() || !rule.in[0].ranked) {
    return status;
  }
  const Shape dims = rule.in[0].shape;
  rule.out[0].shape = unknownDims(rule.in[0].rank());
  for (size_t i = 1; i < 4; ++i) {
    if (rule.has(i) && !rule.isKnown(i)) {
      return absl::OkStatus();
    }
  }
  if (!allKnown(dims)) {
    return absl::OkStatus();
  }
  ResizePlan plan{rule.attrs.getInts("axes"), dims, std::vector<double>(dims.size(), 1.0)};
  for (size_t i = 0; !rule.attrs.find("axes") && i < dims.size(); ++i) {
    plan.axes.push_back(static_cast<int64_t>(i));
  }
  for (int64_t &axis : plan.axes) {
    absl::StatusOr<int64_t> wrapped = wrapAxis(axis, rule.in[0].rank());
    if (!wrapped.ok()) {
      return wrapped.status();
    }
    axis = *wrapped;
  }
  if (absl::Status status = planSizes(rule, dims, plan); !status.ok()) {
    return status;
  }
  std::vector<double> roi;
  if (rule.attrs.getString("coordinate_mode", "") == "tf_crop_and_resize") {
    const Tensor *given = rule.has(1) ? rule.known[1] : nullptr;
    if (!given || given->size() != 2 * static_cast<int64_t>(plan.axes.size()) || given->dtype() == DType::String) {
      return invalid("roi must have two entries per resized dim");
    }
    roi.assign(2 * dims.size(), 0.0);
    std::fill(roi.begin() + static_cast<std::ptrdiff_t>(dims.size()), roi.end(), 1.0);
    for (size_t i = 0; i < plan.axes.size(); ++i) {
      roi[static_cast<size_t>(plan.axes[i])] = given->asDouble(static_cast<int64_t>(i));
      roi[static_cast<size_t>(plan.axes[i]) + dims.size()] = given->asDouble(static_cast<int64_t>(i + plan.axes.size()));
    }
  }
  rule.out[0].shape = plan.sizes;
  rule.call.kernel = "resize";
  rule.call.operands = {0};
  rule.call.attrs.set("scales", plan.scales);
  rule.call.attrs.set("roi", roi);
  return absl::OkStatus();
}

} // namespace ncc::ops
