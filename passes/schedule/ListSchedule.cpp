// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// List scheduling of one core's program against a clock per engine. Of the instructions whose operands are ready,
// each engine takes the one that comes first in the order given, so the emitters' order decides wherever the
// engines would not wait; what needs new memory is moved ahead only while the rest still fits (see Headroom.h).
#include "passes/schedule/Schedule.h"

#include "dialects/tile/Tile.h"
#include "passes/memory/PsumBanks.h"
#include "passes/memory/Storage.h"
#include "passes/schedule/Headroom.h"
#include "runtime/hw/CostModel.h"

#include "llvm/ADT/DenseMap.h"

#include <array>
#include <queue>

using namespace ncc;

namespace {

struct Node {
  mlir::Operation *op = nullptr;
  int32_t inst = -1; // -1: costs nothing
  uint32_t waiting = 0;
  double ready = 0;
  uint32_t firstUser = 0, endUser = 0;
  uint8_t engine = 0;
  bool done = false;
};

// Of a root: first and last access in the program's order, accesses to come, where it lies (PSUM).
struct Life {
  size_t birth = 0, death = 0;
  uint32_t remaining = 0;
  bool born = false;
  int64_t address = -1;
};

// What of the limit the program's own order may use of the scratchpad before its tiles count as paged.
constexpr double kOwnShare = 0.8;

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
      : insts(insts), cost(device), roots(insts.roots.size()), sbuf(insts.insts.size(), limits.sbufBytes),
        psum(insts.insts.size(), limits.psumBytes), banks(device.psumBanks, device.psumBankBytes) {
    makeNodes(program);
    makeEdges();
    makeLives();
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
      while (oldest < nodes.size() && (nodes[oldest].done || nodes[oldest].inst < 0)) {
        ++oldest;
      }
      now = oldest < nodes.size() ? static_cast<size_t>(nodes[oldest].inst) : insts.insts.size();
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

  void makeLives() {
    for (size_t i = 0; i < insts.insts.size(); ++i) {
      forEachDistinctRoot(insts.insts[i], [&](uint32_t root) {
        roots[root].birth = roots[root].remaining++ == 0 ? i : roots[root].birth;
        roots[root].death = i;
      });
    }
    for (auto [root, life] : llvm::zip(insts.roots, roots)) {
      if (root.space != isa::Space::Dram && !root.resident && life.remaining > 0) {
        (root.space == isa::Space::Psum ? psum : sbuf).add(life.birth, life.death, memory::alignedBytes(root.bytes));
      }
    }
    sbuf.settle(kOwnShare);
    psum.settle(1.0);
  }

  bool managed(uint32_t root) const {
    return insts.roots[root].space != isa::Space::Dram && !insts.roots[root].resident;
  }
  bool isPsum(uint32_t root) const { return insts.roots[root].space == isa::Space::Psum; }
  int64_t bytesOf(uint32_t root) const { return memory::alignedBytes(insts.roots[root].bytes); }

  bool allocates(uint32_t n) {
    bool any = false;
    forEachDistinctRoot(insts.insts[nodes[n].inst], [&](uint32_t root) { any |= managed(root) && !roots[root].born; });
    return any;
  }
  /// Out of turn, what is born takes room that the rest of the program must not need. The oldest instruction may take
  /// what it likes of SBUF, which can be paged; PSUM cannot.
  bool allowed(uint32_t n, bool force = false) {
    bool fits = true;
    int64_t sbufBytes = 0;
    forEachDistinctRoot(insts.insts[nodes[n].inst], [&](uint32_t root) {
      if (!managed(root) || roots[root].born) {
        return;
      }
      if (isPsum(root)) {
        fits &= banks.fits(bytesOf(root)) && (force || n == oldest || psum.fits(now, roots[root].birth, bytesOf(root)));
      } else {
        sbufBytes += bytesOf(root);
        fits &= force || n == oldest || sbuf.fits(now, roots[root].birth, sbufBytes);
      }
    });
    return fits;
  }

  void release(EngineQueue &queue) {
    while (!queue.pending.empty() && queue.pending.top().first <= queue.free) {
      uint32_t n = queue.pending.top().second;
      queue.pending.pop();
      (allocates(n) ? queue.allocating : queue.plain).push(n);
    }
  }

  // The node the engine would take now, or -1.
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
    for (int e = 0; e < static_cast<int>(schedule::kEngines); ++e) {
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

  // Nothing may run within the limits: the first ready node that has its accumulators breaks them.
  void force() {
    EngineQueue *queue = nullptr;
    for (bool force : {true, false}) {
      for (EngineQueue &q : queues) {
        if (!q.allocating.empty() && (!queue || q.allocating.top() < queue->allocating.top()) && (!force || allowed(q.allocating.top(), true))) {
          queue = &q;
        }
      }
      if (queue) {
        break;
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
      bool takes = allocates(n);
      begin = takes ? std::max(begin, lastRelease) : begin;
      queue.stalled = !takes;
    }
    bool atLoad = inst.atLoad && insts.roots[inst.roots[0]].resident;
    queue.free = begin + (atLoad ? 0 : cost.instructionNs(inst.inst));
    forEachDistinctRoot(inst, [&](uint32_t root) {
      if (!managed(root)) {
        return;
      }
      Life &life = roots[root];
      schedule::Headroom &headroom = isPsum(root) ? psum : sbuf;
      if (!life.born) {
        life.born = true;
        headroom.take(now, life.birth, bytesOf(root));
        if (isPsum(root)) {
          std::optional<memory::Arena::Range> range = banks.take(bytesOf(root));
          life.address = range ? range->offset : -1;
        }
      }
      if (--life.remaining == 0) {
        headroom.give(now, life.death, bytesOf(root));
        if (isPsum(root) && life.address >= 0) {
          banks.give(life.address, bytesOf(root));
        }
        lastRelease = std::max(lastRelease, queue.free);
      }
    });
    complete(n, atLoad ? 0 : queue.free, atLoad ? 0 : schedule::resultLatencyNs(inst.inst, cost));
  }

  void complete(uint32_t first, double time, double latency = 0) {
    llvm::SmallVector<std::pair<uint32_t, double>> stack{{first, time + latency}};
    while (!stack.empty()) {
      auto [n, finished] = stack.pop_back_val();
      nodes[n].done = true;
      order.push_back(nodes[n].op);
      for (uint32_t u = nodes[n].firstUser; u < nodes[n].endUser; ++u) {
        Node &user = nodes[users[u]];
        user.ready = std::max(user.ready, finished - (n == first && accumulates(n, users[u]) ? latency : 0));
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

  // The tensor engine adds to its own results without waiting for them.
  bool accumulates(uint32_t n, uint32_t user) const {
    return nodes[n].inst >= 0 && nodes[user].inst >= 0 && std::holds_alternative<isa::Matmul>(insts.insts[nodes[n].inst].inst) &&
           std::holds_alternative<isa::Matmul>(insts.insts[nodes[user].inst].inst);
  }

  const memory::Program &insts;
  hw::CostModel cost;
  std::vector<Node> nodes;
  std::vector<uint32_t> users;
  llvm::DenseMap<mlir::Operation *, uint32_t> number;
  std::vector<Life> roots;
  std::array<EngineQueue, schedule::kEngines> queues;
  std::vector<mlir::Operation *> order;
  schedule::Headroom sbuf, psum;
  memory::PsumBanks banks;
  size_t oldest = 0; // first node that is not done,
  size_t now = 0;    // and the position of its instruction
  double lastRelease = 0;
};

} // namespace

std::vector<mlir::Operation *> schedule::listSchedule(tile::ProgramOp program, const memory::Program &insts, const hw::DeviceSpec &device,
                                                      const Limits &limits) {
  return Scheduler(program, insts, device, limits).run();
}
