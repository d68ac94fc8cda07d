// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The search over divisions.
#include "compiler/driver/Division.h"

#include <algorithm>
#include <numeric>

using namespace ncc;
using namespace ncc::driver;
using partition::Parallel;

namespace {

constexpr int kRounds = 4;
constexpr double kEven = 1.05;    // slowest stage over the mean
constexpr double kWorthIt = 0.95; // of the best division's time

double unevenness(const std::vector<double> &stages) {
  double sum = std::accumulate(stages.begin(), stages.end(), 0.0);
  return sum > 0 ? *std::max_element(stages.begin(), stages.end()) * static_cast<double>(stages.size()) / sum : 1;
}

} // namespace

std::vector<double> driver::charge(const Division &division) {
  std::vector<double> costs = division.opCosts;
  size_t first = 0;
  for (size_t stage = 0; stage < division.ends.size() && stage < division.stageNs.size(); ++stage) {
    auto last = std::min(static_cast<size_t>(division.ends[stage]), costs.size());
    double sum = 0;
    for (size_t i = first; i < last; ++i) {
      sum += costs[i];
    }
    for (size_t i = first; i < last; ++i) {
      costs[i] = sum > 0 ? costs[i] * division.stageNs[stage] / sum : division.stageNs[stage] / static_cast<double>(last - first);
    }
    first = std::max(first, last);
  }
  return costs;
}

bool driver::divide(int cores, Parallel kind, const CompileDivision &compile, const KeepDivision &keep) {
  double best = 0;
  auto offer = [&](const Division &division) {
    if (best == 0 || division.intervalNs < best) {
      best = division.intervalNs;
      keep();
    }
  };
  if (cores == 1) {
    std::optional<Division> only = compile(Parallel::Pipeline, {});
    if (only) {
      offer(*only);
    }
    return only.has_value();
  }
  if (kind != Parallel::Pipeline) {
    std::optional<Division> replicas = compile(Parallel::Data, {});
    if (!replicas) {
      return false;
    }
    offer(*replicas);
  }
  std::vector<double> costs;
  for (int round = 0; round < kRounds && kind != Parallel::Data; ++round) {
    std::optional<Division> division = compile(Parallel::Pipeline, costs);
    if (!division) {
      return false;
    }
    offer(*division);
    // Even a perfect cut of these stages takes their mean.
    double mean = division->intervalNs / std::max(1.0, unevenness(division->stageNs));
    if (division->stageNs.size() < 2 || unevenness(division->stageNs) <= kEven || mean >= kWorthIt * best) {
      break;
    }
    costs = charge(*division);
  }
  return true;
}
