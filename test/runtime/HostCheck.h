// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Runs models built by hand on the host executor, at every CPU level this machine has, and on the precise interpreter.
#pragma once

#include "runtime/host/Host.h"
#include "runtime/sim/Precise.h"
#include "runtime/sim/PreciseMath.h"
#include "test/runtime/ProgramBuilder.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ncc::host {

using namespace test;

inline std::vector<CpuLevel> levels() {
  std::vector<CpuLevel> list;
  for (int l = 0; l <= static_cast<int>(detectCpu()); ++l) {
    list.push_back(static_cast<CpuLevel>(l));
  }
  return list;
}

struct Results {
  std::vector<std::vector<uint8_t>> outputs;
};

inline Results execute(sim::Executor &executor, const neff::Model &model, uint32_t seed) {
  std::mt19937 rng(seed);
  std::vector<Tensor> inputs;
  std::vector<const void *> in;
  for (const neff::TensorInfo &info : model.inputs) {
    Tensor t(info.dtype, info.shape);
    std::uniform_real_distribution<double> dist(-1, 1);
    for (int64_t i = 0; i < t.size(); ++i) {
      if (isFloat(info.dtype)) {
        t.setDouble(i, dist(rng));
      } else {
        t.setInt(i, static_cast<int64_t>(rng() % 200));
      }
    }
    inputs.push_back(t);
    in.push_back(t.data());
  }
  Results run;
  std::vector<void *> out;
  for (const neff::TensorInfo &info : model.outputs) {
    run.outputs.emplace_back(static_cast<size_t>(numElements(info.shape)) * dtypeSize(info.dtype));
  }
  for (auto &bytes : run.outputs) {
    out.push_back(bytes.data());
  }
  EXPECT_TRUE(executor.execute({in, out}, nullptr).ok());
  return run;
}

/// Largest difference relative to the largest magnitude.
inline double difference(const Results &a, const Results &b, const neff::Model &model) {
  double worst = 0;
  for (size_t o = 0; o < a.outputs.size(); ++o) {
    const neff::TensorInfo &info = model.outputs[o];
    double largest = 1e-30, difference = 0;
    for (int64_t i = 0; i < numElements(info.shape); ++i) {
      const auto size = static_cast<int64_t>(dtypeSize(info.dtype));
      double x = sim::loadDouble(info.dtype, a.outputs[o].data() + i * size), y = sim::loadDouble(info.dtype, b.outputs[o].data() + i * size);
      if (std::isnan(x) && std::isnan(y)) {
        continue;
      }
      largest = std::max(largest, std::fabs(y));
      difference = std::max(difference, x == y ? 0 : std::fabs(x - y));
    }
    worst = std::max(worst, difference / largest);
  }
  return worst;
}

/// Prepares the model and returns the worst difference over all levels (two inferences each).
inline double worstDifference(ModelBuilder &b) {
  EXPECT_TRUE(neff::verifyModel(*b.model).ok()) << neff::verifyModel(*b.model);
  EXPECT_TRUE(neff::materializeWeights(*b.model).ok());
  auto precise = sim::makePreciseExecutor(b.model);
  EXPECT_TRUE(precise.ok()) << precise.status();
  double worst = 0;
  for (CpuLevel level : levels()) {
    auto host = makeHostExecutor(b.model, {.level = level});
    EXPECT_TRUE(host.ok()) << host.status();
    for (uint32_t seed : {1u, 2u}) {
      double d = difference(execute(**host, *b.model, seed), execute(**precise, *b.model, seed), *b.model);
      EXPECT_TRUE(d < 0.1) << cpuLevelName(level) << " differs by " << d;
      worst = std::max(worst, d);
    }
  }
  return worst;
}

} // namespace ncc::host
