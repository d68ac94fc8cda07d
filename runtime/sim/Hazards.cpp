// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/sim/Hazards.h"

#include "runtime/isa/Checks.h"

#include <algorithm>
#include <map>

namespace ncc::sim {

using namespace isa;

WrittenBytes::WrittenBytes(const hw::DeviceSpec &spec)
    : sbufPitch(spec.sbufBytesPerPartition), psumPitch(spec.psumBytesPerPartition),
      sbuf(static_cast<size_t>(sbufPitch * spec.partitions)), psum(static_cast<size_t>(psumPitch * spec.partitions)) {}

template <typename Fn>
void WrittenBytes::forEachByte(const AccessPattern &ap, Fn &&fn) {
  if (ap.space == Space::Dram) {
    return;
  }
  std::vector<bool> &memory = ap.space == Space::Sbuf ? sbuf : psum;
  const int64_t pitch = ap.space == Space::Sbuf ? sbufPitch : psumPitch;
  const auto size = static_cast<int64_t>(dtypeSize(ap.dtype));
  for (int64_t p = 0; p < ap.partitions; ++p) {
    for (int64_t i = 0; i < ap.freeSize(); ++i) {
      int64_t at = (ap.partition + p) * pitch + static_cast<int64_t>(ap.offset), rest = i;
      for (int d = ap.rank - 1; d >= 0; --d) {
        at += rest % ap.dims[d].size * ap.dims[d].stride * size;
        rest /= ap.dims[d].size;
      }
      for (int64_t b = 0; b < size; ++b) {
        fn(memory, at + b);
      }
    }
  }
}

absl::Status WrittenBytes::check(const Instruction &inst) {
  bool missing = false;
  forEachRead(inst, [&](const AccessPattern &ap) {
    forEachByte(ap, [&](std::vector<bool> &memory, int64_t at) { missing |= !memory[static_cast<size_t>(at)]; });
  });
  forEachWrite(inst, [&](const AccessPattern &ap) {
    forEachByte(ap, [&](std::vector<bool> &memory, int64_t at) { memory[static_cast<size_t>(at)] = true; });
  });
  return missing ? absl::FailedPreconditionError("reads on-chip bytes that were never written") : absl::OkStatus();
}

namespace {

int queueOf(const Instruction &inst) {
  const Header &head = header(inst);
  return head.engine == Engine::Dma ? 6 + head.queue : static_cast<int>(head.engine);
}

struct Access {
  size_t inst;
  bool write;
  int firstPartition, lastPartition;
  int64_t begin, end;
};

/// A clock per instruction: how many instructions of each queue are certain to be over when it starts.
class RaceFinder {
public:
  RaceFinder(const std::vector<Instruction> &list) : list(list), position(list.size()), clocks(list.size()) {}

  absl::Status run() {
    std::map<int, uint32_t> counts;
    std::map<int, Clock> last; // clock at the end of the queue's latest instruction
    std::map<uint16_t, std::vector<size_t>> signals;
    for (size_t i = 0; i < list.size(); ++i) {
      const Header &head = header(list[i]);
      const int queue = queueOf(list[i]);
      Clock clock = last[queue];
      for (const SemaphoreWait &wait : head.sync.waitList()) {
        // Needed signals: those without which the value cannot be reached. With increments in program order per
        // queue this is the prefix of signals before i whose sum first reaches the value, if all come from one queue.
        mergeNeeded(signals[wait.semaphore], wait.value, clock);
      }
      clocks[i] = clock;
      position[i] = ++counts[queue];
      Clock after = clock;
      after[queue] = position[i];
      last[queue] = after;
      for (const SemaphoreSignal &signal : head.sync.signalList()) {
        signals[signal.semaphore].push_back(i);
      }
      if (const auto *op = std::get_if<Semaphore>(&list[i]); op && op->op != SemaphoreOp::nop) {
        for (int s = 0; s < op->count; ++s) {
          signals[static_cast<uint16_t>(op->semaphore + s)].clear();
        }
      }
      if (absl::Status status = record(i, queue, clock); !status.ok()) {
        return status;
      }
    }
    return absl::OkStatus();
  }

private:
  using Clock = std::map<int, uint32_t>;

  void mergeNeeded(const std::vector<size_t> &list_, uint32_t value, Clock &clock) {
    // Total of all signals except those at or after position p of a queue must be < value for p to be needed.
    std::map<int, std::vector<std::pair<size_t, uint32_t>>> perQueue;
    uint64_t total = 0;
    for (size_t s : list_) {
      uint32_t increment = 0;
      for (const SemaphoreSignal &signal : header(list[s]).sync.signalList()) {
        increment += signal.increment;
      }
      perQueue[queueOf(list[s])].push_back({s, increment});
      total += increment;
    }
    for (auto &[queue, entries] : perQueue) {
      uint64_t without = total;
      for (auto it = entries.rbegin(); it != entries.rend(); ++it) {
        without -= it->second;
        if (without < value) { // this one (and all before it in its queue) must have happened
          join(clock, clocks[it->first]);
          uint32_t &entry = clock[queue];
          entry = std::max(entry, position[it->first]);
          break;
        }
      }
    }
  }

  static void join(Clock &to, const Clock &from) {
    for (auto [queue, count] : from) {
      uint32_t &entry = to[queue];
      entry = std::max(entry, count);
    }
  }

  absl::Status record(size_t inst, int queue, const Clock &clock) {
    absl::Status status;
    auto touch = [&](const AccessPattern &ap, bool write) {
      ByteRange range = byteRange(ap);
      Access access{inst, write, ap.partition, ap.partition + ap.partitions - 1, range.begin, range.end};
      if (ap.space == Space::Dram) {
        access.firstPartition = access.lastPartition = 0;
      }
      int key = ap.space == Space::Dram ? 16 + ap.buffer : static_cast<int>(ap.space);
      for (const Access &other : accesses[key]) {
        const bool overlap = access.begin < other.end && other.begin < access.end &&
                             access.firstPartition <= other.lastPartition && other.firstPartition <= access.lastPartition;
        if (!overlap || (!write && !other.write) || other.inst == inst || queueOf(list[other.inst]) == queue) {
          continue;
        }
        auto it = clock.find(queueOf(list[other.inst]));
        if ((it == clock.end() || it->second < position[other.inst]) && status.ok()) {
          status = absl::FailedPreconditionError("race between `" + disassemble(list[other.inst]) + "` and `" + disassemble(list[inst]) + "`");
        }
      }
      added.push_back({key, access});
    };
    forEachRead(list[inst], [&](const AccessPattern &ap) { touch(ap, false); });
    forEachWrite(list[inst], [&](const AccessPattern &ap) { touch(ap, true); });
    for (auto &[key, access] : added) {
      if (access.write) { // older accesses it covers are ordered before it, hence before whatever comes after it
        auto &old = accesses[key];
        old.erase(std::remove_if(old.begin(), old.end(),
                                 [&, a = access](const Access &o) {
                                   return a.begin <= o.begin && o.end <= a.end && a.firstPartition <= o.firstPartition && o.lastPartition <= a.lastPartition;
                                 }),
                  old.end());
      }
    }
    for (auto &[key, access] : added) {
      accesses[key].push_back(access);
    }
    added.clear();
    return status;
  }

  const std::vector<Instruction> &list;
  std::vector<uint32_t> position;
  std::vector<Clock> clocks;
  std::map<int, std::vector<Access>> accesses;
  std::vector<std::pair<int, Access>> added;
};

} // namespace

absl::Status findRaces(const neff::Program &program, const hw::DeviceSpec &) {
  if (absl::Status status = RaceFinder(program.init).run(); !status.ok()) {
    return status;
  }
  return RaceFinder(program.run).run();
}

} // namespace ncc::sim
