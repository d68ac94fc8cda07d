// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The reference kernel of perfect binary trees: one walk per row and tree.
#include "runtime/ops/Kernel.h"

#include <algorithm>

namespace ncc::ops {

absl::Status forest(KernelContext &context) {
  const Tensor &columns = context.inputs[0], &features = context.inputs[1], &thresholds = context.inputs[2], &weights = context.inputs[3];
  Tensor &out = context.outputs[0];
  const bool fit = columns.rank() == 2 && features.rank() == 2 && thresholds.shape() == features.shape() && weights.rank() == 3 && out.rank() == 2 &&
                   weights.shape()[0] == features.shape()[0] && weights.shape()[1] == features.shape()[1] + 1 && out.shape()[0] == columns.shape()[1] &&
                   out.shape()[1] == weights.shape()[2] && columns.dtype() == DType::F32 && thresholds.dtype() == DType::F32 && weights.dtype() == DType::F32;
  if (!fit) {
    return absl::InvalidArgumentError("features, thresholds and weights are not those of perfect trees");
  }
  const int64_t rows = out.shape()[0], trees = features.shape()[0], inner = features.shape()[1], leaves = inner + 1, targets = out.shape()[1];
  for (int64_t i = 0; i < features.size(); ++i) {
    if (features.asInt(i) < 0 || features.asInt(i) >= columns.shape()[0]) {
      return absl::InvalidArgumentError("a node asks for a feature that is not there");
    }
  }
  const std::string kind = context.attrs.getString("kind", "sum");
  absl::Span<const float> x = columns.as<float>(), limits = thresholds.as<float>(), votes = weights.as<float>();
  absl::Span<float> scores = out.mutableAs<float>();
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t tree = 0; tree < trees; ++tree) {
      int64_t node = 0;
      while (node < inner) {
        const int64_t at = tree * inner + node;
        node = 2 * node + (x[static_cast<size_t>(features.asInt(at) * rows + row)] <= limits[static_cast<size_t>(at)] ? 2 : 1);
      }
      for (int64_t target = 0; target < targets; ++target) {
        const float vote = votes[static_cast<size_t>((tree * leaves + node - inner) * targets + target)];
        float &score = scores[static_cast<size_t>(row * targets + target)];
        score = tree == 0 ? vote : kind == "min" ? std::min(score, vote) : kind == "max" ? std::max(score, vote) : score + vote;
      }
    }
  }
  return absl::OkStatus();
}

} // namespace ncc::ops
