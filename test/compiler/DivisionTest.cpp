// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The search over divisions against a machine whose real costs the estimates do not know.
#include "compiler/driver/Division.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <numeric>

using namespace ncc;
using driver::Division;
using partition::Parallel;

namespace {

/// Ops that cost the same by estimate and `real` in truth; cuts are balanced greedily by the costs given.
struct Machine {
  std::vector<double> real;
  size_t cores;
  double replicatedNs = 1e9;
  int compiled = 0;

  std::optional<Division> compile(Parallel kind, const std::vector<double> &opCosts) {
    ++compiled;
    Division division;
    if (kind == Parallel::Data) {
      division.intervalNs = replicatedNs;
      return division;
    }
    division.opCosts = opCosts.empty() ? std::vector<double>(real.size(), 1.0) : opCosts;
    double total = std::accumulate(division.opCosts.begin(), division.opCosts.end(), 0.0), sum = 0, stage = 0;
    for (size_t i = 0; i < real.size(); ++i) {
      sum += division.opCosts[i];
      stage += real[i];
      if (i + 1 == real.size() || sum >= total * static_cast<double>(division.ends.size() + 1) / static_cast<double>(cores) - 1e-9) {
        division.ends.push_back(static_cast<int64_t>(i) + 1);
        division.stageNs.push_back(stage);
        division.intervalNs = std::max(division.intervalNs, stage);
        stage = 0;
      }
    }
    return division;
  }
};

} // namespace

TEST(Division, ChargesStagesForWhatTheyTook) {
  Division division;
  division.ends = {2, 3};
  division.stageNs = {30, 8};
  division.opCosts = {1, 2, 4};
  EXPECT_EQ(driver::charge(division), (std::vector<double>{10, 20, 8}));
  division.opCosts = {0, 0, 4};
  EXPECT_EQ(driver::charge(division), (std::vector<double>{15, 15, 8}));
}

TEST(Division, MeasuredCostsBalanceWhatEstimatesDoNot) {
  Machine machine{std::vector<double>(40, 1.0), 2};
  std::fill(machine.real.begin(), machine.real.begin() + 10, 4.0); // the first ops are dearer than they look
  double kept = 0, last = 0;
  ASSERT_TRUE(driver::divide(2, Parallel::Pipeline,
                             [&](Parallel kind, const std::vector<double> &costs) {
                               auto division = machine.compile(kind, costs);
                               last = division->intervalNs;
                               return division;
                             },
                             [&] { kept = last; }));
  EXPECT_GT(machine.compiled, 1);
  EXPECT_LE(kept, 40); // 50 for the first cut, 36 for the best
}

TEST(Division, ReplicasWinWhenTheyAreFaster) {
  for (double replicated : {9.0, 1000.0}) {
    Machine machine{std::vector<double>(40, 1.0), 4, replicated};
    Parallel last = Parallel::Auto, kept = Parallel::Auto;
    ASSERT_TRUE(driver::divide(4, Parallel::Auto,
                               [&](Parallel kind, const std::vector<double> &costs) {
                                 last = kind;
                                 return machine.compile(kind, costs);
                               },
                               [&] { kept = last; }));
    EXPECT_EQ(kept, machine.real.size() / 4.0 <= replicated ? Parallel::Pipeline : Parallel::Data) << replicated;
  }
}

TEST(Division, AnErrorEndsTheSearch) {
  EXPECT_FALSE(driver::divide(2, Parallel::Auto, [](Parallel, const std::vector<double> &) { return std::optional<Division>(); }, [] {}));
}
