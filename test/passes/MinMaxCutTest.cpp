// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The cut against brute force, on costs that are not additive (a stage pays for its two ends).
#include "passes/partition/MinMaxCut.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <random>

using namespace ncc::partition;

namespace {

double worstOf(const std::vector<size_t> &ends, const StageCost &cost) {
  double worst = 0;
  size_t first = 0;
  for (size_t end : ends) {
    worst = std::max(worst, cost(first, end));
    first = end;
  }
  return worst;
}

// All ways to cut `items` into at most `stages` stages.
double bruteForce(size_t items, size_t stages, const StageCost &cost) {
  double best = 1e300;
  for (unsigned mask = 0; mask < 1u << (items - 1); ++mask) {
    std::vector<size_t> ends;
    for (size_t i = 1; i < items; ++i) {
      if (mask >> (i - 1) & 1) {
        ends.push_back(i);
      }
    }
    ends.push_back(items);
    if (ends.size() <= stages) {
      best = std::min(best, worstOf(ends, cost));
    }
  }
  return best;
}

TEST(MinMaxCut, MatchesBruteForce) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    size_t items = 1 + random() % 10, stages = 1 + random() % 6;
    std::vector<double> work(items), edge(items + 1, 0);
    for (double &w : work) {
      w = random() % 4 == 0 ? 0 : static_cast<double>(random() % 100);
    }
    for (size_t i = 1; i < items; ++i) {
      edge[i] = static_cast<double>(random() % 60);
    }
    StageCost cost = [&](size_t first, size_t last) {
      double sum = edge[first] + edge[last];
      for (size_t i = first; i < last; ++i) {
        sum += work[i];
      }
      return sum;
    };
    std::vector<size_t> ends = minMaxCut(items, stages, cost);
    ASSERT_FALSE(ends.empty());
    EXPECT_LE(ends.size(), stages);
    EXPECT_EQ(ends.back(), items);
    EXPECT_TRUE(std::is_sorted(ends.begin(), ends.end()));
    EXPECT_EQ(worstOf(ends, cost), bruteForce(items, stages, cost));
  }
}

TEST(MinMaxCut, HandlesNothing) {
  EXPECT_TRUE(minMaxCut(0, 4, [](size_t, size_t) { return 1.0; }).empty());
  EXPECT_EQ(minMaxCut(1, 4, [](size_t, size_t) { return 1.0; }), std::vector<size_t>{1});
}

} // namespace
