// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// DMA queues and semaphores. Dependences come from overlapping memory; a wait is added only for what is not already
// known through an earlier wait of the same stream or through what the awaited instruction itself had waited for.
#include "passes/sync/Sync.h"

#include "dialects/core/Core.h"
#include "passes/DevicePass.h"

#include <array>

using namespace mlir;
using namespace ncc;

std::vector<sync::CallRegions> sync::callRegions(core::ProgramOp program) {
  std::vector<CallRegions> calls;
  auto regionOf = [](int64_t buffer, int64_t offset, Attribute type) {
    auto tensor = cast<RankedTensorType>(cast<TypeAttr>(type).getValue());
    int64_t bits = tensor.getElementType().isIntOrFloat() ? tensor.getElementTypeBitWidth() : 8;
    int64_t bytes = tensor.getNumElements() * std::max<int64_t>(1, bits / 8);
    return Region{static_cast<uint32_t>(2 + buffer), offset, offset + bytes, 0, 1, true};
  };
  for (auto entry : program.getTables().getOps<core::CallEntryOp>()) {
    CallRegions regions;
    ArrayRef<int64_t> inputs = entry.getInputs(), outputs = entry.getOutputs();
    for (size_t i = 0; i + 1 < inputs.size(); i += 2) {
      if (inputs[i] >= 0) {
        regions.reads.push_back(regionOf(inputs[i], inputs[i + 1], entry.getInputTypes()[i / 2]));
      }
    }
    for (size_t i = 0; i + 1 < outputs.size(); i += 2) {
      regions.writes.push_back(regionOf(outputs[i], outputs[i + 1], entry.getResultTypes()[i / 2]));
    }
    calls.push_back(std::move(regions));
  }
  return calls;
}

namespace {

// How many instructions of every stream are known to be complete.
using Clock = std::array<uint32_t, sync::kMaxStreams>;

struct Wait {
  uint32_t stream, count; // the first `count` instructions of the stream
};

class Assigner {
public:
  Assigner(core::ProgramOp program, const hw::DeviceSpec &device) : device(device), calls(sync::callRegions(program)) {
    for (auto op : program.getRun().getOps<core::InstructionOpInterface>()) {
      ops.push_back(op);
      insts.push_back(&op.instruction());
    }
  }

  void run() {
    assignQueues();
    findWaits();
    writeSemaphores();
  }

private:
  // Loads that nothing on this core produces go to one half of the queues, so that they never stand behind a
  // store that waits for arithmetic; each half is used in turn.
  void assignQueues() {
    int queues = std::clamp(device.dmaQueues, 1, 16);
    int loads = std::max(1, queues / 2), others = std::max(1, queues - loads);
    std::vector<bool> written;
    int nextLoad = 0, nextOther = 0;
    for (isa::Instruction *inst : insts) {
      isa::Header &header = isa::header(*inst);
      bool independent = std::holds_alternative<isa::DmaCopy>(*inst);
      isa::forEachRead(*inst, [&](const isa::AccessPattern &ap) {
        independent &= ap.space == isa::Space::Dram && !(ap.buffer < written.size() && written[ap.buffer]);
      });
      isa::forEachWrite(*inst, [&](const isa::AccessPattern &ap) {
        if (ap.space == isa::Space::Dram) {
          written.resize(std::max<size_t>(written.size(), ap.buffer + 1));
          written[ap.buffer] = true;
        }
      });
      if (header.engine != isa::Engine::Dma) {
        continue;
      }
      header.queue = static_cast<uint8_t>(independent || queues == 1 ? nextLoad++ % loads : loads + nextOther++ % others);
    }
  }

  void findWaits() {
    sync::Hazards hazards;
    streams.resize(insts.size());
    ordinal.resize(insts.size());
    waits.resize(insts.size());
    clocks.resize(insts.size());
    Clock issued{};
    std::array<Clock, sync::kMaxStreams> known{};
    llvm::SmallVector<uint32_t, 8> sources;
    for (uint32_t i = 0; i < insts.size(); ++i) {
      uint32_t stream = streams[i] = sync::streamOf(isa::header(*insts[i]));
      sources.clear();
      sync::forEachRegion(*insts[i], calls, [&](const sync::Region &region, bool writes) {
        hazards.access(region, writes, stream, i, [&](uint32_t other, uint32_t index) {
          if (other != stream) {
            sources.push_back(index);
          }
        });
      });
      // The latest source first: what it has waited for need not be waited for again.
      llvm::sort(sources, std::greater<>());
      sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
      Clock &clock = known[stream];
      for (uint32_t source : sources) {
        uint32_t other = streams[source], count = ordinal[source] + 1;
        if (clock[other] >= count) {
          continue;
        }
        waits[i].push_back({other, count});
        for (uint32_t s = 0; s < sync::kMaxStreams; ++s) {
          clock[s] = std::max(clock[s], clocks[source][s]);
        }
        clock[other] = std::max(clock[other], count);
      }
      clock[stream] = ordinal[i] = issued[stream]++;
      clocks[i] = clock;
    }
  }

  void writeSemaphores() {
    // Instructions of each stream in order, and which of them somebody waits for.
    std::array<std::vector<uint32_t>, sync::kMaxStreams> members;
    for (uint32_t i = 0; i < insts.size(); ++i) {
      members[streams[i]].push_back(i);
    }
    std::vector<bool> signals(insts.size(), false);
    for (auto &list : waits) {
      for (const Wait &wait : list) {
        signals[members[wait.stream][wait.count - 1]] = true;
      }
    }
    std::vector<uint32_t> value(insts.size(), 0);
    std::array<uint32_t, sync::kMaxStreams> signalled{};
    for (uint32_t i = 0; i < insts.size(); ++i) {
      isa::header(*insts[i]).sync = {};
      if (signals[i]) {
        isa::header(*insts[i]).sync.addSignal(static_cast<uint16_t>(streams[i]));
        value[i] = ++signalled[streams[i]];
      }
    }
    for (uint32_t i = 0; i < insts.size(); ++i) {
      isa::Sync *target = &isa::header(*insts[i]).sync;
      for (size_t w = 0; w < waits[i].size(); ++w) {
        auto semaphore = static_cast<uint16_t>(waits[i][w].stream);
        uint32_t needed = value[members[waits[i][w].stream][waits[i][w].count - 1]];
        if (!target->addWait(semaphore, needed)) {
          target = &insertNop(i);
          target->addWait(semaphore, needed);
        }
      }
    }
  }

  // A place for more waits right before instruction `i` on the same stream.
  isa::Sync &insertNop(uint32_t i) {
    isa::Nop nop;
    nop.header.engine = isa::header(*insts[i]).engine;
    nop.header.queue = isa::header(*insts[i]).queue;
    OpBuilder builder(ops[i]);
    return isa::header(core::createInstruction(builder, ops[i]->getLoc(), nop).instruction()).sync;
  }

  const hw::DeviceSpec &device;
  std::vector<sync::CallRegions> calls;
  std::vector<core::InstructionOpInterface> ops;
  std::vector<isa::Instruction *> insts;
  std::vector<uint32_t> streams, ordinal;
  std::vector<llvm::SmallVector<Wait, 2>> waits;
  std::vector<Clock> clocks;
};

struct AssignSemaphoresPass : DevicePass<AssignSemaphoresPass, OperationPass<core::ProgramOp>> {
  using DevicePass::DevicePass;
  StringRef getArgument() const final { return "ncc-assign-semaphores"; }
  StringRef getDescription() const final { return "assigns DMA queues and semaphores"; }
  void runOnOperation() override { Assigner(getOperation(), device).run(); }
};

} // namespace

std::unique_ptr<Pass> sync::createAssignSemaphoresPass(const hw::DeviceSpec &device) {
  return std::make_unique<AssignSemaphoresPass>(device);
}

void sync::registerPasses() { PassRegistration<AssignSemaphoresPass>(); }
