// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The dynamic programme.
#include "passes/partition/MinMaxCut.h"

#include <algorithm>
#include <limits>

std::vector<size_t> ncc::partition::minMaxCut(size_t items, size_t stages, const StageCost &cost) {
  stages = std::min(stages, items);
  if (stages == 0) {
    return {};
  }
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  // best[k][end]: the smallest maximum over the first `end` items in k + 1 stages; from[k][end]: where the last begins.
  std::vector<std::vector<double>> best(stages, std::vector<double>(items + 1, kInfinity));
  std::vector<std::vector<size_t>> from(stages, std::vector<size_t>(items + 1, 0));
  for (size_t end = 1; end <= items; ++end) {
    best[0][end] = cost(0, end);
  }
  for (size_t end = 2; end <= items; ++end) {
    for (size_t first = 1; first < end; ++first) {
      double last = cost(first, end);
      for (size_t k = 1; k < stages && k <= first; ++k) {
        double worst = std::max(best[k - 1][first], last);
        if (worst < best[k][end]) {
          best[k][end] = worst;
          from[k][end] = first;
        }
      }
    }
  }
  size_t count = 0;
  for (size_t k = 1; k < stages; ++k) {
    if (best[k][items] < best[count][items]) {
      count = k;
    }
  }
  std::vector<size_t> ends(count + 1);
  size_t end = items;
  for (size_t k = count + 1; k-- > 0;) {
    ends[k] = end;
    end = from[k][end];
  }
  return ends;
}
