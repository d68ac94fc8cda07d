// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// ncc-check-roofline MODEL.neff...: no prediction may be better than what the machine could do at best. The bounds are
// computed here from the instructions and the device file alone, without the cost model: multiply-adds at the peak of their
// type, elements at four a cycle on the vector engine and one on the scalar engine, bytes at the full bandwidth of DRAM.
#include "runtime/isa/Instruction.h"
#include "runtime/neff/Reader.h"
#include "runtime/sim/Timing.h"

#include <algorithm>
#include <cstdio>

using namespace ncc;

namespace {

struct Bound {
  double tensor = 0, vector = 0, scalar = 0, dram = 0; // ns of one inference on one core
  double most() const { return std::max({tensor, vector, scalar, dram}); }
};

double elements(const isa::Instruction &inst) {
  double most = 0;
  isa::forEachWrite(inst, [&](const isa::AccessPattern &ap) { most = std::max(most, static_cast<double>(ap.freeSize())); });
  return most;
}

Bound boundOf(const neff::Program &program, const hw::DeviceSpec &spec) {
  Bound bound;
  for (const isa::Instruction &inst : program.run) {
    const isa::Engine engine = isa::header(inst).engine;
    if (const auto *m = std::get_if<isa::Matmul>(&inst)) {
      double macs = static_cast<double>(m->stationary.partitions) * m->dst.partitions * static_cast<double>(m->dst.freeSize());
      bound.tensor += macs / spec.peakMacsPerSecond(m->moving.dtype) * 1e9;
    } else if (engine == isa::Engine::Vector) {
      bound.vector += elements(inst) / 4 / spec.vectorGhz;
    } else if (engine == isa::Engine::Scalar) {
      bound.scalar += elements(inst) / spec.scalarGhz;
    } else if (engine == isa::Engine::Dma && !std::holds_alternative<isa::DmaGather>(inst) && !std::holds_alternative<isa::DmaScatter>(inst)) {
      auto add = [&](const isa::AccessPattern &ap) {
        if (ap.space == isa::Space::Dram) {
          bound.dram += static_cast<double>(ap.totalSize()) * static_cast<double>(dtypeSize(ap.dtype)) / spec.dramBytesPerNs;
        }
      };
      isa::forEachRead(inst, add);
      isa::forEachWrite(inst, add);
    }
  }
  return bound;
}

bool check(const char *path) {
  auto model = neff::readModel(path);
  auto spec = model.ok() ? hw::parseDevice(model->device) : model.status();
  auto timing = model.ok() ? sim::simulateTiming(*model) : model.status();
  if (!spec.ok() || !timing.ok()) {
    std::printf("FAIL %s: no prediction\n", path);
    return false;
  }
  Bound worst;
  for (const neff::Program &program : model->programs) {
    Bound bound = boundOf(program, *spec);
    worst = bound.most() > worst.most() ? bound : worst;
  }
  // Replicas take turns; the stages of a pipeline each see every inference.
  const bool replicated = model->groups.size() > 1;
  const double replicas = replicated ? static_cast<double>(model->groups.size()) : 1;
  const double slack = 1 - 1e-9;
  const bool latency = timing->latencyNs >= worst.most() * slack, interval = timing->intervalNs >= worst.most() / replicas * slack;
  const bool useful = timing->utilization > 0 && timing->utilization <= 1;
  const bool noMacs = model->usefulMacs == 0;
  if (latency && interval && (useful || noMacs) && timing->latencyNs > 0) {
    return true;
  }
  std::printf("FAIL %s: latency %.0f ns, interval %.0f ns, utilization %.3f; at best tensor %.0f, vector %.0f, scalar %.0f, dram %.0f ns, %g replicas\n", path,
              timing->latencyNs, timing->intervalNs, timing->utilization, worst.tensor, worst.vector, worst.scalar, worst.dram, replicas);
  return false;
}

} // namespace

int main(int argc, char **argv) {
  int failed = 0;
  for (int a = 1; a < argc; ++a) {
    failed += !check(argv[a]);
  }
  std::printf("%d predictions, %d better than the machine\n", argc - 1, failed);
  return failed > 0 || argc < 2;
}
