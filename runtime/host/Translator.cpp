// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/host/Translator.h"

#include "runtime/host/Tracker.h"
#include "runtime/host/TreeSteps.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace ncc::host {

using namespace isa;

namespace {

/// Arena places for operands packed at run time; a place is free again when nobody refers to it.
class ArenaPlanner {
public:
  int64_t allocate(int64_t bytes) {
    bytes = (bytes + 127) / 64 * 64;
    for (auto it = free.lower_bound(bytes); it != free.end() && it->first <= 2 * bytes; ++it) {
      int64_t at = it->second;
      sizes[at] = it->first;
      free.erase(it);
      return at;
    }
    int64_t at = top;
    top += bytes;
    sizes[at] = bytes;
    return at;
  }
  void retain(int64_t at) { ++references[at]; }
  void release(int64_t at) {
    if (--references[at] == 0) {
      free.emplace(sizes[at], at);
    }
  }
  int64_t size() const { return top; }

private:
  int64_t top = 0;
  std::multimap<int64_t, int64_t> free;
  std::map<int64_t, int64_t> sizes, references;
};

/// Memory for packed constants in large blocks.
class ConstantPool {
public:
  explicit ConstantPool(std::vector<sim::HostBytes> &blocks) : blocks(blocks) {}
  uint8_t *allocate(int64_t bytes) {
    bytes = (bytes + 127) / 64 * 64;
    if (bytes > left) {
      left = std::max<int64_t>(bytes, 16 << 20);
      blocks.push_back(sim::allocateBytes(static_cast<uint64_t>(left)));
      next = blocks.back().get();
    }
    uint8_t *at = next;
    next += bytes;
    left -= bytes;
    used += bytes;
    return at;
  }
  int64_t used = 0;

private:
  std::vector<sim::HostBytes> &blocks;
  uint8_t *next = nullptr;
  int64_t left = 0;
};

struct PackedEntry {
  AccessPattern ap;
  bool moving, sums;
  int64_t segment;
  ColumnWindow window;
  const MatmulKernel *kernel;
  MatmulOperand operand;
  int64_t sumsAt;
};

struct OpenChain {
  AccessPattern dst;
  Region region;
  MatmulPlan plan;
  std::vector<int64_t> held; // arena places the items refer to
  size_t last = 0;           // its latest matmul
  bool live = true;          // somebody touches the result after that
  bool wide = false;         // dst is the whole span of its block; matmuls into parts of it join
};

/// Beyond it the neutral columns of a joined chain cost more than they save.
constexpr int64_t kMostJoinedColumns = 512;

bool samePattern(const AccessPattern &a, const AccessPattern &b) { return a == b; }

class Translator {
public:
  Translator(const neff::Program &program, const hw::DeviceSpec &spec, const Kernels &kernels, const CoreContext &context, double memoryBytes)
      : memoryBytes(memoryBytes), program(program), kernels(kernels), writes(spec), storage(spec), shadow(spec), layouts(shadow), pool(result.constants) {
    std::memcpy(shadow.sbuf(), context.memory.sbuf(), static_cast<size_t>(shadow.sbufPitch() * spec.partitions));
    shadowTable.resize(program.buffers.size());
    for (size_t i = 0; i < program.buffers.size(); ++i) {
      shadowTable[i] = context.dram.buffer(i); // only weights are read through it
    }
  }

  absl::StatusOr<Translation> run() {
    for (const Instruction &inst : program.run) {
      forEachWrite(inst, [&](const AccessPattern &ap) { writes.add(ap); });
    }
    findDecisions();
    analyse();
    for (size_t i = 0; i < program.run.size(); ++i) {
      current = i;
      layouts.overrides = storage.overrides(i);
      translateOne(i);
      // Small instructions can ask for large packed operands, each for another one.
      if (memoryBytes > 0 && static_cast<double>(pool.used) + static_cast<double>(arena.size()) > memoryBytes) {
        return absl::ResourceExhaustedError("the operands of its matmuls, packed, take more memory than the limit");
      }
    }
    flushAll();
    finish();
    return std::move(result);
  }

private:
  //===--------------------------------------------------------------------===//
  // Decision trees
  //===--------------------------------------------------------------------===//

  const uint8_t *weight(uint16_t buffer) const { return program.buffers[buffer].kind == neff::BufferKind::Weight ? shadowTable[buffer] : nullptr; }

  /// Their thresholds are constants on chip: copies of constants are followed here, too.
  void findDecisions() {
    decisions.dropped.resize(program.run.size());
    const bool fetches = std::any_of(program.run.begin(), program.run.end(), [&](const Instruction &inst) {
      const auto *gather = std::get_if<DmaGather>(&inst);
      return gather && gather->index.space == Space::Dram && weight(gather->index.buffer);
    });
    if (!fetches) {
      return;
    }
    LoadTimeData data;
    data.weight = [this](uint16_t buffer) { return weight(buffer); };
    data.constantTile = [this](const AccessPattern &ap) -> const uint8_t * {
      return ap.space == Space::Sbuf && knownAtLoad(ap) ? shadow.sbuf() + Walk(ap, Layouts(shadow)).offset : nullptr;
    };
    data.pitch = shadow.sbufPitch();
    DecisionFinder finder(program.run, std::move(data));
    for (size_t i = 0; i < program.run.size(); ++i) {
      finder.add(i);
      const auto *dma = std::get_if<DmaCopy>(&program.run[i]);
      if (dma && isConstantCopy(*dma)) {
        copyToShadow(*dma);
        constants.copied(dma->dst, i);
      } else {
        forEachWrite(program.run[i], [&](const AccessPattern &ap) { overwrite(ap); });
      }
      limitConstants();
    }
    constants = ConstantTracker();
    decisions = finder.finish();
    shareRanks();
  }

  /// Trees that ask the same table, unchanged, share the ranks of its rows; tables of one size share the order of thresholds.
  void shareRanks() {
    std::map<int64_t, std::shared_ptr<RankOrder>> orders;
    for (const auto &[at, trees] : decisions.trees) {
      if (!worthRanks(trees, kernels.vector)) {
        continue;
      }
      auto ranking = std::find_if(rankings.begin(), rankings.end(), [&, &wanted = trees](const Ranking &r) {
        return r.table == wanted.table && r.until == wanted.until && r.rows == wanted.rows;
      });
      if (ranking == rankings.end()) {
        std::shared_ptr<RankOrder> &order = orders[trees.table.dims[0].size];
        order = order ? order : std::make_shared<RankOrder>();
        ranking = rankings.insert(ranking, {trees.table, trees.until, trees.rows, order, {}});
      }
      ranking->order->add(trees);
      ranking->users.push_back(at);
    }
    for (const auto &[size, order] : orders) {
      if (!order->finish()) {
        std::erase_if(rankings, [&, &failed = order](const Ranking &r) { return r.order == failed; });
      }
    }
  }

  void addTrees(size_t i, const DecisionTrees &trees) {
    AccessPattern dst;
    forEachWrite(program.run[i], [&](const AccessPattern &ap) { dst = ap; });
    for (Ranking &ranking : rankings) {
      if (!std::binary_search(ranking.users.begin(), ranking.users.end(), i)) {
        continue;
      }
      if (i == ranking.users.front()) {
        ranking.arena = arena.allocate(ranking.bytes(kernels.vector));
        arena.retain(ranking.arena);
        result.steps.push_back(makeRankStep(ranking, layouts, kernels.vector));
      }
      result.steps.push_back(makeRankedTreeStep(trees, dst, ranking, layouts, kernels.vector));
      if (i == ranking.users.back()) {
        arena.release(ranking.arena);
      }
      return;
    }
    result.steps.push_back(makeTreeWalkStep(trees, dst, layouts));
  }

  //===--------------------------------------------------------------------===//
  // Analysis: which operands are constant, which copies are needed, where data lives
  //===--------------------------------------------------------------------===//

  void analyse() {
    const size_t count = program.run.size();
    needed.resize(count);
    usedAgain.resize(count);
    std::vector<std::pair<bool, bool>> packedAtLoad(count); // stationary, moving
    for (size_t i = 0; i < count; ++i) {
      const Instruction &inst = program.run[i];
      if (decisions.dropped[i]) {
        continue;
      }
      if (const auto *m = std::get_if<Matmul>(&inst)) {
        noteUse(m->stationary, false, i);
        noteUse(m->moving, true, i);
        packedAtLoad[i] = {knownAtLoad(m->stationary), knownAtLoad(m->moving)};
        if (!packedAtLoad[i].first) {
          needCopies(m->stationary);
        }
        if (!packedAtLoad[i].second) {
          needCopies(m->moving);
        }
      } else if (!decisions.trees.contains(i)) {
        forEachRead(inst, [&](const AccessPattern &ap) { needCopies(ap); });
      }
      const auto *dma = std::get_if<DmaCopy>(&inst);
      if (dma && isConstantCopy(*dma)) {
        constants.copied(dma->dst, i);
      } else {
        forEachWrite(inst, [&](const AccessPattern &ap) { overwrite(ap); });
      }
      limitConstants();
      forEachWrite(inst, [&](const AccessPattern &ap) {
        if (ap.space == Space::Sbuf) {
          const Region region(ap);
          std::erase_if(uses, [&](const Use &u) { return u.region.overlaps(region); });
        }
      });
    }
    secondRound();
    constants = ConstantTracker();
    for (size_t i = 0; i < count; ++i) {
      planStorage(i, packedAtLoad[i]);
    }
    storage.finish();
  }

  /// Finds the operands that a later matmul will want again, unchanged.
  void noteUse(const AccessPattern &ap, bool moving, size_t i) {
    for (Use &u : uses) {
      if (u.moving == moving && samePattern(u.ap, ap)) {
        (moving ? usedAgain[u.at].second : usedAgain[u.at].first) = true;
        u.at = i;
        return;
      }
    }
    if (uses.size() >= kMostTracked) { // those are packed once more
      uses.clear();
    }
    uses.push_back({ap, Region(ap), moving, i});
  }

  /// Copies that are not followed any longer happen. The same at the same instruction in every pass.
  void limitConstants() {
    constants.limit([&](size_t id) {
      if (id < needed.size()) {
        needed[id] = true;
      }
    });
  }

  bool knownAtLoad(const AccessPattern &ap) const { return !writes.touches(ap) || constants.known(ap); }

  void overwrite(const AccessPattern &ap) {
    if (ap.space == Space::Sbuf) {
      constants.overwritten(ap);
    }
  }

  void planStorage(size_t i, std::pair<bool, bool> packedAtLoad) {
    const Instruction &inst = program.run[i];
    std::vector<StorageAccess> accesses;
    if (decisions.dropped[i]) {
      storage.add({}, false);
      return;
    }
    if (decisions.trees.contains(i)) { // what it chose between is not stored
      forEachWrite(inst, [&](const AccessPattern &ap) { accesses.push_back({ap, true}); });
      storage.add(accesses, false);
      return;
    }
    if (const auto *m = std::get_if<Matmul>(&inst)) {
      if (!packedAtLoad.first) {
        accesses.push_back({m->stationary, false});
      }
      if (!packedAtLoad.second) {
        accesses.push_back({m->moving, false});
      }
      if (m->accumulate) {
        accesses.push_back({m->dst, false});
      }
      accesses.push_back({m->dst, true});
      storage.add(accesses, false);
      return;
    }
    const auto *dma = std::get_if<DmaCopy>(&inst);
    if (dma && isConstantCopy(*dma) && !needed[i]) {
      storage.add({}, false); // will be dropped
      return;
    }
    forEachRead(inst, [&](const AccessPattern &ap) { accesses.push_back({ap, false}); });
    forEachWrite(inst, [&](const AccessPattern &ap) { accesses.push_back({ap, true}); });
    storage.add(accesses, !accesses.empty() && !hasFastStep(inst, layouts, kernels));
  }

  //===--------------------------------------------------------------------===//
  // Emission
  //===--------------------------------------------------------------------===//

  void translateOne(size_t i) {
    const Instruction &inst = program.run[i];
    if (decisions.dropped[i]) {
      ++result.stats.inTrees;
      return;
    }
    translateInstruction(inst, i);
    limitConstants();
    if (packed.size() > kMostTracked) {
      for (const PackedEntry &e : packed) {
        if (!e.operand.constant) {
          arena.release(e.operand.arena);
        }
      }
      packed.clear();
    }
    if (chains.size() > kMostTracked) {
      flushAll();
    }
  }

  void translateInstruction(const Instruction &inst, size_t i) {
    if (const auto *matmul = std::get_if<Matmul>(&inst)) {
      addMatmul(*matmul);
      afterWrites(inst);
      return;
    }
    settle(inst);
    if (const auto *dma = std::get_if<DmaCopy>(&inst); dma && isConstantCopy(*dma)) {
      copyConstant(*dma, i);
      return;
    }
    if (auto found = decisions.trees.find(i); found != decisions.trees.end()) {
      addTrees(i, found->second);
    } else {
      emit(inst);
    }
    afterWrites(inst);
  }

  /// Chains whose result the instruction reads or overwrites must run before it.
  void settle(const Instruction &inst) {
    auto check = [&](const AccessPattern &ap) {
      if (ap.space == Space::Psum) {
        flushOverlapping(Region(ap));
      }
    };
    forEachRead(inst, check);
    forEachWrite(inst, check);
  }

  void needCopies(const AccessPattern &ap) {
    if (ap.space == Space::Sbuf) {
      constants.forEachOverlap(ap, [&](size_t id) { needed[id] = true; });
    }
  }

  void afterWrites(const Instruction &inst) {
    forEachWrite(inst, [&](const AccessPattern &ap) { invalidate(ap); });
  }

  void invalidate(const AccessPattern &ap) {
    if (ap.space != Space::Sbuf) {
      return;
    }
    constants.overwritten(ap);
    forgetPacked(ap);
  }

  void forgetPacked(const AccessPattern &ap) {
    Region region(ap);
    size_t kept = 0;
    for (PackedEntry &e : packed) {
      if (Region(e.ap).overlaps(region)) {
        if (!e.operand.constant) {
          arena.release(e.operand.arena);
        }
        continue;
      }
      packed[kept++] = e;
    }
    packed.resize(kept);
  }

  bool isConstantCopy(const DmaCopy &dma) const {
    return dma.src.space == Space::Dram && dma.dst.space == Space::Sbuf && program.buffers[dma.src.buffer].kind == neff::BufferKind::Weight;
  }

  /// The shadow SBUF gets the bytes now; whether the copy happens at run time was decided by the analysis.
  void copyToShadow(const DmaCopy &dma) {
    if (dma.dst.dtype == dma.src.dtype) {
      Walk to(dma.dst, Layouts(shadow)), from(dma.src, Layouts(shadow));
      copyElements(to, shadow.sbuf() + to.offset, from, shadowTable[dma.src.buffer] + from.offset);
    } else {
      sim::ProgramContext environment;
      environment.program = &program;
      environment.dram = shadowTable.data();
      sim::executeInstruction(dma, shadow, environment).IgnoreError();
    }
  }

  void copyConstant(const DmaCopy &dma, size_t i) {
    copyToShadow(dma);
    forgetPacked(dma.dst);
    constants.copied(dma.dst, i);
    if (needed[i]) {
      emit(dma);
    } else {
      ++result.stats.droppedCopies;
    }
  }

  void emit(const Instruction &inst) {
    if (std::holds_alternative<Nop>(inst) || std::holds_alternative<Semaphore>(inst)) {
      return;
    }
    StepPtr step = makeFastStep(inst, layouts, kernels);
    if (!step) {
      step = makePlainStep(inst);
      ++result.stats.plain;
    }
    result.steps.push_back(std::move(step));
  }

  const MatmulKernel &kernelFor(const Matmul &m) const {
    if (isInteger(m.moving.dtype)) {
      return kernels.int8;
    }
    return m.moving.dtype == DType::BF16 && m.stationary.dtype == DType::BF16 ? kernels.bf16 : kernels.f32;
  }

  void addMatmul(const Matmul &m) {
    ++result.stats.matmuls;
    const MatmulKernel &kernel = kernelFor(m);
    OpenChain *chain = nullptr;
    for (OpenChain &c : chains) {
      if (samePattern(c.dst, m.dst) && c.plan.kernel == &kernel) {
        chain = &c;
      }
    }
    ColumnWindow window;
    if (!chain && m.accumulate) {
      chain = joinWide(m, kernel, window);
    }
    if (!chain || !m.accumulate) {
      // Whatever is under way there comes first (a result nobody reads is still computed: rare and harmless).
      flushOverlapping(Region(m.dst));
      chains.push_back({m.dst, Region(m.dst), MatmulPlan(), {}, 0, true, false});
      chain = &chains.back();
      chain->plan.kernel = &kernel;
      chain->plan.dst = Walk(m.dst, layouts);
      chain->plan.m = m.dst.partitions;
      chain->plan.n = static_cast<int>(m.dst.freeSize());
      chain->plan.accumulate = m.accumulate;
      const Walk &dst = chain->plan.dst;
      if (dst.rank == 2 && dst.strides[1] == 4 && dst.sizes[1] >= 5) {
        chain->plan.segment = dst.sizes[1];
      }
    }
    MatmulPlan::Item item;
    item.k = m.stationary.partitions;
    if (kernel.element == DType::I8) {
      item.stationaryZero = m.stationaryZero - (m.stationary.dtype == DType::U8 ? 128 : 0);
      item.movingZero = m.movingZero + (m.moving.dtype == DType::I8 ? 128 : 0);
    }
    item.stationary = pack(m.stationary, kernel, {false, item.movingZero != 0, 0, {}}, item.stationarySums, chain->held);
    item.moving = pack(m.moving, kernel, {true, item.stationaryZero != 0, chain->plan.segment, window}, item.movingSums, chain->held);
    chain->plan.items.push_back(item);
    chain->last = current;
    chain->live = storage.lastUse(current, m.dst) > current;
    releaseAfterLastUse(m.stationary, false, usedAgain[current].first);
    releaseAfterLastUse(m.moving, true, usedAgain[current].second);
  }

  /// Taps of a convolution add to different windows of one PSUM region. Seen as matmuls over the whole region, whose
  /// moving operands are neutral outside of the window, they make one chain and the sums stay in registers.
  OpenChain *joinWide(const Matmul &m, const MatmulKernel &kernel, ColumnWindow &window) {
    auto span = storage.span(current, m.dst);
    Walk dst(m.dst, layouts);
    if (!span || span->first % 4 != 0 || span->second % 4 != 0 || dst.rank > 2 || dst.rank == 0 || dst.strides[dst.rank - 1] != 4 || (dst.rank == 2 && dst.strides[0] < 0) ||
        (kernel.element == DType::I8 && !representable(m.movingZero, m.moving.dtype))) {
      return nullptr;
    }
    window.width = (span->second - span->first) / 4;
    window.first = (static_cast<int64_t>(m.dst.offset) - span->first) / 4;
    window.rows = dst.rank == 2 ? dst.sizes[0] : 1;
    window.stride = dst.rank == 2 ? dst.strides[0] / 4 : 0;
    window.length = dst.sizes[dst.rank - 1];
    window.fill = static_cast<uint8_t>(m.movingZero);
    if (window.width > kMostJoinedColumns || window.width > 2 * dst.perPartition) {
      window = {};
      return nullptr;
    }
    AccessPattern whole = m.dst;
    whole.rank = 1;
    whole.dims = {};
    whole.dims[0] = {1, static_cast<uint32_t>(window.width)};
    whole.offset = static_cast<uint64_t>(span->first);
    for (OpenChain &c : chains) {
      if (samePattern(c.dst, whole) && c.plan.kernel == &kernel) {
        return &c; // started by a matmul over all of it, or below
      }
    }
    flushOverlapping(Region(whole));
    chains.push_back({whole, Region(whole), MatmulPlan(), {}, 0, true, true});
    OpenChain &chain = chains.back();
    chain.plan.kernel = &kernel;
    chain.plan.dst = dst;
    chain.plan.dst.offset -= static_cast<int64_t>(m.dst.offset) - span->first;
    chain.plan.dst.rank = 1;
    chain.plan.dst.sizes[0] = chain.plan.dst.perPartition = window.width;
    chain.plan.dst.strides[0] = 4;
    chain.plan.m = m.dst.partitions;
    chain.plan.n = static_cast<int>(window.width);
    chain.plan.accumulate = true;
    return &chain;
  }
  static bool representable(int32_t zero, DType type) { return type == DType::U8 ? zero >= 0 && zero <= 255 : zero >= -128 && zero <= 127; }

  struct Packing {
    bool moving, sums;
    int64_t segment;
    ColumnWindow window;
  };
  MatmulOperand pack(const AccessPattern &ap, const MatmulKernel &kernel, Packing how, int64_t &sumsAt, std::vector<int64_t> &held) {
    const auto &[moving, sums, segment, window] = how;
    for (const PackedEntry &e : packed) {
      if (e.moving == moving && e.segment == segment && e.window == window && e.kernel == &kernel && (e.sums || !sums) && samePattern(e.ap, ap)) {
        if (!e.operand.constant) {
          hold(e.operand.arena, held);
        }
        sumsAt = e.sumsAt;
        return e.operand;
      }
    }
    const bool atLoad = knownAtLoad(ap);
    PackPlan plan;
    plan.walk = atLoad ? Walk(ap, Layouts(shadow)) : Walk(ap, layouts);
    plan.moving = moving;
    plan.sums = sums;
    plan.segment = segment;
    plan.window = window;
    plan.bytes = !moving  ? kernel.stationaryBytes(ap.partitions, ap.freeSize())
                 : segment ? ap.freeSize() / segment * kernel.movingBytes(ap.partitions, segment)
                           : kernel.movingBytes(ap.partitions, plan.width());
    plan.bytes = (plan.bytes + 63) / 64 * 64;
    sumsAt = plan.bytes;
    MatmulOperand operand;
    if (atLoad) {
      uint8_t *to = pool.allocate(plan.total());
      packOperand(plan, kernel, shadow.sbuf() + plan.walk.offset, to, scratch);
      operand.constant = to;
    } else {
      operand.arena = arena.allocate(plan.total());
      arena.retain(operand.arena); // for the entry
      hold(operand.arena, held);
      result.steps.push_back(makePackStep(plan, kernel, operand.arena));
      ++result.stats.packs;
    }
    packed.push_back({ap, moving, sums, segment, window, &kernel, operand, sumsAt});
    return operand;
  }

  /// The chain still holds the place until it runs; the entry is of no more use.
  void releaseAfterLastUse(const AccessPattern &ap, bool moving, bool again) {
    for (size_t e = 0; !again && e < packed.size(); ++e) {
      if (packed[e].moving == moving && samePattern(packed[e].ap, ap)) {
        if (!packed[e].operand.constant) {
          arena.release(packed[e].operand.arena);
        }
        packed.erase(packed.begin() + static_cast<long>(e--));
      }
    }
  }

  void hold(int64_t place, std::vector<int64_t> &held) {
    arena.retain(place);
    held.push_back(place);
  }

  void flushOverlapping(const Region &region) {
    for (size_t c = 0; c < chains.size();) {
      if (chains[c].region.overlaps(region)) {
        flush(c);
      } else {
        ++c;
      }
    }
  }
  void flushAll() {
    while (!chains.empty()) {
      flush(0);
    }
  }
  void flush(size_t index) {
    OpenChain chain = std::move(chains[index]);
    chains.erase(chains.begin() + static_cast<long>(index));
    // A result that nobody reads is not computed: its block may belong to somebody else by now.
    if (chain.live) {
      result.steps.push_back(makeMatmulStep(std::move(chain.plan)));
      ++result.stats.chains;
    }
    for (int64_t place : chain.held) {
      arena.release(place);
    }
  }

  /// The next inference starts with what this one left in SBUF: a read there before any write needs the copy, too.
  void secondRound() {
    for (size_t i = 0; i < program.run.size(); ++i) {
      const Instruction &inst = program.run[i];
      if (decisions.dropped[i]) {
        continue;
      }
      const auto *dma = std::get_if<DmaCopy>(&inst);
      if (dma && isConstantCopy(*dma)) {
        constants.overwritten(dma->dst); // from here on the first round's verdict holds
        continue;
      }
      if (!decisions.trees.contains(i)) {
        forEachRead(inst, [&](const AccessPattern &ap) { needCopies(ap); });
      }
      forEachWrite(inst, [&](const AccessPattern &ap) {
        if (ap.space == Space::Sbuf) {
          constants.overwritten(ap);
        }
      });
    }
  }

  void finish() {
    result.arenaBytes = arena.size() + 128;
    result.tileBytes = storage.bytes() + 128;
    result.stats.steps = static_cast<int64_t>(result.steps.size());
    result.stats.constantBytes = pool.used;
  }

  double memoryBytes;
  const neff::Program &program;
  const Kernels &kernels;
  WriteMap writes;
  StoragePlanner storage;
  sim::CoreMemory shadow;
  Layouts layouts; // of the current instruction
  size_t current = 0;
  std::vector<uint8_t *> shadowTable;
  Translation result;
  ConstantPool pool;
  ArenaPlanner arena;
  ConstantTracker constants;
  std::vector<PackedEntry> packed;
  FoundDecisions decisions;
  std::vector<Ranking> rankings;
  std::vector<OpenChain> chains;
  std::vector<char> needed;
  struct Use {
    AccessPattern ap;
    Region region;
    bool moving;
    size_t at;
  };
  std::vector<Use> uses;
  std::vector<std::pair<bool, bool>> usedAgain; // stationary, moving
  std::vector<uint8_t> scratch;
};

} // namespace

absl::StatusOr<Translation> translate(const neff::Program &program, const hw::DeviceSpec &spec, const Kernels &kernels, const CoreContext &context,
                                      double memoryBytes) {
  return Translator(program, spec, kernels, context, memoryBytes).run();
}

} // namespace ncc::host
