// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// non_max_suppression: boxes that do not overlap better ones.
#include "runtime/ops/host/Rules.h"

#include <algorithm>

namespace ncc::ops {

//===--- non_max_suppression(boxes, scores, most per class?, iou?, score?) {center_point_box} ---===//

absl::Status nonMaxSuppressionRule(Rule &rule) {
  rule.out = {ValueType::tensor(DType::I64, {kUnknownDim, 3})};
  return needTensors(rule);
}

namespace {

struct Box {
  double y1, x1, y2, x2;
  double area() const { return (y2 - y1) * (x2 - x1); }
};

Box boxAt(const Tensor &boxes, int64_t at, bool center) {
  const double a = boxes.asDouble(at), b = boxes.asDouble(at + 1), c = boxes.asDouble(at + 2), d = boxes.asDouble(at + 3);
  if (center) { // x, y, width, height
    return {b - d / 2, a - c / 2, b + d / 2, a + c / 2};
  }
  return {std::min(a, c), std::min(b, d), std::max(a, c), std::max(b, d)};
}

double overlap(const Box &a, const Box &b) {
  const double height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1), width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  if (height <= 0 || width <= 0) {
    return 0;
  }
  const double both = height * width, either = a.area() + b.area() - both;
  return either > 0 ? both / either : 0;
}

} // namespace

absl::Status nonMaxSuppressionRun(HostCall &call) {
  for (size_t i = 0; i < call.in.size(); ++i) {
    if (call.has(i) && (!call.in[i].isTensor() || call.tensor(i).dtype() == DType::String || (i > 1 && call.tensor(i).size() != 1))) {
      return invalid(absl::StrCat("operand ", i, " is not what it should be"));
    }
  }
  const Tensor &boxes = call.tensor(0), &scores = call.tensor(1);
  if (boxes.rank() != 3 || scores.rank() != 3 || boxes.shape()[2] != 4 || boxes.shape()[0] != scores.shape()[0] ||
      boxes.shape()[1] != scores.shape()[2]) {
    return invalid("boxes must be [batches, n, 4], scores [batches, classes, n]");
  }
  const int64_t most = call.has(2) ? call.tensor(2).asInt(0) : 0, n = boxes.shape()[1], classes = scores.shape()[1];
  const double iou = call.has(3) ? call.tensor(3).asDouble(0) : 0;
  const bool center = call.attrs.getInt("center_point_box", 0) != 0;
  std::vector<int64_t> chosen;
  for (int64_t pair = 0; pair < boxes.shape()[0] * classes; ++pair) {
    const int64_t batch = pair / classes;
    std::vector<int64_t> order;
    for (int64_t i = 0; i < n; ++i) {
      if (!call.has(4) || scores.asDouble(pair * n + i) > call.tensor(4).asDouble(0)) {
        order.push_back(i);
      }
    }
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return scores.asDouble(pair * n + a) > scores.asDouble(pair * n + b); });
    std::vector<Box> kept;
    for (int64_t i : order) {
      if (static_cast<int64_t>(kept.size()) >= most) {
        break;
      }
      Box box = boxAt(boxes, (batch * n + i) * 4, center);
      if (std::none_of(kept.begin(), kept.end(), [&](const Box &other) { return overlap(box, other) > iou; })) {
        kept.push_back(box);
        chosen.insert(chosen.end(), {batch, pair % classes, i});
      }
    }
  }
  call.out = {listOf(chosen).reshaped({static_cast<int64_t>(chosen.size()) / 3, 3})};
  return absl::OkStatus();
}

} // namespace ncc::ops
