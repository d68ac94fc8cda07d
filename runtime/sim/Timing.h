// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The timing simulator: what the described device would need for a model. Every engine and DMA queue takes its
// instructions in order; an instruction starts when its queue is free, its semaphores have their values, its
// operands are ready and its shared resources (DMA bandwidth, engine ports) are free. Costs come from
// hw::CostModel. Programs are static, so one pass over the instructions gives the time of one inference; a few
// passes in a row give the steady state with inferences in flight.
#pragma once

#include "runtime/hw/CostModel.h"
#include "runtime/neff/Demand.h"

#include <array>

namespace ncc::sim {

struct TraceEvent {
  uint32_t core;
  uint16_t track; // engine, or 6 + DMA queue
  uint32_t node;
  isa::Opcode opcode;
  double startNs, durationNs;
};

struct NodeTiming {
  uint32_t node = 0; // 0: instructions without a source node
  double totalNs = 0;
  std::array<double, 6> engineNs{};
};

struct CoreTiming {
  uint32_t core = 0;
  double latencyNs = 0;  // of this program alone, inputs present
  double intervalNs = 0; // between two inferences in steady state
  std::array<double, 6> busyNs{}; // of one inference, by engine (Dma: time the DMA engines move data)
  double macs = 0;
  double dramBytes = 0;
  double sendBytes = 0;
  int64_t sbufPeakBytes = 0; // per partition, from addresses
  int64_t psumPeakBytes = 0;
  double rooflineNs = 0;
};

struct TimingOptions {
  bool trace = false;
  neff::Limits limits; // of the simulation: a unit for each memory cell an instruction touches
};

struct TimingReport {
  double latencyNs = 0;   // one inference, all stages, with the call overhead
  double intervalNs = 0;  // steady state
  double throughput = 0;  // inferences per second
  double utilization = 0; // useful MACs / (peak MACs of the cores x interval)
  double rooflineNs = 0;  // no prediction may be below
  double baseGhz = 1;
  DType matmulType = DType::BF16; // the type most MACs have
  std::vector<CoreTiming> cores;
  std::vector<NodeTiming> nodes; // most time first
  std::vector<TraceEvent> trace; // of one inference
  /// Of a model with a plan, the path counted once: every loop one step, the slower branch of every if. Latency is that of
  /// the core steps; what the host adds is not simulated.
  int64_t coreSteps = 0, hostSteps = 0;
  /// Busy fraction of an engine on its most loaded core in steady state.
  double busy(isa::Engine engine) const;
};

absl::StatusOr<TimingReport> simulateTiming(const neff::Model &model, const TimingOptions &options = {});
/// One program alone on a core of a chip with `activeCores` busy cores. For compilers.
CoreTiming simulateProgram(const neff::Program &program, const hw::DeviceSpec &spec, int activeCores = 1);

/// Chrome/Perfetto trace JSON.
std::string traceJson(const neff::Model &model, const TimingReport &report);

} // namespace ncc::sim
