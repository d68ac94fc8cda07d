// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/sim/Timing.h"

#include "runtime/isa/Checks.h"
#include "runtime/sim/ProgramMemory.h"
#include "runtime/sim/Timeline.h"

#include <cmath>

namespace ncc::sim {

using namespace isa;

/// Of DRAM; cells are larger where a buffer would have more.
static constexpr int64_t kMostCells = 1 << 19;

MemoryTimeline::MemoryTimeline(const hw::DeviceSpec &spec, const std::vector<uint64_t> &buffers)
    : sbufCells(spec.sbufBytesPerPartition / 128 + 1), psumCells(spec.psumBytesPerPartition / 128 + 1), sbuf(static_cast<size_t>(4 * sbufCells)),
      psum(static_cast<size_t>(4 * psumCells)), dram(buffers.size()) {
  for (size_t b = 0; b < buffers.size(); ++b) { // pages of 4 KiB, or more
    while (buffers[b] >> dram[b].shift > static_cast<uint64_t>(kMostCells)) {
      ++dram[b].shift;
    }
  }
}

double RangeTimes::latest(size_t node, size_t low, size_t high, size_t begin, size_t end) const {
  if (end <= low || high <= begin) {
    return 0;
  }
  if (begin <= low && high <= end) {
    return nodes[node].most;
  }
  const size_t middle = (low + high) / 2;
  return std::max({nodes[node].all, latest(2 * node, low, middle, begin, end), latest(2 * node + 1, middle, high, begin, end)});
}

void RangeTimes::mark(size_t node, size_t low, size_t high, size_t begin, size_t end, double time) {
  if (end <= low || high <= begin) {
    return;
  }
  nodes[node].most = std::max(nodes[node].most, time);
  if (begin <= low && high <= end) {
    nodes[node].all = std::max(nodes[node].all, time);
    return;
  }
  const size_t middle = (low + high) / 2;
  mark(2 * node, low, middle, begin, end, time);
  mark(2 * node + 1, middle, high, begin, end, time);
}

void RangeTimes::mark(size_t first, size_t last, double time) {
  while (leaves <= last) { // what was the whole becomes the left half
    std::vector<Node> wider(leaves == 0 ? 2 : 4 * leaves);
    for (size_t width = leaves; width > 0; width /= 2) { // level by level: nodes width .. 2 * width - 1
      std::copy_n(nodes.begin() + static_cast<std::ptrdiff_t>(width), width, wider.begin() + static_cast<std::ptrdiff_t>(2 * width));
    }
    if (leaves > 0) {
      wider[1].most = nodes[1].most;
    }
    nodes = std::move(wider);
    leaves = leaves == 0 ? 1 : 2 * leaves;
  }
  mark(1, 0, leaves, first, last + 1, time);
}

std::pair<size_t, size_t> MemoryTimeline::dramCells(const AccessPattern &ap) const {
  ByteRange range = byteRange(ap);
  const int shift = dram[ap.buffer].shift;
  return {static_cast<size_t>(range.begin >> shift), static_cast<size_t>((range.end - 1) >> shift)};
}

template <typename Fn>
void MemoryTimeline::forEachCell(const AccessPattern &ap, Fn fn) {
  ByteRange range = byteRange(ap);
  const int64_t perGroup = ap.space == Space::Sbuf ? sbufCells : psumCells;
  std::vector<Cell> &cells = ap.space == Space::Sbuf ? sbuf : psum;
  for (int64_t g = ap.partition / 32; g <= (ap.partition + ap.partitions - 1) / 32; ++g) {
    for (int64_t c = range.begin / 128; c <= (range.end - 1) / 128; ++c) {
      fn(cells[static_cast<size_t>(g * perGroup + c)]);
    }
  }
}

double MemoryTimeline::readyToRead(const AccessPattern &ap) {
  double ready = 0;
  if (ap.space == Space::Dram) {
    auto [first, last] = dramCells(ap);
    return dram[ap.buffer].write.latest(first, last);
  }
  forEachCell(ap, [&](Cell &c) { ready = std::max(ready, c.write); });
  return ready;
}
double MemoryTimeline::readyToWrite(const AccessPattern &ap) {
  double ready = 0;
  if (ap.space == Space::Dram) {
    auto [first, last] = dramCells(ap);
    return std::max(dram[ap.buffer].write.latest(first, last), dram[ap.buffer].read.latest(first, last));
  }
  forEachCell(ap, [&](Cell &c) { ready = std::max({ready, c.write, c.read}); });
  return ready;
}
void MemoryTimeline::read(const AccessPattern &ap, double end) {
  if (ap.space == Space::Dram) {
    auto [first, last] = dramCells(ap);
    return dram[ap.buffer].read.mark(first, last, end);
  }
  forEachCell(ap, [&](Cell &c) { c.read = std::max(c.read, end); });
}
void MemoryTimeline::written(const AccessPattern &ap, double end) {
  if (ap.space == Space::Dram) {
    auto [first, last] = dramCells(ap);
    return dram[ap.buffer].write.mark(first, last, end);
  }
  forEachCell(ap, [&](Cell &c) { c.write = std::max(c.write, end); });
}

namespace {

constexpr int kTracks = 6 + 256;

int trackOf(const Header &head) { return head.engine == Engine::Dma ? 6 + head.queue : static_cast<int>(head.engine); }

bool isDma(const Instruction &inst) { return header(inst).engine == Engine::Dma && inst.index() + 1 >= 12 && inst.index() + 1 <= 16; }

double dramTraffic(const Instruction &inst) {
  double bytes = 0;
  if (!isDma(inst)) {
    return 0;
  }
  auto add = [&](const AccessPattern &ap) {
    if (ap.space == Space::Dram) {
      bytes += static_cast<double>(ap.totalSize()) * static_cast<double>(dtypeSize(ap.dtype));
    }
  };
  if (const auto *gather = std::get_if<DmaGather>(&inst)) { // the table is not read as a whole
    add(gather->dst);
    bytes += static_cast<double>(gather->dst.totalSize()) * static_cast<double>(dtypeSize(gather->src.dtype));
    return bytes;
  }
  if (const auto *scatter = std::get_if<DmaScatter>(&inst)) {
    add(scatter->src);
    bytes += static_cast<double>(scatter->src.totalSize()) * static_cast<double>(dtypeSize(scatter->dst.dtype));
    return bytes;
  }
  forEachRead(inst, add);
  forEachWrite(inst, add);
  return bytes;
}

double callBytes(const neff::Program &program, const Call &call) {
  double bytes = 0;
  const neff::CallEntry &entry = program.calls[call.entry];
  auto add = [&](const neff::CallOperand &o) { bytes += static_cast<double>(numElements(o.shape)) * static_cast<double>(dtypeSize(o.dtype)); };
  for (const auto &input : entry.inputs) {
    if (input) {
      add(*input);
    }
  }
  for (const neff::CallOperand &output : entry.outputs) {
    add(output);
  }
  return bytes;
}

/// Ready times of channels, shared by the cores of one inference.
struct ChannelTimes {
  std::vector<double> sent;
};

std::vector<uint64_t> bytesOf(const std::vector<neff::Buffer> &buffers) {
  std::vector<uint64_t> bytes;
  for (const neff::Buffer &buffer : buffers) {
    bytes.push_back(buffer.bytes);
  }
  return bytes;
}

class CoreSimulator {
public:
  CoreSimulator(const neff::Program &program, const hw::DeviceSpec &spec, int activeCores, const neff::Model *model)
      : program(program), spec(spec), cost(spec), memory(spec, bytesOf(program.buffers)), model(model),
        dramRate(cost.dramBytesPerNs(activeCores)) {}

  /// One more inference; returns when everything is done. Without `channels`, receives find their data waiting.
  double runOnce(ChannelTimes *channels, std::vector<TraceEvent> *trace) {
    semaphores.clear();
    double end = 0;
    for (const Instruction &inst : program.run) {
      end = std::max(end, step(inst, channels, trace));
    }
    return end;
  }

private:
  double step(const Instruction &inst, ChannelTimes *channels, std::vector<TraceEvent> *trace) {
    const Header &head = header(inst);
    const int track = trackOf(head);
    double ready = queueFree[track];
    for (const SemaphoreWait &wait : head.sync.waitList()) {
      ready = std::max(ready, semaphores[wait.semaphore].reached(wait.value));
    }
    forEachRead(inst, [&](const AccessPattern &ap) { ready = std::max(ready, memory.readyToRead(ap)); });
    forEachWrite(inst, [&](const AccessPattern &ap) { ready = std::max(ready, memory.readyToWrite(ap)); });
    if (const auto *recv = std::get_if<Recv>(&inst); recv && channels) {
      ready = std::max(ready, channels->sent[recv->channel]);
    }
    double duration = durationOf(inst);
    double start = ready;
    if (isDma(inst)) {
      // The queue hands a transfer over at once; it starts after the fixed latency when bandwidth is free.
      start = dmaBandwidth.reserve(ready + cost.dmaStartNs(), duration);
      queueFree[track] = std::max(queueFree[track], ready + spec.dmaIssueNs);
    } else {
      start = reservePorts(inst, ready, duration);
      queueFree[track] = start + duration;
    }
    const double done = start + duration + cost.latencyNs(inst);
    finish(inst, start + duration, done, channels);
    if (trace) {
      trace->push_back({program.core, static_cast<uint16_t>(track), head.node, opcodeOf(inst), start, duration});
    }
    return done;
  }

  double durationOf(const Instruction &inst) const {
    if (const auto *call = std::get_if<Call>(&inst)) {
      return cost.callNs(static_cast<int64_t>(callBytes(program, *call)));
    }
    double duration = cost.instructionNs(inst);
    if (isDma(inst)) {
      duration = std::max(duration, dramTraffic(inst) / dramRate);
      if (const auto *send = std::get_if<Send>(&inst)) {
        duration = std::max(duration, cost.sendNs(send->src.totalSize() * static_cast<int64_t>(dtypeSize(send->src.dtype)), sameChip(send->channel)));
      }
    }
    return duration;
  }

  bool sameChip(uint32_t channel) const {
    if (!model || channel >= model->channels.size()) {
      return true;
    }
    const neff::Channel &c = model->channels[channel];
    return c.fromCore / static_cast<uint32_t>(spec.coresPerChip) == c.toCore / static_cast<uint32_t>(spec.coresPerChip);
  }

  /// Engines that share a port to a memory exclude each other.
  double reservePorts(const Instruction &inst, double ready, double duration) {
    const Engine engine = header(inst).engine;
    bool sbuf = false, psum = false;
    auto look = [&](const AccessPattern &ap) {
      sbuf |= ap.space == Space::Sbuf;
      psum |= ap.space == Space::Psum;
    };
    forEachRead(inst, look);
    forEachWrite(inst, look);
    const bool sharesSbuf = sbuf && spec.vectorGpsimdShareSbuf && (engine == Engine::Vector || engine == Engine::GpSimd);
    const bool sharesPsum = psum && spec.vectorScalarSharePsum && (engine == Engine::Vector || engine == Engine::Scalar);
    double start = ready;
    if (sharesSbuf) {
      start = sbufPort.reserve(start, duration);
    }
    return sharesPsum ? psumPort.reserve(start, duration) : start;
  }

  void finish(const Instruction &inst, double end, double done, ChannelTimes *channels) {
    forEachRead(inst, [&](const AccessPattern &ap) { memory.read(ap, end); });
    forEachWrite(inst, [&](const AccessPattern &ap) {
      // The tensor engine adds to its own results without waiting for them.
      const bool accumulates = std::holds_alternative<Matmul>(inst);
      memory.written(ap, accumulates ? end : done);
    });
    if (const auto *matmul = std::get_if<Matmul>(&inst)) {
      pendingPsum = std::max(pendingPsum, done);
      (void)matmul;
    }
    for (const SemaphoreSignal &signal : header(inst).sync.signalList()) {
      semaphores[signal.semaphore].add(done, signal.increment);
    }
    if (const auto *op = std::get_if<Semaphore>(&inst)) {
      for (int s = 0; op->op == SemaphoreOp::clear_range && s < op->count; ++s) {
        semaphores[static_cast<uint16_t>(op->semaphore + s)].set(end, 0);
      }
      if (op->op == SemaphoreOp::set) {
        semaphores[op->semaphore].set(end, op->value);
      } else if (op->op == SemaphoreOp::add) {
        semaphores[op->semaphore].add(end, op->value);
      }
    }
    if (const auto *send = std::get_if<Send>(&inst); send && channels) {
      double &sent = channels->sent[send->channel];
      sent = std::max(sent, done + cost.sendLatencyNs(sameChip(send->channel)));
    }
  }

  const neff::Program &program;
  const hw::DeviceSpec &spec;
  hw::CostModel cost;
  MemoryTimeline memory;
  const neff::Model *model;
  double dramRate;
  std::map<uint16_t, SemaphoreTimeline> semaphores;
  std::array<double, kTracks> queueFree{};
  Timeline dmaBandwidth, sbufPort, psumPort;
  double pendingPsum = 0;

  friend CoreTiming measure(const neff::Program &, const hw::DeviceSpec &, int, const neff::Model *);
};

void measureStatic(const neff::Program &program, const hw::DeviceSpec &spec, int activeCores, CoreSimulator &simulator, CoreTiming &t,
                   double (*duration)(CoreSimulator &, const Instruction &)) {
  hw::CostModel cost(spec);
  double tensorFloor = 0;
  for (const auto *list : {&program.init, &program.run}) {
    for (const Instruction &inst : *list) {
      auto peak = [&](const AccessPattern &ap) {
        int64_t end = ap.space == Space::Dram ? 0 : byteRange(ap).end;
        (ap.space == Space::Sbuf ? t.sbufPeakBytes : t.psumPeakBytes) = std::max(ap.space == Space::Sbuf ? t.sbufPeakBytes : t.psumPeakBytes, end);
      };
      forEachRead(inst, peak);
      forEachWrite(inst, peak);
      if (list == &program.init) {
        continue;
      }
      t.busyNs[static_cast<size_t>(header(inst).engine)] += duration(simulator, inst);
      t.dramBytes += dramTraffic(inst);
      if (const auto *m = std::get_if<Matmul>(&inst)) {
        double macs = static_cast<double>(m->stationary.partitions) * static_cast<double>(m->dst.totalSize());
        t.macs += macs;
        tensorFloor += macs / spec.peakMacsPerSecond(m->moving.dtype) * 1e9;
      }
      if (const auto *send = std::get_if<Send>(&inst)) {
        t.sendBytes += static_cast<double>(send->src.totalSize()) * static_cast<double>(dtypeSize(send->src.dtype));
      }
    }
  }
  t.rooflineNs = std::max(tensorFloor, t.dramBytes / cost.dramBytesPerNs(activeCores));
}

CoreTiming measure(const neff::Program &program, const hw::DeviceSpec &spec, int activeCores, const neff::Model *model) {
  CoreTiming t;
  t.core = program.core;
  CoreSimulator simulator(program, spec, activeCores, model);
  measureStatic(program, spec, activeCores, simulator, t, [](CoreSimulator &s, const Instruction &inst) { return s.durationOf(inst); });
  double first = simulator.runOnce(nullptr, nullptr);
  double second = simulator.runOnce(nullptr, nullptr);
  double third = simulator.runOnce(nullptr, nullptr);
  t.latencyNs = first;
  t.intervalNs = std::max({third - second, t.rooflineNs, *std::max_element(t.busyNs.begin(), t.busyNs.end())});
  return t;
}

std::vector<NodeTiming> byNode(const std::vector<TraceEvent> &trace) {
  std::map<uint32_t, NodeTiming> nodes;
  for (const TraceEvent &e : trace) {
    NodeTiming &n = nodes[e.node];
    n.node = e.node;
    n.totalNs += e.durationNs;
    n.engineNs[std::min<size_t>(e.track, static_cast<size_t>(Engine::Dma)) == static_cast<size_t>(Engine::Dma) && e.track != static_cast<uint16_t>(Engine::Sync)
                   ? static_cast<size_t>(Engine::Dma)
                   : std::min<size_t>(e.track, 5)] += e.durationNs;
  }
  std::vector<NodeTiming> list;
  for (const auto &[id, n] : nodes) {
    list.push_back(n);
  }
  std::stable_sort(list.begin(), list.end(), [](const NodeTiming &a, const NodeTiming &b) { return a.totalNs > b.totalNs; });
  return list;
}

/// Memory cells that one pass over a program touches, and those of DRAM that are ever there. Strided operands on chip span many more
/// cells than they have elements.
struct CellCount {
  static constexpr double kTreeSteps = 64; // of RangeTimes
  double touched = 0, kept = 0;

  explicit CellCount(const neff::Program &program) {
    std::vector<int64_t> highest(program.buffers.size());
    auto count = [&](const AccessPattern &ap) {
      const ByteRange range = byteRange(ap);
      const bool dram = ap.space == Space::Dram;
      if (dram) {
        touched += kTreeSteps;
        highest[ap.buffer] = std::max(highest[ap.buffer], std::min<int64_t>((range.end - 1) / 4096 + 1, kMostCells));
      } else {
        touched += static_cast<double>(((range.end - 1) / 128 - range.begin / 128 + 1) * (ap.partitions / 32 + 2));
      }
    };
    for (const Instruction &inst : program.run) {
      forEachRead(inst, count);
      forEachWrite(inst, count);
    }
    for (int64_t cells : highest) {
      kept += static_cast<double>(cells);
    }
  }
};

absl::Status checkCells(const neff::Model &model, const neff::Limits &limits) {
  constexpr double kPasses = 8, kBytesPerCell = 128; // four passes, reading and writing; two trees of two nodes per cell, while they grow
  double work = 0, memory = 0;
  for (const neff::Program &program : model.programs) {
    const CellCount cells(program);
    work += kPasses * cells.touched;
    memory = std::max(memory, kBytesPerCell * cells.kept);
  }
  return work <= limits.work && memory <= limits.memoryBytes()
             ? absl::OkStatus()
             : absl::ResourceExhaustedError("simulating the model takes more work or memory than the limit");
}

DType mainMatmulType(const neff::Model &model) {
  std::map<DType, double> macs;
  for (const neff::Program &p : model.programs) {
    for (const Instruction &inst : p.run) {
      if (const auto *m = std::get_if<Matmul>(&inst)) {
        macs[m->moving.dtype] += static_cast<double>(m->stationary.partitions) * static_cast<double>(m->dst.totalSize());
      }
    }
  }
  DType best = DType::BF16;
  double most = 0;
  for (auto [type, count] : macs) {
    if (count > most) {
      best = type;
      most = count;
    }
  }
  return best;
}

} // namespace

double TimingReport::busy(Engine engine) const {
  double most = 0;
  for (const CoreTiming &c : cores) {
    most = std::max(most, c.busyNs[static_cast<size_t>(engine)] / std::max(1.0, intervalNs));
  }
  return most;
}

CoreTiming simulateProgram(const neff::Program &program, const hw::DeviceSpec &spec, int activeCores) {
  return measure(program, spec, activeCores, nullptr);
}

/// The time of a block's core steps, and how many steps of either kind are on its path.
static double walkPlan(const neff::PlanBlock &block, const std::vector<TimingReport> &segments, TimingReport &report) {
  double ns = 0;
  for (const neff::PlanStep &step : block.steps) {
    report.coreSteps += step.kind == neff::StepKind::Core;
    report.hostSteps += step.kind == neff::StepKind::Host;
    ns += step.kind == neff::StepKind::Core ? segments[step.segment].latencyNs : 0;
    double slowest = 0;
    for (const neff::PlanBlock &inner : step.blocks) {
      slowest = std::max(slowest, walkPlan(inner, segments, report));
    }
    ns += slowest;
  }
  return ns;
}

static absl::StatusOr<TimingReport> simulatePlan(const neff::Model &model, const TimingOptions &options) {
  TimingReport report;
  std::vector<TimingReport> segments;
  for (const neff::Model &segment : model.segments) {
    absl::StatusOr<TimingReport> part = simulateTiming(segment, options);
    if (!part.ok()) {
      return part;
    }
    report.cores.insert(report.cores.end(), part->cores.begin(), part->cores.end());
    report.nodes.insert(report.nodes.end(), part->nodes.begin(), part->nodes.end());
    report.trace.insert(report.trace.end(), part->trace.begin(), part->trace.end());
    report.baseGhz = part->baseGhz;
    report.matmulType = part->matmulType;
    report.rooflineNs += part->rooflineNs;
    segments.push_back(*std::move(part));
  }
  report.latencyNs = report.intervalNs = walkPlan(model.plan.main, segments, report);
  report.throughput = report.intervalNs > 0 ? 1e9 / report.intervalNs : 0;
  double longest = 0;
  for (const TimingReport &segment : segments) {
    report.utilization = segment.latencyNs > longest ? segment.utilization : report.utilization;
    longest = std::max(longest, segment.latencyNs);
  }
  return report;
}

absl::StatusOr<TimingReport> simulateTiming(const neff::Model &model, const TimingOptions &options) {
  if (model.hasPlan()) {
    return simulatePlan(model, options);
  }
  absl::StatusOr<hw::DeviceSpec> spec = hw::parseDevice(model.device);
  if (!spec.ok()) {
    return spec.status();
  }
  if (absl::Status status = checkCells(model, options.limits); !status.ok()) {
    return status;
  }
  TimingReport report;
  report.baseGhz = spec->baseGhz;
  report.matmulType = mainMatmulType(model);
  const int active = static_cast<int>(std::min<size_t>(model.programs.size(), static_cast<size_t>(spec->coresPerChip)));
  double macs = 0;
  for (const neff::Program &program : model.programs) {
    report.cores.push_back(measure(program, *spec, active, &model));
    const CoreTiming &t = report.cores.back();
    report.intervalNs = std::max(report.intervalNs, t.intervalNs);
    report.rooflineNs = std::max(report.rooflineNs, t.rooflineNs);
    macs += t.macs;
  }
  for (const neff::Group &group : effectiveGroups(model)) {
    ChannelTimes channels{std::vector<double>(model.channels.size())};
    for (uint32_t index : group.programs) {
      CoreSimulator simulator(model.programs[index], *spec, active, &model);
      report.latencyNs = std::max(report.latencyNs, simulator.runOnce(&channels, &report.trace));
    }
  }
  report.nodes = byNode(report.trace);
  if (!options.trace) {
    report.trace = {};
  }
  report.latencyNs = std::max(report.latencyNs, report.rooflineNs) + spec->executeOverheadNs;
  if (isReplicated(model)) { // as many inferences at a time as there are replicas
    const auto replicas = static_cast<double>(model.groups.size());
    report.intervalNs /= replicas;
    report.rooflineNs /= replicas;
    macs /= replicas;
  }
  report.throughput = report.intervalNs > 0 ? 1e9 / report.intervalNs : 0;
  const double peak = spec->peakMacsPerSecond(report.matmulType) * static_cast<double>(model.programs.size());
  const double useful = model.usefulMacs > 0 ? model.usefulMacs : macs;
  report.utilization = report.intervalNs > 0 && peak > 0 ? useful / (peak * report.intervalNs * 1e-9) : 0;
  return report;
}

} // namespace ncc::sim
