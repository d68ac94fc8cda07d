// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/neff/Json.h"
#include "runtime/sim/Timeline.h"
#include "runtime/sim/Timing.h"
#include "test/runtime/ProgramBuilder.h"

#include <gtest/gtest.h>

namespace ncc::sim {
namespace {

using namespace test;

TEST(Timeline, LaterRequestsUseEarlierGaps) {
  Timeline t;
  EXPECT_EQ(t.reserve(100, 50), 100);
  EXPECT_EQ(t.reserve(0, 60), 0);
  EXPECT_EQ(t.reserve(0, 60), 150); // 60..100 is too short
  EXPECT_EQ(t.reserve(0, 40), 60);
}

TEST(Timeline, SemaphoresReachValues) {
  SemaphoreTimeline s;
  s.add(10, 1);
  s.add(30, 1);
  s.add(20, 2);
  EXPECT_EQ(s.reached(1), 10);
  EXPECT_EQ(s.reached(3), 20);
  EXPECT_EQ(s.reached(4), 30);
}

TEST(Timing, NeverBeatsTheRooflineAndGrowsWithWork) {
  double last = 0;
  for (int64_t tokens : {64, 256, 512}) {
    ModelBuilder b = makeMlp({256, 512, 256}, tokens);
    auto report = simulateTiming(*b.model);
    ASSERT_TRUE(report.ok());
    EXPECT_GE(report->intervalNs, report->rooflineNs);
    EXPECT_GE(report->latencyNs, report->intervalNs);
    EXPECT_GE(report->latencyNs, last);
    EXPECT_LE(report->utilization, 1);
    last = report->latencyNs;
    EXPECT_EQ(report->cores[0].macs, b.model->usefulMacs);
  }
}

TEST(Timing, OverlapsEnginesAndKeepsQueuesInOrder) {
  const hw::DeviceSpec &spec = *hw::findDevice("trn1");
  neff::Program p;
  isa::Activate act;
  act.src = sbuf(DType::F32, 128, 0, 512);
  act.dst = sbuf(DType::F32, 128, 4096, 512);
  isa::TensorCopy copy;
  copy.src = sbuf(DType::F32, 128, 8192, 512);
  copy.dst = sbuf(DType::F32, 128, 12288, 512);
  p.run = {act, copy};
  double together = simulateProgram(p, spec).latencyNs;
  double actAlone = 512 / 1.4 + 200 / 1.4, copyAlone = 512 / 1.12 + 200 / 1.12;
  EXPECT_NEAR(together, std::max(actAlone, copyAlone), 1e-6);
  copy.src = act.dst; // now it depends
  p.run = {act, copy};
  EXPECT_NEAR(simulateProgram(p, spec).latencyNs, actAlone + copyAlone, 1e-6);
  p.run = {act, act};
  EXPECT_GE(simulateProgram(p, spec).latencyNs, 2 * 512 / 1.4);
}

TEST(Timing, SemaphoresOrder) {
  const hw::DeviceSpec &spec = *hw::findDevice("trn1");
  neff::Program p;
  isa::Activate act;
  act.src = sbuf(DType::F32, 128, 0, 512);
  act.dst = sbuf(DType::F32, 128, 4096, 512);
  act.header.sync.addSignal(7);
  isa::TensorCopy copy;
  copy.src = sbuf(DType::F32, 128, 8192, 512);
  copy.dst = sbuf(DType::F32, 128, 12288, 512);
  copy.header.sync.addWait(7, 1);
  p.run = {act, copy};
  EXPECT_NEAR(simulateProgram(p, spec).latencyNs, 712 / 1.4 + 712 / 1.12, 1e-6);
}

TEST(Timing, SharedBandwidthSlowsCores) {
  const hw::DeviceSpec &inf1 = *hw::findDevice("inf1");
  neff::Program p;
  p.buffers.push_back({"w", neff::BufferKind::Scratch, 8 << 20, DType::F32, {}});
  isa::DmaCopy dma;
  dma.src = dram(0, DType::F32, 0, {{8192, 128}, {1, 8192}});
  dma.dst = sbuf(DType::F32, 128, 0, 8192);
  p.run = {dma};
  EXPECT_GT(simulateProgram(p, inf1, 4).latencyNs, 3 * simulateProgram(p, inf1, 1).latencyNs);
}

TEST(Timing, TraceIsJson) {
  ModelBuilder b = makeMlp({128, 128}, 16);
  auto report = simulateTiming(*b.model, {.trace = true});
  ASSERT_TRUE(report.ok());
  auto json = neff::parseJson(traceJson(*b.model, *report), "trace");
  ASSERT_TRUE(json.ok());
  EXPECT_GE((*json)["traceEvents"].size(), b.program().run.size());
  EXPECT_FALSE(report->nodes.empty());
}

} // namespace
} // namespace ncc::sim
