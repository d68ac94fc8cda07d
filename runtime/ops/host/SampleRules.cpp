// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Rules of what samples images at computed places, and of determinants.
#include "runtime/ops/host/Rules.h"

namespace ncc::ops {

static constexpr int64_t kMostSampledRank = 8;

/// grid_sample(x[N,C,spatial...], grid[N,out...,dims]): [N,C,out...].
absl::Status gridSampleRule(Rule &rule) {
  if (absl::Status status = needTensors(rule); !status.ok()) {
    return status;
  }
  const ValueType &x = rule.in[0], &grid = rule.in[1];
  if (!isFloat(x.dtype) || !isFloat(grid.dtype)) {
    return invalid("needs floats");
  }
  if (!x.ranked || !grid.ranked) {
    rule.out = {ValueType::unranked(x.dtype)};
    return absl::OkStatus();
  }
  if (x.rank() > kMostSampledRank) { // a cubic sample reads 4 places per dim
    return invalid("has too many dims to be sampled");
  }
  if (x.rank() < 3 || grid.rank() != x.rank() || !dimsAgree(x.shape[0], grid.shape[0]) || !dimsAgree(grid.shape.back(), x.rank() - 2)) {
    return invalid("needs an image [N, C, spatial...] and a grid [N, out..., dims] of one place per element");
  }
  Shape out = grid.shape;
  out.pop_back();
  out.insert(out.begin() + 1, x.shape[1]);
  out[0] = knownDim(x.shape[0], grid.shape[0]);
  rule.out = {ValueType::tensor(x.dtype, out)};
  return absl::OkStatus();
}

/// det(x[..., n, n]): [...].
absl::Status detRule(Rule &rule) {
  absl::Status status = sameAsFirst(rule);
  const ValueType &x = rule.in[0];
  if (!status.ok() || !x.ranked) {
    return status;
  }
  if (!isFloat(x.dtype) || x.rank() < 2 || !dimsAgree(x.shape[x.shape.size() - 1], x.shape[x.shape.size() - 2])) {
    return invalid("needs square matrices of floats");
  }
  rule.out[0].shape.resize(x.shape.size() - 2);
  return status;
}

} // namespace ncc::ops
