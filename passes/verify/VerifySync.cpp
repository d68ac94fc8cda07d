// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Proves the synchronisation of all cores from the encoded waits and signals alone. A wait for value v of a
// semaphore is met by the instruction that makes the v-th signal; since every wait is met by an instruction earlier
// in program order, the streams of a core cannot wait for each other in a circle. Cores run their sends and
// receives in one global order of inferences: a channel graph without circles cannot block either.
#include "passes/verify/Verify.h"

#include "dialects/core/Core.h"
#include "passes/sync/Sync.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/DenseMap.h"

#include <array>

using namespace mlir;
using namespace ncc;

namespace {

using Clock = std::array<uint32_t, sync::kMaxStreams>;

// Happens-before inside one core.
class ProgramChecker {
public:
  explicit ProgramChecker(core::ProgramOp program) : calls(sync::callRegions(program)) {
    for (auto op : program.getRun().getOps<core::InstructionOpInterface>()) {
      ops.push_back(op);
    }
  }

  bool run() {
    clocks.resize(ops.size());
    streams.resize(ops.size());
    ordinal.resize(ops.size());
    sync::Hazards hazards;
    std::array<Clock, sync::kMaxStreams> known{};
    Clock issued{};
    for (uint32_t i = 0; i < ops.size(); ++i) {
      const isa::Instruction &inst = ops[i].instruction();
      const isa::Header &header = isa::header(inst);
      uint32_t stream = streams[i] = sync::streamOf(header);
      Clock &clock = known[stream];
      if (!applyWaits(i, clock)) {
        return false;
      }
      ordinal[i] = clock[stream] = issued[stream]++;
      clocks[i] = clock;
      bool ok = true;
      sync::forEachRegion(inst, calls, [&](const sync::Region &region, bool writes) {
        hazards.access(region, writes, stream, i, [&](uint32_t other, uint32_t index) {
          if (ok && other != stream && clock[other] <= ordinal[index]) {
            ops[i]->emitOpError("touches memory that instruction ")
                << index << " of the program touches, without waiting for it (" << (region.memory == 0 ? "SBUF" : region.memory == 1 ? "PSUM" : "DRAM")
                << " bytes " << region.begin << ".." << region.end << ")";
            ok = false;
          }
        });
      });
      if (!ok) {
        return false;
      }
      for (const isa::SemaphoreSignal &signal : header.sync.signalList()) {
        std::vector<uint32_t> &list = signals[signal.semaphore];
        if (!list.empty() && streams[list.back()] != stream) {
          ops[i]->emitOpError("signals a semaphore that belongs to another stream");
          return false;
        }
        list.insert(list.end(), signal.increment, i);
      }
    }
    return true;
  }

private:
  bool applyWaits(uint32_t i, Clock &clock) {
    for (const isa::SemaphoreWait &wait : isa::header(ops[i].instruction()).sync.waitList()) {
      auto it = signals.find(wait.semaphore);
      if (wait.value == 0) {
        continue;
      }
      if (it == signals.end() || it->second.size() < wait.value) {
        ops[i]->emitOpError("waits for ever: semaphore ") << wait.semaphore << " does not reach " << wait.value << " before it";
        return false;
      }
      uint32_t source = it->second[wait.value - 1];
      for (uint32_t s = 0; s < sync::kMaxStreams; ++s) {
        clock[s] = std::max(clock[s], clocks[source][s]);
      }
      clock[streams[source]] = std::max(clock[streams[source]], ordinal[source] + 1);
    }
    return true;
  }

  std::vector<sync::CallRegions> calls;
  std::vector<core::InstructionOpInterface> ops;
  std::vector<Clock> clocks;
  std::vector<uint32_t> streams, ordinal;
  llvm::DenseMap<uint16_t, std::vector<uint32_t>> signals; // semaphore -> instructions, one entry per count
};

// Every channel has one sender and one receiver, which move the same bytes, and no circle of cores.
class ChannelChecker {
public:
  bool run(ModuleOp module) {
    for (auto program : module.getOps<core::ProgramOp>()) {
      auto core = static_cast<int64_t>(program.getCore());
      for (auto op : program.getRun().getOps<core::InstructionOpInterface>()) {
        if (const auto *send = std::get_if<isa::Send>(&op.instruction())) {
          note(op, send->channel, core, send->src, true);
        } else if (const auto *recv = std::get_if<isa::Recv>(&op.instruction())) {
          note(op, recv->channel, core, recv->dst, false);
        }
      }
    }
    for (auto &[id, channel] : channels) {
      if (channel.sent != channel.received) {
        channel.op->emitOpError("channel ") << id << " is sent " << channel.sent << " bytes but " << channel.received << " are received";
        ok = false;
      } else if (channel.from == channel.to) {
        channel.op->emitOpError("channel ") << id << " leads from a core to itself";
        ok = false;
      }
    }
    return ok && acyclic(module);
  }

private:
  struct Channel {
    Operation *op = nullptr;
    int64_t from = -1, to = -1, sent = 0, received = 0;
  };

  void note(core::InstructionOpInterface op, uint16_t id, int64_t core, const isa::AccessPattern &ap, bool sends) {
    Channel &channel = channels[id];
    channel.op = op;
    int64_t &end = sends ? channel.from : channel.to;
    if (end >= 0 && end != core) {
      op->emitOpError("channel ") << id << (sends ? " has two senders" : " has two receivers");
      ok = false;
    }
    end = core;
    (sends ? channel.sent : channel.received) += ap.totalSize() * static_cast<int64_t>(dtypeSize(ap.dtype));
  }

  bool acyclic(ModuleOp module) {
    std::map<int64_t, int64_t> blockers; // core -> channels it still waits for
    for (auto &[id, channel] : channels) {
      ++blockers[channel.to];
      blockers.try_emplace(channel.from, 0);
    }
    std::vector<int64_t> ready;
    for (auto [core, count] : blockers) {
      if (count == 0) {
        ready.push_back(core);
      }
    }
    size_t done = 0;
    while (!ready.empty()) {
      int64_t core = ready.back();
      ready.pop_back();
      ++done;
      for (auto &[id, channel] : channels) {
        if (channel.from == core && --blockers[channel.to] == 0) {
          ready.push_back(channel.to);
        }
      }
    }
    if (done != blockers.size()) {
      module.emitError("the cores wait for each other in a circle of channels");
      return false;
    }
    return true;
  }

  std::map<uint16_t, Channel> channels;
  bool ok = true;
};

struct VerifySyncPass : PassWrapper<VerifySyncPass, OperationPass<ModuleOp>> {
  StringRef getArgument() const final { return "ncc-verify-sync"; }
  StringRef getDescription() const final { return "proves that waits and signals order all conflicting accesses"; }

  void runOnOperation() override {
    bool ok = true;
    for (auto program : getOperation().getOps<core::ProgramOp>()) {
      ok = ProgramChecker(program).run() && ok;
    }
    if (!ChannelChecker().run(getOperation()) || !ok) {
      signalPassFailure();
    }
  }
};

} // namespace

std::unique_ptr<Pass> verify::createVerifySyncPass() { return std::make_unique<VerifySyncPass>(); }
