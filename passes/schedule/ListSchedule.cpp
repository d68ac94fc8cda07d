// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// List scheduling of one core's program against a clock per engine. Of the instructions whose operands are ready,
// each engine takes the one that comes first in the order given, so the emitters' order decides wherever the
// engines would not wait; what needs new memory is moved ahead only up to a limit, except the oldest instruction.
#include "passes/schedule/Schedule.h"

#include "dialects/tile/Tile.h"
#include "passes/memory/Storage.h"
#include "runtime/hw/CostModel.h"

#include "llvm/ADT/DenseMap.h"

#include <array>
#include <queue>

using namespace ncc;

namespace {

constexpr int kEngines = 6;

struct Node {
  mlir::Operation *op = nullptr;
  int32_t inst = -1; // -1: costs nothing
  uint32_t waiting = 0;
  double ready = 0;
  uint32_t firstUser = 0, endUser = 0;
  uint8_t engine = 0;
  bool done = false;
};

using Timed = std::pair<double, uint32_t>;
template <typename T>
using MinHeap = std::priority_queue<T, std::vector<T>, std::greater<T>>;

struct EngineQueue {
  double free = 0;
  bool stalled = false;         // its next instruction waited for memory
  MinHeap<Timed> pending;       // operands arrive later
  MinHeap<uint32_t> plain;      // ready, no new memory
  MinHeap<uint32_t> allocating; // ready, first writers of a root
};

class Scheduler {
public:
  Scheduler(tile::ProgramOp program, const memory::Program &insts, const hw::DeviceSpec &device, const schedule::Limits &limits)
      : insts(insts), cost(device), limits(limits), device(device), born(insts.roots.size()), remaining(insts.roots.size()) {
    makeNodes(program);
    makeEdges();
    for (const memory::Inst &inst : insts.insts) {
      forEachDistinctRoot(inst, [&](uint32_t root) { ++remaining[root]; });
    }
  }

  std::vector<mlir::Operation *> run() {
    for (uint32_t n = 0; n < nodes.size(); ++n) {
      if (nodes[n].waiting == 0 && !nodes[n].done && nodes[n].inst >= 0) {
        queues[nodes[n].engine].pending.push({0.0, n});
      }
    }
    // Inputs, constants and other free nodes without operands open the way.
    for (uint32_t n = 0; n < nodes.size(); ++n) {
      if (nodes[n].waiting == 0 && nodes[n].inst < 0 && !nodes[n].done) {
        complete(n, 0);
      }
    }
    while (order.size() < nodes.size()) {
      while (oldest < nodes.size() && nodes[oldest].done) {
        ++oldest;
      }
      issueNext();
    }
    return std::move(order);
  }

private:
  void makeNodes(tile::ProgramOp program) {
    int32_t next = 0;
    for (mlir::Operation &op : program.getBody().front()) {
      Node node;
      node.op = &op;
      if (next < static_cast<int32_t>(insts.insts.size()) && insts.insts[next].op == &op) {
        node.engine = static_cast<uint8_t>(isa::header(insts.insts[next].inst).engine);
        node.inst = next++;
      }
      number[&op] = static_cast<uint32_t>(nodes.size());
      nodes.push_back(node);
    }
  }

  void makeEdges() {
    std::vector<std::pair<uint32_t, uint32_t>> edges; // (from, to)
    llvm::DenseMap<int64_t, uint32_t> lastOnChannel;
    for (uint32_t n = 0; n < nodes.size(); ++n) {
      size_t before = edges.size();
      for (mlir::Value operand : nodes[n].op->getOperands()) {
        uint32_t from = number.find(operand.getDefiningOp())->second;
        if (edges.size() == before || edges.back().first != from) {
          edges.push_back({from, n});
        }
      }
      std::optional<int64_t> channel;
      if (auto send = llvm::dyn_cast<tile::SendOp>(nodes[n].op)) {
        channel = static_cast<int64_t>(send.getChannel()) * 2;
      } else if (auto recv = llvm::dyn_cast<tile::RecvOp>(nodes[n].op)) {
        channel = static_cast<int64_t>(recv.getChannel()) * 2 + 1;
      }
      if (channel) { // transfers of one channel keep their order
        auto [it, inserted] = lastOnChannel.try_emplace(*channel, n);
        if (!inserted) {
          edges.push_back({it->second, n});
          it->second = n;
        }
      }
      nodes[n].waiting = static_cast<uint32_t>(edges.size() - before);
    }
    std::vector<uint32_t> counts(nodes.size() + 1, 0);
    for (auto [from, to] : edges) {
      ++counts[from + 1];
    }
    for (size_t i = 1; i < counts.size(); ++i) {
      counts[i] += counts[i - 1];
    }
    users.resize(edges.size());
    for (uint32_t n = 0; n < nodes.size(); ++n) {
      nodes[n].firstUser = nodes[n].endUser = counts[n];
    }
    for (auto [from, to] : edges) {
      users[nodes[from].endUser++] = to;
    }
  }

  template <typename Fn>
  void forEachDistinctRoot(const memory::Inst &inst, Fn &&fn) {
    llvm::SmallVector<uint32_t, 8> seen;
    memory::forEachRoot(insts, inst, [&](uint32_t root, bool, bool) {
      if (!llvm::is_contained(seen, root)) {
        seen.push_back(root);
        fn(root);
      }
    });
  }

  bool managed(uint32_t root) const {
    return insts.roots[root].space != isa::Space::Dram && !insts.roots[root].resident;
  }
  std::pair<int64_t, int64_t> need(uint32_t n) {
    int64_t sbuf = 0, psum = 0;
    forEachDistinctRoot(insts.insts[nodes[n].inst], [&](uint32_t root) {
      if (managed(root) && !born[root]) {
        (insts.roots[root].space == isa::Space::Psum ? psum : sbuf) += insts.roots[root].bytes;
      }
    });
    return {sbuf, psum};
  }
  bool allowed(uint32_t n) {
    auto [sbuf, psum] = need(n);
    int64_t psumLimit = n == oldest ? device.psumBytesPerPartition : limits.psumBytes;
    return (n == oldest || sbuf == 0 || sbufLive + sbuf <= limits.sbufBytes) && (psum == 0 || psumLive + psum <= psumLimit);
  }

  void release(EngineQueue &queue) {
    while (!queue.pending.empty() && queue.pending.top().first <= queue.free) {
      uint32_t n = queue.pending.top().second;
      queue.pending.pop();
      auto [sbuf, psum] = need(n);
      (sbuf + psum > 0 ? queue.allocating : queue.plain).push(n);
    }
  }

  // The node the engine would take now, or -1. Out of turn, the oldest node of all may allocate beyond the limits.
  int64_t candidate(EngineQueue &queue) {
    int64_t best = queue.plain.empty() ? int64_t{-1} : int64_t{queue.plain.top()};
    if (!queue.allocating.empty()) {
      uint32_t first = queue.allocating.top();
      if (best < 0 || first < best) {
        bool fits = allowed(first);
        queue.stalled |= !fits;
        best = fits ? first : best;
      }
    }
    return best;
  }

  void issueNext() {
    int chosen = -1;
    double start = 0;
    for (int e = 0; e < kEngines; ++e) {
      EngineQueue &queue = queues[e];
      release(queue);
      double at;
      if (candidate(queue) >= 0) {
        at = queue.free;
      } else if (!queue.pending.empty()) {
        at = queue.pending.top().first;
      } else {
        continue;
      }
      if (chosen < 0 || at < start) {
        chosen = e;
        start = at;
      }
    }
    if (chosen < 0) {
      force();
      return;
    }
    EngineQueue &queue = queues[chosen];
    int64_t n = candidate(queue);
    if (n < 0) { // let the clock reach the next arrival
      queue.free = std::max(queue.free, start);
      return;
    }
    pop(queue, static_cast<uint32_t>(n));
    issue(static_cast<uint32_t>(n));
  }

  void pop(EngineQueue &queue, uint32_t n) {
    if (!queue.plain.empty() && queue.plain.top() == n) {
      queue.plain.pop();
    } else {
      queue.allocating.pop();
    }
  }

  // Nothing may run within the limits: the first ready node breaks them.
  void force() {
    EngineQueue *queue = nullptr;
    for (EngineQueue &q : queues) {
      if (!q.allocating.empty() && (!queue || q.allocating.top() < queue->allocating.top())) {
        queue = &q;
      }
    }
    uint32_t n = queue->allocating.top();
    queue->allocating.pop();
    issue(n);
  }

  void issue(uint32_t n) {
    const memory::Inst &inst = insts.insts[nodes[n].inst];
    EngineQueue &queue = queues[nodes[n].engine];
    double begin = std::max(queue.free, nodes[n].ready);
    if (queue.stalled) {
      auto [sbuf, psum] = need(n);
      begin = sbuf + psum > 0 ? std::max(begin, lastRelease) : begin;
      queue.stalled = sbuf + psum == 0;
    }
    bool atLoad = inst.atLoad && insts.roots[inst.roots[0]].resident;
    queue.free = begin + (atLoad ? 0 : cost.instructionNs(inst.inst));
    forEachDistinctRoot(inst, [&](uint32_t root) {
      if (!managed(root)) {
        return;
      }
      int64_t &live = insts.roots[root].space == isa::Space::Psum ? psumLive : sbufLive;
      if (!born[root]) {
        born[root] = true;
        live += insts.roots[root].bytes;
      }
      if (--remaining[root] == 0) {
        live -= insts.roots[root].bytes;
        lastRelease = std::max(lastRelease, queue.free);
      }
    });
    complete(n, atLoad ? 0 : queue.free + cost.latencyNs(inst.inst));
  }

  void complete(uint32_t first, double time) {
    llvm::SmallVector<std::pair<uint32_t, double>> stack{{first, time}};
    while (!stack.empty()) {
      auto [n, finished] = stack.pop_back_val();
      nodes[n].done = true;
      order.push_back(nodes[n].op);
      for (uint32_t u = nodes[n].firstUser; u < nodes[n].endUser; ++u) {
        Node &user = nodes[users[u]];
        user.ready = std::max(user.ready, finished);
        if (--user.waiting == 0) {
          if (user.inst < 0) {
            stack.push_back({users[u], user.ready});
          } else {
            queues[user.engine].pending.push({user.ready, users[u]});
          }
        }
      }
    }
  }

  const memory::Program &insts;
  hw::CostModel cost;
  schedule::Limits limits;
  const hw::DeviceSpec &device;
  std::vector<Node> nodes;
  std::vector<uint32_t> users;
  llvm::DenseMap<mlir::Operation *, uint32_t> number;
  std::vector<bool> born;
  std::vector<uint32_t> remaining;
  std::array<EngineQueue, kEngines> queues;
  std::vector<mlir::Operation *> order;
  size_t oldest = 0;
  double lastRelease = 0;
  int64_t sbufLive = 0, psumLive = 0;
};

} // namespace

std::vector<mlir::Operation *> schedule::listSchedule(tile::ProgramOp program, const memory::Program &insts, const hw::DeviceSpec &device,
                                                      const Limits &limits) {
  return Scheduler(program, insts, device, limits).run();
}
